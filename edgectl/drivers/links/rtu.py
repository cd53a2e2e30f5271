"""A serial port, locked for us alone."""

import asyncio
import contextlib
import fcntl
import os
import termios
from collections.abc import Callable

import serial
import serial_asyncio_fast

from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.links.wire import Wire
from edgectl.drivers.wiring import SerialLine


class _Port(serial.Serial):  # type: ignore[misc]  # pyserial has no types
    """A port that does not wait: the loop has said that it is ready. What goes otherwise is pyserial's to tell.

    What it does not take at once is never kept for later, and what has not left when it is closed never leaves: by then
    an ON is long over, and an OFF is sent anew.
    """

    ours = False  # locked: what waits in the port of somebody else is not touched

    def read(self, size: int = 1) -> bytes:
        try:
            data = os.read(self.fd, size)
        except OSError:
            data = b""
        return data or bytes(super().read(size))

    def write(self, data: bytes) -> int:
        try:
            taken = os.write(self.fd, data)
        except BlockingIOError:
            taken = 0  # pyserial would try again without end
        except OSError:
            taken = int(super().write(data))
        if taken < len(data):
            raise serial.SerialException(f"{self.port} takes no more bytes; check the adapter and what hangs on it")
        return taken

    def forget(self) -> None:
        """What waits in the port does not leave any more."""
        with contextlib.suppress(OSError, termios.error):  # a port that is gone has nothing left
            self.reset_output_buffer()

    def close(self) -> None:
        if self.ours:
            self.forget()
        super().close()


class RtuLink:
    """One serial line. A port that vanishes and comes back under the same name is opened again by its owner."""

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self._transport: serial_asyncio_fast.SerialTransport | None = None
        self._wire: Wire | None = None
        self._port: _Port | None = None

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Open and lock the port. Raises LinkDown."""
        line, wire = self.line, Wire(on_bytes, on_lost)
        try:
            port = _Port(
                line.port, baudrate=line.baudrate, bytesize=8, parity=line.parity, stopbits=line.stopbits, timeout=0
            )
        except (OSError, ValueError, termios.error) as error:
            raise LinkDown(f"{line.port} cannot be opened: {_reason(error)}; check the adapter and its name") from error
        try:
            lock_port(port.fileno(), line.port)
        except LinkDown:
            port.close()
            raise
        port.ours = True
        port.forget()
        transport, _ = await serial_asyncio_fast.connection_for_serial(asyncio.get_running_loop(), lambda: wire, port)
        self._transport, self._wire, self._port = transport, wire, port

    def write(self, data: bytes) -> None:
        """Send bytes. A port that does not take them is lost and told as such; the transport would cry out as over a
        bug first."""
        transport, wire, port = self._transport, self._wire, self._port
        if transport is None or wire is None or port is None or wire.lost or transport.is_closing():
            return
        try:
            port.write(data)
        except serial.SerialException as gone:
            wire.why = str(gone)
            transport.abort()

    def close(self) -> None:
        """Close the port; its lock goes with it."""
        if self._transport is not None and self._wire is not None and not self._wire.lost:
            self._wire.forget()
            self._transport.abort()
        self._transport = self._wire = self._port = None


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
