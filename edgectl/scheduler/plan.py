"""What is due, what is late, what is left out: pure, bounded, and answered for row by row.

The cursor moves past an occurrence only together with the row that stands for it, and never backwards, so a clock that
steps back fires nothing twice.
"""

from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Cursor
from edgectl.scheduler import events, holding, interval
from edgectl.scheduler.cadence import next_strike
from edgectl.scheduler.catchup import RATE
from edgectl.scheduler.occurrence import Planned
from edgectl.scheduler.schedule import Every, Schedule, Window

# The end of the run that is waited for wakes the turn by itself; this is for a next occurrence that comes before it,
# and shorter than what a run may queue.
BUSY_LOOK: Nanos = 10 * SECOND


def due(
    schedule: Schedule,
    cursor: Cursor | None,
    now: Now,
    zone: ZoneInfo,
    *,
    busy: bool,
    lost: bool,
    room: int = RATE,
    zone_number: int = 0,
) -> Planned:
    """Everything between the cursor and now. A schedule without a cursor begins now and owes nothing for the past.

    `busy` says that a run of this schedule has not ended, `lost` that the journal before this one could not be read,
    `room` how many late runs the site may still start in this minute; `zone_number` is a part of the key of a run.
    """
    cadence = schedule.cadence
    if isinstance(cadence, Every):
        return interval.answer(schedule, cadence, cursor, now, zone, busy=busy)
    begin = cursor or Cursor(schedule=schedule.name, position=now.wall)
    if now.trust is Trust.UNTRUSTED:
        return Planned(occurrences=(), cursor=begin)
    if isinstance(cadence, Window):
        if cursor is None:
            # A window holds a state: a fresh site brings its lamp into it without waiting for the next edge.
            return Planned(occurrences=(holding.hold(schedule, cadence, now.wall, zone),), cursor=begin)
        return holding.answer(schedule, cadence, begin, now, zone, busy=busy)
    return events.answer(schedule, cadence, begin, now, zone, busy=busy, lost=lost, room=room, zone_number=zone_number)


def wake_at(schedule: Schedule, cursor: Cursor, now: Now, zone: ZoneInfo) -> Nanos | None:
    """The monotonic instant of the next occurrence, or of the next look at one that has to wait."""
    cadence = schedule.cadence
    if isinstance(cadence, Every):
        return interval.rested_at(schedule, cadence, cursor, now, zone)
    at = next_strike(cadence, cursor.position, zone, schedule.days)
    strike = None if at is None else now.mono_at(at)
    if isinstance(cadence, Window):
        again = holding.hold_again_at(cursor, now) if cursor.unmet else None
        return min((one for one in (strike, again) if one is not None), default=None)
    if strike is None or strike > now.mono:
        return strike
    if cursor.waits in (events.BUSY, events.QUEUED):
        return now.mono + BUSY_LOOK
    chosen = cursor.late_at or 0
    # A run that waits for its turn or for a clock is looked at again in a second.
    return chosen if now.mono < chosen <= now.mono + schedule.catch_up.jitter else now.mono + SECOND
