"""Four devices as their makers describe them: a request PDU in, a reply PDU out. Pure; time is an argument.

Relay board: Waveshare Modbus RTU Relay (D). Level: QDY30A. Counter: WB-MCM8. Air: XY-MD02.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from edgectl.drivers.sim.plant import Surroundings
from edgectl.drivers.sim.pulses import ended, next_end

TICK = 100_000_000  # 100 ms
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class Refuse(Exception):
    """A Modbus exception reply."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Board:
    """Eight relays. A pulse ends at its own instant whether or not anybody talks."""

    moved: Callable[[int, bool, str, int], None]  # relay index, on, why, at
    on: list[bool] = field(default_factory=lambda: [False] * 8)
    until: list[int | None] = field(default_factory=lambda: [None] * 8)
    mode: list[int] = field(default_factory=lambda: [0] * 8)
    version: int = 200
    stuck: set[int] = field(default_factory=set)  # answers, does not move
    welded: set[int] = field(default_factory=set)  # cannot go off

    def next_end(self) -> int | None:
        """When the next pulse ends."""
        return next_end(self.until)

    def advance(self, now: int) -> None:
        """End the pulses that are over, each at its own instant."""
        for relay, end in ended(self.until, now):
            self._move(relay, not self.on[relay], "pulse_end", end)

    def power_cycle(self, now: int) -> None:
        """The board lost its supply: all relays fall."""
        for relay in range(8):
            self.until[relay] = None
            self._move(relay, False, "power", now)

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        self.advance(now)
        function = pdu[0]
        if function in (1, 2):
            address, count = _span(pdu, 8)
            states = self.on if function == 1 else [False] * 8
            return bytes([function, 1, sum(states[address + i] << i for i in range(count))])
        if function == 3:
            return _registers(pdu, {0x8000: self.version, **{0x1000 + i: m for i, m in enumerate(self.mode)}})
        if function == 5:
            return self._write(pdu, now)
        raise Refuse(ILLEGAL_FUNCTION)

    def _write(self, pdu: bytes, now: int) -> bytes:
        address, value = struct.unpack(">HH", pdu[1:5])
        bank, relay = address & 0xFF00, address & 0xFF
        relays = range(8) if address == 0xFF else [relay]
        if relay > 7 and address != 0xFF:
            raise Refuse(ILLEGAL_ADDRESS)
        for index in relays:
            if self.mode[index]:
                continue  # linkage: the order is answered and nothing moves
            if bank == 0:
                if value not in (0xFF00, 0x0000, 0x5500):
                    raise Refuse(ILLEGAL_VALUE)
                self.until[index] = None
                wanted = {0xFF00: True, 0: False, 0x5500: not self.on[index]}[value]
                self._move(index, wanted, "order", now)
            elif bank in (0x0200, 0x0400):
                if not 0 < value <= 0x7FFF:
                    raise Refuse(ILLEGAL_VALUE)
                if index not in self.stuck:
                    self.until[index] = now + value * TICK
                self._move(index, bank == 0x0200, "pulse", now)
            else:
                raise Refuse(ILLEGAL_ADDRESS)
        return pdu

    def _move(self, relay: int, on: bool, why: str, at: int) -> None:
        if (on and relay in self.stuck) or (not on and relay in self.welded):
            return
        if self.on[relay] is not on:
            self.on[relay] = on
            self.moved(relay, on, why, at)


@dataclass(slots=True)
class Level:
    """A pressure probe at the bottom of the tank: 250 cm when it is full, one decimal."""

    plant: Surroundings
    unit_code: int = 1
    frozen: int | None = None

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        if pdu[0] != 3:
            raise Refuse(ILLEGAL_FUNCTION)
        self.plant.advance(now)
        level = round(self.plant.tank / self.plant.capacity * 2500)
        value = self.frozen if self.frozen is not None else level
        return _registers(pdu, {0: 5, 1: 3, 2: self.unit_code, 3: 1, 4: value & 0xFFFF, 5: 0, 6: 5000})


@dataclass(slots=True)
class Counter:
    """Pulses of a flow sensor on input 1: 7.5 Hz per L/min, 450 per litre."""

    plant: Surroundings
    offset: int = 0

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        if pdu[0] == 2:
            _span(pdu, 8)
            return bytes([2, 1, 0])
        if pdu[0] != 4:
            raise Refuse(ILLEGAL_FUNCTION)
        self.plant.advance(now)
        rate, pulses = round(self.plant.flow * 7.5), self.offset + int(self.plant.pumped * 450)
        table = {40 + i: 0 for i in range(16)} | {60 + i: 0 for i in range(16)}
        table |= {40: rate >> 16, 41: rate & 0xFFFF, 60: pulses >> 16 & 0xFFFF, 61: pulses & 0xFFFF}
        return _registers(pdu, table)


@dataclass(slots=True)
class Air:
    """Temperature and humidity of the house in tenths."""

    plant: Surroundings

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        if pdu[0] != 4:
            raise Refuse(ILLEGAL_FUNCTION)
        self.plant.advance(now)
        temperature = round(self.plant.temperature * 10)
        return _registers(pdu, {1: temperature & 0xFFFF, 2: round(self.plant.humidity * 10)})


@dataclass(slots=True)
class Witness:
    """Another board, whose inputs hang on the contacts of the first: input n is on while relay n is, or whatever else
    is wired to it."""

    board: Board
    more: dict[int, bool] = field(default_factory=dict)  # by index

    def answer(self, pdu: bytes, now: int) -> bytes:
        """One request. Raises Refuse."""
        if pdu[0] != 2:
            raise Refuse(ILLEGAL_FUNCTION)
        self.board.advance(now)
        address, count = _span(pdu, 8)
        seen = [on or self.more.get(index, False) for index, on in enumerate(self.board.on)]
        return bytes([2, 1, sum(seen[address + i] << i for i in range(count))])


class Device(Protocol):
    """Whatever answers at a unit number."""

    def answer(self, pdu: bytes, now: int) -> bytes:
        """The reply PDU of one request. Raises Refuse."""


def reply(device: Device, pdu: bytes, now: int) -> bytes:
    """The reply PDU, or the exception that the device answers with."""
    try:
        return device.answer(pdu, now)
    except Refuse as refuse:
        return bytes([pdu[0] | 0x80, refuse.code])


def _span(pdu: bytes, size: int) -> tuple[int, int]:
    address, count = struct.unpack(">HH", pdu[1:5])
    if not 1 <= count <= size:
        raise Refuse(ILLEGAL_VALUE)
    if address + count > size:
        raise Refuse(ILLEGAL_ADDRESS)
    return address, count


def _registers(pdu: bytes, table: dict[int, int]) -> bytes:
    address, count = struct.unpack(">HH", pdu[1:5])
    if not 1 <= count <= 125:
        raise Refuse(ILLEGAL_VALUE)
    try:
        values = [table[address + i] for i in range(count)]
    except KeyError:
        raise Refuse(ILLEGAL_ADDRESS) from None
    return bytes([pdu[0], 2 * count]) + b"".join(value.to_bytes(2, "big") for value in values)
