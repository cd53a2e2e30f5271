"""A damaged journal is put aside under its own name, with everything that belongs to it, and never forgotten.

Two rules. The traces are written so that a kill between any two steps ends in the same place: a new journal that is
born beside a quarantined one knows that another was lost. And damage that was found while the journal was in use is
noted in a file beside it, because the next start must not need to find it again.
"""

import contextlib
from pathlib import Path

from edgectl.journal.errors import JournalUnwritable

_COMPANIONS = ("-wal", "-shm", ".condemned")


def condemn(path: Path, why: str) -> None:
    """Note that this file is damaged: the next start puts it aside. A disk that takes no note must find it again."""
    with contextlib.suppress(OSError):
        _beside(path, ".condemned").write_text(f"{why}\n")


def condemned(path: Path) -> str | None:
    """Why the file must be put aside at this start, or None."""
    try:
        return _beside(path, ".condemned").read_text(errors="replace").strip() or "it was found damaged while in use"
    except OSError:
        return None


def orphaned(path: Path) -> bool:
    """True when the file is gone and its write-ahead log is still there: what it held was lost."""
    return not path.exists() and _beside(path, "-wal").exists()


def predecessor(path: Path) -> bool:
    """True when a journal was put aside here before, or made room for a copy."""
    return any(any(path.parent.glob(f"{path.name}.{how}-*")) for how in ("quarantine", "replaced"))


def no_file(path: Path) -> bool:
    """True when something stands there that can never be one of our files: a folder, a pipe, a socket, a device."""
    return path.exists() and not path.is_file()


def make_way(path: Path) -> None:
    """Put aside what stands where a file of ours belongs and is none: a pipe would be waited at for ever."""
    if no_file(path):
        put_aside(path)


def put_aside(path: Path) -> Path:
    """Move the file and its companions under the first free number. Returns its new name; raises JournalUnwritable."""
    taken = {item.name for item in path.parent.glob(f"{path.name}.quarantine-*")}
    number = 1
    while any(name.startswith(f"{path.name}.quarantine-{number}") for name in taken):
        number += 1
    # The file itself goes first: a log that stays behind alone is seen as an orphan, the file without its log is not.
    for suffix in ("", *_COMPANIONS):
        try:
            _beside(path, suffix).rename(path.with_name(f"{path.name}.quarantine-{number}{suffix}"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalUnwritable(
                f"the damaged journal {path} cannot be put aside: {error.strerror}",
                "check the rights of the folder and whether the disk is read-only",
            ) from error
    return path.with_name(f"{path.name}.quarantine-{number}")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
