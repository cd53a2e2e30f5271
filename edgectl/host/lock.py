"""One controller per state folder: an advisory lock that the kernel releases when its holder dies, however it dies."""

import fcntl
import os
from pathlib import Path
from threading import Event

_AGAIN_S = 0.05


class AlreadyRunning(Exception):
    """Another process holds the folder. `pid` is what it wrote into the lock, 0 when nobody can read it."""

    def __init__(self, folder: Path, pid: int) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{who} already drives the site in {folder}")
        self.pid = pid


class HostLock:
    """The lock of a state folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._fd: int | None = None

    def take(self, *, wait_s: float = 0.0) -> None:
        """Take it, waiting at most so long. Raises AlreadyRunning and OSError."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        pause, tries = Event(), round(wait_s / _AGAIN_S) + 1
        for left in reversed(range(tries)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if left:
                    pause.wait(_AGAIN_S)
                    continue
                text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise AlreadyRunning(self.path.parent, int(text) if text.isdigit() else 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._fd = descriptor

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two holders hold two files."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
