"""The way of a simulated house to its centre: the steps of the real uplink, over a line that is cut and forgets.

Every few hours there is a contact; some are days apart. Readings are kept by the rule of the real journal, within a
budget that a long silence outgrows. The house lives the same days with a centre and without one, but for the line that
tells of readings that had to go.
"""

import sqlite3
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from edgectl.journal import rows
from edgectl.journal.chain import link, origin
from edgectl.journal.memory import MemoryJournal
from edgectl.journal.minutes import Kept, body_of, minute_of
from edgectl.model.inputs import TelemetryDropped
from edgectl.model.parcel import DaySum, Line, Parcel, Shelf
from edgectl.model.telemetry import Minute, Point, Reel
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.arrivals import Arrivals, Talk, odd_lines
from edgectl.simulate.at_once import at_once
from edgectl.sync.errors import CentreAway, CentreRefuses
from edgectl.sync.uplink import Uplink

if TYPE_CHECKING:
    from edgectl.simulate.invariants import Met
    from edgectl.simulate.world import World

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
READ_EVERY: Nanos = 10 * MINUTE  # a row of readings; in a real house it is a minute
BUDGET = 120 * 60  # bytes: about a day of such rows
CUT, FORGOTTEN, DOUBLED = 0.15, 0.15, 0.05  # of what is sent
PUT_BACK = 0.02  # of the contacts
FLUSH_LOST = 0.2  # of the notes that a disk does not take
LONG_AGO = 0.1  # of the contacts come days later


