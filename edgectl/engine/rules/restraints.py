"""What people put on the site: the water stop, service locks, holds, and who starts the work of a zone.

Three rules. A restraint is a latch that survives restarts; only a hold ends by itself. Taking one off starts nothing:
schedules go on from now. And a service lock is taken off by whoever put it on, who knows where their hands are, or by
an engineer who has looked.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules import enqueued, overrides, raw
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.latched import OWN, WATER, latch_name, mode_of, told
from edgectl.engine.rules.stopping import abort, stop_in_order
from edgectl.model.codes import Code
from edgectl.model.inputs import Answer, Mode, Restrain, Restraint, SetMode
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.model.timeline import Latch
from edgectl.scheduler.schedule import Every

LONGEST_HOLD: Nanos = 14 * 86_400 * SECOND
REMIND_LOCK: Nanos = 12 * 3600 * SECOND
REMIND_STOP: Nanos = 1800 * SECOND


def restrain(draft: Draft, order: Restrain) -> None:
    """Put a restraint on or take it off. What runs under it goes off at once; only the answer waits for the disk."""
    if code := _refusal(draft, order):
        why = _not_yours(draft, order) if code == "lock_of_another" else _why(draft, code, order.zone)
        draft.effect(Answer(token=order.token, ok=False, code=code, body=why))
        return
    now = draft.now
    name = latch_name(order.what, order.zone)
    before = told(draft, name)
    latch = Latch(
        name=name,
        held=order.on,
        since=now.wall,
        who=order.who,
        why=order.why,
        until=None if order.lasts is None or not order.on else now.wall + order.lasts,
        until_mono=now.mono + (order.lasts or 0),
        boot_id=draft.state.boot_id,
        synced=now.trust is Trust.SYNCED,
        owner=order.known_as if order.what is Restraint.LOCK and order.on else "",
    )
    draft.put(latch)
    event = {Restraint.STOP_WATER: "STOP_WATER", Restraint.LOCK: "LOCK_SET", Restraint.HOLD: "HOLD_SET"}[order.what]
    over = {Restraint.STOP_WATER: "RESUMED", Restraint.LOCK: "LOCK_RELEASED", Restraint.HOLD: "HOLD_ENDED"}[order.what]
    draft.note(event if order.on else over, zone=order.zone or None, who=order.who, why=order.why)
    ended: list[str] = []
    if order.on:
        if order.what is Restraint.HOLD:
            ended = end_attempts(draft, [task for task in draft.tasks() if task.zone == order.zone])
        else:
            ended = end_what_waits(draft, order.zone, wet=order.what is Restraint.STOP_WATER)
        _stop_what_runs(draft, order)
    else:
        draft.calm(_reminder(order.what), order.zone or "site")
        restart_intervals(draft, order.zone)
    body: dict[str, Any] = {"latch": name, "held": order.on, "ended": ended, "before": before}
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))


def set_mode(draft: Draft, order: SetMode) -> None:
    """Decide who starts the work of a zone. Leaving auto first stops what runs there by itself; what a person started
    goes on, for that is what the other modes are for."""
    if order.zone not in draft.state.site.zones:
        why = _why(draft, "unknown_zone", order.zone)
        draft.effect(Answer(token=order.token, ok=False, code="unknown_zone", body=why))
        return
    before, ended = mode_of(draft, order.zone), list[str]()
    if before is Mode.AUTO and order.mode is not Mode.AUTO:
        here = [task for task in draft.tasks() if task.zone == order.zone]
        ended = end_attempts(draft, here)
        for task in here:
            staged = task.status is TaskStatus.RUNNING and task.stage and task.task_type != "lighting"
            if task.task_id not in ended and task.source in OWN and staged and not task.stopping:
                abort(draft, task, Code.STOPPED)
                ended.append(task.task_id)
    draft.put(
        Latch(
            name=f"mode:{order.zone}",
            held=order.mode is not Mode.AUTO,
            since=draft.now.wall,
            who=order.who,
            why=order.mode.value,
        )
    )
    draft.note("MODE_CHANGED", zone=order.zone, who=order.who, before=before.value, after=order.mode.value)
    if before is Mode.MANUAL and order.mode is not Mode.MANUAL:
        restart_intervals(draft, order.zone)
    body: dict[str, Any] = {"zone": order.zone, "mode": order.mode.value, "ended": ended}
    draft.effect(Answer(token=order.token, ok=True, code="ok", body=body))


def end_what_waits(draft: Draft, zone: str, *, wet: bool) -> list[str]:
    """Tasks that have not begun end here: a release must not start what somebody ordered before. Returns what ended,
    and what runs and is ended by the stop itself. An empty zone is the whole site. What was asked for tomorrow is kept,
    as the calendar is: a stop holds until it is released, and a task whose time comes under it ends then."""
    ended = []
    for task in draft.tasks():
        if (zone and task.zone != zone) or (wet and task.task_type == "lighting") or enqueued.lies_ahead(draft, task):
            continue
        ended.append(task.task_id)
        if task.status is TaskStatus.ACCEPTED or task.retry_at is not None:
            end(draft, task, TaskStatus.FAILED, Code.STOPPED, decision="fail", error=Code.STOPPED)
    return ended


def end_attempts(draft: Draft, tasks: Iterable[Task]) -> list[str]:
    """Work of the house's own that waits for its next attempt ends when a person keeps its zone or its schedule: it has
    begun nothing, and would begin a minute later under that person's hands. Light waits for nobody's hold."""
    ended = []
    for task in tasks:
        if task.retry_at is not None and task.source in OWN and task.task_type != "lighting":
            end(draft, task, TaskStatus.FAILED, Code.STOPPED, decision="fail", error=Code.STOPPED)
            ended.append(task.task_id)
    return ended


def restart_intervals(draft: Draft, zone: str) -> None:
    """After a release an interval begins anew: what fell due meanwhile must not start in that very instant."""
    for schedule in draft.state.schedules:
        cursor = draft.cursor(schedule.name)
        if isinstance(schedule.cadence, Every) and cursor is not None and zone in ("", schedule.zone):
            draft.put(replace(cursor, last_finished=draft.now.mono))


def expire(draft: Draft) -> None:
    """Holds end by themselves; what is latched is called to mind again and again."""
    for name, latch in draft.latches():
        if not latch.held:
            continue
        kind, _, zone = name.partition(":")
        if kind == "hold":
            if latch.over(draft.now, draft.state.boot_id):
                draft.put(replace(latch, held=False, since=draft.now.wall, who="engine", why="its time is over"))
                draft.note("HOLD_ENDED", zone=zone, why="its time is over")
                restart_intervals(draft, zone)
            elif latch.boot_id == draft.state.boot_id:
                draft.wake(latch.until_mono)
        elif kind == "override":
            overrides.expire(draft, latch)
        elif kind == "raw":
            raw.expire(draft, latch)
        elif kind in ("stop_all", "stop_water", "lock"):
            _remind(draft, latch, kind, zone)


def _remind(draft: Draft, latch: Latch, kind: str, zone: str) -> None:
    """Each time anew, also to those who have seen it: what is acknowledged is still stopped."""
    every = REMIND_LOCK if kind == "lock" else REMIND_STOP
    code, subject = _reminder(Restraint.LOCK if kind == "lock" else Restraint.STOP_WATER), zone or "site"
    alarm, now = draft.alarm(f"{code}:{subject}"), draft.now
    told_at = alarm.told_at or alarm.raised_at if alarm is not None and alarm.active else 0
    due = max(latch.since, told_at) + every
    if now.wall < due:
        draft.wake(now.mono + due - now.wall)
        return
    minutes, release = (now.wall - latch.since) // SECOND // 60, f"unlock {zone}" if kind == "lock" else "resume"
    message = f"{subject} has been {'locked' if kind == 'lock' else 'stopped'} by {latch.who} for {minutes} min"
    if kind == "lock" and (others := _dry_with(draft, zone)):
        message += f", and keeps dry as well: {', '.join(others)}"
    advice = f"when the work is done: edgectl {release}; until then nothing is watered there, and {_frost(kind)}"
    draft.wake(now.mono + every)
    if alarm is None or not alarm.active:
        draft.alert(code, subject, message, advice)
    elif alarm.shelved_until is None or now.wall >= alarm.shelved_until:
        draft.put(replace(alarm, message=message, told_at=now.wall, acknowledged_by=None, shelved_until=None))
        draft.note("ALARM_REPEATED", alarm=alarm.alarm_id, message=message)


def _dry_with(draft: Draft, zone: str) -> list[str]:
    """The other zones that a lock keeps dry, for they share the pump that nobody may start under those hands."""
    zones = draft.state.site.zones
    parts = zones[zone].actuators if zone in zones else frozenset[str]()
    return sorted(one.name for one in zones.values() if one.name != zone and one.pump in parts)


def _frost(kind: str) -> str:
    if kind == "stop_water":
        return "what stands in the pipes may freeze"
    return "nothing there is heated against frost"


def _reminder(what: Restraint) -> str:
    return "service_lock_reminder" if what is Restraint.LOCK else "stop_latched"


def _why(draft: Draft, code: str, zone: str) -> dict[str, str]:
    if code == "unknown_zone":
        return {"why": f"there is no zone {zone[:60]!r}; there are: {', '.join(sorted(draft.state.site.zones))}"}
    return {"why": _SENTENCES[code]}


_SENTENCES = {
    "hold_needs_an_end": "a hold lasts more than 0 s and at most 14 days",
    "already_locked": "the zone is locked by somebody else",
    "lock_needs_a_reason": "say what is being done there: --why",
    "not_held": "there is nothing to release",
}


def _refusal(draft: Draft, order: Restrain) -> str:
    known = order.what is Restraint.STOP_WATER or order.zone in draft.state.site.zones
    if not known and not _is_left(draft, order):
        return "unknown_zone"
    if order.on and order.what is Restraint.LOCK and not order.why.strip():
        return "lock_needs_a_reason"
    if order.what is Restraint.HOLD and order.on and not 0 < (order.lasts or 0) <= LONGEST_HOLD:
        return "hold_needs_an_end"
    before = draft.latch(latch_name(order.what, order.zone))
    held = before is not None and before.held
    if not order.on and not held:
        return "not_held"
    if order.what is Restraint.LOCK and before is not None and held and not _is_theirs(before, order):
        # A second lock would be released by the second person, under the first one's hands.
        return "already_locked" if order.on else "" if order.engineer else "lock_of_another"
    return ""


def _is_left(draft: Draft, order: Restrain) -> bool:
    """The lock of a zone that has left the site file is taken off as any other."""
    return order.what is Restraint.LOCK and not order.on and draft.held(latch_name(order.what, order.zone))


def _is_theirs(lock: Latch, order: Restrain) -> bool:
    """A lock from before there were owners belongs to the name on it."""
    return (order.known_as or order.who) == (lock.owner or lock.who)


def _not_yours(draft: Draft, order: Restrain) -> dict[str, str]:
    lock = draft.latch(latch_name(order.what, order.zone))
    assert lock is not None, "only a lock that hangs there is somebody else's"
    told = f"{lock.who} locked {order.zone} ({lock.why}) and alone takes that off, or an engineer who has looked"
    return {"why": told, "owner": lock.who}


def _stop_what_runs(draft: Draft, order: Restrain) -> None:
    """A hold lets what runs run out; a stop and a lock do not."""
    site = draft.state.site
    if order.what is Restraint.HOLD:
        return
    under = {
        name
        for name, actuator in site.actuators.items()
        if (actuator.role in WATER if order.what is Restraint.STOP_WATER else name in site.zones[order.zone].actuators)
    }
    stop_in_order(draft, under, f"{order.what.value.replace('_', ' ')} by {order.who}")
