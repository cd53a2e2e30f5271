"""The journal of a house that nobody drives, read as it lies there and left as it was.

Two rules. Whoever opens it so has seen that nobody holds the lock of the state folder, and looks again afterwards: what
was read while somebody began counts for nothing. And nothing is made beside it that a start would have to mind: a file
without a log is opened as one that does not change, and only where a crash left a log behind it is read together with
that; neither of the two is written.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from edgectl.journal.contents import Contents, contents
from edgectl.journal.errors import JournalError, JournalTooNew, JournalUnreadable, translate
from edgectl.journal.sqlite import SCHEMA

_RIGHTS = "try again as the user of the service, or with sudo"
_OLDER = "start the daemon once: it brings the journal to this version"
_NEWER = "install the edgectl that wrote it"


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
    if not path.is_file():
        raise JournalError(f"there is no journal {path}", "has the daemon run here? --state names its folder")
    try:
        with closing(sqlite3.connect(address(path), uri=True)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA:
                said = f"the journal {path} has schema {version}, this edgectl reads {SCHEMA}"
                raise JournalTooNew(said, _NEWER) if version > SCHEMA else JournalError(said, _OLDER)
            return contents(db)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN:
            # A log is read by way of a shared index beside it, which a reader without rights there cannot make.
            raise JournalError(
                f"you may not read the journal {path} with the log that a crash left", _RIGHTS
            ) from error
        raise translate(path, "cannot be read", error) from error
    except (ValueError, TypeError, KeyError) as error:
        raise JournalUnreadable(f"the journal {path} is damaged: {error}", "the next start puts it aside") from error
