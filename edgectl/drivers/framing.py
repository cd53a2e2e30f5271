"""How a request looks on its line, and how its reply is found among the bytes that came.

Whatever is not exactly the answer is left unread until the deadline: a late or crossed reply is never accepted, and a
glitch before a good reply costs nothing.
"""

import struct
from typing import Protocol

from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused, Request, checked, rtu_frame, rtu_reply
from edgectl.drivers.wiring import RtuGateway, SerialLine, TcpHost, Wire
from edgectl.model.time import Nanos

LONGEST_HEARD = 2048  # bytes kept of a line that babbles


class Framing(Protocol):
    """One way to put requests on a line. `silence` keeps frames apart; `shared` lines need rest after a time-out."""

    silence: Nanos
    shared: bool

    def frame(self, request: Request) -> bytes:
        """The bytes that leave."""

    def reply(self, request: Request, heard: bytes) -> bytes | None:
        """The reply PDU in what was heard, or None while there is none. Raises DeviceRefused."""

    def air_time(self, characters: int) -> Nanos:
        """How long so many characters take on the line."""


class RtuFraming:
    """Modbus over serial line: unit, PDU, checksum."""

    shared = True

    def __init__(self, line: SerialLine | RtuGateway) -> None:
        self.silence: Nanos = line.silence
        self._character = line.character

    def frame(self, request: Request) -> bytes:
        """The bytes that leave."""
        return rtu_frame(request)

    def reply(self, request: Request, heard: bytes) -> bytes | None:
        """Look for the one frame that answers, wherever it begins."""
        unit, function = request.unit, request.pdu[0]
        for start in range(len(heard) - 4):
            if heard[start] != unit or heard[start + 1] & 0x7F != function:
                continue
            length = request.reply_length + 3 if heard[start + 1] == function else 5
            if start + length > len(heard):
                continue
            try:
                return rtu_reply(request, heard[start : start + length])
            except DeviceRefused:
                raise
            except BadReply:
                continue
        return None

    def air_time(self, characters: int) -> Nanos:
        """Characters at the line's speed."""
        return characters * self._character


_HEAD = struct.Struct(">HHHB")  # number, protocol 0, bytes from the unit on, unit


class TcpFraming:
    """Modbus TCP: a transaction number tells every reply apart, so an old one is known at sight."""

    silence = 0
    shared = False

    def __init__(self) -> None:
        self._number = 0
        self._ours = bytes(4)  # how every reply begins: that number, and that it is Modbus

    def frame(self, request: Request) -> bytes:
        """The bytes that leave, under the next transaction number."""
        self._number = self._number % 0xFFFF + 1
        head = _HEAD.pack(self._number, 0, len(request.pdu) + 1, request.unit)
        self._ours = head[:4]
        return head + request.pdu

    def reply(self, request: Request, heard: bytes) -> bytes | None:
        """Walk from frame to frame; only the one with our number is ours."""
        while len(heard) >= 8:
            end = 6 + (heard[4] << 8) + heard[5]
            if len(heard) < end:
                return None
            if heard[6] == request.unit and heard.startswith(self._ours):
                try:
                    return checked(request, heard[7:end])
                except DeviceRefused:
                    raise
                except BadReply:
                    return None
            heard = heard[end:]
        return None

    def air_time(self, characters: int) -> Nanos:
        """A network has no character time worth counting."""
        return 0


def framing_for(line: Wire) -> Framing:
    """The framing that a line needs."""
    return TcpFraming() if isinstance(line, TcpHost) else RtuFraming(line)