class Outbox:
    """The journals of this house, in use and put aside, and its readings. `edgectl/sync/seam.py:Outbox`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.journals: dict[str, MemoryJournal] = {}
        self.noted: Counter[str] = Counter()
        self._lines: dict[str, list[Line]] = {}
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.execute(
            "CREATE TABLE minutes (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body TEXT NOT NULL)"
        )
        self._kept = Kept("minutes")

    def add(self, journal: MemoryJournal) -> None:
        """A journal is in use from now on."""
        self.journals[f"journal-{len(self.journals) + 1}"] = journal

    def lines(self, journal_id: str) -> list[Line]:
        """Every line that was written, as the real journal writes it, each made once."""
        made = self._lines.setdefault(journal_id, [])
        before = made[-1].hash if made else origin(journal_id)
        for entry in self.journals[journal_id].timeline[len(made) :]:
            body = str(rows.entry_row(entry)[-1])
            before = link(before, body)
            made.append(
                Line(
                    seq=entry.seq,
                    wall=entry.wall,
                    event_type=entry.event_type,
                    task_id=entry.task_id,
                    zone=entry.zone,
                    body=body,
                    hash=before,
                )
            )
        return made

    def keep(self, at: Nanos, points: tuple[Point, ...]) -> int:
        """A row of readings. Returns how many older ones had to go."""
        body = body_of(points)
        self._db.execute("INSERT INTO minutes (at, body) VALUES (?, ?)", (at, body))
        return self._kept.make_room(self._db, len(body), BUDGET)

    @property
    def oldest(self) -> int:
        """The number of the oldest row that is still here."""
        (number,) = self._db.execute("SELECT min(number) FROM minutes").fetchone()
        return int(number)

    async def shelves(self) -> list[Shelf]:
        """Oldest first."""
        newest = next(reversed(self.journals))
        return [
            Shelf(journal_id=name, head=len(j.timeline), acknowledged=self.noted[name], in_use=name == newest)
            for name, j in self.journals.items()
        ]

    async def parcel(self, journal_id: str, after: int, *, lines: int, size: int) -> Parcel | None:
        """The next lines."""
        found = self.lines(journal_id)
        some = tuple(found[after : after + lines])
        return Parcel(journal_id=journal_id, after=after, head=len(found), lines=some) if some else None

    async def acknowledge(self, journal_id: str, seq: int) -> None:
        """A note, which a disk may not take."""
        if self.random.random() >= FLUSH_LOST:
            self.noted[journal_id] = seq

    async def minutes(self, most: int) -> list[Minute]:
        """Readings, the oldest first."""
        found = self._db.execute("SELECT number, at, body FROM minutes ORDER BY number LIMIT ?", (most,))
        return [minute_of(*row) for row in found]

    async def forget_minutes(self, upto: int) -> None:
        """They have arrived."""
        if self.random.random() >= FLUSH_LOST:
            self._kept.forgotten(self._db, upto)
            self._db.execute("DELETE FROM minutes WHERE number <= ?", (upto,))

    async def reels(self, most: int) -> list[Reel]:
        """None."""
        return []

    async def forget_reels(self, upto: int) -> None:
        """None."""

    async def hash_at(self, journal_id: str, seq: int) -> bytes | None:
        """Of one line."""
        found = self.lines(journal_id)
        return found[seq - 1].hash if seq <= len(found) else None

    async def day_sums(self, journal_id: str, *, since: str, upto: int) -> list[DaySum]:
        """The judge looks at each line instead."""
        return []


class Mail:
    """The postman, from one seeded source."""

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self.arrivals, self.outbox = Arrivals(), Outbox(random)
        self.outbox.add(world.journal)
        self.met: Counter[str] = Counter()
        self.next_at = self._later()
        self._read_at: Nanos = 0
        self._number = 0  # of the newest row of readings
        self._dropped = self._dropped_upto = 0  # rows that had to go, and the newest of them
        self._offered = list[tuple[int, int]]()  # in which life a loss was told, and how many rows it was
        self._refused = list[str]()
        self._good = False

    def act(self) -> None:
        """Readings since the last contact, and a contact."""
        self._look_for_a_new_journal()
        self._read()
        if self.random.random() < PUT_BACK and any(self.arrivals.lines.values()):
            self.arrivals.put_back(self.random.uniform(0.5, 1))
            self.met["centre put back to an older day"] += 1
        self._contact()
        self.next_at = self._later()

    def end(self) -> None:
        """The days are over: the line holds, and everything goes."""
        self._look_for_a_new_journal()
        self._good = True
        self._contact()

    def _contact(self) -> None:
        uplink = Uplink(self.outbox, _NOBODY, mono=lambda: self.world.now, random=self.random)
        talk = Talk(self.arrivals, self._mishap, self._twice)
        try:
            at_once(uplink.agree(talk))
            at_once(uplink.bring(talk))
        except CentreAway:
            pass  # the next contact asks how far it is
        except CentreRefuses as refused:
            self._refused.append(f"23: {refused}")  # nobody has touched either side: it is our own mistake

    def _mishap(self, when: str) -> None:
        if self._good or self.random.random() >= (CUT if when == "before" else FORGOTTEN):
            return
        word = "line to the centre cut" if when == "before" else "acknowledgement of the centre lost"
        self.met[word] += 1
        raise CentreAway(word, "")

    def _twice(self) -> bool:
        doubled = not self._good and self.random.random() < DOUBLED
        self.met["parcel delivered twice"] += doubled
        return doubled

    def _look_for_a_new_journal(self) -> None:
        if self.world.journal is not next(reversed(self.outbox.journals.values())):
            self.outbox.add(self.world.journal)

    def _read(self) -> None:
        """What the sensors have said since the last contact, a row now and then."""
        gone = 0
        while self._read_at + READ_EVERY <= self.world.now:
            self._read_at += READ_EVERY
            self._number += 1
            level = round(50 + 40 * self.random.random(), 2)
            shown = {"least": level, "mean": level, "most": level, "last": level}
            gone += self.outbox.keep(self._read_at, (Point(sensor="level", unit="%", samples=300, quality=1, **shown),))
        if gone:
            self._dropped += gone
            self._dropped_upto = self.outbox.oldest - 1
            self.met["readings dropped for room"] += gone
            self._offered.append((self.world.life, gone))
            self.world.tell(TelemetryDropped(minutes=gone, budget=BUDGET))

    def _later(self) -> Nanos:
        hours = self.random.uniform(12, 60) if self.random.random() < LONG_AGO else self.random.uniform(0.2, 5)
        return self.world.now + round(hours * HOUR)

    # -- what is held against it

    def broken(self, met: "Met", *, whole: bool) -> list[str]:
        """23: the centre holds the lines of each journal once each and in order, all of them when the line has held at
        last; of readings each has arrived, waits, or was dropped and told."""
        found = self._refused[:1]
        for journal_id in self.outbox.journals:
            held, told = self.arrivals.lines.get(journal_id, []), self.outbox.lines(journal_id)
            met["23"] += len(held)
            found += odd_lines(journal_id, held, told)
            if whole and len(held) != len(told):
                found.append(f"23: the centre holds {len(held)} of {len(told)} lines of {journal_id}")
        return found + self._readings(met)

    def _readings(self, met: "Met") -> list[str]:
        found: list[str] = []
        arrived = self.arrivals.minutes
        met["23"] += len(arrived)
        if arrived != sorted(set(arrived)):
            found.append("23: readings arrived twice, or out of their order")
        waiting = {minute.number for minute in at_once(self.outbox.minutes(1 << 30))} - set(arrived)
        missing = set(range(1, self._number + 1)) - set(arrived) - waiting
        # What had arrived already may be among what was dropped, where the disk did not take the note.
        if len(missing) > self._dropped or (missing and max(missing) > self._dropped_upto):
            found.append(f"23: {len(missing)} rows of readings are nowhere, and {self._dropped} were dropped")
        return [*found, *self._untold()]

    def _untold(self) -> list[str]:
        """Each loss has its line, unless the life that was to write it ended before: then its words died with it."""
        lines = [
            int(entry.details["minutes"])
            for journal in self.outbox.journals.values()
            for entry in journal.timeline
            if entry.event_type == "TELEMETRY_DROPPED"
        ]
        for life, gone in self._offered:
            if lines and lines[0] == gone:
                lines.pop(0)
            elif life == self.world.life:
                return [f"23: {gone} rows of readings were dropped, and no line says so"]
        return [f"23: a line tells of {lines[0]} rows of readings that were not dropped"] if lines else []


class _Nobody:
    def session(self) -> Any:
        """Nobody is called: the conversation is begun by hand."""
        raise AssertionError


_NOBODY = _Nobody()
