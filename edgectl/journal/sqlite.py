"""The journal on disk: SQLite in WAL mode, every commit synchronous, exactly one connection that writes.

Two rules. A batch is on the disk whole, or not at all. A damaged file is put aside under its own name, never replaced
in silence: whoever opens the new one is told that the old one was lost.

A start is bounded by what is open, not by the size of the file, so only a small file is checked in full when it is
opened; a large one is checked beside the daily work (check.py).
"""

import contextlib
import os
import sqlite3
from importlib import resources
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgectl.journal import minutes, quarantine, rows
from edgectl.journal.chain import link
from edgectl.journal.contents import contents
from edgectl.journal.errors import JournalError, JournalTooNew, JournalUnreadable, JournalUnwritable, translate
from edgectl.model.telemetry import Point, Raw
from edgectl.model.time import Nanos
from edgectl.model.timeline import Batch, Stored

SCHEMA = 11
CHECKED_AT_OPEN = 4 << 20  # bytes: about 12 ms of checking on a PC, 100 ms on a slow card
BUSY_MS = 2000  # how long a commit waits for a program that should not be there
# The log is used again from its start once it holds this many pages of 4 KiB; a larger one only wears the card.
AUTOCHECKPOINT_PAGES = 1000
WAL_KEPT = 4 << 20  # bytes: what a burst made larger is cut back to this

_LINE = "INSERT INTO timeline (seq, event_type, wall, task_id, body, hash) VALUES (?,?,?,?,?,?)"
_ARRIVED = """
INSERT INTO outboxes VALUES (?, ?)
ON CONFLICT (id) DO UPDATE SET acknowledged = excluded.acknowledged WHERE acknowledged <> excluded.acknowledged
"""
_HIGH_WATER = "INSERT OR REPLACE INTO meta VALUES ('wall_high_water', ?)"


