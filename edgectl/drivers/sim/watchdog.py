"""A relay board that drops its relays when nobody speaks to it: Wiren Board WB-MR6C, by the maker's list of registers.

As it comes from the factory it waits 10 s and then keeps its relays as they are; whoever relies on it has to arm it.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from edgectl.drivers.sim.registers import RegisterMap

RELAYS = 6
POWER_ON, TIMEOUT, SAFE_STATE, BEHAVIOUR = 6, 8, 930, 938
SECOND = 1_000_000_000


def factory() -> dict[int, int]:
    """Restore the last state at power-on, wait 10 s, keep everything."""
    words = {POWER_ON: 1, TIMEOUT: 10}
    words |= {SAFE_STATE + relay: 0 for relay in range(RELAYS)}
    return words | {BEHAVIOUR + relay: 0 for relay in range(RELAYS)}


@dataclass(slots=True, kw_only=True)
class WatchdogBoard(RegisterMap):
    """Six relays. `stubborn` are registers that take a write and do not keep it."""

    holding: dict[int, int] = field(default_factory=factory)
    coils: dict[int, bool] = field(default_factory=lambda: dict.fromkeys(range(RELAYS), False))
    moved: Callable[[int, bool, str, int], None] = lambda relay, on, why, at: None
    heard_at: int | None = None
    stubborn: frozenset[int] = frozenset()
    written: list[tuple[int, int]] = field(default_factory=list)

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        self.advance(now)
        self.heard_at = now
        before = dict(self.coils)
        if pdu[0] == 6:
            address, value = struct.unpack(">HH", pdu[1:5])
            self._at(self.holding, address)
            self.written.append((address, value))
            if address not in self.stubborn:
                self.holding[address] = value
            return pdu
        answer = RegisterMap.answer(self, pdu, now)
        self._tell(before, "order", now)
        return answer

    def next_end(self) -> int | None:
        """When it would lose patience."""
        return None if self.heard_at is None else self.heard_at + self.holding[TIMEOUT] * SECOND

    def advance(self, now: int) -> None:
        """Let time pass without a word."""
        end = self.next_end()
        if end is None or now < end:
            return
        self.heard_at = None
        before = dict(self.coils)
        for relay in range(RELAYS):
            if self.holding[BEHAVIOUR + relay] == 1:
                self.coils[relay] = self.holding[SAFE_STATE + relay] == 1
        self._tell(before, "watchdog", end)

    def power_cycle(self, now: int) -> None:
        """Its supply was gone for a moment."""
        self.heard_at = None
        before = dict(self.coils)
        if self.holding[POWER_ON] == 0:
            self.coils.update({relay: self.holding[SAFE_STATE + relay] == 1 for relay in range(RELAYS)})
        self._tell(before, "power", now)

    def _tell(self, before: dict[int, bool], why: str, at: int) -> None:
        for relay, on in self.coils.items():
            if before[relay] is not on:
                self.moved(relay, on, why, at)
