"""What is due, what is late, what is left out: pure, bounded, and answered for row by row.

The cursor moves past an occurrence only together with the row that stands for it, and never backwards, so a clock that
steps back fires nothing twice.
"""

from zoneinfo import ZoneInfo

from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Cursor
from edgectl.scheduler import events, holding, interval
from edgectl.scheduler.cadence import next_strike
from edgectl.scheduler.catchup import RATE
from edgectl.scheduler.interval import this_boot
from edgectl.scheduler.occurrence import Planned
from edgectl.scheduler.schedule import Every, Schedule, Window

CLOCK = Code.CLOCK_UNTRUSTED.value


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
    asked: bool = False,
) -> Planned:
    """Everything between the cursor and now. A schedule without a cursor begins now and owes nothing for the past.

    `busy` says that a run of this schedule has not ended, `lost` that the journal before this one could not be read,
    `room` how many late runs the site may still start in this minute; `zone_number` is a part of the key of a run;
    `asked` that what is measured asks for a run now.
    """
    cadence = schedule.cadence
    if isinstance(cadence, Every):
        return interval.answer(schedule, cadence, cursor, now, zone, busy=busy, lost=lost, asked=asked)
    begin = cursor or Cursor(schedule=schedule.name, position=now.wall)
    if now.trust is Trust.UNTRUSTED:
        return Planned(occurrences=(), cursor=_doubting(begin, now))
    begin, waited = _believing(begin, now)
    if isinstance(cadence, Window):
        if cursor is None:
            # A window holds a state: a fresh site brings its lamp into it without waiting for the next edge.
            return Planned(occurrences=(holding.hold(schedule, cadence, now.wall, zone),), cursor=begin)
        return holding.answer(schedule, cadence, begin, now, zone, busy=busy)
    return events.answer(
        schedule,
        cadence,
        begin,
        now,
        zone,
        busy=busy,
        lost=lost,
        room=room,
        zone_number=zone_number,
        waited=waited,
    )


def _doubting(begin: Cursor, now: Now) -> Cursor:
    """Nobody knows what time it is: what may be due meanwhile is answered for when somebody does."""
    if begin.waits == CLOCK:
        return begin
    return replace(begin, waits=CLOCK, waits_since=now.mono)


def _believing(begin: Cursor, now: Now) -> tuple[Cursor, Nanos]:
    """The clock can be believed: the cursor as it waits for it no longer, and for how long it did."""
    if begin.waits != CLOCK:
        return begin, 0
    return replace(begin, waits="", waits_since=None), now.mono - this_boot(begin.waits_since or 0, now)


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
        # The end of the run that is waited for wakes the turn by itself; the next occurrence may come before it.
        following = next_strike(cadence, now.wall, zone, schedule.days)
        return None if following is None else now.mono_at(following)
    chosen = cursor.late_at or 0
    # A run that waits for its turn or for a clock is looked at again in a second.
    return chosen if now.mono < chosen <= now.mono + schedule.catch_up.jitter else now.mono + SECOND
