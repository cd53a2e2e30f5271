"""A journal looked through from end to end, with or without a daemon that writes it: is it sound, what is in it, and
its lines for other programs. Nothing is written.

It is opened as `still.py` says. Beside a daemon it is read table by table, so that no snapshot lasts long enough to
hold up the log.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edgectl.journal import rows
from edgectl.journal.errors import JournalUnreadable
from edgectl.model.time import Nanos
from edgectl.model.timeline import Change, Entry

AT_ONCE = 500  # lines of one question
TOLD_EVERY = 2000  # rows
Told = Callable[[str, int, int], None]  # what is looked through, how many rows of it, and of how many
_READ: dict[str, Callable[[str], Change | Entry]] = {
    "tasks": rows.task,
    "commands": rows.command,
    "outputs": rows.output,
    "cursors": rows.cursor,
    "latches": rows.latch,
    "alarms": rows.alarm,
    "ledgers": rows.ledger,
    "timeline": rows.entry,
}
# A program that somebody put into the file would be run by each commit.
_FOREIGN = "SELECT type, name FROM sqlite_schema WHERE type NOT IN ('table', 'index') ORDER BY name"
_AFTER = "SELECT seq, body FROM timeline WHERE seq > ? ORDER BY seq LIMIT ?"
_ACKNOWLEDGED = "SELECT acknowledged FROM outboxes WHERE id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a journal holds. `first` and `last` are the instants of its lines, None where it has none."""

    journal_id: str
    schema: int
    size: int  # bytes
    logged: int  # bytes that wait in its log
    lines: int
    first: Nanos | None
    last: Nanos | None
    arrived: int | None  # the last line that the centre has; None where it was never asked
    tasks: dict[str, int] = field(default_factory=dict)  # status -> how many
    events: dict[str, int] = field(default_factory=dict)  # the most frequent first


def unsound(db: sqlite3.Connection, told: Told) -> list[str]:
    """What is wrong with the file and with its values, table by table. `told` hears how far the look has come."""
    found = [f"it holds a {kind} of somebody else's, {name}" for kind, name in db.execute(_FOREIGN)]
    for name, read in _READ.items():
        told(name, 0, 0)
        verdict = str(db.execute(f"PRAGMA integrity_check('{name}')").fetchone()[0])
        if verdict != "ok":
            found.append(f"{name}: {verdict.splitlines()[0]}")
            continue
        rows_ = int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
        columns = rows.COLUMNS[name]
        for number, (*beside, body) in enumerate(db.execute(f"SELECT {', '.join(columns)}, body FROM {name}"), 1):
            try:
                true = rows.beside(read(str(body)))
            except (ValueError, TypeError, KeyError) as error:
                found.append(f"{name}: row {number} is no value of edgectl: {error}")
                break
            if other := next((of for of, is_, was in zip(columns, beside, true, strict=True) if is_ != was), None):
                found.append(f"{name}: row {number} says in its column {other} something else than in its value")
                break
            if number % TOLD_EVERY == 0:
                told(name, number, rows_)
    return found


def stats(db: sqlite3.Connection, path: Path) -> Stats:
    """Counted."""
    log = path.with_name(f"{path.name}-wal")
    meta = dict(db.execute("SELECT name, value FROM meta"))
    lines, first, last = db.execute("SELECT count(*), min(wall), max(wall) FROM timeline").fetchone()
    arrived = db.execute(_ACKNOWLEDGED, (meta["journal_id"],)).fetchone()
    events = "SELECT event_type, count(*) FROM timeline GROUP BY event_type ORDER BY count(*) DESC, event_type"
    return Stats(
        journal_id=meta["journal_id"],
        schema=db.execute("PRAGMA user_version").fetchone()[0],
        size=path.stat().st_size,
        logged=log.stat().st_size if log.exists() else 0,
        lines=lines,
        first=first,
        last=last,
        arrived=None if arrived is None else arrived[0],
        tasks=dict(db.execute("SELECT status, count(*) FROM tasks GROUP BY status ORDER BY status")),
        events=dict(db.execute(events)),
    )


def lines(db: sqlite3.Connection, after: int) -> Iterator[Entry]:
    """The timeline behind a line, in order, some at a time. Raises JournalUnreadable at the first that is none."""
    while found := db.execute(_AFTER, (after, AT_ONCE)).fetchall():
        for seq, body in found:
            try:
                yield rows.entry(body)
            except (ValueError, TypeError, KeyError) as error:
                behind = f"edgectl journal export --after {seq} goes on behind it"
                raise JournalUnreadable(f"line {seq} of the journal is damaged: {error}", behind) from error
        after = found[-1][0]
