"""Minutes of readings as rows: kept within a budget of bytes, forgotten when the centre has them."""

import json
import sqlite3

from edgectl.model.telemetry import Minute, Point
from edgectl.model.time import Nanos

SHARE = 20  # what is dropped for room is dropped in twentieths, so that it is told now and then, not every minute


def body_of(points: tuple[Point, ...]) -> str:
    """All points of a minute, as short as JSON can be."""
    rows = [[p.sensor, p.unit, p.least, p.mean, p.most, p.last, p.samples, p.quality] for p in points]
    return json.dumps(rows, separators=(",", ":"))


def minute_of(number: int, at: Nanos, body: str) -> Minute:
    """The minute in a row."""
    names = ("sensor", "unit", "least", "mean", "most", "last", "samples", "quality")
    points = tuple(Point(**dict(zip(names, row, strict=True))) for row in json.loads(body))
    return Minute(number=number, at=at, points=points)


def make_room(db: sqlite3.Connection, budget: int) -> int:
    """Inside a transaction: drop the oldest rows of a table that has outgrown its budget. Returns how many."""
    (held,) = db.execute("SELECT coalesce(sum(length(body)), 0) FROM minutes").fetchone()
    if held <= budget:
        return 0
    too_much, freed, last = held - budget + budget // SHARE, 0, 0
    for number, size in db.execute("SELECT number, length(body) FROM minutes ORDER BY number"):
        last, freed = number, freed + size
        if freed >= too_much:
            break
    return db.execute("DELETE FROM minutes WHERE number <= ?", (last,)).rowcount
