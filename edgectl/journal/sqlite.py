"""The journal on disk: SQLite in WAL mode, every commit synchronous, exactly one connection that writes.

Two rules. A batch is on the disk whole, or not at all. A damaged file is put aside under its own name, never replaced
in silence: whoever opens the new one is told that the old one was lost.
"""

import contextlib
import sqlite3
from importlib import resources
from pathlib import Path
from uuid import uuid4

from edgectl.journal import rows
from edgectl.journal.errors import JournalTooNew, JournalUnreadable, JournalUnwritable
from edgectl.model.timeline import Batch, Stored

SCHEMA = 1


class SqliteJournal:
    """One open journal. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal. Raises JournalTooNew and JournalUnwritable; a damaged file is quarantined."""
        self.path = path
        self.lost = False
        try:
            self._db = self._open()
            self.load()
        except JournalUnreadable:
            if hasattr(self, "_db"):
                self._db.close()
            _quarantine(path)
            self.lost = True
            self._db = self._open()
        if self.lost:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('lost', '1')")
            self._db.commit()

    def load(self) -> Stored:
        """What is open. Bounded by that, not by the size of the file. Raises JournalUnreadable."""
        try:
            return self._load()
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
            # A flipped bit can pass SQLite's own check and still be no value of ours.
            raise JournalUnreadable(f"the journal {self.path} is damaged: {error}", "it will be put aside") from error

    def _load(self) -> Stored:
        db = self._db
        meta = dict(db.execute("SELECT name, value FROM meta"))
        last, high = db.execute("SELECT coalesce(max(seq), 0), coalesce(max(wall), 0) FROM timeline").fetchone()
        tasks = tuple(rows.task(body) for (body,) in db.execute("SELECT body FROM tasks WHERE open = 1 ORDER BY id"))
        wanted = "open = 1 OR task_id IN (SELECT id FROM tasks WHERE open = 1)"
        return Stored(
            journal_id=meta["journal_id"],
            last_seq=last,
            tasks=tasks,
            commands=tuple(rows.command(b) for (b,) in db.execute(f"SELECT body FROM commands WHERE {wanted}")),
            outputs=tuple(rows.output(b) for (b,) in db.execute("SELECT body FROM outputs")),
            cursors=tuple(rows.cursor(b) for (b,) in db.execute("SELECT body FROM cursors")),
            latches=tuple(rows.latch(b) for (b,) in db.execute("SELECT body FROM latches WHERE open = 1")),
            alarms=tuple(rows.alarm(b) for (b,) in db.execute("SELECT body FROM alarms WHERE open = 1")),
            wall_high_water=high,
            lost=meta.get("lost") == "1",
        )

    def commit(self, batch: Batch) -> None:
        """Put the batch. Raises JournalUnwritable with the disk's own words; nothing of the batch is kept then."""
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO timeline (seq, event_type, wall, task_id, body) VALUES (?,?,?,?,?)",
                [rows.entry_row(entry) for entry in batch.entries],
            )
            for change in batch.changes:
                db.execute(*rows.statement(change))
            db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._undo()
            raise JournalUnwritable(
                f"the journal {self.path} did not take a commit: {error}",
                "make room on the disk or check the card; nothing is switched on until a commit succeeds",
            ) from error
        except sqlite3.DatabaseError as error:
            self._undo()
            raise JournalUnreadable(
                f"the journal {self.path} is damaged: {error}", "it is put aside at a start"
            ) from error

    def _undo(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file. What was committed is on the disk already."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        except sqlite3.OperationalError as error:
            raise JournalUnwritable(
                f"the journal {self.path} cannot be opened: {error}", "check that the folder exists and is writable"
            ) from error
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            if (verdict := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(verdict)
            self._migrate(db)
        except sqlite3.OperationalError as error:
            db.close()
            raise JournalUnwritable(
                f"the journal {self.path} cannot be used: {error}", "check free space, rights and other programs"
            ) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            db.close()
            raise JournalUnreadable(f"the journal {self.path} is damaged: {error}", "it will be put aside") from error
        except JournalTooNew:
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise JournalTooNew(
                f"the journal {self.path} has schema {version}, this edgectl knows {SCHEMA}",
                "install the edgectl that wrote it, or point --state at another folder",
            )
        for number, text in _migrations()[version:]:
            db.executescript(f"BEGIN; {text}; PRAGMA user_version = {number}; COMMIT;")
        db.execute("INSERT OR IGNORE INTO meta VALUES ('journal_id', ?)", (uuid4().hex,))


def _migrations() -> list[tuple[int, str]]:
    folder = resources.files("edgectl.journal") / "sql"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [(int(item.name.split("_", 1)[0]), item.read_text()) for item in files]


def _quarantine(path: Path) -> None:
    """Put the damaged file and its companions aside, under the first free number."""
    number = 1
    while path.with_name(f"{path.name}.quarantine-{number}").exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.quarantine-{number}{suffix}"))
