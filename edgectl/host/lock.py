"""One controller per state folder: an advisory lock that the kernel releases when its holder dies, however it dies.

Whoever takes it sets a mark beside it, on the same open file. The kernel can be asked whether such a mark is there,
which it cannot of the lock itself: so whoever only looks takes nothing, and a start never meets them.
"""

import contextlib
import errno
import fcntl
import os
import struct
from pathlib import Path
from threading import Event

from edgectl.model.time import iso

_AGAIN_S = 0.05
_MARK = "hhqqi"  # struct flock: kind, whence, begin, length, and the process, which is 0 to ask


class AlreadyRunning(Exception):
    """Another process holds what is wanted. `pid` is its number, 0 when nobody can read it."""

    def __init__(self, what: Path | str, pid: int, since: str = "", does: str = "drives the site in") -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{who} already {does} {what}" + (f", since {since}" if since else ""))
        self.pid = pid


def unheld(folder: Path) -> object:
    """A sign of a folder that nobody holds, without taking anything: whoever only looks must never stand in the way of
    a start or of an OFF. The same sign later says that nobody has come in between. Raises AlreadyRunning, OSError.
    """
    path = folder / "lock"
    descriptor = _without_writing(path)
    try:
        found = os.fstat(descriptor)
        sign = found.st_ino, found.st_mtime_ns if path.exists() else 0
        if _is_marked(descriptor):  # asked last: whoever comes from now on changes the sign
            raise _held(descriptor, folder)
        return sign
    finally:
        os.close(descriptor)


def _without_writing(path: Path) -> int:
    """The file; the folder where there is none, or a link: whoever may write there must not lead root elsewhere."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):
            raise
    return os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _mark(descriptor: int) -> None:
    """Say on our open file that its lock is held. A shared one needs no right to write."""
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_MARK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))


def _is_marked(descriptor: int) -> bool:
    """Does anybody's open file carry a mark? Asking sets none."""
    asked = struct.pack(_MARK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    found: int = struct.unpack(_MARK, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))[0]
    return found != fcntl.F_UNLCK


def _held(descriptor: int, folder: Path) -> AlreadyRunning:
    """Who holds it, as far as the note in it says."""
    try:
        words = os.pread(descriptor, 32, 0).decode(errors="replace").split()
    except IsADirectoryError:
        words = []
    pid = int(words[0]) if words and words[0].isascii() and words[0].isdigit() else 0
    return AlreadyRunning(folder, pid, iso(os.fstat(descriptor).st_mtime_ns) if pid else "")


class HostLock:
    """The lock of a state folder. Its file holds the process number; its time of change is when that process came."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._fd: int | None = None

    def take(self, *, wait_s: float = 0.0) -> None:
        """Take it, waiting at most so long. Raises AlreadyRunning and OSError."""
        assert self._fd is None, "taken already"
        descriptor = self._open()
        try:
            self._wait(descriptor, wait_s)
            with contextlib.suppress(OSError):  # a file system that knows no marks: whoever asks there is told so
                _mark(descriptor)
            text = f"{os.getpid()}\n".encode()
            with contextlib.suppress(OSError):  # a full disk: the lock counts, not the note
                # In place and then cut: the file is never empty, so whoever looks meanwhile sees a number.
                os.pwrite(descriptor, text, 0)
                os.ftruncate(descriptor, len(text))
        except BaseException:
            os.close(descriptor)
            raise
        self._fd = descriptor

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two holders hold two files."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOSPC, errno.ELOOP):
                raise
        # A disk that takes no writes: a lock needs none, and outputs have to go off all the same.
        return _without_writing(self.path)

    def _wait(self, descriptor: int, wait_s: float) -> None:
        pause, tries = Event(), round(wait_s / _AGAIN_S) + 1
        for left in reversed(range(tries)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if left:
                    pause.wait(_AGAIN_S)
        raise _held(descriptor, self.path.parent)
