"""A cursor that stands years ahead: the clock was wrong, ran far ahead, and has come back.

A cursor never goes back, so that a clock which is set back fires nothing twice. But a schedule whose cursor stands in
another year would sleep until then. Beyond a day the cursor is brought back to now; the runs after that bear names of
their own, because the same dates may have been used up by the clock that was wrong. A window holds a state, and fires
nothing: its cursor comes back with the clock at once, or a lamp would stay as its last edge left it.
"""

from dataclasses import replace

from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import Schedule, Window

AHEAD: Nanos = 86_400 * SECOND  # whoever sets a clock back by less corrects it; what was answered stays answered
A_WINDOW_AHEAD: Nanos = 60 * SECOND  # a time server that is a moment off makes no lamp flicker at its edge


def brought_back(schedule: Schedule, cursor: Cursor | None, now: Now) -> Cursor | None:
    """The cursor at now, where it stands too far ahead of a clock that can be believed; else None."""
    most = A_WINDOW_AHEAD if isinstance(schedule.cadence, Window) else AHEAD
    if cursor is None or now.trust is Trust.UNTRUSTED or cursor.position - now.wall <= most:
        return None
    back = replace(cursor, position=now.wall, round=cursor.round + 1, waits="", waits_since=None, late_at=None)
    # What a window holds now was brought about for another time of day.
    return replace(back, unmet=True, last_finished=None) if isinstance(schedule.cadence, Window) else back


def name_of(schedule: Schedule, cursor: Cursor | None) -> str:
    """Under which name its runs are known: its own, with the number of times that its cursor was brought back."""
    return schedule.name if cursor is None or not cursor.round else f"{schedule.name}#{cursor.round}"
