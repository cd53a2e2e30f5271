"""What is in force in the journal that makes room, and how it goes along into the copy that is put in its place.

Two rules. A journal that goes on from where the copy ended knows all that the copy knows: its word is the later one,
and what was released in it stays released. Of any other (an older copy, one that was begun anew) nobody can tell which
word is the later: then the more careful one counts. A restraint that either holds is held, and what either has given
is given.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from edgectl.journal import rows
from edgectl.model.ledger import LARGEST, Ledger, Spent
from edgectl.model.time import Nanos
from edgectl.model.timeline import Alarm, Cursor, Latch

_PERMITS = "ended_well"  # the one latch that is no restraint: while it holds, a start is counted as no fall
_SAME_LINE = """
SELECT count(*) FROM old.timeline AS theirs JOIN main.timeline AS ours USING (seq)
WHERE theirs.hash = ours.hash AND seq = (SELECT max(seq) FROM main.timeline)
"""
_TAKE_ALONG = "INSERT OR REPLACE INTO {table} SELECT * FROM old.{table}"
_IN_BOTH = "SELECT id, theirs.body, ours.body FROM old.{table} AS theirs JOIN main.{table} AS ours USING (id)"
_ARRIVED = """
INSERT INTO outboxes SELECT * FROM old.outboxes WHERE true
ON CONFLICT (id) DO UPDATE SET acknowledged = max(acknowledged, excluded.acknowledged)
"""
_NEWEST = """
SELECT max((SELECT CAST(value AS INTEGER) FROM old.meta WHERE name = 'wall_high_water'),
           coalesce((SELECT wall FROM old.timeline ORDER BY seq DESC LIMIT 1), 0))
"""
_HIGH_WATER = "UPDATE meta SET value = max(CAST(value AS INTEGER), ?) WHERE name = 'wall_high_water'"


def latch(one: Latch, other: Latch) -> Latch:
    """The one that holds, for longer, after more failures; then the later."""
    return max(one, other, key=_restrains)


def _restrains(of: Latch) -> tuple[bool, float, int, Nanos]:
    ends = inf if of.until is None else of.until
    return of.held != (of.name == _PERMITS), ends if of.held else 0, of.count, of.since


def alarm(one: Alarm, other: Alarm) -> Alarm:
    """The one that a person has more to do with: also because a lock-out is released by acknowledging its alarm."""
    return max(one, other, key=_urges)


def _urges(of: Alarm) -> tuple[bool, bool, bool, bool, Nanos]:
    return of.stands, of.active, of.acknowledged_by is None, of.shelved_until is None, of.raised_at


def ledger(one: Ledger, other: Ledger) -> Ledger:
    """The entries of both, each once. The newest stays the last, where one looks for how long ago something was."""
    first, last = sorted((one, other), key=lambda of: (bool(of.spent), of.spent[-1].wall if of.spent else 0))
    known = Counter(_entry(spent) for spent in last.spent)
    missing = []
    for spent in first.spent:
        if known[_entry(spent)]:
            known[_entry(spent)] -= 1
        else:
            missing.append(spent)
    return Ledger(name=last.name, spent=(*missing, *last.spent)[-LARGEST:])


def _entry(spent: Spent) -> Spent:
    """The same amount, whatever has been thought of its clock since."""
    return replace(spent, synced=False)


def cursor(one: Cursor, other: Cursor) -> Cursor:
    """The one that has come further: what either has answered for is not watered again."""
    return max(one, other, key=lambda of: (of.round, of.position))


@dataclass(frozen=True, slots=True)
class _Kind:
    read: Callable[[str], Any]
    careful: Callable[[Any, Any], Any]


KINDS = {
    "latches": _Kind(rows.latch, latch),
    "alarms": _Kind(rows.alarm, alarm),
    "ledgers": _Kind(rows.ledger, ledger),
    "cursors": _Kind(rows.cursor, cursor),
}


def readable(db: sqlite3.Connection) -> None:
    """Look at each value. Raises ValueError, TypeError, KeyError where one is none of ours."""
    for table, kind in KINDS.items():
        for (body,) in db.execute(f"SELECT body FROM {table}"):
            kind.read(str(body))


def take_along(db: sqlite3.Connection) -> bool:
    """Into the copy that is open here, within its transaction, from the journal that is attached as `old`. True when
    that one knows all that the copy knows."""
    later = bool(db.execute(_SAME_LINE).fetchone()[0])
    for table, kind in KINDS.items():
        both = () if later else tuple(db.execute(_IN_BOTH.format(table=table)))
        db.execute(_TAKE_ALONG.format(table=table))
        for _, theirs, ours in both:
            db.execute(*rows.statement(kind.careful(kind.read(theirs), kind.read(ours))))
    db.execute(_ARRIVED)
    db.execute(_HIGH_WATER, db.execute(_NEWEST).fetchone())
    return later
