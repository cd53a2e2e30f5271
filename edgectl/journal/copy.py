"""A copy of a journal, made beside whoever writes it, and the look that it has to stand before anybody relies on it.

Two rules. A copy is the journal of one instant: it is read from one snapshot, in pieces, each of which is on the disk
before the next is read, so that no commit of the house waits for more than one of them. And a copy is believed only
when every page, every value and every link of its chain was looked at.
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from edgectl.journal import still
from edgectl.journal.chain import walk
from edgectl.journal.errors import NO_ROOM, JournalError, JournalFull, JournalUnreadable, JournalUnwritable
from edgectl.journal.survey import Told, unsound

PIECE = 256  # pages of 4 KiB: 1 MiB
_CACHE_KIB = 512  # what a copy keeps back of a piece
ANOTHER = "take another copy; nothing was touched"


def copy(db: sqlite3.Connection, target: Path, told: Callable[[int, int], None]) -> None:
    """Put the journal as it is now into a file that is ours alone. `told` hears how many pages are there, of how many.

    The file has no log beside it. Raises JournalFull and JournalUnwritable with the disk's own words; what the source
    says is raised as it is.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC)

    def piece(_status: int, left: int, all_: int) -> None:
        os.fdatasync(descriptor)
        told(all_ - left, all_)

    try:
        # One snapshot for all pieces: without it each commit of the house would begin the copy anew.
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM meta").fetchone()
        with closing(sqlite3.connect(target, isolation_level=None)) as there:
            there.execute("PRAGMA synchronous = OFF")  # it is synced piece by piece, and once more below
            there.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            db.backup(there, pages=PIECE, progress=piece)
            there.execute("PRAGMA journal_mode = DELETE")
        os.fsync(descriptor)
    except OSError as error:
        raise unwritten(target, error.errno, error.strerror) from error
    except sqlite3.Error as error:
        raise _said(target, error) from error
    finally:
        db.rollback()
        os.close(descriptor)


def looked_through(path: Path, told: Told, of: Path, hint: str = ANOTHER) -> int:
    """How many lines a copy `of` a file has. Raises JournalUnreadable at whatever is wrong with that."""
    with still.opened(path) as db:
        if found := unsound(db, told):
            raise JournalUnreadable(f"{of} is damaged: {found[0]}", hint)
        lines = db.execute("SELECT count(*) FROM timeline").fetchone()[0]
        chain = walk(db, lambda count: told("the chain of lines", count, lines))
    if chain.broken_at is not None:
        raise JournalUnreadable(f"{of} was changed: the chain breaks at line {chain.broken_at}: {chain.why}", hint)
    return int(lines)


def unwritten(path: Path, number: int | None, says: str | None) -> JournalError:
    """A copy that the disk does not take."""
    kind = JournalFull if number in (errno.ENOSPC, errno.EDQUOT) else JournalUnwritable
    return kind(f"{path} cannot be written: {says}", "make room there, or name another place; nothing was touched")


def _said(target: Path, error: sqlite3.Error) -> JournalError:
    """SQLite tells the two files apart by nothing but its number: damage is the source's, the rest the target's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalUnreadable(f"the journal cannot be copied: {error}", "edgectl journal check says what is damaged")
    disk = os.statvfs(target.parent)
    full = code == sqlite3.SQLITE_FULL or disk.f_bavail * disk.f_frsize < NO_ROOM
    return unwritten(target, errno.ENOSPC if full else None, str(error))
