"""What the plan will do, along a course of events that somebody imagines: an outage, a power cut, a clock that is set.

Every run is taken to do what it should, and the clock to be believed. The house has run since before the preview
begins, so nothing is owed for the time before it, and the rests of intervals begin there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import takewhile
from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.ahead import brought_back
from edgectl.scheduler.cadence import DAY, local_day, local_instant, next_strike, strikes
from edgectl.scheduler.occurrence import Occurrence, Verdict
from edgectl.scheduler.rehearsal import Behind, Effort, Rehearsal, Row
from edgectl.scheduler.schedule import Every, Schedule, Sun, by_calendar

BEYOND: Nanos = 31 * DAY  # the end of a course; what is still unanswered then is too old for any policy


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
    settles: Nanos = 0  # what a start takes until its outputs are proven and it may act


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A time that the house has seen already, and sees once more after the clock was set back, by somebody or for the
    winter. Nothing is run again."""

    schedule: Schedule
    at: Nanos
    step: ClockStep


class Fate(StrEnum):
    """What becomes of an occurrence in a house in which parts are shared."""

    RUNS = "runs"
    WAITS = "waits"  # for a part that another run has
    REJECTED = "rejected"  # it was accepted, and its patience ended before the part was free
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An occurrence and the instant at which it is decided; a run begins at `begun`, and None says that it could not
    begin in time, because others held what it opens: `behind` says who. Wall instants, by the clock of the house."""

    schedule: Schedule
    decided: Nanos
    occurrence: Occurrence
    begun: Nanos | None
    behind: Behind | None = None

    @property
    def fate(self) -> Fate:
        """What becomes of it in the house."""
        if self.occurrence.verdict is Verdict.SKIP:
            return Fate.LEFT_OUT
        if self.begun is None:
            return Fate.REJECTED
        return Fate.WAITS if self.behind is not None and self.begun > self.decided else Fate.RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What becomes of a course: its occurrences in the order in which they are decided, and times that come twice."""

    rows: tuple[Foreseen, ...]
    again: tuple[Again, ...] = ()


def foresee(
    schedules: tuple[Schedule, ...],
    zone: ZoneInfo,
    numbers: Mapping[str, int],
    course: Course,
    efforts: Mapping[str, Effort] | None = None,
    told: Callable[[float], None] = lambda _: None,
) -> Outlook:
    """Every occurrence within the course and its fate. `numbers` are those of the zones, `efforts` what each schedule
    asks of the house; `told` hears how much of the course is done, 0 to 1."""
    house, end = Rehearsal(schedules, zone, numbers, efforts or {}, course.begin), course.begin + course.span
    again = list[Again]()
    for true in _along(house, course, again):
        told(min(1.0, (true - course.begin) / course.span))
        if true >= end and not house.owes(end):
            break
    rows = [row for row in house.rows if row.true < end or row.occurrence.scheduled_for < end + row.offset]
    again += _shown_twice(rows, end, zone)
    return Outlook(
        rows=tuple(
            Foreseen(
                schedule=row.schedule,
                decided=row.decided,
                occurrence=row.occurrence,
                begun=row.begun,
                behind=row.behind,
            )
            for row in rows
        ),
        again=tuple(again),
    )


def _along(house: Rehearsal, course: Course, again: list[Again]) -> Iterator[Nanos]:
    """Live through the course, and beyond its end: what fell due in it may be answered for when the controller is back,
    or when its turn has come. Yields the true time after each look."""
    end = course.begin + course.span
    gaps = sorted((gap for gap in course.gaps if course.begin < gap.end and gap.begin < end), key=lambda gap: gap.begin)
    steps = sorted((step for step in course.steps if course.begin <= step.at < end), key=lambda step: step.at)
    while house.true < end + BEYOND:
        while steps and steps[0].at <= house.true:
            again += _set_clock(house, steps.pop(0))
        if gaps and gaps[0].begin <= house.true:
            gap = gaps.pop(0)
            back = max(house.true, gap.end)
            house.booted = back if gap.boots else house.booted
            house.started, house.true = back, back + course.settles
            house.come_back()
            continue
        house.look()
        edges = [gap.begin for gap in gaps[:1]] + [step.at for step in steps[:1]] + [end] * (house.true < end)
        upcoming = house.upcoming()
        house.true = min([end + BEYOND, *edges, *([] if upcoming is None else [upcoming])])
        yield house.true


