"""The lines of the simulated EZO circuits: each on a port of its own, with what can go wrong between it and its reader.

A circuit works off its commands one after the other, and a line keeps the order of what passes over it.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgectl.drivers.sim.circuits import Circuit
from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.ports import Port

KINDS = ("silent", "deaf", "garbage", "truncated", "late", "crossed", "restart", "continuous", "wrong_identity")
NOISE = b"\x00\xff7.3\x8112\r*O\x13K\rnan\r.012\r"


@dataclass(slots=True)
class Mishap:
    """One fault of the next `count` exchanges, or of all when it is None. `only` is the command that it waits for, `ms`
    is for one that needs it."""

    kind: str
    count: int | None = None
    only: str | None = None
    ms: int = 0


class Probe:
    """One circuit on its port. What it heard and measured is written to the trace."""

    def __init__(self, name: str, circuit: Circuit, path: Path, trace: Path) -> None:
        self.name, self.circuit = name, circuit
        self.mishap: Mishap | None = None
        self._port = Port(path, self._on_bytes)
        self._trace = trace
        self._commands: asyncio.Queue[str] = asyncio.Queue()
        self._heard = b""
        self._before = b""  # what it should have said last

    async def run(self) -> None:
        """Answer until cancelled."""
        self._port.plug()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._obey())
            tasks.create_task(self._speak())

    def hurt(self, wish: dict[str, Any]) -> None:
        """Set a fault, or with None take it away. Raises ValueError with a sentence."""
        kind = wish.get("kind")
        if kind is None:
            self.mishap = None
            self.circuit.word = self.circuit.kind
        elif kind == "wrong_identity":
            self.circuit.word = "ORP"
        elif kind == "continuous":
            self.circuit.continuous = "1"
        elif kind in KINDS:
            self.mishap = Mishap(kind=kind, count=wish.get("count"), only=wish.get("only"), ms=wish.get("ms", 0))
        else:
            raise ValueError(f"{kind!r} is no fault of a circuit: {', '.join(KINDS)}")

    def _on_bytes(self, data: bytes) -> None:
        *whole, self._heard = (self._heard + data).split(b"\r")
        for raw in whole:
            self._commands.put_nowait(raw.decode("latin-1"))

    async def _obey(self) -> None:
        while True:
            command = await self._commands.get()
            self._note(heard=command)
            mishap = self._pick(command)
            if mishap is not None and mishap.kind == "deaf":
                continue
            # A pump moves when it is told to; a measurement is as fresh as its printing.
            measures = command.lower() == "r"
            said = [] if measures else self.circuit.answer(command, mono())
            await asyncio.sleep(self.circuit.delay_s(command))
            if measures:
                said = self.circuit.answer(command, mono())
                self._note(made=said[0])
            good = b"".join(line.encode() + b"\r" for line in said)
            before, self._before = self._before, good
            if mishap is not None and mishap.kind == "late":
                await asyncio.sleep(mishap.ms / 1000)
            self._port.write(self._bend(mishap, good, before))

    async def _speak(self) -> None:
        """Print what nobody asked for: the end of a dose at once, a reading each second in continuous mode."""
        ticks = 0
        while True:
            await asyncio.sleep(0.05)
            ticks += 1
            said = self.circuit.advance(mono())
            if ticks % 20 == 0 and self.circuit.continuous != "0":
                said.append(self.circuit.reading(mono()))
                self._note(unasked=said[-1])
            self._port.write(b"".join(line.encode() + b"\r" for line in said))

    def _pick(self, command: str) -> Mishap | None:
        mishap = self.mishap
        if mishap is not None and mishap.only not in (None, command, command.split(",", 1)[0]):
            return None
        if mishap is not None and mishap.count is not None:
            mishap.count -= 1
            if mishap.count <= 0:
                self.mishap = None
        return mishap

    def _bend(self, mishap: Mishap | None, good: bytes, before: bytes) -> bytes:
        match mishap.kind if mishap is not None else "":
            case "silent":
                return b""
            case "garbage":
                return NOISE + good
            case "truncated":
                return good[2:]
            case "crossed":
                return before
            case "restart":
                return b"".join(line.encode() + b"\r" for line in self.circuit.restart(mono()))
            case _:
                return good

    def _note(self, **row: str) -> None:
        with self._trace.open("a") as file:
            file.write(json.dumps({"at": mono(), "circuit": self.name, **row}) + "\n")
