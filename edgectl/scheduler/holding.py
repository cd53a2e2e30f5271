"""Windows: a state to hold, not an event. Whatever was missed, what counts is the state that holds now.

A cursor that is `unmet` says that nobody knows the state to hold: a run failed, or the controller has just come back.
"""

from itertools import islice
from zoneinfo import ZoneInfo

from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import next_strike, strikes_back, window_state
from edgectl.scheduler.interval import this_boot
from edgectl.scheduler.occurrence import ROWS, Occurrence, Planned, Verdict, left_out
from edgectl.scheduler.schedule import Schedule, Window

RECONCILED = "reconciled"
HOLD_AGAIN: Nanos = 60 * SECOND  # a window whose state could not be reached is tried again after this


def answer(schedule: Schedule, window: Window, begin: Cursor, now: Now, zone: ZoneInfo, *, busy: bool) -> Planned:
    """The newest edge brings the state about; those before it are rows."""
    following = next_strike(window, begin.position, zone, schedule.days)
    if following is None or following > now.wall:
        return _again(schedule, window, begin, now, zone, busy=busy)
    edges = list(islice(strikes_back(window, begin.position, now.wall, zone, schedule.days), ROWS + 1))
    rows = [left_out(schedule, at, Code.CATCHUP_SKIPPED.value) for at in edges[1:ROWS]]
    rows.insert(0, hold(schedule, window, edges[0], zone))
    if len(edges) > ROWS:
        rows[-1] = replace(rows[-1], folded=True)
    return Planned(occurrences=tuple(reversed(rows)), cursor=replace(begin, position=edges[0]))


def hold(schedule: Schedule, window: Window, at: Nanos, zone: ZoneInfo) -> Occurrence:
    """The run that brings about what the window wants at an instant."""
    payload = {**schedule.payload, "on": window_state(window, at, zone, schedule.days)}
    return Occurrence(scheduled_for=at, verdict=Verdict.RUN, reason="window", payload=payload)


def doubted(cursor: Cursor) -> Cursor:
    """The controller has come back: nobody has seen the state meanwhile, and it is not to be waited for."""
    return replace(cursor, unmet=True, last_finished=None)


def hold_again_at(cursor: Cursor, now: Now) -> Nanos:
    """The monotonic instant at which an unmet state is tried again."""
    # Not at once: whatever keeps it from being tried now, a task or a stop, is looked at again in a second.
    return max(now.mono + SECOND, this_boot(cursor.last_finished or 0, now) + HOLD_AGAIN)


def _again(schedule: Schedule, window: Window, begin: Cursor, now: Now, zone: ZoneInfo, *, busy: bool) -> Planned:
    """No edge has come: what could not be brought about is tried again."""
    last = begin.last_finished
    rested = last is None or now.mono - this_boot(last, now) >= HOLD_AGAIN
    if busy or not begin.unmet or not rested:
        return Planned(occurrences=(), cursor=begin)
    held = replace(hold(schedule, window, now.wall, zone), reason=RECONCILED)
    return Planned(occurrences=(held,), cursor=replace(begin, unmet=False))
