"""Runs at instants of a calendar: what is due, what is late, what waits, what is left out.

One run of a schedule at a time. Late runs therefore come one by one, the oldest first, and the cursor stands before
the first that is unanswered; whatever is due behind them waits its turn and is late then.
"""

from itertools import islice
from zoneinfo import ZoneInfo

from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.time import Nanos, Now
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import next_strike, strikes_back
from edgectl.scheduler.catchup import TIMELY, given_up, late_payload, late_start
from edgectl.scheduler.occurrence import ROWS, Occurrence, Planned, Verdict, left_out
from edgectl.scheduler.schedule import Calendar, Overlap, Schedule

BUSY = Code.SCHEDULE_BUSY.value
LIMITED = Code.CATCHUP_RATE_LIMITED.value
QUEUED = "queued"


def answer(
    schedule: Schedule,
    cadence: Calendar,
    begin: Cursor,
    now: Now,
    zone: ZoneInfo,
    *,
    busy: bool,
    lost: bool,
    room: int,
    zone_number: int,
    waited: Nanos = 0,
) -> Planned:
    """Everything between the cursor and now. `room` is how many late runs the site may still start in this minute,
    `waited` for how long nobody knew what time it was."""
    days = schedule.days
    first = next_strike(cadence, begin.position, zone, days)
    if first is None or first > now.wall:
        return Planned(occurrences=(), cursor=begin)
    following = next_strike(cadence, first, zone, days)
    alone = following is None or following > now.wall
    newest = first if alone else next(strikes_back(cadence, begin.position, now.wall, zone, days))
    # What was queued behind a run is not missed, unless the next one has come due since.
    queued = begin.waits == QUEUED and alone
    punctual = alone and now.wall - first <= TIMELY
    limit = begin.position if queued or punctual else given_up(schedule, begin, now, zone, lost=lost)
    rows = list[Occurrence]()
    if limit > begin.position:
        rows = _missed(schedule, cadence, begin, limit, zone, lost=lost, doubted=now.wall - waited)
    position = rows[-1].scheduled_for if rows else begin.position
    at = next_strike(cadence, max(limit, position), zone, days)
    if at is None or at > now.wall:
        return Planned(occurrences=tuple(rows), cursor=_moved(begin, position))
    late = not queued and now.wall - at > TIMELY
    cancels = busy and not late and schedule.overlap is Overlap.CANCEL_RUNNING
    if busy and not cancels:
        if not late and schedule.overlap is Overlap.SKIP:
            rows.append(left_out(schedule, at, BUSY))
            return Planned(occurrences=tuple(rows), cursor=_moved(begin, at))
        queues = schedule.overlap is Overlap.QUEUE_ONE and at == newest and not late
        return Planned(occurrences=tuple(rows), cursor=_moved(begin, position, waits=QUEUED if queues else BUSY))
    if not late:
        reason = QUEUED if queued else "due"
        run = Occurrence(
            scheduled_for=at, verdict=Verdict.RUN, reason=reason, payload=schedule.payload, cancels=cancels
        )
        return Planned(occurrences=(*rows, run), cursor=_moved(begin, at))
    if room < 1:
        return Planned(occurrences=tuple(rows), cursor=_moved(begin, position, waits=LIMITED))
    if (start := late_start(schedule, at, begin, now, zone_number)) > now.mono:
        return Planned(occurrences=tuple(rows), cursor=_moved(begin, position, late_at=start))
    replay = Occurrence(scheduled_for=at, verdict=Verdict.REPLAY, reason="late", payload=late_payload(schedule, at))
    return Planned(occurrences=(*rows, replay), cursor=_moved(begin, at))


def _moved(begin: Cursor, position: Nanos, *, waits: str = "", late_at: Nanos | None = None) -> Cursor:
    return replace(begin, position=position, waits=waits, late_at=late_at)


def _missed(
    schedule: Schedule,
    cadence: Calendar,
    begin: Cursor,
    limit: Nanos,
    zone: ZoneInfo,
    *,
    lost: bool,
    doubted: Nanos,
) -> list[Occurrence]:
    """Rows for what is not run any more, the oldest first. What was due after `doubted` waited for a clock."""
    found = strikes_back(cadence, begin.position, limit, zone, schedule.days)
    newest_first = list(islice(found, ROWS))
    usual = Code.JOURNAL_LOST.value if lost else Code.CATCHUP_SKIPPED.value
    rows = [
        left_out(schedule, at, Code.CLOCK_UNTRUSTED.value if at > doubted and not lost else usual)
        for at in reversed(newest_first[: ROWS - 1])
    ]
    if len(newest_first) == ROWS:
        rows[0] = replace(rows[0], folded=True)
    elif rows and begin.waits and not lost:
        # Only of the oldest one is it known that it has waited, and what for.
        rows[0] = replace(rows[0], reason=BUSY if begin.waits == QUEUED else begin.waits)
    return rows
