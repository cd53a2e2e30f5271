"""How a request becomes a task, or is refused in words. The same door for people, schedules and machines."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import forbids, keeps_waiting
from edgectl.engine.rules.orders import TOLD
from edgectl.engine.rules.wishes import refusal
from edgectl.engine.senses import cited
from edgectl.model.changed import replace
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.inputs import Answer, TaskRequest
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus, Veto
from edgectl.model.time import Nanos, iso
from edgectl.scheduler.plan import wake_at

# Ends that somebody wanted, or that a restart explains with an entry of its own.
EXPECTED = frozenset({Code.STOPPED, Code.TASK_CANCELLED, Code.RECOVERED})
NO_YES = "no_yes"  # the rule by which a proposal ends that nobody released: a choice, and no failure


def fingerprint(
    zone: str, task_type: str, payload: Mapping[str, Any], scheduled_for: Nanos, due_at: Nanos, expires_at: Nanos
) -> str:
    """sha256 over canonical JSON of what makes two requests the same."""
    body = {
        "zone": zone,
        "type": task_type,
        "payload": dict(payload),
        "scheduled_for": iso(scheduled_for),
        "due_at": iso(due_at),
        "expires_at": iso(expires_at),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def admit(draft: Draft, request: TaskRequest, lacks: Callable[[Draft, TaskRequest], str]) -> None:
    """Accept, recognise or refuse one request. `lacks` says what the zone has not got for it."""
    print_ = fingerprint(
        request.zone,
        request.task_type,
        request.payload,
        request.scheduled_for,
        request.due_at,
        request.expires_at,
    )
    twin = request.known or next((t for t in draft.tasks() if t.correlation_id == request.correlation_id), None)
    if twin is not None:
        same = twin.fingerprint == print_
        draft.effect(
            Answer(
                token=request.token,
                ok=same,
                code="duplicate" if same else Code.MISMATCH,
                body=_known_as(twin, duplicate=True),
            )
        )
        return
    refused = refusal(draft, request)
    if refused is None and (missing := lacks(draft, request)):
        refused = "payload_invalid", missing
    if refused is not None:
        code, why = refused
        draft.effect(Answer(token=request.token, ok=False, code=code, body={"why": why}))
        return
    task = accept(
        draft,
        zone=request.zone,
        task_type=request.task_type,
        payload=request.payload,
        source=request.source,
        correlation_id=request.correlation_id,
        scheduled_for=request.scheduled_for,
        due_at=request.due_at,
        expires_at=request.expires_at,
        who=request.who,
        enqueued=request.later,
        told={"scheduled_for": iso(request.scheduled_for)} if request.later else None,
    )
    draft.effect(
        Answer(
            token=request.token,
            ok=True,
            code="accepted",
            body=_known_as(task, duplicate=False),
        )
    )


def _known_as(task: Task, *, duplicate: bool) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "task_type": task.task_type,
        "status": task.status.value,
        "due_at": iso(task.due_at),
        "is_duplicate": duplicate,
    }


def accept(
    draft: Draft,
    *,
    zone: str,
    task_type: str,
    payload: Mapping[str, Any],
    source: str,
    correlation_id: str,
    scheduled_for: Nanos,
    due_at: Nanos,
    expires_at: Nanos,
    schedule: str | None = None,
    who: str = "",
    enqueued: bool = False,
    told: Mapping[str, Any] | None = None,
) -> Task:
    """Put a new task into the draft. The id follows from the correlation id, so the same request has the same id.
    `told` is what the timeline says of it besides."""
    digest = hashlib.sha256(correlation_id.encode()).hexdigest()[:20]
    now = draft.now
    task = Task(
        task_id=f"st-{digest}",
        zone=zone,
        task_type=task_type,
        source=source,
        correlation_id=correlation_id,
        payload=payload,
        fingerprint=fingerprint(zone, task_type, payload, scheduled_for, due_at, expires_at),
        scheduled_for=scheduled_for,
        due_at=due_at,
        expires_at=expires_at,
        created_at=now.wall,
        due=now.mono_at(due_at),
        expires=now.mono_at(expires_at),
        schedule=schedule,
        who=who,
        enqueued=enqueued,
        begins=now.mono_at(scheduled_for),
    )
    draft.put(task)
    draft.note(
        "TASK_RECEIVED",
        task_id=task.task_id,
        zone=zone,
        source=source,
        schedule=schedule,
        correlation_id=correlation_id,
        **({"who": who} if who else {}),
        **(told or {}),
    )
    if enqueued and source == "self":
        draft.note("SELF_TASK_ENQUEUED", task_id=task.task_id, zone=zone, scheduled_for=iso(scheduled_for))
    return task


def deadlines(draft: Draft, reasons: Callable[[Draft, Task], tuple[Veto, ...]]) -> None:
    """Tasks that waited too long. A task past its expiry at receipt ends here too. `reasons` says what for."""
    for task in draft.tasks():
        if task.status is not TaskStatus.ACCEPTED or task.enqueued:
            continue
        if draft.now.mono > task.expires:
            expire(draft, _waited_for(draft, task, reasons(draft, task)))
        elif draft.now.mono > task.due:
            task = _waited_for(draft, task, reasons(draft, task))
            _tell_self(draft, task)
            end(draft, task, TaskStatus.REJECTED, Code.DUE_EXCEEDED, error=Code.DUE_EXCEEDED, decision="fail")
        else:
            draft.wake(task.due + 1)


def _waited_for(draft: Draft, task: Task, why: tuple[Veto, ...]) -> Task:
    """The same task with what kept it from beginning, which is also a line of its timeline."""
    for veto in why:
        draft.note("VETO", task_id=task.task_id, zone=task.zone, actuator=veto.actuator, rule=veto.rule, why=veto.why)
    return replace(task, vetoes=(*task.vetoes, *why)[-TOLD:]) if why else task


def expire(draft: Draft, task: Task) -> None:
    """It is of no use any more."""
    _tell_self(draft, task)
    end(draft, task, TaskStatus.EXPIRED, Code.EXPIRED, error=Code.EXPIRED, decision="fail")


def _tell_self(draft: Draft, task: Task) -> None:
    if task.source == "self":
        draft.note("SELF_TASK_EXPIRED", task_id=task.task_id, zone=task.zone)


def end(
    draft: Draft,
    task: Task,
    status: TaskStatus,
    reason: Code,
    *,
    decision: str,
    error: Code | None = None,
    outcome: Outcome | None = None,
    action_required: bool = True,
) -> None:
    """Give a task its one terminal status."""
    final = outcome or Outcome(
        success=status is TaskStatus.COMPLETED,
        action_required=action_required,
        decision=decision,
        reason_code=reason.value,
        error_code=None if error is None else error.value,
    )
    looked_at = {str(sample.get("sensor")): sample for sample in task.looked_at}
    final = replace(
        final,
        run_mode="skip" if final.decision == "skip" else task.run_mode,
        next_due_at=_next_due(draft, task),
        vetoes=task.vetoes,
        before=tuple(looked_at.values()),
        # A task of an older site file may have looked at what is not there any more.
        after=tuple(cited(draft.read(sensor)) for sensor in looked_at if sensor in draft.state.site.sensors),
    )
    draft.put(replace(task, status=status, outcome=final))
    draft.forget_all_of(task.task_id)
    draft.note(
        "TASK_FINISHED",
        task_id=task.task_id,
        zone=task.zone,
        task_type=task.task_type,
        status=status.value,
        action_required=final.action_required,
        decision=final.decision,
        reason_code=final.reason_code,
        error_code=final.error_code,
        physical_effect=final.physical_effect.value,
        effect_amounts=dict(final.effect_amounts),
        confirmed=f"{final.commands_effect_confirmed} of {final.commands_total}",
    )
    moved = final.physical_effect in (PhysicalEffect.FULL, PhysicalEffect.PARTIAL)
    unproven = reason is Code.FLOW_INACTIVE or final.error_code == Code.STALE.value  # stopped, for no flow was seen
    if task.task_type == "irrigation" and moved and not unproven:
        draft.spend(f"watered:{task.zone}", 1.0, draft.now.mono)
    if task.schedule is not None:
        _tell(draft, task, final)
        cursor = draft.cursor(task.schedule)
        if cursor is not None:
            draft.put(replace(cursor, last_finished=draft.now.mono, unmet=not final.success))


def _next_due(draft: Draft, task: Task) -> Nanos | None:
    """When the schedule of this task asks again, by the wall clock; None for a task that nobody planned."""
    schedule = next((s for s in draft.state.schedules if s.name == task.schedule), None)
    cursor = None if schedule is None else draft.cursor(schedule.name)
    if schedule is None or cursor is None:
        return None
    ended = replace(cursor, last_finished=draft.now.mono, waits="", unmet=False)
    at = wake_at(schedule, ended, draft.now, draft.state.zone_info)
    return None if at is None else draft.now.wall_at(at)


def _tell(draft: Draft, task: Task, outcome: Outcome) -> None:
    """Scheduled work that was not done calls a person, unless a person or a restart ended it; done again calms."""
    assert task.schedule is not None
    if outcome.success:
        draft.calm("schedule_failed", task.schedule)
        if task.task_type == "irrigation":
            draft.calm("fallback_watering", task.zone)
    elif (
        ((elsewhere := _locked_elsewhere(draft, task, outcome)) or outcome.reason_code not in EXPECTED)
        and not any(veto.rule == NO_YES for veto in outcome.vetoes)
        and keeps_waiting(draft, task.zone, task.task_type) is None
        and not _explained(draft, task)
    ):
        why = elsewhere or SENTENCES.get(Code(outcome.reason_code), outcome.reason_code)
        draft.alert(
            "schedule_failed",
            task.schedule,
            f"{task.task_type} of {task.zone} ({task.schedule}) was not carried out: {why}",
            f"edgectl task show {task.task_id} tells the whole story; the next run clears this",
        )


def _locked_elsewhere(draft: Draft, task: Task, outcome: Outcome) -> str:
    """Who keeps a part that this zone shares with another one, where its own plants were meant by nobody."""
    if outcome.reason_code != Code.STOPPED or keeps_waiting(draft, task.zone, task.task_type) is not None:
        return ""
    site = draft.state.site
    kept = (forbids(draft, site.actuators[name]) for name in sorted(site.zones[task.zone].actuators))
    return next((why for why in kept if why is not None), "")


def _explained(draft: Draft, task: Task) -> bool:
    """Has a person been called already for what kept this task from its end? A dead board is one alarm, not two."""
    site = draft.state.site
    parts = site.zones[task.zone].actuators
    watched = {c.sensor for name in parts for c in (*site.actuators[name].requires, *site.actuators[name].stop_if)}
    devices = {site.actuators[name].device for name in parts}
    devices |= {device for name in watched for device in site.sensors[name].devices}
    return any(alarm.active and alarm.subject in parts | devices | {task.zone} for alarm in draft.alarms())
