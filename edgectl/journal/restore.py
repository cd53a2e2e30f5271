"""A copy put back in the place of a journal, while nobody drives the house.

Two rules. Nothing bears the name of the journal but a whole one: the copy is made, looked through and changed beside
it, and one rename puts it there, so a kill at any instant leaves the old journal or the new one. And what held goes on
holding: as far as the journal that makes room can be read, its stops, locks, alarms, amounts and cursors go along.
"""

import contextlib
import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from edgectl.journal import carried, quarantine, rows, still
from edgectl.journal.copy import ANOTHER, copy, looked_through, unwritten
from edgectl.journal.errors import JournalError, JournalUnreadable, translate
from edgectl.journal.formers import put_back
from edgectl.journal.sqlite import migrate, sync
from edgectl.journal.survey import Told
from edgectl.model.time import Nanos, to_datetime
from edgectl.model.timeline import PutBack

_FORMER = "INSERT INTO formers (id, upto, newest, at, who) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A copy that may be put back, beside the journal. `not_carried` says why nothing could be taken along from the
    journal that makes room; None when all that is in force was. `of_both`: that journal did not know all that the copy
    knows, and of each restraint the more careful word of the two counts."""

    path: Path
    lines: int
    put_back: PutBack
    not_carried: str | None
    of_both: bool


def whose(db: sqlite3.Connection) -> str | None:
    """The id of the site that an open journal belongs to; None where no daemon ever wrote it down."""
    found = db.execute("SELECT body FROM latches WHERE id = 'config'").fetchone()
    try:
        return None if found is None else str(json.loads(json.loads(rows.latch(found[0]).why)["site.id"]))
    except (ValueError, KeyError, TypeError):
        return None


def make_ready(file: Path, journal: Path, site_id: str, *, at: Nanos, who: str, told: Told) -> Ready:
    """Make the journal that comes of a copy, beside the one that makes room, and change nothing else.

    Raises JournalError for a copy that is damaged, another site's or a newer edgectl's, and for a disk that is full.
    """
    unborn = journal.with_name(f"{journal.name}.new")
    _may_be_one(file, journal, unborn)
    _clear(unborn)
    try:
        try:
            with still.opened(file, older=True) as db:
                _is_ours(db, file, site_id)
                _empty(unborn)
                copy(db, unborn, lambda done, all_: told("pages copied", done, all_))
        except JournalUnreadable as damaged:
            raise JournalUnreadable(str(damaged).splitlines()[0], ANOTHER) from damaged
        _bring_up(unborn)
        lines = looked_through(unborn, told, file)
        not_carried = _not_carried(journal)
        made, later = _rename_within(unborn, None if not_carried else journal, at, who)
        sync(unborn)
    except BaseException:
        _clear(unborn)
        raise
    of_both = not_carried is None and not later
    return Ready(path=unborn, lines=lines, put_back=made, not_carried=not_carried, of_both=of_both)


def swap(ready: Ready, journal: Path) -> Path | None:
    """Put it in its place. Returns under what name the journal that made room is kept; None where there was none.

    Raises JournalUnwritable; then, and after a kill, the journal is the old one or the new one.
    """
    try:
        kept = _make_room(journal, to_datetime(ready.put_back.at).strftime("%Y%m%dT%H%M%SZ"))
        ready.path.rename(journal)
        sync(journal.parent)
    except OSError as error:
        raise unwritten(journal, error.errno, error.strerror) from error
    return kept


def is_there(file: Path) -> None:
    """Raises JournalError where there is no file of that name."""
    if not file.is_file():
        raise JournalError(f"there is no file {file}", "name a copy that edgectl journal backup has made")


def _may_be_one(file: Path, journal: Path, unborn: Path) -> None:
    """Is it a file, and another than those that are about to be changed? And do those lie here?"""
    if journal.is_symlink():
        raise JournalError(f"{journal} is a link, and nothing is changed through one", "put the journal itself there")
    is_there(file)
    if file.resolve() in (journal.resolve(), unborn.resolve()):
        raise JournalError(f"{file} is in use here", "name a copy that edgectl journal backup has made")


def _is_ours(db: sqlite3.Connection, file: Path, site_id: str) -> None:
    theirs = whose(db)
    if theirs is None:
        raise JournalError(
            f"{file} does not say whose journal it is", "only one that a daemon has written can be put back"
        )
    if theirs != site_id:
        raise JournalError(
            f"{file} is a journal of the site {theirs}, this is {site_id}", "look for the copy of this site"
        )


def _bring_up(path: Path) -> None:
    """An older copy to this schema."""
    with _writing(path) as db:
        migrate(db, db.execute("PRAGMA user_version").fetchone()[0])


def _rename_within(path: Path, old: Path | None, at: Nanos, who: str) -> tuple[PutBack, bool]:
    """The copy gets a name of its own, and what is in force. Did the old one know all that the copy knows?"""
    with _writing(path) as db:
        if old is not None:
            db.execute("ATTACH ? AS old", (still.address(old),))
        db.execute("BEGIN IMMEDIATE")
        former = str(db.execute("SELECT value FROM meta WHERE name = 'journal_id'").fetchone()[0])
        newest = db.execute("SELECT seq, wall FROM timeline ORDER BY seq DESC LIMIT 1").fetchone() or (0, 0)
        later = old is not None and carried.take_along(db)
        db.execute(_FORMER, (former, *newest, at, who))
        name = uuid4().hex
        db.execute("UPDATE meta SET value = ? WHERE name = 'journal_id'", (name,))
        db.execute("COMMIT")
        made = put_back(db, name)
        assert made is not None
        return made, later


def _not_carried(journal: Path) -> str | None:
    """Why nothing can be taken along from what stands there. What is damaged is trusted with nothing."""
    if quarantine.condemned(journal) is not None:
        return f"it was found damaged: {quarantine.condemned(journal)}"
    try:
        with still.opened(journal) as db:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            carried.readable(db)
        return None if verdict == "ok" else f"it is damaged: {verdict}"
    except JournalError as error:
        return str(error).splitlines()[0]


def _make_room(journal: Path, when: str) -> Path | None:
    """The journal under another name as well, so that the next step takes none away. One that cannot be opened goes
    aside at once as a start would put it, and whoever starts before the next step is told of its loss."""
    if not journal.exists() and not quarantine.orphaned(journal):
        return None
    if not _settled(journal):
        return quarantine.put_aside(journal)
    kept, number = journal.with_name(f"{journal.name}.replaced-{when}"), 2
    while kept.exists():
        kept, number = journal.with_name(f"{journal.name}.replaced-{when}-{number}"), number + 1
    try:
        os.link(journal, kept)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        journal.rename(kept)  # a file system that knows one name for a file
    sync(journal.parent)
    return kept


def _settled(journal: Path) -> bool:
    """Everything of a sound journal is in its file, and nothing in a log beside it: a log would be read into the next
    file of that name."""
    if quarantine.condemned(journal) is not None or not journal.is_file():
        return False
    log = journal.with_name(f"{journal.name}-wal")
    try:
        with _writing(journal) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except JournalError:
        return False
    return not log.exists() or log.stat().st_size == 0


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of our own to a file that nobody else has open. Raises JournalError."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise translate(path, "cannot be changed", error) from error


def _empty(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
    except OSError as error:
        raise unwritten(path, error.errno, error.strerror) from error


def _clear(path: Path) -> None:
    """What an earlier try left."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
