"""A pty whose other end has a name in a folder, as a serial port has one."""

import asyncio
import contextlib
import fcntl
import os
import pty
import termios
import tty
from collections.abc import Callable
from pathlib import Path


class Port:
    """The far end of one serial line. It can be plugged and unplugged while others have it open."""

    def __init__(self, path: Path, on_bytes: Callable[[bytes], None]) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self._master = self._slave = -1

    def plug(self) -> None:
        """Make the port."""
        self._master, self._slave = pty.openpty()  # our slave end stays open: a closing client hangs nobody up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        draft = self.path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(os.ttyname(self._slave))
        draft.rename(self.path)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._free()

    def unplug(self) -> None:
        """Take the port away."""
        asyncio.get_running_loop().remove_reader(self._master)
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def write(self, data: bytes) -> None:
        """Send bytes to whoever has the port open; to nobody when it is unplugged."""
        if self._master >= 0:
            with contextlib.suppress(OSError):
                os.write(self._master, data)

    def _free(self) -> None:
        """A real port forgets that it was opened exclusively when its last user is gone, even by SIGKILL. A pty does
        not while its other end lives, so that end forgets for it; the users' advisory lock is what keeps others off.
        """
        if self._slave >= 0:
            fcntl.ioctl(self._slave, termios.TIOCNXCL)
            asyncio.get_running_loop().call_later(0.1, self._free)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 512)
        except OSError:
            return
        self._on_bytes(data)
