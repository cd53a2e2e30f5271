"""What people order of one schedule: hold it for a while, release it, run it now.

Three rules. A hold ends by itself and leaves a row for every run that falls into it. A run that a person asks for is
that person's: it passes every guard, and it moves no cursor. And whoever holds something had a reason: it runs out of
its turn only for somebody who says that they know of the hold.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import accept
from edgectl.engine.rules.latched import told
from edgectl.engine.rules.restraints import LONGEST_HOLD, end_attempts
from edgectl.engine.rules.schedules import EXPIRY, holds_on, pause
from edgectl.engine.rules.wishes import stopped
from edgectl.model.codes import Code
from edgectl.model.inputs import Answer, HoldSchedule, RunNow
from edgectl.model.time import SECOND, Nanos, Trust, iso, to_datetime
from edgectl.model.timeline import Latch
from edgectl.scheduler.holding import hold as held_by
from edgectl.scheduler.schedule import Every, Schedule, Window

PATIENCE: Nanos = 120 * SECOND  # a person waits for whatever waters before
PREFIX = pause("")


def hold(draft: Draft, order: HoldSchedule) -> None:
    """Hold a schedule, or release it. What was skipped meanwhile is not repeated."""
    schedule = _named(draft, order.token, order.schedule)
    if schedule is None:
        return
    latch = draft.latch(pause(schedule.name))
    if order.on and not 0 < (order.lasts or 0) <= LONGEST_HOLD:
        why = "a hold lasts more than 0 s and at most 14 days"
        draft.effect(Answer(token=order.token, ok=False, code=Code.HOLD_NEEDS_AN_END, body={"why": why}))
        return
    if not order.on and (latch is None or not latch.held):
        why = f"{schedule.name} is not held"
        draft.effect(Answer(token=order.token, ok=False, code=Code.NOT_HELD, body={"why": why}))
        return
    now, before = draft.now, told(draft, pause(schedule.name))
    until = None if not order.on else now.wall + (order.lasts or 0)
    draft.put(
        Latch(
            name=pause(schedule.name),
            held=order.on,
            since=now.wall,
            who=order.who,
            why=order.why,
            until=until,
            until_mono=now.mono + (order.lasts or 0),
            boot_id=draft.state.boot_id,
            synced=now.trust is Trust.SYNCED,
        )
    )
    event = "HOLD_SET" if order.on else "HOLD_ENDED"
    draft.note(event, zone=schedule.zone, schedule=schedule.name, who=order.who, why=order.why)
    if order.on:
        end_attempts(draft, [task for task in draft.tasks() if task.schedule == schedule.name])
    else:
        _rest_anew(draft, schedule)
    ends = None if until is None else iso(until)
    body = {"schedule": schedule.name, "held": order.on, "until": ends, "before": before}
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))


def expire(draft: Draft) -> None:
    """Holds of schedules end by themselves."""
    names = [name for name in draft.state.held if name.startswith(PREFIX)]
    for name in names:
        latch = draft.latch(name)
        if latch is None or not latch.held:
            continue
        if not latch.over(draft.now, draft.state.boot_id):
            if latch.boot_id == draft.state.boot_id:
                draft.wake(latch.until_mono)
            continue
        draft.put(replace(latch, held=False, since=draft.now.wall, who="engine", why="its time is over"))
        schedule = _find(draft, name.removeprefix(PREFIX))
        zone = None if schedule is None else schedule.zone
        draft.note("HOLD_ENDED", zone=zone, schedule=name.removeprefix(PREFIX), why="its time is over")
        if schedule is not None:
            _rest_anew(draft, schedule)


def run_now(draft: Draft, order: RunNow) -> None:
    """A task with everything that the schedule would ask for. Not a second one while one is open."""
    schedule = _named(draft, order.token, order.schedule)
    if schedule is None:
        return
    open_ = next((task for task in draft.tasks() if task.schedule == schedule.name), None)
    if open_ is not None:
        body = {"why": f"{schedule.name} runs already: {open_.task_id} is {open_.status.value}"}
        draft.effect(Answer(token=order.token, ok=False, code=Code.SCHEDULE_BUSY, body=body))
        return
    if why := stopped(draft, schedule.zone, schedule.task_type):
        draft.effect(Answer(token=order.token, ok=False, code=Code.VETOED, body={"why": why}))
        return
    holds = holds_on(draft, schedule)
    if holds and not order.anyway:
        why = "; ".join(_held(draft, schedule, latch) for latch in holds)
        draft.effect(Answer(token=order.token, ok=False, code=Code.HOLD, body={"why": why}))
        return
    now, payload = draft.now, schedule.payload
    if isinstance(schedule.cadence, Window):
        payload = held_by(schedule, schedule.cadence, now.wall, draft.state.zone_info).payload
    due_at = now.wall + PATIENCE
    task = accept(
        draft,
        zone=schedule.zone,
        task_type=schedule.task_type,
        payload=payload,
        source=order.source,
        correlation_id=f"now:{schedule.name}:{now.wall}",
        scheduled_for=now.wall,
        due_at=due_at,
        expires_at=due_at + EXPIRY,
        schedule=schedule.name,
        who=order.who,
        told={
            "scheduled_for": iso(now.wall),
            "verdict": "run",
            "reason_code": "by_hand",
            **({"in_spite_of": [latch.who for latch in holds]} if holds else {}),
        },
    )
    body = {"task_id": task.task_id, "schedule": schedule.name, "due_at": iso(due_at)}
    draft.effect(Answer(token=order.token, ok=True, code="accepted", body=body))


def _held(draft: Draft, schedule: Schedule, latch: Latch) -> str:
    """Who holds it, until when, and why."""
    what = schedule.name if latch.name == pause(schedule.name) else f"its zone {schedule.zone}"
    at = latch.ends_at(draft.now, draft.state.boot_id)
    ends = "" if at is None else f" until {to_datetime(at).astimezone(draft.state.zone_info):%a %d %b %H:%M}"
    return f"{what} is held{ends} by {latch.who}" + (f" ({latch.why})" if latch.why else "")


def _rest_anew(draft: Draft, schedule: Schedule) -> None:
    """After a release an interval begins anew: what fell due meanwhile must not start in that very instant."""
    cursor = draft.cursor(schedule.name)
    if isinstance(schedule.cadence, Every) and cursor is not None and cursor.last_finished is not None:
        draft.put(replace(cursor, last_finished=draft.now.mono))


def _find(draft: Draft, name: str) -> Schedule | None:
    return next((one for one in draft.state.schedules if one.name == name), None)


def _named(draft: Draft, token: int, name: str) -> Schedule | None:
    schedule = _find(draft, name)
    if schedule is None:
        known = ", ".join(sorted(one.name for one in draft.state.schedules)) or "none"
        why = f"there is no schedule {name[:60]!r}; there are: {known}"
        draft.effect(Answer(token=token, ok=False, code=Code.UNKNOWN_SCHEDULE, body={"why": why}))
    return schedule
