"""The journal of a house that nobody drives, read as it lies there and left as it was.

Two rules. Whoever opens it so has seen that nobody holds the lock of the state folder, and looks again afterwards: what
was read while somebody began counts for nothing. And nothing is made beside it that a start would have to mind: a file
without a log is opened as one that does not change, and only where a crash left a log behind it is read together with
that; neither of the two is written.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgectl.journal.contents import Contents, contents
from edgectl.journal.errors import JournalError, JournalTooNew, JournalUnreadable, no_journal, translate
from edgectl.journal.sqlite import SCHEMA

_RIGHTS = "try again as the user of the service, or with sudo"
_OLDER = "start the daemon once: it brings the journal to this version"
_NEWER = "install the edgectl that wrote it"
_DAMAGED = "edgectl journal check names what is damaged; the next start puts the file aside, and keeps it"


def address(path: Path) -> str:
    """How SQLite is asked to open it: by a URI with everything quoted, as a folder may be called "50% shade?"."""
    log = path.with_name(f"{path.name}-wal")
    try:
        logged = log.stat().st_size > 0
    except FileNotFoundError:
        logged = False
    return f"{path.absolute().as_uri()}?mode=ro" + ("" if logged else "&immutable=1")


def look(path: Path) -> Contents:
    """What it holds. Raises JournalError, with what to do."""
    with opened(path) as db:
        return contents(db)


@contextmanager
def opened(path: Path, *, alone: bool = True, older: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, to a journal of this version (or an `older` one): alone with it, or beside a
    daemon. What is read by it and is no value of ours is damage. Raises JournalError, with what to do."""
    if not path.is_file():
        raise no_journal(path.parent)
    place = address(path) if alone else f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(place, uri=True)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA and not (older and 0 < version < SCHEMA):
                said = f"the journal {path} has schema {version}, this edgectl reads {SCHEMA}"
                raise JournalTooNew(said, _NEWER) if version > SCHEMA else JournalError(said, _OLDER)
            yield db
    except sqlite3.Error as error:
        raise _said(path, error) from error
    except KeyError as error:
        raise JournalUnreadable(f"the journal {path} is damaged: it holds no {error}", _DAMAGED) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise JournalUnreadable(f"the journal {path} is damaged: {error}", _DAMAGED) from error


def _said(path: Path, error: sqlite3.Error) -> JournalError:
    """What SQLite said to whoever only reads."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN:
        # A log is read by way of a shared index beside it, which a reader without rights there cannot make.
        return JournalError(f"you may not read the journal {path} with the log that a crash left", _RIGHTS)
    if isinstance(error, sqlite3.OperationalError) and code in (0, sqlite3.SQLITE_ERROR):
        return JournalUnreadable(f"the journal {path} is damaged: {error}", _DAMAGED)  # a table or a text that is none
    return translate(path, "cannot be read", error)
