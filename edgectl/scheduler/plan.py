"""What is due, what is late, what is left out: pure, bounded, and answered for row by row.

The cursor moves past an occurrence only together with the row that stands for it, and never backwards, so a clock that
steps back fires nothing twice.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import local_day, local_instant, next_strike, strikes_back, window_state
from edgectl.scheduler.schedule import Every, Policy, Schedule, Window

HOLD_AGAIN: Nanos = 60 * SECOND  # a window whose state could not be reached is tried again after this
ROWS = 100  # older missed runs share one row


class Verdict(StrEnum):
    """What becomes of an occurrence."""

    RUN = "run"
    REPLAY = "replay"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence and its fate. `folded` says that older missed ones share this row."""

    scheduled_for: Nanos
    verdict: Verdict
    reason: str
    payload: Mapping[str, Any]
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Occurrences, the oldest first, and the cursor that answers for them."""

    occurrences: tuple[Occurrence, ...]
    cursor: Cursor


def due(schedule: Schedule, cursor: Cursor | None, now: Now, zone: ZoneInfo, *, busy: bool, lost: bool) -> Planned:
    """Everything between the cursor and now. A schedule without a cursor begins now and owes nothing for the past."""
    begin = cursor or Cursor(schedule=schedule.name, position=now.wall)
    cadence = schedule.cadence
    if isinstance(cadence, Every):
        return _interval(schedule, cadence, cursor, now, zone, busy=busy)
    if now.trust is Trust.UNTRUSTED or now.wall <= begin.position:
        # A window holds a state: a fresh site brings its lamp into it without waiting for the next edge.
        if cursor is None and isinstance(cadence, Window) and now.trust is not Trust.UNTRUSTED:
            return Planned(occurrences=(_hold(schedule, cadence, now.wall, zone),), cursor=begin)
        return _again(schedule, begin, now, zone, busy=busy)
    first = next_strike(cadence, begin.position, zone, schedule.days)
    if first is None or first > now.wall:
        return _again(schedule, begin, now, zone, busy=busy)
    missed = list(islice(strikes_back(cadence, begin.position, now.wall, zone, schedule.days), ROWS + 1))
    if isinstance(cadence, Window):
        rows = [_skip(schedule, at, "catchup_skipped") for at in missed[1:ROWS]]
        rows.insert(0, _hold(schedule, cadence, missed[0], zone))
    else:
        rows = _fates(schedule, missed[:ROWS], now, busy=busy, lost=lost)
    if len(missed) > ROWS:
        rows[-1] = replace(rows[-1], folded=True)
    return Planned(occurrences=tuple(reversed(rows)), cursor=replace(begin, position=missed[0]))


def wake_at(schedule: Schedule, cursor: Cursor, now: Now, zone: ZoneInfo) -> Nanos | None:
    """The monotonic instant of the next occurrence."""
    if isinstance(schedule.cadence, Every):
        if cursor.last_finished is None:
            return None
        rested = _this_boot(cursor.last_finished, now) + schedule.cadence.interval
        return _first_moment(schedule, rested, now, zone)
    at = next_strike(schedule.cadence, cursor.position, zone, schedule.days)
    if at is None:
        return None
    strike = now.mono_at(at)
    if cursor.unmet and isinstance(schedule.cadence, Window):
        # Not at once: whatever keeps it from being tried now, a task or a stop, is looked at again in a second.
        return min(strike, max(now.mono + SECOND, _this_boot(cursor.last_finished or 0, now) + HOLD_AGAIN))
    return strike


def correlation(zone_number: int, task_type: str, scheduled_for: Nanos, schedule: str) -> str:
    """The idempotency key of a scheduled run; a late run keeps the key of its original time."""
    text = f"{zone_number}|{task_type}|{iso(scheduled_for)}|{schedule}"
    return f"sch:z{zone_number}:{task_type}:{hashlib.sha256(text.encode()).hexdigest()[:20]}"


def _fates(schedule: Schedule, newest_first: list[Nanos], now: Now, *, busy: bool, lost: bool) -> list[Occurrence]:
    rows: list[Occurrence] = []
    replays = 0
    for at in newest_first:
        age = now.wall - at
        late = age > schedule.queue_patience
        policy = schedule.catch_up
        if lost and late:
            rows.append(_skip(schedule, at, "journal_lost"))
        elif busy or any(row.verdict is Verdict.RUN for row in rows):
            rows.append(_skip(schedule, at, "schedule_busy"))
        elif not late:
            rows.append(Occurrence(scheduled_for=at, verdict=Verdict.RUN, reason="due", payload=schedule.payload))
        elif policy.policy is Policy.REPLAY_LIMITED and replays < policy.max and age <= policy.within:
            replays += 1
            rows.append(Occurrence(scheduled_for=at, verdict=Verdict.REPLAY, reason="late", payload=schedule.payload))
        else:
            rows.append(_skip(schedule, at, "catchup_skipped"))
    return rows


def _again(schedule: Schedule, begin: Cursor, now: Now, zone: ZoneInfo, *, busy: bool) -> Planned:
    """Nothing is due. A window is a state, not an event: what could not be brought about is tried again."""
    window = schedule.cadence
    if not isinstance(window, Window) or busy or now.trust is Trust.UNTRUSTED:
        return Planned(occurrences=(), cursor=begin)
    if begin.unmet and _rested(begin, now):
        hold = _hold(schedule, window, now.wall, zone)
        return Planned(occurrences=(hold,), cursor=replace(begin, unmet=False))
    return Planned(occurrences=(), cursor=begin)


def _rested(cursor: Cursor, now: Now) -> bool:
    last = cursor.last_finished
    return last is None or now.mono - _this_boot(last, now) >= HOLD_AGAIN


def _this_boot(last: Nanos, now: Now) -> Nanos:
    """An instant in the future belongs to another boot of the machine: then the rest is counted from this one."""
    return last if last <= now.mono else 0


def _interval(
    schedule: Schedule, cadence: Every, cursor: Cursor | None, now: Now, zone: ZoneInfo, *, busy: bool
) -> Planned:
    # Guards and intervals run while the clock cannot be believed; which day it is can then not be asked.
    counts = now.trust is Trust.UNTRUSTED or schedule.days.allow(local_day(now.wall, zone))
    if cursor is None and (busy or not counts):
        # The first rest begins now: without an end of a run to count from, it would never be over.
        begun = Cursor(schedule=schedule.name, position=now.wall, last_finished=now.mono)
        return Planned(occurrences=(), cursor=begun)
    if cursor is not None:
        if not counts:
            return Planned(occurrences=(), cursor=cursor)
        last = cursor.last_finished
        if busy or last is None or now.mono - _this_boot(last, now) < cadence.interval:
            return Planned(occurrences=(), cursor=cursor)
    # The position only names the run: it must grow even while the wall clock stands or steps back.
    position = now.wall if cursor is None else max(now.wall, cursor.position + 1)
    run = Occurrence(scheduled_for=position, verdict=Verdict.RUN, reason="due", payload=schedule.payload)
    begun = cursor or Cursor(schedule=schedule.name, position=position)
    return Planned(occurrences=(run,), cursor=replace(begun, position=position))


def _first_moment(schedule: Schedule, mono: Nanos, now: Now, zone: ZoneInfo) -> Nanos | None:
    """The first monotonic instant from this one on that falls on a day that counts."""
    day = local_day(now.wall_at(max(mono, now.mono)), zone)
    if schedule.days.allow(day):
        return mono
    counted = schedule.days.following(day)
    return None if counted is None else now.mono_at(local_instant(counted, 0, zone))


def _hold(schedule: Schedule, window: Window, at: Nanos, zone: ZoneInfo) -> Occurrence:
    payload = {**schedule.payload, "on": window_state(window, at, zone, schedule.days)}
    return Occurrence(scheduled_for=at, verdict=Verdict.RUN, reason="window", payload=payload)


def _skip(schedule: Schedule, at: Nanos, reason: str) -> Occurrence:
    return Occurrence(scheduled_for=at, verdict=Verdict.SKIP, reason=reason, payload=schedule.payload)
