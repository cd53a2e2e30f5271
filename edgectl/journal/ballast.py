"""A reserve on the disk: given up when the disk is full, so that stopping and its record still fit."""

import contextlib
import os
from pathlib import Path

SIZE = 1 << 20
_TRY_AGAIN_AFTER = 200  # commits


class Ballast:
    """One file of a fixed size, really allocated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.laid = False
        self._since = 0

    def lay(self) -> None:
        """Allocate it. A disk without room for it is no error: the journal comes first."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.posix_fallocate(descriptor, 0, SIZE)
                self.laid = True
            except OSError:
                self.path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def drop(self) -> bool:
        """Give the room back. True when there was any."""
        had = self.laid
        self.laid, self._since = False, 0
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        return had

    def restore(self) -> None:
        """After a good commit: lay it again, now and then, once it was dropped."""
        if self.laid:
            return
        self._since += 1
        if self._since >= _TRY_AGAIN_AFTER:
            self._since = 0
            self.lay()
