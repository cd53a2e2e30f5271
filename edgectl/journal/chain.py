"""The chain of hashes through the timeline: each line is bound to all lines before it.

A line that was changed, taken out or put in breaks the chain at its place. What the chain cannot show is that the
newest lines were cut off; whoever must prove that keeps the last hash somewhere else.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgectl.journal.formers import spans

TOLD_EVERY = 5000  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a walk along the chain found. `broken_at` is the first line that does not fit; None when all do."""

    lines: int
    last: str  # the newest hash, in hex
    broken_at: int | None = None
    why: str = ""


def origin(journal_id: str) -> bytes:
    """What the first line of a journal follows."""
    return hashlib.sha256(journal_id.encode()).digest()


def link(before: bytes, body: str) -> bytes:
    """The hash of a line: over the hash before it and the line as it is stored."""
    return hashlib.sha256(before + body.encode()).digest()


def first_name(db: sqlite3.Connection) -> str:
    """The name that the chain begins with: a copy that was put back goes on with the chain that it held."""
    return spans(db)[0].journal_id


def walk(db: sqlite3.Connection, told: Callable[[int], None] = lambda _: None) -> Chain:
    """Follow the chain from its first line to its last. `told` hears now and then how many lines fit."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    lines = db.execute("SELECT seq, body, hash FROM timeline WHERE seq > ? ORDER BY seq", (_first(meta),))
    return _follow(lines, _first(meta), origin(first_name(db)), told)


def _first(meta: dict[str, str]) -> int:
    return int(meta.get("unchained", "0"))


def _follow(
    lines: Iterator[tuple[int, str, bytes | None]], seq: int, before: bytes, told: Callable[[int], None]
) -> Chain:
    count = 0
    for number, body, stored in lines:
        if number != seq + 1:
            return Chain(lines=count, last=before.hex(), broken_at=seq + 1, why=f"line {seq + 1} is missing")
        seq = number
        if not isinstance(body, str) or stored != link(before, body):
            why = "it is not what was written, or what stood before it is not"
            return Chain(lines=count, last=before.hex(), broken_at=seq, why=why)
        before = link(before, body)
        count += 1
        if count % TOLD_EVERY == 0:
            told(count)
    return Chain(lines=count, last=before.hex())
