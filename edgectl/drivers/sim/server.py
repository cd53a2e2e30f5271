"""The house: one plant, two lines, a control socket for faults, and a trace of every relay that moved.

The devices live in this process, or with `apart` each in one of its own; then this one is the wires and the water.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from edgectl.drivers.sim.apart import Apart, end_all
from edgectl.drivers.sim.circuits import Circuit
from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.devices import Air, Board, Counter, Device, Level, Witness
from edgectl.drivers.sim.faults import KINDS, Fault, Faults
from edgectl.drivers.sim.lines import SerialSide, TcpSide
from edgectl.drivers.sim.part import FAULTS, Here, Make, Moved, Part
from edgectl.drivers.sim.plant import Plant, Surroundings
from edgectl.drivers.sim.probes import Probe
from edgectl.drivers.sim.spare import SpareBoard
from edgectl.drivers.sim.streams import Stream
from edgectl.drivers.sim.watchdog import RELAYS as GUARDED
from edgectl.drivers.sim.watchdog import WatchdogBoard

PARTS = {0: "pump", 1: "valve", 2: "lamp"}
WISHES = "fault, clear, unplug, plug, drop, tank, power, register, circuit, stream, contact, bring, state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What hangs in the house. `circuits` are EZO circuits by name, each on a port of its own, and `streams` devices
    that speak frames; `more` are devices on the serial line beside those of the house, `boxed` those that are not on it
    before they are brought, and `gone` the addresses of those that are taken off."""

    speed: float = 1.0
    turnaround_s: float = 0.003
    baudrate: int | None = None
    circuits: Mapping[str, str] = field(default_factory=dict)
    streams: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[int, Device] = field(default_factory=dict)
    boxed: Mapping[int, Device] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    witness: bool = False
    apart: bool = False


