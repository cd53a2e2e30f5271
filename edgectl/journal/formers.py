"""The journals whose lines stand in a file because a copy was put back: which name bears which lines.

A copy that is put back goes on under a name of its own. What it held before stays under the name of the journal that it
was taken from, because that one went on: two lines of one name and one number must never say two things.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from edgectl.model.timeline import PutBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Lines behind `begins` up to `ends`, under one name. `ends` is None where lines are still added; `cut` where the
    journal of that name may have gone on elsewhere."""

    journal_id: str
    begins: int
    ends: int | None
    cut: bool


def spans(db: sqlite3.Connection) -> list[Span]:
    """All of a file, the oldest first; the last is the journal that the file itself is. Raises KeyError where it has no
    name."""
    found: list[Span] = []
    begins = 0
    for name, upto in _rows(db, "SELECT id, upto FROM formers ORDER BY number"):
        if upto > begins:
            found.append(Span(journal_id=str(name), begins=begins, ends=upto, cut=True))
        begins = max(begins, upto)
    meta = dict(db.execute("SELECT name, value FROM meta"))
    return [*found, Span(journal_id=str(meta["journal_id"]), begins=begins, ends=None, cut=False)]


def put_back(db: sqlite3.Connection, journal_id: str) -> PutBack | None:
    """How this file last came of a copy; None where it never did."""
    found = _rows(db, "SELECT id, upto, newest, at, who FROM formers ORDER BY number DESC LIMIT 1")
    if not found:
        return None
    former, upto, newest, at, who = found[0]
    return PutBack(journal_id=journal_id, former=former, upto=upto, newest=newest, at=at, who=who)


def _rows(db: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """Of a file that an older edgectl wrote there are none."""
    known = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'formers'").fetchone()
    return [] if known is None else db.execute(query).fetchall()
