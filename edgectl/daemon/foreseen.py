"""The next day as the calendar holds it, told from now on. Pure.

What is foreseen takes every interval to begin with its rest; when it began in truth the cursor of the house knows, and
by that the page of now and the list of schedules tell the next run. So a day moves each interval to its next run.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from edgectl.daemon import views
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.preview import Foreseen
from edgectl.scheduler.schedule import Every, Schedule

Row = dict[str, Any]
DAY: Nanos = 86_400 * SECOND
OFTEN: Nanos = 600 * SECOND  # a rest shorter than this is told once, not run by run


def seldom(schedules: Iterable[Schedule]) -> tuple[Schedule, ...]:
    """Those whose runs are told one by one."""
    return tuple(one for one in schedules if not _is_often(one))


def span(schedules: Iterable[Schedule]) -> Nanos:
    """How far to look, that a day is full also where an interval begins earlier than it was foreseen."""
    rests = [one.cadence.interval for one in schedules if isinstance(one.cadence, Every)]
    return DAY + min(max(rests, default=0), DAY)


def ahead(state: State, now: Now, seen: Sequence[Foreseen], day: tuple[Nanos, Nanos], most: int) -> list[Row]:
    """The first planned runs of a day that are still to come, in the order of time. `seen` was foreseen a while ago, of
    those that run seldom. There may be thousands, and the loop that drives the house waits meanwhile: a run that
    is not shown costs a sum and a place in the order, and no row."""
    live, begin = _next_runs(state, now), max(now.wall, day[0])
    often = [(live[one.name], one) for one in state.schedules if _is_often(one) and one.name in live]
    runs: list[tuple[Nanos, Foreseen | Schedule]] = [*_moved(seen, live), *often]
    shown = sorted((run for run in runs if begin <= run[0] < day[1]), key=itemgetter(0))[:most]
    return [_again_and_again(at, one) if isinstance(one, Schedule) else _row(at, one) for at, one in shown]


def _is_often(schedule: Schedule) -> bool:
    return isinstance(schedule.cadence, Every) and schedule.cadence.interval < OFTEN


def _next_runs(state: State, now: Now) -> dict[str, Nanos]:
    """When each interval has its next run: on the wall clock, by its cursor."""
    open_ = {task.schedule for task in Draft(state, now).tasks()}
    found = dict[str, Nanos]()
    for one in state.schedules:
        at = views.wakes_at(state, one, now, busy=one.name in open_) if isinstance(one.cadence, Every) else None
        if at is not None:
            found[one.name] = views.on_the_second(now.wall_at(max(at, now.mono)))
    return found


def _moved(seen: Sequence[Foreseen], live: dict[str, Nanos]) -> list[tuple[Nanos, Foreseen]]:
    """Each run with its time; the first one of an interval stands where the house will begin it, the others after."""
    first = dict[str, Nanos]()
    for one in seen:
        first.setdefault(one.schedule.name, one.decided)
    shifts = {name: live[name] - at for name, at in first.items() if name in live}
    return [(one.decided + shifts.get(one.schedule.name, 0), one) for one in seen]


def _row(at: Nanos, run: Foreseen) -> Row:
    told = {"verdict": run.occurrence.verdict.value, "reason_code": run.occurrence.reason, "every_s": None}
    return {**_named(run.schedule, at), **told}


def _again_and_again(at: Nanos, schedule: Schedule) -> Row:
    assert isinstance(schedule.cadence, Every)
    told = {"verdict": Verdict.RUN.value, "reason_code": "due", "every_s": schedule.cadence.interval / SECOND}
    return {**_named(schedule, at), **told}


def _named(schedule: Schedule, at: Nanos) -> Row:
    names = {"schedule": schedule.name, "zone": schedule.zone, "task_type": schedule.task_type}
    return {**names, "at": iso(at), "at_wall": at}
