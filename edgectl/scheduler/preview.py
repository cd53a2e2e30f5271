"""What the plan will do: the very function that decides in the house, called along virtual time.

A run is taken to last as long as its payload says, and the clock to be believed. The house has run since before the
preview begins, so nothing is owed for the time before it, and the rests of intervals begin there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, seconds, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import DAY, local_day, local_instant, next_strike
from edgectl.scheduler.catchup import MINUTE, RATE
from edgectl.scheduler.occurrence import Occurrence, Verdict
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Schedule

SHORTEST: Nanos = SECOND  # a run that only switches something


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """No controller from one wall instant to another. After a power cut the machine has booted anew."""

    begin: Nanos
    end: Nanos
    boots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """Somebody sets the clock at an instant, forwards or, below zero, backwards."""

    at: Nanos
    by: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """From when on, for how long, and what happens meanwhile. All instants are those of a clock that nobody sets."""

    begin: Nanos
    span: Nanos
    gaps: tuple[Gap, ...] = ()
    steps: tuple[ClockStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An occurrence and the instant at which it is decided, by the clock of the house."""

    schedule: Schedule
    decided: Nanos
    occurrence: Occurrence


class _House:
    """The schedules on their way through the course. `true` is the clock that nobody sets."""

    def __init__(self, schedules: tuple[Schedule, ...], zone: ZoneInfo, numbers: Mapping[str, int], begin: Nanos):
        self.schedules, self.zone, self.numbers = schedules, zone, numbers
        self.true, self.offset, self.booted = begin, 0, begin
        self.cursors = {one.name: Cursor(schedule=one.name, position=begin, last_finished=0) for one in schedules}
        self.ends: dict[str, Nanos] = {}  # true
        self.late: list[Nanos] = []  # when late runs began, true
        self.foreseen: list[Foreseen] = []

    @property
    def now(self) -> Now:
        return Now(mono=self.true - self.booted, wall=self.true + self.offset)

    def look(self) -> Nanos | None:
        """One turn; the true instant of the next one."""
        wakes: list[Nanos] = []
        for schedule in self.schedules:
            if self.ends.get(schedule.name, self.true + 1) <= self.true:
                self.finish(schedule.name)
            wakes += self._answer(schedule)
        return min((at for at in wakes if at > self.true), default=None)

    def finish(self, name: str) -> None:
        """The run of a schedule has ended."""
        if self.ends.pop(name, None) is not None:
            self.cursors[name] = replace(self.cursors[name], last_finished=self.now.mono)

    def _answer(self, schedule: Schedule) -> list[Nanos]:
        name, now = schedule.name, self.now
        planned = due(
            schedule,
            self.cursors[name],
            now,
            self.zone,
            busy=name in self.ends,
            lost=False,
            room=RATE - sum(self.true - at < MINUTE for at in self.late),
            zone_number=self.numbers[schedule.zone],
        )
        self.cursors[name] = planned.cursor
        for occurrence in planned.occurrences:
            self.foreseen.append(Foreseen(schedule=schedule, decided=now.wall, occurrence=occurrence))
            if occurrence.verdict is Verdict.SKIP:
                continue
            self.late += [self.true] if occurrence.verdict is Verdict.REPLAY else []
            self.ends[name] = self.true + max(SHORTEST, seconds(schedule.payload.get("duration_s", 0)))
            # Between two runs an interval waits for the end of the one; so its rest is not over already.
            self.cursors[name] = replace(planned.cursor, last_finished=None)
        wake = wake_at(schedule, self.cursors[name], now, self.zone)
        return [*([self.ends[name]] if name in self.ends else []), *([] if wake is None else [self.booted + wake])]


def foresee(
    schedules: tuple[Schedule, ...], zone: ZoneInfo, numbers: Mapping[str, int], course: Course
) -> tuple[Foreseen, ...]:
    """Every occurrence within the course and its fate, in the order in which it is decided. `numbers` are those of the
    zones."""
    house, end = _House(schedules, zone, numbers, course.begin), course.begin + course.span
    gaps = sorted((gap for gap in course.gaps if gap.end > course.begin), key=lambda gap: gap.begin)
    steps = sorted((step for step in course.steps if step.at >= course.begin), key=lambda step: step.at)
    while house.true < end:
        while steps and steps[0].at <= house.true:
            house.offset += steps.pop(0).by
        if gaps and gaps[0].begin <= house.true:
            gap = gaps.pop(0)
            house.true = max(house.true, gap.end)
            house.booted = house.true if gap.boots else house.booted
            for name in list(house.ends):
                house.finish(name)
            continue
        wake = house.look()
        edges = [gap.begin for gap in gaps[:1]] + [step.at for step in steps[:1]]
        house.true = min([end, *edges, *([] if wake is None else [wake])])
    return tuple(house.foreseen)


def next_of(schedule: Schedule, after: Nanos, zone: ZoneInfo) -> Nanos | None:
    """The next time by the calendar alone; None for an interval, and where there is none for years."""
    return None if isinstance(schedule.cadence, Every) else next_strike(schedule.cadence, after, zone, schedule.days)


def next_change(after: Nanos, zone: ZoneInfo) -> date | None:
    """The next local day that is shorter or longer than others; None where the clock is not changed within a year."""
    first = local_day(after, zone)
    for day in (first + timedelta(days=n) for n in range(366)):
        if local_instant(day + timedelta(days=1), 0, zone) - local_instant(day, 0, zone) != DAY:
            return day
    return None


def around(day: date, zone: ZoneInfo) -> tuple[Nanos, Nanos]:
    """Begin and length of the week with a day in its middle."""
    begin = local_instant(day - timedelta(days=3), 0, zone)
    return begin, local_instant(day + timedelta(days=4), 0, zone) - begin


def local_text(at: Nanos, zone: ZoneInfo) -> str:
    """An instant by the clock of the house, with the name of its time: Sun 2026-10-25 02:30:00 CEST."""
    return to_datetime(at).astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")
