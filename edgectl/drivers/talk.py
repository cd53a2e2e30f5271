"""One question after the other over a Modbus line, without a loop: for tools that run when no daemon does.

The line is taken for ourselves alone, as the daemon takes it.
"""

import contextlib
import socket
import termios
from collections.abc import Iterator

import serial

from edgectl.drivers.bounded import name_found
from edgectl.drivers.codecs.modbus import BadReply, Request
from edgectl.drivers.framing import Framing, framing_for
from edgectl.drivers.links.rtu import lock_port
from edgectl.drivers.wiring import SerialLine, Wire

CONNECT_WITHIN_S = 1.2


class UnfitPort(OSError):
    """A port that cannot be set to such a speed or parity."""


class NoReply(BadReply):
    """Nothing came at all."""


class Talk:
    """One exchange after the other over an open line."""

    def __init__(self, framing: Framing, port: "serial.Serial | socket.socket") -> None:
        self._framing, self._port = framing, port

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises NoReply when nothing comes, and BadReply when nothing believable does."""
        port, heard = self._port, b""
        frame = self._framing.frame(request)
        if isinstance(port, serial.Serial):
            port.reset_input_buffer()
            port.write(frame)
        else:
            port.sendall(frame)
        while True:
            try:
                # What is there already, or the first byte that comes: a whole reply must not wait for more.
                data = port.read(port.in_waiting or 1) if isinstance(port, serial.Serial) else port.recv(256)
            except TimeoutError:
                data = b""
            if not data:
                raise BadReply("no believable reply", heard) if heard else NoReply("no reply", heard)
            heard += data
            if (reply := self._framing.reply(request, heard)) is not None:
                return reply


@contextlib.contextmanager
def open_line(line: Wire, *, reply_within_s: float, connect_within_s: float = CONNECT_WITHIN_S) -> Iterator[Talk]:
    """Open a line and close it again. Raises LinkDown when somebody else holds it, OSError when it cannot be opened."""
    if isinstance(line, SerialLine):
        with open_port(line, reply_within_s) as port:
            yield Talk(framing_for(line), port)
        return
    name_found(line.host)
    with socket.create_connection((line.host, line.port), timeout=connect_within_s) as connection:
        connection.settimeout(reply_within_s)
        yield Talk(framing_for(line), connection)


@contextlib.contextmanager
def open_port(
    line: SerialLine, reply_within_s: float, *, between_bytes_s: float | None = None
) -> Iterator["serial.Serial"]:
    """Open and lock a serial port. Raises LinkDown, and OSError, UnfitPort among them."""
    try:
        port = serial.Serial(
            line.port,
            baudrate=line.baudrate,
            parity=line.parity,
            stopbits=line.stopbits,
            timeout=reply_within_s,
            inter_byte_timeout=between_bytes_s,
        )
    except (termios.error, ValueError) as error:
        raise UnfitPort(f"{line.port} does not take {line.baudrate} 8{line.parity}{line.stopbits}") from error
    with port:
        lock_port(port.fileno(), line.port)
        yield port
