"""What can go wrong with the journal, each with what to do next, and the one table that translates SQLite's words."""

import os
import sqlite3
from pathlib import Path


class JournalError(Exception):
    """The journal cannot be used as it is. `hint` says what to do next."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}\n  {hint}")
        self.hint = hint


class JournalTooNew(JournalError):
    """A newer edgectl wrote this file."""


class JournalUnwritable(JournalError):
    """The disk did not take a commit: full, read-only or failing. It may be tried again."""


class JournalFull(JournalUnwritable):
    """The disk did not take a commit because there is no room left."""


class JournalUnreadable(JournalError):
    """The file is damaged."""


class JournalRefused(JournalError):
    """The batch contradicts what the journal holds: a mistake of the program, not of the disk."""


class JournalThreadEnded(JournalError):
    """The thread that writes the journal has ended by itself. Only a restart brings it back."""


def no_journal(folder: Path) -> JournalError:
    """There is none in a folder."""
    return JournalError(f"there is no journal in {folder}", "has the daemon run here? --state names its folder")


NO_ROOM = 64 << 10  # bytes; SQLite reports a full disk as a plain I/O error where it grows its shared index

_HINTS = {
    sqlite3.SQLITE_BUSY: "another program holds the file: stop it (lsof names it); only the daemon may write here",
    sqlite3.SQLITE_READONLY: "the disk or the file is read-only: a failing card ends like that; replace it",
    sqlite3.SQLITE_IOERR: "the disk reports errors: look at dmesg, and replace the card",
    sqlite3.SQLITE_CANTOPEN: "check that the folder exists and belongs to the user of the service",
}
_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)


def translate(path: Path, deed: str, error: sqlite3.Error) -> JournalError:
    """What SQLite said, as one of the errors above. `deed` completes the sentence "the journal PATH …"."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what = f"the journal {path} {deed}: {error}"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalUnreadable(what, "it is put aside at the next start, and kept for whoever wants to look at it")
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return JournalFull(what, "make room on the disk; nothing is switched on until a commit succeeds")
    if isinstance(error, sqlite3.OperationalError):
        hint = _HINTS.get(code, "make room on the disk or check the card")
        return JournalUnwritable(what, f"{hint}; nothing is switched on until a commit succeeds")
    if isinstance(error, _OURS):
        return JournalRefused(what, "this is a mistake in edgectl: keep the journal and report it")
    return JournalUnreadable(what, "it is put aside at the next start, and kept for whoever wants to look at it")


def _no_room(path: Path) -> bool:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < NO_ROOM
