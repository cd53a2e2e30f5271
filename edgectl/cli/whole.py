"""A file that is nobody else's to read from its first byte on, and bears its name only when it is whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole(out: Path, owner: tuple[int, int] | None = None) -> Iterator[IO[bytes]]:
    """The file, under a name of nobody's; its own name comes when all of it is on the disk. Raises OSError. `owner` is
    the user and the group that it is for, where that is somebody else."""
    number, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    part = Path(name)
    try:
        os.close(number)
        with part.open("r+b") as file:
            yield file
            file.flush()
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fsync(file.fileno())
        part.rename(out)
        _sync(out.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """The name too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
