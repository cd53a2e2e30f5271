"""One device of the simulated house, as the house sees it: something that is asked, and to which things happen.

Whether it lives in this process (`Here`) or in one of its own (apart.py) is nobody else's business.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from edgectl.drivers.sim.clocks import mono
from edgectl.drivers.sim.devices import Board, Device, Level, Witness, reply
from edgectl.drivers.sim.plant import Surroundings
from edgectl.drivers.sim.probes import Probe
from edgectl.drivers.sim.registers import RegisterMap
from edgectl.drivers.sim.spare import SpareBoard
from edgectl.drivers.sim.streams import Stream
from edgectl.drivers.sim.watchdog import WatchdogBoard

FAULTS = ("stuck_relay", "welded_relay", "linkage", "wrong_identity", "frozen_level")  # of devices, not of the wire
FULL = 2500  # what a level probe counts in a full tank

Moved = Callable[[int, bool, str, int], None]  # relay index, on, why, at
Being = Device | Probe | Stream  # a device on a shared line, or one with a port of its own
Make = Callable[[Moved, Surroundings], Being]


class Part(Protocol):
    """A device that can be asked and hurt."""

    @property
    def unit(self) -> int | None:
        """The address that it wants to be asked at; None where nothing on the line says so."""

    async def run(self) -> None:
        """Live until cancelled, where something has to."""

    async def reply(self, pdu: bytes) -> bytes | None:
        """The reply to a request of the line; None of one that is dead."""

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Something happens to it. Returns what it looks like then. Raises ValueError with a sentence."""


class Here:
    """A device in this process, awake when something in it ends by itself."""

    def __init__(self, being: Being, seen: Surroundings) -> None:
        self._being, self._seen = being, seen
        self._wake: asyncio.TimerHandle | None = None

    @property
    def unit(self) -> int | None:
        """The address that it wants to be asked at."""
        return self._being.unit if isinstance(self._being, RegisterMap) else None

    async def run(self) -> None:
        """One with a port of its own speaks and listens there."""
        if isinstance(self._being, Probe | Stream):
            await self._being.run()

    async def reply(self, pdu: bytes) -> bytes | None:
        """What it says, at once."""
        assert not isinstance(self._being, Probe | Stream)
        said = reply(self._being, pdu, mono())
        self._ends()
        return said

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Something happens to it."""
        now, being = mono(), self._being
        if isinstance(being, Probe | Stream):
            if wish.get("do") in ("circuit", "stream"):
                being.hurt(wish)
        else:
            happens(being, wish, self._seen, now)
        if (board := _board(being)) is not None:
            board.advance(now)
            self._ends()
        return look(being)

    def _ends(self) -> None:
        """Be there when the next pulse ends, so that the trace does not wait for the next question."""
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        board = _board(self._being)
        if board is not None and (end := board.next_end()) is not None:
            self._wake = asyncio.get_running_loop().call_later(max(0.0, (end - mono()) / 1e9), self._end)

    def _end(self) -> None:
        board = _board(self._being)
        assert board is not None
        board.advance(mono())
        self._ends()


def _board(being: Being) -> Board | WatchdogBoard | None:
    """What has relays in it that fall by themselves."""
    it = being.board if isinstance(being, SpareBoard) else being
    return it if isinstance(it, Board | WatchdogBoard) else None


def happens(device: Device, wish: dict[str, Any], seen: Surroundings, now: int) -> None:
    """What a wish means to one device; most mean nothing to most."""
    relay = int(wish.get("relay", 1)) - 1
    match device, wish.get("do"), wish.get("kind"):
        case Board(), "fault", "stuck_relay":
            device.stuck.add(relay)
        case Board(), "fault", "welded_relay":
            device.welded.add(relay)
        case Board(), "fault", "linkage":
            device.mode[relay] = 1
        case Board(), "fault", "wrong_identity":
            device.version = 7
        case Board(), "power", _:
            device.power_cycle(now)
        case Board(), "clear", _:
            device.stuck.clear()
            device.welded.clear()
            device.mode[:] = [0] * 8
            device.version = 200
        case Level(), "fault", "wrong_identity":
            device.unit_code = 2
        case Level(), "fault", "frozen_level":
            device.frozen = round(seen.tank / seen.capacity * FULL)
        case Level(), "clear", _:
            device.unit_code, device.frozen = 1, None
        case Witness(), "contact", _:
            device.more[int(wish["input"]) - 1] = bool(wish["on"])
        case RegisterMap(), "register", _:
            device.holding[int(wish["address"])] = int(wish["value"])
        case _:
            pass


def look(being: Being) -> dict[str, Any]:
    """What can be seen of one from outside, and only by asking it."""
    match being:
        case WatchdogBoard():
            return {"armed": {str(address): word for address, word in being.holding.items()}}
        case Probe(circuit=circuit):
            running = circuit.job is not None
            return {"total": circuit.total, "running": running, "continuous": circuit.continuous}
        case _:
            return {}
