"""Modbus requests and replies as bytes, through pymodbus's own PDUs and framers.

Two rules. A reply counts only for the very request it answers: unit, function, length and echo are all checked.
Whatever does not fit is a `BadReply` with its bytes as evidence, never a value.
"""

import math
import struct
from dataclasses import dataclass
from functools import lru_cache

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteSingleRegisterRequest,
)

from edgectl.model.time import MS, SECOND, Nanos

PULSE_TICK: Nanos = 100 * MS
PULSE_MAX_TICKS = 0x7FFF
WORD_MAX_SECONDS = 0xFF
_FRAMER = FramerRTU(DecodePDU(False))
_READS = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}
HEAD = 2  # of a reply: its function, and how many bytes follow
WHOLE = {kind: struct.Struct(form) for kind, form in {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i"}.items()}
_REGISTERS = {**WHOLE, "f32": struct.Struct(">f")}


class BadReply(Exception):
    """A reply that must not be believed. Carries the bytes."""

    def __init__(self, why: str, reply: bytes) -> None:
        super().__init__(f"{why} ({reply.hex(' ') or 'no bytes'})")
        self.reply = reply


class DeviceRefused(BadReply):
    """The device answered with a Modbus exception. `code` is its exception code."""

    def __init__(self, code: int, reply: bytes) -> None:
        super().__init__(f"the device answers with exception {code}", reply)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: the unit, the PDU that leaves, and the length of a good reply PDU."""

    unit: int
    pdu: bytes
    reply_length: int


def beyond(address: int, count: int) -> str:
    """What is wrong with so many registers or coils from this address on; empty when nothing is."""
    last = address + count - 1
    return f"{address} to {last} runs past the last address, 65535" if last > 0xFFFF else ""


def read(unit: int, function: int, address: int, count: int) -> Request:
    """Read `count` coils (function 1, 2) or registers (3, 4) from a zero-based address."""
    message = _READS[function](address=address, count=count, dev_id=unit)
    payload = (count + 7) // 8 if function in (1, 2) else 2 * count
    return Request(unit=unit, pdu=bytes([function]) + message.encode(), reply_length=2 + payload)


def write_coil(unit: int, address: int, on: bool) -> Request:
    """Switch a coil (function 5)."""
    message = WriteSingleCoilRequest(address=address, bits=[on], dev_id=unit)
    return Request(unit=unit, pdu=b"\x05" + message.encode(), reply_length=5)


def pulse_coil(unit: int, address: int, length: Nanos) -> Request:
    """Function 5 with a value that is a time in ticks of 100 ms, as Waveshare boards take it at 0x0200 + channel.

    The time is rounded up to a whole tick. Raises ValueError beyond 3,276.7 s. Source: Waveshare wiki, Modbus RTU
    Relay (D); its example `01 05 02 00 00 07 8D B0` is 700 ms on the first relay. pymodbus encodes only ON and OFF.
    """
    ticks = -(-length // PULSE_TICK)
    if not 0 < ticks <= PULSE_MAX_TICKS:
        raise ValueError(f"a pulse of {length / 1e9:g} s does not fit into 1..{PULSE_MAX_TICKS} ticks of 100 ms")
    return Request(unit=unit, pdu=struct.pack(">BHH", 5, address, ticks), reply_length=5)


def pulse_word(unit: int, address: int, word: int, length: Nanos) -> Request:
    """Function 6 with a word whose low byte is a time in seconds, as Eletechsup boards take it: 0x0600 + seconds.

    The time is rounded up to a whole second. Raises ValueError beyond 255 s. Source: the maker's list of commands; its
    example `01 06 00 01 06 0A 5B AD` is 10 s on the first channel.
    """
    seconds = -(-length // SECOND)
    if not 0 < seconds <= WORD_MAX_SECONDS:
        raise ValueError(f"a pulse of {length / 1e9:g} s does not fit into 1..{WORD_MAX_SECONDS} s")
    return write_register(unit, address, word + seconds)


def write_register(unit: int, address: int, value: int) -> Request:
    """Write one register (function 6)."""
    message = WriteSingleRegisterRequest(address=address, registers=[value], dev_id=unit)
    return Request(unit=unit, pdu=b"\x06" + message.encode(), reply_length=5)


@lru_cache(maxsize=1024)  # polls ask the same for ever
def rtu_frame(request: Request) -> bytes:
    """The request as it goes on a serial line, with its CRC."""
    return _FRAMER.encode(request.pdu, request.unit, 0)


def rtu_reply(request: Request, frame: bytes) -> bytes:
    """The reply PDU out of a serial frame. Raises BadReply for anything that is not exactly this request's answer."""
    if len(frame) < 5:
        raise BadReply("the reply is cut short", frame)
    if not FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
        raise BadReply("the checksum of the reply is wrong", frame)
    if frame[0] != request.unit:
        raise BadReply(f"unit {frame[0]} answers instead of unit {request.unit}", frame)
    return checked(request, frame[1:-2])


def checked(request: Request, pdu: bytes) -> bytes:
    """The PDU itself when it answers the request. Raises DeviceRefused and BadReply."""
    function = request.pdu[0]
    if len(pdu) == 2 and pdu[0] == function | 0x80:
        raise DeviceRefused(pdu[1], pdu)
    if not pdu or pdu[0] != function:
        raise BadReply(f"the reply is not for function {function}", pdu)
    if len(pdu) != request.reply_length:
        raise BadReply(f"the reply has {len(pdu)} bytes instead of {request.reply_length}", pdu)
    if function in (5, 6) and pdu != request.pdu:
        raise BadReply("the echo differs from the order", pdu)
    if function in _READS and pdu[1] != request.reply_length - 2:
        raise BadReply("the byte count of the reply is wrong", pdu)
    return pdu


def requests_in(heard: bytes) -> tuple[bytes, ...]:
    """Whole serial requests among the bytes of a line: what a master says and no slave does, with a good checksum.

    The echo of a write is both; a reply to a read is not taken for one. Functions 1 to 6, 15 and 16.
    """
    found, start = [], 0
    while start + 8 <= len(heard):
        length = _request_length(heard[start : start + 7])
        frame = heard[start : start + length]
        if length and len(frame) == length and _good(frame):
            found.append(bytes(frame))
            start += length
        else:
            start += 1
    return tuple(found)


def _request_length(head: bytes) -> int:
    """The length of the request that begins so; 0 when none does."""
    unit, function, quantity = head[0], head[1], int.from_bytes(head[4:6], "big")
    if unit > 247 or (function in (1, 2) and head[2] == 3):  # 24 coils are answered in eight bytes as well
        return 0
    if function in (5, 6):
        return 8
    if function in _READS:
        return 8 if 1 <= quantity <= (2000 if function in (1, 2) else 125) else 0
    return 9 + head[6] if function in (15, 16) and quantity else 0


def _good(frame: bytes) -> bool:
    return bool(FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")))


def bits(pdu: bytes, count: int) -> tuple[bool, ...]:
    """The coils of a checked reply."""
    return tuple(bool(pdu[2 + index // 8] >> index % 8 & 1) for index in range(count))


def number(pdu: bytes, offset: int, kind: str, *, low_word_first: bool = False) -> float:
    """One value of a checked register reply. `offset` counts registers. Raises BadReply for NaN and infinity."""
    form, start = _REGISTERS[kind], HEAD + 2 * offset
    if len(pdu) < start + form.size:
        raise BadReply(f"the reply holds no {kind} at register {offset}", pdu)
    if low_word_first and form.size == 4:
        value = float(form.unpack(pdu[start + 2 : start + 4] + pdu[start : start + 2])[0])
    else:
        value = float(form.unpack_from(pdu, start)[0])
    if not math.isfinite(value):
        raise BadReply("the device reports no number", pdu)
    return value