class SimulatedHouse:
    """Unit 1 relay board, 3 relays with a watchdog, 5 level, 7 counter on the serial line "field"; unit 2 air on TCP
    "climate". Made before there is a loop: processes are forked off here."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plant = Plant(speed=plan.speed)
        self.faults = Faults()
        self.parts: dict[str, Part] = {}
        self._apart = plan.apart
        self._relays, self._guarded = [False] * 8, [False] * GUARDED
        self._trace: TextIO | None = None
        units: dict[int, Part] = {}
        for unit, (make, moved) in self._on_the_line(plan).items():
            if unit not in plan.gone:
                units[unit] = self._part(f"field-{unit}", make, moved)
        # Those in a box are forked off like the others: later there are ports that are not theirs to hold.
        self._boxed = {
            unit: self._part(f"field-{unit}", _out_of_its_box(device), self._moved_anew)
            for unit, device in plan.boxed.items()
        }
        self._new = {f"field-{unit}" for unit, device in plan.boxed.items() if isinstance(device, SpareBoard)}
        network: dict[int, Part] = {2: self._part("climate-2", lambda _, seen: Air(seen))}
        if plan.witness:
            assert not plan.apart, "the witness sees the contacts of the board, and has to live beside it"
            self.parts["witness"] = network[3] = Here(Witness(self.board), self.plant)
        for name, kind in plan.circuits.items():
            self._part(name, _circuit(folder, name, kind))
        for name, kind in plan.streams.items():
            self._part(name, _stream(folder, name, kind))
        self._circuits, self._streams = tuple(plan.circuits), tuple(plan.streams)
        self.serial = SerialSide(
            folder / "bus-field",
            units,
            self.faults,
            turnaround_s=plan.turnaround_s,
            character_s=0.0 if plan.baudrate is None else 10 / plan.baudrate,
        )
        self.tcp = TcpSide(network, self.faults, turnaround_s=plan.turnaround_s)

    async def run(self) -> None:
        """Serve until SIGTERM."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with (self.folder / "trace.jsonl").open("a") as self._trace:
            self.serial.plug()
            lives = [asyncio.create_task(self._live(name, part)) for name, part in self.parts.items()]
            await asyncio.sleep(0)  # each has its port now, and whoever lives apart is listened to
            await self.do({"do": "state"})
            port = await self.tcp.open()
            control = self.folder / "control.sock"
            control.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._client, str(control))
            pids = {name: part.pid for name, part in self.parts.items() if isinstance(part, Apart)}
            told = {"climate": port, "pid": os.getpid(), "parts": pids}
            (self.folder / "ports.json").write_text(json.dumps(told))
            print("ready", flush=True)  # noqa: T201  whoever started us waits for this word
            await stop.wait()
            server.close()
            await self.tcp.close()
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """One wish of the control socket. Raises ValueError with a sentence."""
        do, name = wish.get("do"), str(wish.get("name"))
        self._befalls(wish)
        name = f"field-{wish.get('unit')}" if do == "register" else name
        parts = self.parts if do not in ("circuit", "stream", "register") else {name: self.parts[name]}
        looks = dict(zip(parts, await asyncio.gather(*(part.do(wish) for part in parts.values())), strict=True))
        self.plant.advance(mono())
        circuits = {name: looks.get(name) for name in self._circuits if name in looks}
        return {
            "relays": self._relays,
            "guarded": self._guarded,
            "armed": looks.get("field-3", {}).get("armed", {}),
            "tank": self.plant.tank,
            "pumped": self.plant.pumped,
            "refilled": self.plant.refilled,
            "flow": self.plant.flow,
            "requests": self.serial.requests,
            "tcp_requests": self.tcp.requests,
            "early": self.serial.early,
            "injected": self.faults.injected,
            "circuits": circuits,
        }

    def _befalls(self, wish: dict[str, Any]) -> None:
        """What a wish means to the wires and the water."""
        name = wish.get("name")
        match wish.get("do"):
            case "fault":
                self._fault({key: value for key, value in wish.items() if key != "do"})
            case "clear":
                self.faults.active.clear()
                self.plant.blocked = False
            case "bring":
                self._bring(wish.get("unit"))
            case "unplug":
                self.serial.unplug()
            case "plug":
                self.serial.plug()
            case "drop":
                self.tcp.drop()
            case "tank":
                self.plant.advance(mono())
                self.plant.tank = float(wish["litres"])
            case "circuit" if name not in self._circuits:
                raise ValueError(f"{name!r} is no circuit: {', '.join(self._circuits)}")
            case "stream" if name not in self._streams:
                raise ValueError(f"{name!r} is no stream: {', '.join(self._streams)}")
            case "register" if f"field-{wish.get('unit')}" not in self.parts:
                raise ValueError(f"there is no unit {wish.get('unit')} on the serial line")
            case "power" | "register" | "circuit" | "stream" | "contact" | "state":
                pass
            case other:
                raise ValueError(f"{other!r} is no wish: {WISHES}")

    def _bring(self, unit: Any) -> None:
        """A new device comes onto the line; the loads of a dead board hang on the new one then."""
        if unit not in self._boxed:
            left = ", ".join(map(str, self._boxed)) or "none"
            raise ValueError(f"no device with the address {unit} is in its box still; there are: {left}")
        if unit in self.serial.units:
            raise ValueError(f"somebody is on the line at {unit} already")
        self.serial.units[unit] = self._boxed.pop(unit)

    def _fault(self, wish: dict[str, Any]) -> None:
        kind = wish.get("kind")
        if kind == "blocked":
            self.plant.advance(mono())
            self.plant.blocked = True
        elif kind in KINDS:
            self.faults.active.append(Fault(**wish))
        elif kind not in FAULTS:
            raise ValueError(f"{kind!r} is no fault: {', '.join(('blocked', *FAULTS, *KINDS))}")

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                answer = await self.do(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                answer = {"error": str(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _on_the_line(self, plan: Plan) -> dict[int, tuple[Make, Moved]]:
        """The devices of the serial line, and who hears of what moves in each."""
        devices: dict[int, tuple[Make, Moved]] = {
            1: (lambda moved, _: self._the_board(moved), self._moved),
            3: (lambda moved, _: WatchdogBoard(moved=moved), self._fell),
            5: (lambda _, seen: Level(seen), self._moved),
            7: (lambda _, seen: Counter(seen), self._moved),
        }
        return devices | {unit: (lambda *_, it=device: it, self._moved) for unit, device in plan.more.items()}

    def _the_board(self, moved: Moved) -> Board:
        self.board = Board(moved=moved)
        return self.board

    def _part(self, name: str, make: Make, moved: Moved | None = None) -> Part:
        told = moved or self._moved
        if self._apart:
            before = [part for part in self.parts.values() if isinstance(part, Apart)]
            self.parts[name] = Apart(name, make, told, self.plant, before)
        else:
            self.parts[name] = Here(make(told, self.plant), self.plant)
        return self.parts[name]

    async def _live(self, name: str, part: Part) -> None:
        """One device until it is dead. A relay that nobody supplies any more falls."""
        await part.run()
        if isinstance(part, Apart):
            boards = {"field-1": (self._relays, self._moved), "field-3": (self._guarded, self._fell)}
            states, moved = boards.get(name, (self._relays if name in self._new else [], self._moved_anew))
            for relay in [relay for relay, on in enumerate(states) if on]:
                moved(relay, False, "dead", mono())

    def _moved_anew(self, relay: int, on: bool, why: str, at: int) -> None:
        """A relay of a new board. As long as the old one lives the loads hang there."""
        first = self.parts.get("field-1")
        if isinstance(first, Apart) and not first.alive:
            self._moved(relay, on, why, at)

    def _moved(self, relay: int, on: bool, why: str, at: int) -> None:
        self._relays[relay] = on
        if relay in PARTS:
            self.plant.set(PARTS[relay], on, at)
        self._note(f"relay_{relay + 1}", on, why, at, tank=round(self.plant.tank, 3))

    def _fell(self, relay: int, on: bool, why: str, at: int) -> None:
        self._guarded[relay] = on
        self._note(f"guarded_{relay + 1}", on, why, at)

    def _note(self, relay: str, on: bool, why: str, at: int, **more: float) -> None:
        assert self._trace is not None
        self._trace.write(json.dumps({"at": at, "relay": relay, "on": on, "why": why, **more}) + "\n")
        self._trace.flush()


def _out_of_its_box(device: Device) -> Make:
    def make(moved: Moved, _: Surroundings) -> Device:
        if isinstance(device, SpareBoard):
            device.board.moved = moved
        return device

    return make


def _circuit(folder: Path, name: str, kind: str) -> Make:
    return lambda *_: Probe(name, Circuit(kind=kind), folder / f"bus-{name}", folder / "circuits.jsonl")


def _stream(folder: Path, name: str, kind: str) -> Make:
    return lambda *_: Stream(name, kind, folder / f"bus-{name}", folder / "streams.jsonl")


def serve(folder: Path, plan: Plan) -> None:
    """Run a simulated house in a folder until SIGTERM."""
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a device that was killed leaves nothing behind
    house = SimulatedHouse(folder, plan)
    try:
        asyncio.run(house.run())
    finally:
        end_all(house.parts.values())
