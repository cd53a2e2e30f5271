"""The process: one plant, two lines, a control socket for faults, and a trace of every relay that moved."""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any, TextIO

from edgectl.drivers.sim.circuits import Circuit
from edgectl.drivers.sim.devices import Air, Board, Counter, Device, Level, Witness
from edgectl.drivers.sim.faults import KINDS, Fault, Faults
from edgectl.drivers.sim.lines import SerialSide, TcpSide, mono
from edgectl.drivers.sim.plant import Plant
from edgectl.drivers.sim.probes import Probe
from edgectl.drivers.sim.streams import Stream
from edgectl.drivers.sim.watchdog import WatchdogBoard

PARTS = {0: "pump", 1: "valve", 2: "lamp"}


class SimulatedHouse:
    """Unit 1 relay board, 3 relays with a watchdog, 5 level, 7 counter on the serial line "field"; unit 2 air on TCP
    "climate"."""

    def __init__(
        self,
        folder: Path,
        *,
        speed: float,
        turnaround_s: float,
        baudrate: int | None,
        circuits: dict[str, str],
        streams: dict[str, str],
        more: dict[int, Device],
        gone: frozenset[int] = frozenset(),
        witness: bool = False,
    ) -> None:
        self.folder = folder
        trace = folder / "circuits.jsonl"
        self.probes = {
            name: Probe(name, Circuit(kind=kind), folder / f"bus-{name}", trace) for name, kind in circuits.items()
        }
        self.streams = {
            name: Stream(name, kind, folder / f"bus-{name}", folder / "streams.jsonl") for name, kind in streams.items()
        }
        self.plant = Plant(speed=speed)
        self.board = Board(moved=self._moved)
        self.level, self.counter, self.air = Level(self.plant), Counter(self.plant), Air(self.plant)
        self.guarded = WatchdogBoard(moved=self._fell)
        self.faults = Faults()
        self._trace: TextIO | None = None
        self._wake: asyncio.TimerHandle | None = None
        units: dict[int, Device] = {1: self.board, 3: self.guarded, 5: self.level, 7: self.counter, **more}
        units = {number: device for number, device in units.items() if number not in gone}
        character_s = 0.0 if baudrate is None else 10 / baudrate
        self.serial = SerialSide(
            folder / "bus-field",
            units,
            self.faults,
            turnaround_s=turnaround_s,
            character_s=character_s,
            served=self._ends,
        )
        self.tcp = TcpSide(
            {2: self.air, **({3: Witness(self.board)} if witness else {})},
            self.faults,
            turnaround_s=turnaround_s,
            served=self._ends,
        )

    async def run(self) -> None:
        """Serve until SIGTERM."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with (self.folder / "trace.jsonl").open("a") as self._trace:
            self.serial.plug()
            probes = [asyncio.create_task(probe.run()) for probe in self.probes.values()]
            probes += [asyncio.create_task(stream.run()) for stream in self.streams.values()]
            await asyncio.sleep(0)  # each has its port now
            port = await self.tcp.open()
            control = self.folder / "control.sock"
            control.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._client, str(control))
            (self.folder / "ports.json").write_text(json.dumps({"climate": port, "pid": os.getpid()}))
            print("ready", flush=True)  # noqa: T201  whoever started us waits for this word
            await stop.wait()
            server.close()
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)

    def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """One wish of the control socket. Raises ValueError with a sentence."""
        now = mono()
        match wish.get("do"):
            case "fault":
                self._fault({key: value for key, value in wish.items() if key != "do"})
            case "clear":
                self.faults.active.clear()
                self.board.stuck.clear()
                self.board.welded.clear()
                self.board.mode[:] = [0] * 8
                self.plant.blocked = False
                self.board.version, self.level.unit_code, self.level.frozen = 200, 1, None
            case "unplug":
                self.serial.unplug()
            case "plug":
                self.serial.plug()
            case "drop":
                self.tcp.drop()
            case "tank":
                self.plant.advance(now)
                self.plant.tank = float(wish["litres"])
            case "power":
                self.board.power_cycle(now)
            case "circuit":
                if (probe := self.probes.get(str(wish.get("name")))) is None:
                    raise ValueError(f"{wish.get('name')!r} is no circuit: {', '.join(self.probes)}")
                probe.hurt(wish)
            case "stream":
                if (stream := self.streams.get(str(wish.get("name")))) is None:
                    raise ValueError(f"{wish.get('name')!r} is no stream: {', '.join(self.streams)}")
                stream.hurt(wish)
            case "state":
                pass
            case other:
                raise ValueError(
                    f"{other!r} is no wish: fault, clear, unplug, plug, drop, tank, power, circuit, stream, state"
                )
        self.board.advance(now)
        self.guarded.advance(now)
        self.plant.advance(now)
        return {
            "relays": self.board.on,
            "guarded": list(self.guarded.coils.values()),
            "armed": {str(address): word for address, word in self.guarded.holding.items()},
            "tank": self.plant.tank,
            "pumped": self.plant.pumped,
            "refilled": self.plant.refilled,
            "flow": self.plant.flow,
            "requests": self.serial.requests,
            "tcp_requests": self.tcp.requests,
            "early": self.serial.early,
            "injected": self.faults.injected,
            "circuits": {
                name: {
                    "total": probe.circuit.total,
                    "running": probe.circuit.job is not None,
                    "continuous": probe.circuit.continuous,
                }
                for name, probe in self.probes.items()
            },
        }

    def _fault(self, wish: dict[str, Any]) -> None:
        kind = wish.get("kind")
        relay = int(wish.get("relay", 1)) - 1
        match kind:
            case "stuck_relay":
                self.board.stuck.add(relay)
            case "welded_relay":
                self.board.welded.add(relay)
            case "linkage":
                self.board.mode[relay] = 1
            case "blocked":
                self.plant.advance(mono())
                self.plant.blocked = True
            case "wrong_identity":
                self.board.version, self.level.unit_code = 7, 2
            case "frozen_level":
                self.level.frozen = round(self.plant.tank / self.plant.capacity * 2500)
            case str() if kind in KINDS:
                self.faults.active.append(Fault(**wish))
            case _:
                known = "stuck_relay, welded_relay, linkage, blocked, wrong_identity, frozen_level, " + ", ".join(KINDS)
                raise ValueError(f"{kind!r} is no fault: {known}")

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                answer = self.do(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                answer = {"error": str(error)}
            self._ends()
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _moved(self, relay: int, on: bool, why: str, at: int) -> None:
        if relay in PARTS:
            self.plant.set(PARTS[relay], on, at)
        assert self._trace is not None
        row = {"at": at, "relay": f"relay_{relay + 1}", "on": on, "why": why, "tank": round(self.plant.tank, 3)}
        self._trace.write(json.dumps(row) + "\n")
        self._trace.flush()

    def _fell(self, relay: int, on: bool, why: str, at: int) -> None:
        assert self._trace is not None
        self._trace.write(json.dumps({"at": at, "relay": f"guarded_{relay + 1}", "on": on, "why": why}) + "\n")
        self._trace.flush()

    def _ends(self) -> None:
        """Be there when the next pulse ends, so that the trace does not wait for the next question."""
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        ends = [end for end in (self.board.next_end(), self.guarded.next_end()) if end is not None]
        if ends:
            wait = max(0.0, (min(ends) - mono()) / 1e9)
            self._wake = asyncio.get_running_loop().call_later(wait, self._end)

    def _end(self) -> None:
        self.board.advance(mono())
        self.guarded.advance(mono())
        self._ends()


async def serve(
    folder: Path,
    *,
    speed: float,
    turnaround_s: float,
    baudrate: int | None,
    circuits: dict[str, str],
    streams: dict[str, str],
    more: dict[int, Device],
    gone: frozenset[int] = frozenset(),
    witness: bool = False,
) -> None:
    """Run a simulated house in a folder. `circuits` are EZO circuits by name, each on a port of its own, and `streams`
    devices that speak frames; `more` are devices on the serial line beside those of the house, and `gone` the addresses
    of those that are taken off."""
    with contextlib.suppress(asyncio.CancelledError):
        house = SimulatedHouse(
            folder,
            speed=speed,
            turnaround_s=turnaround_s,
            baudrate=baudrate,
            circuits=circuits,
            streams=streams,
            more=more,
            gone=gone,
            witness=witness,
        )
        await house.run()
