"""A second Waveshare board, as it comes out of its box: nothing hangs on its relays, and its address can be set.

From the maker's list: register 0x4000 holds the address, and a write there is in force at once.
"""

from dataclasses import dataclass, field

from edgectl.drivers.sim.devices import Board
from edgectl.drivers.sim.registers import RegisterMap

ADDRESS = 0x4000
TOLD = ADDRESS.to_bytes(2, "big")


@dataclass(slots=True, kw_only=True)
class SpareBoard(RegisterMap):
    """A board, and beside it the one register that says where it is asked."""

    holding: dict[int, int] = field(default_factory=lambda: {ADDRESS: 1})
    address_at: int | None = ADDRESS
    board: Board = field(default_factory=lambda: Board(moved=lambda relay, on, why, at: None))

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        own = pdu[0] in (3, 6) and pdu[1:3] == TOLD
        return RegisterMap.answer(self, pdu, now) if own else self.board.answer(pdu, now)