class SqliteJournal:
    """One open journal. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal. Raises JournalTooNew and JournalUnwritable; a damaged file is quarantined."""
        self.path = path
        self._high: Nanos = 0  # the newest wall instant that was ever written
        self._kept: Nanos = 0  # what `meta` says it is
        self._last = b""  # the hash of the newest line
        self._wal = path.with_name(f"{path.name}-wal")
        self._log: tuple[int, int] | None = None  # inode and size of the write-ahead log after our last commit
        self._first: Stored | None = None
        self._minutes, self._raws = minutes.Kept("minutes"), minutes.Kept("raws")
        if quarantine.orphaned(path) or quarantine.condemned(path) is not None or quarantine.no_file(path):
            quarantine.put_aside(path)
        try:
            self._begin()
        except JournalUnreadable:
            quarantine.put_aside(path)
            self._begin()

    @property
    def lost(self) -> bool:
        """True when the journal before this one could not be read."""
        return self.load().lost

    def load(self) -> Stored:
        """What is open. Bounded by that, not by the size of the file. Raises JournalUnreadable."""
        if self._first is not None:
            stored, self._first = self._first, None
            return stored
        try:
            return self._load()
        except sqlite3.Error as error:
            raise translate(self.path, "cannot be read", error) from error
        except (ValueError, TypeError, KeyError) as error:
            # A flipped bit can pass SQLite's own check and still be no value of ours.
            raise JournalUnreadable(f"the journal {self.path} is damaged: {error}", "it is put aside") from error

    def commit(self, batch: Batch) -> None:
        """Put the batch; nothing of it is kept when this raises.

        Raises JournalUnwritable with the disk's own words, JournalUnreadable when the file turns out to be damaged,
        JournalRefused when the batch contradicts what is stored.
        """
        if _inode(self.path) != self._inode:
            # What we write now nobody would ever find again. The next start begins a new file, with everything off.
            raise JournalUnreadable(
                f"the journal {self.path} was removed or replaced while it was in use",
                "leave the state folder to edgectl; it ends now and begins anew",
            )
        self._look_at_log()
        last, lines = self._last, list[rows.Row]()
        for entry in batch.entries:
            row = rows.entry_row(entry)
            last = link(last, row[-1])
            lines.append((*row, last))
        puts = [rows.statement(change) for change in batch.changes]
        high = max([self._high, *(entry.wall for entry in batch.entries)])
        behind = bool(batch.entries) and batch.entries[-1].wall < high and high != self._kept
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(_LINE, lines)
            for statement, same in groupby(puts, itemgetter(0)):
                db.executemany(statement, [values for _, values in same])
            if behind:
                db.execute(_HIGH_WATER, (high,))
            db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise
            wrong = translate(self.path, "did not take a commit", error)
            if isinstance(wrong, JournalUnreadable):
                quarantine.condemn(self.path, str(error))
            raise wrong from error
        self._first, self._high, self._last = None, high, last
        self._log = _inode_and_size(self._wal)
        if behind:
            self._kept = high

    def acknowledge(self, journal_id: str, seq: int) -> None:
        """Note how far a journal has arrived at the centre. Raises as `commit` does.

        It is not waited for until it is on the disk: what is lost of it is asked of the centre again. The next commit
        takes it along.
        """
        self._note(_ARRIVED, (journal_id, seq))

    def _note(self, statement: str, values: tuple[object, ...]) -> None:
        self._look_at_log()
        db = self._db
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            try:
                db.execute(statement, values)
            finally:
                db.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise translate(self.path, "did not take a note", error) from error
        self._log = _inode_and_size(self._wal)

    def keep_minute(self, at: Nanos, points: tuple[Point, ...], budget: int) -> int:
        """Keep a minute of readings. Returns how many older ones had to go for it. Raises as `commit` does."""
        body = minutes.body_of(points)
        return self._keep(self._minutes, "INSERT INTO minutes (at, body) VALUES (?, ?)", (at, body), budget)

    def keep_reel(self, at: Nanos, samples: tuple[Raw, ...], budget: int) -> int:
        """Keep samples as they were read. Returns how many older ones had to go for them. Raises as `commit` does."""
        values = (at, len(samples), minutes.body_of_reel(at, samples))
        return self._keep(self._raws, "INSERT INTO raws (at, samples, body) VALUES (?, ?, ?)", values, budget)

    def _keep(self, kept: minutes.Kept, statement: str, values: tuple[Any, ...], budget: int) -> int:
        self._look_at_log()
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute(statement, values)
            dropped = kept.make_room(db, len(values[-1]), budget)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            kept.doubt()
            with contextlib.suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            raise translate(self.path, "did not take the readings of a minute", error) from error
        self._log = _inode_and_size(self._wal)
        return dropped

    def forget_minutes(self, upto: int) -> None:
        """The centre has them. Not waited for until it is on the disk: what comes back is sent again and is there."""
        self._forget(self._minutes, upto)

    def forget_reels(self, upto: int) -> None:
        """The same for samples as they were read."""
        self._forget(self._raws, upto)

    def _forget(self, kept: minutes.Kept, upto: int) -> None:
        try:
            kept.forgotten(self._db, upto)
            self._note(f"DELETE FROM {kept.table} WHERE number <= ?", (upto,))
        except JournalError:
            kept.doubt()
            raise
        except sqlite3.Error as error:
            raise translate(self.path, "cannot be read", error) from error

    def keep_curves(self, at: int, body: str, oldest: int) -> None:
        """Keep a stretch of the curves that begins at a minute, and none that begins before the oldest. Not waited for
        until it is on the disk: a curve with a hole hurts nobody. Raises as `commit` does."""
        self._note("INSERT OR REPLACE INTO curves (at, body) VALUES (?, ?)", (at, body))
        self._note("DELETE FROM curves WHERE at < ?", (oldest,))

    def _look_at_log(self) -> None:
        """What was committed lies in the write-ahead log until it is moved. A log that vanished took it along."""
        if self._log is None:
            return
        inode, size = self._log
        now = _inode_and_size(self._wal)
        if now is None or now[0] != inode or now[1] < size:
            why = "its write-ahead log was removed, replaced or cut while it was in use"
            quarantine.condemn(self.path, why)
            raise JournalUnreadable(
                f"the journal {self.path} is damaged: {why}",
                "leave the state folder to edgectl; it ends now, puts the journal aside and begins a new one",
            )

    def close(self) -> None:
        """Close the file. What was committed is on the disk already."""
        self._db.close()

    def _begin(self) -> None:
        if not self.path.exists():
            self._make()
        self._db = self._open()
        self._inode = _inode(self.path)
        try:
            self._first = self.load()
        except JournalError:
            self._db.close()
            raise

    def _load(self) -> Stored:
        found = contents(self._db)
        self._last, self._kept, self._high = found.last, found.kept, found.stored.wall_high_water
        return found.stored

    def _make(self) -> None:
        """A new journal appears whole under its name: an empty file of that name was never a journal of ours."""
        unborn = self.path.with_name(f"{self.path.name}.new")
        try:
            for rest in (unborn, unborn.with_name(f"{unborn.name}-journal")):
                rest.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(unborn, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = OFF")  # nobody sees it before it is synced below
                migrate(db, 0)
                db.execute("INSERT INTO meta VALUES ('journal_id', ?)", (uuid4().hex,))
                if quarantine.predecessor(self.path):
                    db.execute("INSERT INTO meta VALUES ('lost', '1')")
            sync(unborn)
            unborn.rename(self.path)
            sync(self.path.parent)
        except sqlite3.Error as error:
            raise translate(self.path, "cannot be opened", error) from error
        except OSError as error:
            raise JournalUnwritable(
                f"the journal {self.path} cannot be opened: {error.strerror}",
                "check that the folder exists and is writable",
            ) from error

    def _open(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        except sqlite3.Error as error:
            raise translate(self.path, "cannot be opened", error) from error
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise JournalTooNew(
                    f"the journal {self.path} has schema {version}, this edgectl knows {SCHEMA}",
                    "install the edgectl that wrote it, or point --state at another folder",
                )
            if version < 1:
                raise JournalUnreadable(f"the journal {self.path} is empty", "it is put aside")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
            db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
            if self.path.stat().st_size <= CHECKED_AT_OPEN:
                verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise JournalUnreadable(f"the journal {self.path} is damaged: {verdict}", "it is put aside")
            migrate(db, version)
        except sqlite3.Error as error:
            db.close()
            raise translate(self.path, "cannot be used", error) from error
        except UnicodeDecodeError as error:
            db.close()
            raise JournalUnreadable(f"the journal {self.path} is damaged: {error}", "it is put aside") from error
        except JournalError:
            db.close()
            raise
        return db


def sync(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring an older file to this schema; each step whole or not at all."""
    folder = resources.files("edgectl.journal") / "sql"
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        number = int(item.name.split("_", 1)[0])
        if number > version:
            db.executescript(f"BEGIN; {item.read_text()}; PRAGMA user_version = {number}; COMMIT;")


def _inode_and_size(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
