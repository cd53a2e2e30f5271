"""Runs with a rest between them, on the monotonic clock: no clock step and no daylight saving moves them."""

from zoneinfo import ZoneInfo

from edgectl.model.changed import replace
from edgectl.model.time import MS, Nanos, Now, Trust
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import local_day, local_instant
from edgectl.scheduler.occurrence import Occurrence, Planned, Verdict
from edgectl.scheduler.schedule import Every, Schedule, Trigger

MAX_GAP = "max_gap"  # nothing measured has asked for it: it is time all the same


def answer(
    schedule: Schedule,
    cadence: Every,
    cursor: Cursor | None,
    now: Now,
    zone: ZoneInfo,
    *,
    busy: bool,
    lost: bool = False,
    asked: bool = False,
) -> Planned:
    """A run, if the rest after the last one is over and the day counts. `lost` says that nobody knows any more when the
    last one was: it may have been a moment ago. `asked` says that what is measured asks for it,
    which may cut the rest short."""
    # Intervals run while the clock cannot be believed; which day it is can then not be asked.
    counts = now.trust is Trust.UNTRUSTED or schedule.days.allow(local_day(now.wall, zone))
    if cursor is None and (busy or lost or not counts or isinstance(cadence, Trigger)):
        # The first rest begins now: without an end of a run to count from, it would never be over.
        begun = Cursor(schedule=schedule.name, position=now.wall, last_finished=now.mono)
        return Planned(occurrences=(), cursor=begun)
    if cursor is not None:
        last = cursor.last_finished
        if busy or not counts or last is None:
            return Planned(occurrences=(), cursor=cursor)
        rested = now.mono - this_boot(last, now)
        if rested < (cadence.min_gap if isinstance(cadence, Trigger) and asked else cadence.interval):
            return Planned(occurrences=(), cursor=cursor)
    # The position only names the run: it must grow even while the wall clock stands or steps back, and by as much as
    # the name shows, or two runs would bear one name.
    position = now.wall if cursor is None else max(now.wall, cursor.position + MS)
    reason = "due" if not isinstance(cadence, Trigger) else cadence.gauge.value if asked else MAX_GAP
    run = Occurrence(scheduled_for=position, verdict=Verdict.RUN, reason=reason, payload=schedule.payload)
    begun = cursor or Cursor(schedule=schedule.name, position=position)
    return Planned(occurrences=(run,), cursor=replace(begun, position=position))


def rested_at(schedule: Schedule, cadence: Every, cursor: Cursor, now: Now, zone: ZoneInfo) -> Nanos | None:
    """The monotonic instant of the next run; None while a run has not ended."""
    if cursor.last_finished is None:
        return None
    rested = this_boot(cursor.last_finished, now) + cadence.interval
    day = local_day(now.wall_at(max(rested, now.mono)), zone)
    if schedule.days.allow(day):
        return rested
    counted = schedule.days.following(day)
    return None if counted is None else now.mono_at(local_instant(counted, 0, zone))


def this_boot(last: Nanos, now: Now) -> Nanos:
    """An instant in the future belongs to another boot of the machine: then the rest is counted from this one."""
    return last if last <= now.mono else 0
