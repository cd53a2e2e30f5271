"""A relay board that is told in words: Eletechsup RYN408F, as public code found it on the real board.

Each of its first eight holding registers is a relay: a word in it is an order, and read it shows 1 or 0. A pulse is a
word with seconds in its low byte. While a pulse runs the board hears neither ON nor OFF: only a pulse of 0 s ends it.
Its older brothers count their relays from register 1; one that `hears` takes an OFF at any time.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from edgectl.drivers.sim.devices import ILLEGAL_VALUE, Refuse
from edgectl.drivers.sim.pulses import ended, next_end
from edgectl.drivers.sim.registers import RegisterMap

RELAYS = 8
ON, OFF, TOGGLE, LATCH, MOMENTARY, DELAY = 1, 2, 3, 4, 5, 6  # the high byte of a word
ADDRESS, SPEED = 0xFD, 0xFE
SECOND = 1_000_000_000


def whole() -> dict[int, int]:
    """Everything off; what is not used reads as 0. Its address stands at its switches."""
    return dict.fromkeys(range(0x100), 0) | {ADDRESS: 1}


@dataclass(slots=True, kw_only=True)
class WordBoard(RegisterMap):
    """Eight relays. A pulse ends at its own instant whether or not anybody talks."""

    holding: dict[int, int] = field(default_factory=whole)
    moved: Callable[[int, bool, str, int], None] = lambda relay, on, why, at: None
    until: list[int | None] = field(default_factory=lambda: [None] * RELAYS)
    first: int = 0  # the register of its first relay
    hears: bool = False  # also while a pulse runs
    heard: list[tuple[int, int]] = field(default_factory=list)  # each order: register, word

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        self.advance(now)
        if pdu[0] != 6:
            return RegisterMap.answer(self, pdu, now)
        register, word = struct.unpack(">HH", pdu[1:5])
        relay = register - self.first
        if not 0 <= relay < RELAYS or not ON <= word >> 8 <= DELAY:
            raise Refuse(ILLEGAL_VALUE)
        self.heard.append((register, word))
        self._order(relay, word >> 8, word & 0xFF, now)
        return pdu

    def next_end(self) -> int | None:
        """When the next pulse ends."""
        return next_end(self.until)

    def advance(self, now: int) -> None:
        """End the pulses that are over, each at its own instant."""
        for relay, end in ended(self.until, now):
            self._move(relay, False, "pulse_end", end)

    def _order(self, relay: int, order: int, seconds: int, now: int) -> None:
        if order in (DELAY, MOMENTARY):
            lasts = 1 if order == MOMENTARY else seconds
            self.until[relay] = now + lasts * SECOND if lasts else None
            self._move(relay, lasts > 0, "pulse" if lasts else "order", now)
        elif self.until[relay] is None or self.hears:
            self.until[relay] = None
            on = {ON: True, OFF: False, TOGGLE: not self.holding[self.first + relay], LATCH: True}[order]
            for other in range(RELAYS) if order == LATCH else ():
                self._move(other, other == relay, "order", now)
            self._move(relay, on, "order", now)

    def _move(self, relay: int, on: bool, why: str, at: int) -> None:
        if bool(self.holding[self.first + relay]) is not on:
            self.holding[self.first + relay] = int(on)
            self.moved(relay, on, why, at)
