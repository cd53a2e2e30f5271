"""Readings as rows, folded to minutes or as they were read: kept within a budget of bytes until the centre has them.

What a table holds is added up once in the life of a journal and kept in step after that: a long time offline must not
make each minute read the whole table again.
"""

import json
import sqlite3
from itertools import groupby
from operator import attrgetter

from edgectl.model.telemetry import Minute, Point, Raw, Reel
from edgectl.model.time import Nanos

MICRO: Nanos = 1000
SHARE = 20  # what is dropped for room is dropped in twentieths, so that it is told now and then, not every minute
_COUNT = {"minutes": "count(*)", "raws": "coalesce(sum(samples), 0)"}


def body_of(points: tuple[Point, ...]) -> str:
    """All points of a minute, as short as JSON can be."""
    rows = [[p.sensor, p.unit, p.least, p.mean, p.most, p.last, p.samples, p.quality] for p in points]
    return json.dumps(rows, separators=(",", ":"))


def minute_of(number: int, at: Nanos, body: str) -> Minute:
    """The minute in a row."""
    names = ("sensor", "unit", "least", "mean", "most", "last", "samples", "quality")
    points = tuple(Point(**dict(zip(names, row, strict=True))) for row in json.loads(body))
    return Minute(number=number, at=at, points=points)


def body_of_reel(begin: Nanos, samples: tuple[Raw, ...]) -> str:
    """Samples probe by probe; instants in microseconds from the beginning, which is as fine as the centre's are."""
    probes = sorted(samples, key=attrgetter("sensor", "channel"))
    rows = [
        [*probe, [[(one.at - begin) // MICRO, one.value, int(one.good)] for one in some]]
        for probe, some in groupby(probes, attrgetter("sensor", "channel"))
    ]
    return json.dumps(rows, separators=(",", ":"))


def reel_of(number: int, begin: Nanos, body: str) -> Reel:
    """The samples in a row."""
    samples = tuple(
        Raw(sensor=sensor, channel=channel, at=begin + after * MICRO, value=value, good=bool(good))
        for sensor, channel, some in json.loads(body)
        for after, value, good in some
    )
    return Reel(number=number, samples=samples)


class Kept:
    """How many bytes of readings a table holds."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._held: int | None = None

    def make_room(self, db: sqlite3.Connection, more: int, budget: int) -> int:
        """Inside a transaction that has added so many bytes: drop the oldest rows of a table that has outgrown its
        budget. Returns how many minutes or samples that were."""
        before = self._held
        held = self._sum(db, "") if before is None else before + more
        if held <= budget:
            self._held = held
            return 0
        too_much, freed, last = held - budget + budget // SHARE, 0, 0
        for number, size in db.execute(f"SELECT number, length(body) FROM {self.table} ORDER BY number"):
            last, freed = number, freed + size
            if freed >= too_much:
                break
        (gone,) = db.execute(f"SELECT {_COUNT[self.table]} FROM {self.table} WHERE number <= ?", (last,)).fetchone()
        db.execute(f"DELETE FROM {self.table} WHERE number <= ?", (last,))
        self._held = held - freed
        return int(gone)

    def forgotten(self, db: sqlite3.Connection, upto: int) -> None:
        """These are about to be deleted."""
        if self._held is not None:
            self._held -= self._sum(db, f" WHERE number <= {upto:d}")

    def doubt(self) -> None:
        """A transaction failed: what is held is added up again."""
        self._held = None

    def _sum(self, db: sqlite3.Connection, where: str) -> int:
        (held,) = db.execute(f"SELECT coalesce(sum(length(body)), 0) FROM {self.table}{where}").fetchone()
        return int(held)
