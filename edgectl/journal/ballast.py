"""A reserve on the disk: given up when the disk is full, so that stopping and its record still fit."""

import contextlib
import os
from pathlib import Path

SIZE = 1 << 20
TRY_AGAIN_AFTER = 200  # commits
SPARE = 1 << 20  # bytes that must stay free beside it: a disk just made free must not be filled by its own reserve


class Ballast:
    """One file of a fixed size, really allocated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._since = 0

    @property
    def laid(self) -> bool:
        """True when the whole reserve is there, also one that an earlier process has laid."""
        try:
            return self.path.stat().st_size >= SIZE
        except OSError:
            return False

    def lay(self) -> None:
        """Allocate it. A disk without room for it is no error: the journal comes first."""
        with contextlib.suppress(OSError):
            disk = os.statvfs(self.path.parent)
            if self.laid or disk.f_bavail * disk.f_frsize < SIZE + SPARE:
                return
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.posix_fallocate(descriptor, 0, SIZE)
            except OSError:
                self.path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def drop(self) -> bool:
        """Give the room back. True when there was any."""
        had, self._since = self.laid, 0
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        return had

    def restore(self) -> bool:
        """After a good commit: lay it again, now and then, once it was dropped. True when it was looked at and is
        there: the disk has room."""
        self._since += 1
        if self._since < TRY_AGAIN_AFTER:
            return False
        self._since = 0
        self.lay()
        return self.laid
