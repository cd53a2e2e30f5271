"""The calendar walked again, minute by minute and by other means than the scheduler's: what it passed has a row.

Only runs at minutes of a day are walked: a crontab of plain numbers, ranges and steps in its first two fields, and
lists of times.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edgectl.journal.memory import MemoryJournal
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import Nanos, from_datetime, iso, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import At, Cron, Schedule
from edgectl.simulate.invariants import Met
from edgectl.simulate.world import EPOCH


def calendar(
    journal: MemoryJournal, site: Site, schedules: tuple[Schedule, ...], met: Met, since: Nanos = EPOCH
) -> list[str]:
    """15: no cursor stands beyond an occurrence after `since` without a row. One row may stand for many missed ones."""
    found: list[str] = []
    for schedule in schedules:
        cursor = journal.values.get(("Cursor", schedule.name))
        if not isinstance(schedule.cadence, Cron | At) or not isinstance(cursor, Cursor):
            continue
        answered, folded = _rows(journal, schedule.name)
        unanswered = ""
        for at in _strikes(schedule.cadence, ZoneInfo(site.timezone), since, cursor.position):
            met["15"] += 1
            if iso(at) in folded:
                unanswered = ""  # this row stands for all before it
            elif iso(at) not in answered:
                unanswered = unanswered or iso(at)
        if unanswered:
            found.append(f"15: the cursor of {schedule.name} has passed {unanswered}, and no row stands for it")
    return found


def _rows(journal: MemoryJournal, schedule: str) -> tuple[set[str], set[str]]:
    """The occurrences that became a task or a line, and those whose line stands for older ones as well."""
    answered = {
        iso(value.scheduled_for)
        for value in journal.values.values()
        if isinstance(value, Task) and value.schedule == schedule
    }
    skipped = [
        entry.details
        for entry in journal.timeline
        if entry.event_type == "SCHEDULE_SKIPPED" and entry.details["schedule"] == schedule
    ]
    answered |= {str(details["scheduled_for"]) for details in skipped}
    return answered, {str(details["scheduled_for"]) for details in skipped if details["folded"] is True}


def _strikes(cadence: Cron | At, zone: ZoneInfo, since: Nanos, upto: Nanos) -> Iterator[Nanos]:
    """The minutes at which it strikes between two instants."""
    minutes = _minutes(cadence)
    day = to_datetime(since).astimezone(zone).date()
    while True:
        for minute in minutes:
            at = _instant(day, minute, zone)
            if at > upto:
                return
            if at > since:
                yield at
        day += timedelta(days=1)


def _instant(day: date, minute: int, zone: ZoneInfo) -> Nanos:
    return from_datetime(datetime.combine(day, time(minute // 60, minute % 60), zone))


def _minutes(cadence: Cron | At) -> list[int]:
    """The local minutes of any day."""
    if isinstance(cadence, At):
        return sorted(cadence.minutes)
    minute, hour, *rest = cadence.expression.split()
    assert rest == ["*", "*", "*"], f"{cadence.expression} is not walked here"
    return sorted(60 * h + m for h in _numbers(hour, 24) for m in _numbers(minute, 60))


def _numbers(field: str, below: int) -> list[int]:
    """The numbers of one field: 5, 6-20, 6-20/2, */20, or several of these with commas."""
    found: list[int] = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = 0 if span == "*" else int(first)
        end = below - 1 if span == "*" else int(last or first)
        found += range(begin, end + 1, int(step or 1))
    return found
