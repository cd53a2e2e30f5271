"""A house in a rehearsal: the function that decides in the real one, called along virtual time.

Two rules. A schedule is asked again exactly when the real house would find something new to say: at its next instant,
at the end of its run, when a clock was set or the controller came back. And a run begins when nobody else holds what it
opens, in the order in which the real house looks at its tasks.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from edgectl.model.changed import replace
from edgectl.model.time import SECOND, Nanos, Now, seconds
from edgectl.model.timeline import Cursor
from edgectl.scheduler import holding
from edgectl.scheduler.ahead import brought_back, name_of
from edgectl.scheduler.cadence import next_strike
from edgectl.scheduler.catchup import MINUTE, RATE
from edgectl.scheduler.occurrence import Occurrence, Verdict, correlation
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Schedule, Window, by_calendar

SHORTEST: Nanos = SECOND  # a run that only switches something


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one run asks of the house: how long it takes from its beginning to its end, how long to be broken off, which
    parts it opens, and how long after a start of the controller it may begin."""

    takes: Nanos
    stops: Nanos = 0
    returns: Nanos = 0
    parts: frozenset[str] = frozenset()


def plain_effort(schedule: Schedule) -> Effort:
    """For whoever knows nothing of the house: as long as its payload says, and nobody stands in its way."""
    return Effort(takes=max(SHORTEST, seconds(schedule.payload.get("duration_s", 0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Who kept a run from beginning: the schedule whose run had the part, until when by the clock of then. No part: a
    zone does one thing of a kind at a time."""

    schedule: str
    part: str
    until: Nanos


@dataclass(slots=True, kw_only=True)
class Row:
    """An occurrence, decided at `decided`; a run begins at `begun`, or never, and `behind` says who was in its way
    last. Wall instants, by the clock of then; it was `offset` ahead of the true time."""

    schedule: Schedule
    decided: Nanos
    occurrence: Occurrence
    offset: Nanos = 0
    begun: Nanos | None = None
    behind: Behind | None = None

    @property
    def true(self) -> Nanos:
        """When it was decided, by the clock that nobody sets."""
        return self.decided - self.offset


@dataclass(slots=True, kw_only=True, eq=False)
class _Run:
    """A task of the rehearsal. All instants are true; its name is the key that it has in the real house."""

    accepted: Nanos
    name: Callable[[], str]
    row: Row
    effort: Effort
    due: Nanos
    ends: Nanos | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Only one task of a kind runs in a zone."""
        return self.row.schedule.zone, self.row.schedule.task_type

    @property
    def claims(self) -> tuple[str | tuple[str, str], ...]:
        """What nobody else may have meanwhile."""
        return (*sorted(self.effort.parts), self.place)

    @property
    def order(self) -> tuple[Nanos, str]:
        """In which order the real house looks at its tasks: of two of one instant a lot decides, drawn from their
        names, so that not always the same zone comes last."""
        return self.accepted, hashlib.sha256(self.name().encode()).hexdigest()[:20]


class Rehearsal:
    """The schedules on their way. `true` is a clock that nobody sets."""

    def __init__(
        self,
        schedules: tuple[Schedule, ...],
        zone: ZoneInfo,
        numbers: Mapping[str, int],
        efforts: Mapping[str, Effort],
        begin: Nanos,
    ) -> None:
        self.schedules, self.zone, self.numbers = schedules, zone, numbers
        self.efforts = {one.name: efforts.get(one.name) or plain_effort(one) for one in schedules}
        self.true, self.offset, self.booted = begin, 0, begin
        self.started: Nanos | None = None  # true: when the controller came back last
        self.cursors = {one.name: Cursor(schedule=one.name, position=begin, last_finished=0) for one in schedules}
        self.rows: list[Row] = []
        self._late: list[Nanos] = []  # when late runs began, true
        self._runs: dict[int, _Run] = {}
        self._open = Counter[str]()  # schedule -> its runs that have not ended
        self._index = {one.name: index for index, one in enumerate(schedules)}
        self._wakes: list[tuple[Nanos, int]] = []
        self._next: dict[int, Nanos] = {}
        self.look_at_all()

    @property
    def now(self) -> Now:
        """What the house reads from its clocks."""
        return Now(mono=self.true - self.booted, wall=self.true + self.offset)

    def look_at_all(self) -> None:
        """Every schedule is asked anew: the clock was set, or the controller has just come back."""
        self._wakes = [(self.true, index) for index in range(len(self.schedules))]
        self._next = dict.fromkeys(range(len(self.schedules)), self.true)

    def upcoming(self) -> Nanos | None:
        """The next instant at which something happens."""
        ahead = [run.due + 1 if run.ends is None else run.ends for run in self._runs.values()]
        ahead += [turn for run in self._runs.values() if run.ends is None and (turn := self._turn(run.row)) > self.true]
        if (wake := self._upcoming_wake()) is not None:
            ahead.append(wake)
        return min(ahead, default=None)

    def look(self) -> None:
        """One turn: what has ended, what is due, what has waited too long, what may begin; until nothing is new."""
        while True:
            ended = [run for run in self._runs.values() if run.ends is not None and run.ends <= self.true]
            asked = {index for index in map(self._end, ended) if self._has_waited(index)}
            while (at := self._upcoming_wake()) is not None and at <= self.true:
                asked.add(heapq.heappop(self._wakes)[1])
            for index in sorted(asked):
                self._answer(index)
            for run in [one for one in self._runs.values() if one.ends is None and one.due < self.true]:
                self._wake(self._end(run), self.true)
            self._begin_what_may()
            upcoming = self.upcoming()
            if upcoming is None or upcoming > self.true:
                return

    def owes(self, end: Nanos) -> bool:
        """Is anything that fell due before a true instant still unanswered, or has it not begun yet?"""
        wall = end + self.offset
        if any(run.ends is None and run.row.occurrence.scheduled_for < wall for run in self._runs.values()):
            return True
        for schedule in self.schedules:
            if by_calendar(schedule.cadence):
                at = next_strike(schedule.cadence, self.cursors[schedule.name].position, self.zone, schedule.days)
                if at is not None and at < wall:
                    return True
        return False

    def come_back(self) -> None:
        """The controller was off: what ran has ended, what waits and is not overdue goes on waiting, and the windows
        are brought about anew."""
        for run in [one for one in self._runs.values() if one.ends is not None]:
            self._end(run)
        for schedule in self.schedules:
            if isinstance(schedule.cadence, Window):
                self.cursors[schedule.name] = holding.doubted(self.cursors[schedule.name])
        self.look_at_all()

    def _end(self, run: _Run) -> int:
        """The run is over. Returns which schedule has to be asked."""
        name = run.row.schedule.name
        del self._runs[id(run)]
        self._open[name] -= 1
        if isinstance(run.row.schedule.cadence, Every | Window):
            self.cursors[name] = replace(self.cursors[name], last_finished=self.true - self.booted, unmet=False)
        return self._index[name]

    def _has_waited(self, index: int) -> bool:
        """Has a schedule something to say now that its run has ended? A time of the calendar comes by itself."""
        schedule = self.schedules[index]
        waits = self.cursors[schedule.name].waits != "" or index not in self._next
        return waits or isinstance(schedule.cadence, Every | Window)

    def _upcoming_wake(self) -> Nanos | None:
        """When the next schedule is asked. What was put off since stands in the heap, and counts for nothing."""
        while self._wakes and self._next.get(self._wakes[0][1]) != self._wakes[0][0]:
            heapq.heappop(self._wakes)
        return self._wakes[0][0] if self._wakes else None

    def _wake(self, index: int, at: Nanos) -> None:
        self._next[index] = at
        heapq.heappush(self._wakes, (at, index))

    def _answer(self, index: int) -> None:
        schedule, now = self.schedules[index], self.now
        name = schedule.name
        self._late = [at for at in self._late if self.true - at < MINUTE]
        self.cursors[name] = brought_back(schedule, self.cursors[name], now) or self.cursors[name]
        planned = due(
            schedule,
            self.cursors[name],
            now,
            self.zone,
            busy=self._open[name] > 0,
            lost=False,
            room=RATE - len(self._late),
            zone_number=self.numbers[schedule.zone],
        )
        if planned.cursor is not None:
            self.cursors[name] = planned.cursor
        for occurrence in planned.occurrences:
            row = Row(schedule=schedule, decided=now.wall, occurrence=occurrence, offset=self.offset)
            self.rows.append(row)
            if occurrence.verdict is not Verdict.SKIP:
                self._accept(row)
        self._next.pop(index, None)
        wake = wake_at(schedule, self.cursors[name], now, self.zone)
        if wake is not None:
            self._wake(index, max(self.true + 1, self.booted + wake))

    def _accept(self, row: Row) -> None:
        schedule, occurrence = row.schedule, row.occurrence
        if occurrence.verdict is Verdict.REPLAY:
            self._late.append(self.true)
        if occurrence.cancels:
            for run in [one for one in self._runs.values() if one.row.schedule.name == schedule.name]:
                if run.ends is None:
                    self._end(run)
                else:
                    run.ends = min(run.ends, self.true + run.effort.stops)
        cursor = self.cursors[schedule.name]
        key = partial(
            correlation,
            self.numbers[schedule.zone],
            schedule.task_type,
            occurrence.scheduled_for,
            name_of(schedule, cursor),
        )
        named = occurrence.scheduled_for - self.offset
        planned = min(named, self.true) if occurrence.reason == "due" else self.true
        patience = max(schedule.queue_patience, self._turn(row) - self.true)
        run = _Run(
            accepted=row.decided,
            name=key,
            row=row,
            effort=self.efforts[schedule.name],
            due=planned + patience,
        )
        self._runs[id(run)] = run
        self._open[schedule.name] += 1
        if isinstance(schedule.cadence, Every | Window):
            # Between two runs an interval waits for the end of the one; so its rest is not over already.
            self.cursors[schedule.name] = replace(cursor, last_finished=None)

    def _turn(self, row: Row) -> Nanos:
        """After a start the loads come back one after the other; what goes off waits for nobody."""
        if self.started is None or row.occurrence.payload.get("on") is False:
            return 0
        return self.started + self.efforts[row.schedule.name].returns

    def _begin_what_may(self) -> None:
        waiting = [run for run in self._runs.values() if run.ends is None]
        if not waiting:
            return
        held = {claim: run for run in self._runs.values() if run.ends is not None for claim in run.claims}
        for run in _in_order(waiting):
            if (claim := next((one for one in run.claims if one in held), None)) is not None:
                run.row.behind = self._behind(held[claim], claim)
            elif self._turn(run.row) <= self.true:
                run.ends, run.row.begun = self.true + run.effort.takes, self.now.wall
                held.update(dict.fromkeys(run.claims, run))

    def _behind(self, holder: _Run, claim: str | tuple[str, str]) -> Behind:
        return Behind(
            schedule=holder.row.schedule.name,
            part=claim if isinstance(claim, str) else "",
            until=(holder.ends or self.true) + self.offset,
        )


def _in_order(waiting: list[_Run]) -> list[_Run]:
    """As the real house looks at them. Who competes with nobody may come in any order, and most do not."""
    claims = Counter(claim for run in waiting for claim in run.claims)
    rivals = [run for run in waiting if any(claims[claim] > 1 for claim in run.claims)]
    if not rivals:
        return waiting
    alone = [run for run in waiting if all(claims[claim] == 1 for claim in run.claims)]
    return alone + sorted(rivals, key=lambda run: run.order)
