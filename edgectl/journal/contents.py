"""What an open journal file holds at a start: what is open, and where its chain ends. Bounded by that, not by size."""

import sqlite3
from dataclasses import dataclass

from edgectl.journal import rows
from edgectl.journal.chain import first_name, origin
from edgectl.journal.formers import put_back
from edgectl.model.time import Nanos
from edgectl.model.timeline import Stored

# Open commands, and every command of an open task. Two index walks: an OR would read the whole table.
_COMMANDS = """
SELECT id, body FROM commands WHERE open = 1
UNION SELECT commands.id, commands.body FROM tasks JOIN commands ON commands.task_id = tasks.id WHERE tasks.open = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`last` is the hash of the newest line and `newest` its wall instant; `kept` is the newest instant that `meta`
    says was ever written."""

    stored: Stored
    last: bytes
    newest: Nanos
    kept: Nanos


def contents(db: sqlite3.Connection) -> Contents:
    """All of it. Raises sqlite3.Error, and ValueError, TypeError or KeyError where a row is no value of ours."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    newest = db.execute("SELECT seq, wall, hash FROM timeline ORDER BY seq DESC LIMIT 1").fetchone()
    last, wall, hash_ = newest or (0, 0, None)
    kept = int(meta["wall_high_water"])
    tasks = tuple(rows.task(body) for (body,) in db.execute("SELECT body FROM tasks WHERE open = 1 ORDER BY id"))
    stored = Stored(
        journal_id=meta["journal_id"],
        last_seq=last,
        tasks=tasks,
        commands=tuple(rows.command(body) for _, body in db.execute(_COMMANDS)),
        outputs=tuple(rows.output(b) for (b,) in db.execute("SELECT body FROM outputs")),
        cursors=tuple(rows.cursor(b) for (b,) in db.execute("SELECT body FROM cursors")),
        latches=tuple(rows.latch(b) for (b,) in db.execute("SELECT body FROM latches WHERE open = 1")),
        alarms=tuple(rows.alarm(b) for (b,) in db.execute("SELECT body FROM alarms WHERE open = 1")),
        ledgers=tuple(rows.ledger(b) for (b,) in db.execute("SELECT body FROM ledgers")),
        wall_high_water=max(kept, wall),
        lost=meta.get("lost") == "1",
        put_back=put_back(db, meta["journal_id"]),
    )
    return Contents(stored=stored, last=hash_ or origin(first_name(db)), newest=wall, kept=kept)
