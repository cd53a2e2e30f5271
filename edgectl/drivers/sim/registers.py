"""A device that is nothing but its registers and bits, as its maker lists them. Pure; nothing in it moves by itself.

What is not listed does not exist: a read that touches it is refused, as real devices do it.
"""

import struct
from dataclasses import dataclass, field

from edgectl.drivers.sim.devices import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Refuse


@dataclass(slots=True, kw_only=True)
class RegisterMap:
    """Words of 16 bits by address, and bits by address, each in its own room of the protocol."""

    holding: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    discretes: dict[int, bool] = field(default_factory=dict)
    address_at: int | None = None  # the holding register that is its own address on the line, in force at once
    locked: bool = False  # a write is answered, and nothing is kept
    lazy: bool = False  # a new address is kept, and in force from the next power-on

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        function, address, count = struct.unpack(">BHH", pdu[:5])
        if function in (3, 4):
            words = [self._at(self.holding if function == 3 else self.inputs, address + i) for i in range(count)]
            return bytes([function, 2 * count]) + b"".join(word.to_bytes(2, "big") for word in words)
        if function in (1, 2):
            bits = [self._at(self.coils if function == 1 else self.discretes, address + i) for i in range(count)]
            packed = sum(bit << i for i, bit in enumerate(bits))
            return bytes([function, (count + 7) // 8]) + packed.to_bytes((count + 7) // 8, "little")
        if function == 5:
            self._at(self.coils, address)
            if count not in (0xFF00, 0):
                raise Refuse(ILLEGAL_VALUE)
            self.coils[address] = count == 0xFF00
            return pdu
        if function == 6:
            self._at(self.holding, address)
            if not self.locked:
                self.holding[address] = count
            return pdu
        raise Refuse(ILLEGAL_FUNCTION)

    @property
    def unit(self) -> int | None:
        """The address that it wants to be asked at; None where nothing on the line says so."""
        return None if self.address_at is None or self.lazy else self.holding[self.address_at]

    def _at(self, room: dict[int, int] | dict[int, bool], address: int) -> int:
        if address not in room:
            raise Refuse(ILLEGAL_ADDRESS)
        return int(room[address])
