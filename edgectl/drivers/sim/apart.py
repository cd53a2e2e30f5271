"""A device in an operating-system process of its own: it can be killed alone, and the others go on.

Each is forked off the house before anything is opened, so that the interpreter and its modules stand in memory once,
however many devices there are. Over a socket pair runs a line of JSON each way: the house passes on what the line asked
and what the device can feel of the plant; the device answers, and tells at once what moved in it. A device whose house
is gone ends.
"""

import asyncio
import contextlib
import dataclasses
import gc
import json
import os
import signal
import socket
from collections.abc import Iterable
from typing import Any

from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.part import Here, Make, Moved, Part
from edgectl.drivers.sim.plant import Glimpse, Plant

FELT = tuple(field.name for field in dataclasses.fields(Glimpse))
LONGEST_NAME = 15  # what the kernel keeps of the name of a process


class Apart:
    """The house's end of one device."""

    def __init__(self, name: str, make: Make, moved: Moved, plant: Plant, before: "list[Apart]") -> None:
        """Fork it off. `before` are those that were forked off earlier: their ends are not this one's business."""
        self.unit: int | None = None
        self.alive = True
        self._plant, self._moved = plant, moved
        self._end, its = socket.socketpair()
        gc.freeze()  # what is there now is never collected in a child: its pages stay shared
        self.pid = os.fork()
        if self.pid == 0:
            for other in (*(part.end for part in before), self._end):
                other.close()
            _child(name, make, its)
        its.close()
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None

    @property
    def end(self) -> socket.socket:
        """The house's end of the pair."""
        return self._end

    async def run(self) -> None:
        """Hear it until it is dead."""
        reader, self._writer = await asyncio.open_connection(sock=self._end)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                said = json.loads(line)
                if "moved" in said:
                    self._moved(*said["moved"])
                elif (asked := self._waiting.pop(said["n"], None)) is not None and not asked.done():
                    self.unit = said.get("unit", self.unit)
                    asked.set_result(said)
        self.alive = False
        for asked in self._waiting.values():
            if not asked.done():
                asked.set_result(None)
        self._waiting.clear()

    async def reply(self, pdu: bytes) -> bytes | None:
        """What it says to a request of the line."""
        said = await self._tell(ask=pdu.hex())
        return None if said is None else bytes.fromhex(said["say"])

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Something happens to it; nothing happens to a dead one."""
        said = await self._tell(do=wish)
        if said is not None and "error" in said:
            raise ValueError(said["error"])
        return {} if said is None else said["look"]

    async def _tell(self, **what: Any) -> dict[str, Any] | None:
        if not self.alive or self._writer is None:
            return None
        self._plant.advance(mono())
        self._number += 1
        felt = {name: getattr(self._plant, name) for name in FELT}
        asked: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = asked
        self._writer.write(json.dumps({"n": self._number, "felt": felt, **what}).encode() + b"\n")
        return await asked


def end_all(parts: Iterable[Part]) -> None:
    """The house is over: every device that lived apart is gone when this returns. None has anything to lose."""
    for part in parts:
        if isinstance(part, Apart) and part.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(part.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _child(name: str, make: Make, end: socket.socket) -> None:
    """The whole life of a device; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the house; its end is ours
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(OSError), open("/proc/self/comm", "w") as own:
            own.write(f"sim-{name}"[:LONGEST_NAME])
        asyncio.run(_live(make, end))
    finally:
        os._exit(0)


async def _live(make: Make, end: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=end)

    def say(**what: Any) -> None:
        writer.write(json.dumps(what).encode() + b"\n")

    felt = Glimpse()
    device = Here(make(lambda *moved: say(moved=moved), felt), felt)
    running = asyncio.create_task(device.run())
    while line := await reader.readline():
        told = json.loads(line)
        for name, value in told["felt"].items():
            setattr(felt, name, value)
        try:
            if "ask" in told:
                said = await device.reply(bytes.fromhex(told["ask"]))
                say(n=told["n"], say=(said or b"").hex(), unit=device.unit)
            else:
                say(n=told["n"], look=await device.do(told["do"]))
        except (ValueError, TypeError, KeyError) as error:
            say(n=told["n"], error=str(error))
    running.cancel()
