"""A file that is nobody else's to read from its first byte on, and bears its name only when it is whole."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole(
    out: Path, owner: tuple[int, int] | None = None, *, mode: int = 0o600, instead: bool = False
) -> Iterator[IO[bytes]]:
    """The file, under a name of nobody's; its own name comes when all of it is on the disk. Raises OSError: of two who
    make the same file at once one is told FileExistsError, unless it is made `instead` of what is there. `owner` is the
    user and the group that it is for, where that is somebody else, and `mode` what it is for others."""
    number, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    part = Path(name)
    try:
        os.close(number)
        with part.open("r+b") as file:
            yield file
            file.flush()
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if instead:
            part.rename(out)
        else:
            _named(part, out)
        _sync(out.parent)
    finally:
        part.unlink(missing_ok=True)


def there_already(out: Path) -> tuple[str, str]:
    """What is said of a name that something bears, and what to do."""
    return f"{out} is there already", "choose another name; nothing is overwritten"


def _named(part: Path, out: Path) -> None:
    """It bears this name as well, unless something does already."""
    try:
        os.link(part, out)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # A file system that knows one name for a file, as of a stick: whoever makes the name may put something there.
        os.close(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        part.rename(out)


def _sync(folder: Path) -> None:
    """The name too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