def _set_clock(house: Rehearsal, step: ClockStep) -> list[Again]:
    """Somebody sets the clock. Returns what has its row already and comes a second time."""
    before = house.now.wall
    house.offset += step.by
    house.look_at_all()
    return [
        Again(schedule=schedule, at=at, step=step)
        for schedule in house.schedules
        for at in _seen_again(schedule, house.cursors[schedule.name], before, house.now, house.zone)
    ]


def _seen_again(schedule: Schedule, cursor: Cursor, before: Nanos, now: Now, zone: ZoneInfo) -> list[Nanos]:
    """What is answered for up to `before`, and lies ahead now. A calendar that is brought back runs it."""
    if not by_calendar(schedule.cadence) or brought_back(schedule, cursor, now) is not None:
        return []
    seen = strikes(schedule.cadence, now.wall, zone, schedule.days)
    return list(takewhile(lambda at: at <= min(before, cursor.position), seen))


def _shown_twice(rows: list[Row], end: Nanos, zone: ZoneInfo) -> Iterator[Again]:
    """Times of the night in which the clocks go back: the calendar takes the first one, and the second one is told."""
    seen = set[tuple[str, Nanos]]()
    backs = list(_set_back(rows, zone))
    for row in rows if backs else ():
        schedule, at = row.schedule, row.occurrence.scheduled_for
        step = next((one for one in backs if one.at + one.by <= at < one.at), None)
        if step is None or not by_calendar(schedule.cadence) or isinstance(schedule.cadence, Sun):
            continue
        second = at - step.by
        if second >= end + row.offset or (schedule.name, at) in seen or not _strikes_at(schedule, at, zone):
            continue
        if not _strikes_at(schedule, second, zone):
            seen.add((schedule.name, at))
            yield Again(schedule=schedule, at=second, step=step)


def _set_back(rows: list[Row], zone: ZoneInfo) -> Iterator[ClockStep]:
    """When the clocks go back for the winter, as far as the rows reach."""
    planned = [row.occurrence.scheduled_for for row in rows]
    at, last = min(planned, default=0), max(planned, default=0)
    while planned and (day := next_change(at, zone)) is not None:
        change, at = change_on(day, zone), local_instant(day + timedelta(days=1), 0, zone)
        later, before = (to_datetime(one).astimezone(zone).utcoffset() for one in (change, change - 1))
        if later is not None and before is not None and later < before:
            yield ClockStep(at=change, by=round((later - before).total_seconds()) * SECOND)
        if at > last:
            return


def _strikes_at(schedule: Schedule, at: Nanos, zone: ZoneInfo) -> bool:
    assert by_calendar(schedule.cadence)
    return next_strike(schedule.cadence, at - 1, zone, schedule.days) == at


def jumps(course: Course) -> list[tuple[Nanos, Nanos]]:
    """From where to where the clock of the house is set forwards, in its own time."""
    found, offset = list[tuple[Nanos, Nanos]](), 0
    for step in sorted(course.steps, key=lambda step: step.at):
        before, offset = step.at + offset, offset + step.by
        if step.by > 0:
            found.append((before, before + step.by))
    return found


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


def change_on(day: date, zone: ZoneInfo) -> Nanos:
    """The instant at which the clock is changed on a day that is shorter or longer than others."""
    # A day whose midnight is left out begins with its change, so the search begins before it.
    before, after = local_instant(day, 0, zone) - 1, local_instant(day + timedelta(days=1), 0, zone)
    old = to_datetime(before).astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if to_datetime(middle).astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def around(day: date, zone: ZoneInfo, span: Nanos | None = None) -> tuple[Nanos, Nanos]:
    """Begin and length of the week with a day in its middle, or of another time with the change itself in its middle;
    of a long one not more than three days lie before it."""
    if span is not None:
        return change_on(day, zone) - min(span // 2, 3 * DAY), span
    begin = local_instant(day - timedelta(days=3), 0, zone)
    return begin, local_instant(day + timedelta(days=4), 0, zone) - begin


def local_text(at: Nanos, zone: ZoneInfo) -> str:
    """An instant by the clock of the house, with the name of its time: Sun 2026-10-25 02:30:00 CEST."""
    return to_datetime(at).astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")
