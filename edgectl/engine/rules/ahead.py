"""The calendar has run ahead of a clock that was wrong and came back: it goes on from now, and a person is told."""

from edgectl.engine.draft import Draft
from edgectl.model.time import Now, iso
from edgectl.model.timeline import Cursor
from edgectl.scheduler.ahead import AHEAD, brought_back
from edgectl.scheduler.schedule import Schedule

SUBJECT = "calendar"


def seen(draft: Draft) -> None:
    """It is over when a person has seen it: nothing is left to be repaired."""
    alarm = draft.alarm(f"calendar_ahead:{SUBJECT}")
    if alarm is not None and alarm.active and alarm.acknowledged_by is not None:
        draft.calm("calendar_ahead", SUBJECT)


def cursor_of(draft: Draft, schedule: Schedule, now: Now) -> Cursor | None:
    """The cursor of a schedule, brought back where it stands in another year, or of a window behind its last edge. Each
    one leaves a line."""
    cursor = draft.cursor(schedule.name)
    back = brought_back(schedule, cursor, now)
    if back is None or cursor is None:
        return cursor
    draft.put(back)
    stood = iso(cursor.position)
    draft.note("CALENDAR_SET_BACK", zone=schedule.zone, schedule=schedule.name, stood_at=stood, goes_on=iso(now.wall))
    if cursor.position - now.wall <= AHEAD:
        return back  # a window holds what the hour wants; nothing was lost and nobody need look
    draft.alert(
        "calendar_ahead",
        SUBJECT,
        f"the clock was set back and the calendar stood at {stood}: it goes on from {iso(now.wall)}",
        "look at what was watered meanwhile, and why the clock was wrong: an empty battery, a wrong time server",
    )
    return back
