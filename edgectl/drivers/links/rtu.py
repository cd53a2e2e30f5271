"""A serial port, locked for us alone."""

import asyncio
import contextlib
import fcntl
import os
import termios
from collections.abc import Callable

import serial

from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.wiring import SerialLine

MOST_AT_ONCE = 4096


class RtuLink:
    """One serial line. A port that vanishes and comes back under the same name is opened again by its owner.

    pyserial sets the port up; its bytes are read and written here, because a poll costs less than a library's way
    around it, and because when bytes leave is this program's business.
    """

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self._loop: asyncio.AbstractEventLoop
        self._on_bytes: Callable[[bytes], None]
        self._on_lost: Callable[[str], None]
        self._port: serial.Serial | None = None
        self._fd = -1
        self._unsent = b""
        self._telling: asyncio.Handle | None = None

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Open and lock the port. Raises LinkDown."""
        line = self.line
        try:
            port = serial.Serial(
                line.port, baudrate=line.baudrate, bytesize=8, parity=line.parity, stopbits=line.stopbits, timeout=0
            )
        except (OSError, ValueError, termios.error) as error:
            raise LinkDown(f"{line.port} cannot be opened: {_reason(error)}; check the adapter and its name") from error
        try:
            lock_port(port.fileno(), line.port)
        except LinkDown:
            port.close()
            raise
        self._loop, self._on_bytes, self._on_lost = asyncio.get_running_loop(), on_bytes, on_lost
        self._port, self._fd, self._unsent = port, port.fileno(), b""
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._unsent:
            self._unsent += data
        elif self._port is not None:
            self._send(data)

    def close(self) -> None:
        """Close the port; its lock goes with it."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        port, self._port, self._unsent = self._port, None, b""
        if port is not None:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            with contextlib.suppress(OSError, termios.error):  # an adapter that is gone cannot be set back
                port.close()

    def _send(self, data: bytes) -> None:
        try:
            sent = os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._lose(_reason(error))
            return
        self._unsent = data[sent:]
        if self._unsent:
            self._loop.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        self._send(self._unsent)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, MOST_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(_reason(error))
            return
        if data:
            self._on_bytes(data)
        else:  # a port that hung up is readable and empty
            self._lose("the line was closed")

    def _lose(self, why: str) -> None:
        """The port is gone. Its owner is told in the next round of the loop: it may be in the middle of a write."""
        self.close()
        self._telling = self._loop.call_soon(self._on_lost, why)


def lock_port(descriptor: int, name: str) -> None:
    """Take the port for ourselves. The advisory lock keeps other controllers off, TIOCEXCL keeps other programs off.

    Raises LinkDown when another program holds it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LinkDown(f"{name} is in use by another program; stop it first (lsof {name} names it)") from error
    fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _reason(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) else str(error)
