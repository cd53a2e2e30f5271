"""How a request becomes a task, or is refused in words. The same door for people, schedules and machines."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import keeps_waiting
from edgectl.engine.senses import cited
from edgectl.model.codes import SENTENCES, Code
from edgectl.model.inputs import Answer, TaskRequest
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.time import Nanos, iso

LONGEST_RUN_S = 4 * 3600
LARGEST_RUN_L = 10_000
# Ends that somebody wanted, or that a restart explains with an entry of its own.
EXPECTED = frozenset({Code.STOPPED, Code.TASK_CANCELLED, Code.RECOVERED})
TASK_TYPES = frozenset({"irrigation", "lighting", "diagnostics"})


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


def admit(draft: Draft, request: TaskRequest) -> None:
    """Accept, recognise or refuse one request."""
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
                body={"task_id": twin.task_id, "status": twin.status.value, "is_duplicate": True},
            )
        )
        return
    if refusal := _refusal(draft, request):
        draft.effect(Answer(token=request.token, ok=False, code=refusal))
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
    )
    draft.effect(
        Answer(
            token=request.token,
            ok=True,
            code="accepted",
            body={"task_id": task.task_id, "status": task.status.value, "is_duplicate": False},
        )
    )


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
) -> Task:
    """Put a new task into the draft. The id follows from the correlation id, so the same request has the same id."""
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
    )
    draft.put(task)
    draft.note(
        "TASK_RECEIVED",
        task_id=task.task_id,
        zone=zone,
        source=source,
        schedule=schedule,
        correlation_id=correlation_id,
    )
    return task


def deadlines(draft: Draft) -> None:
    """Tasks that waited too long. A task past its expiry at receipt ends here too."""
    for task in draft.tasks():
        if task.status is not TaskStatus.ACCEPTED:
            continue
        if draft.now.mono > task.expires:
            end(draft, task, TaskStatus.EXPIRED, Code.EXPIRED, error=Code.EXPIRED, decision="fail")
        elif draft.now.mono > task.due:
            end(draft, task, TaskStatus.REJECTED, Code.DUE_EXCEEDED, error=Code.DUE_EXCEEDED, decision="fail")
        else:
            draft.wake(task.due + 1)


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
    looked_at = {str(sample["sensor"]): sample for sample in task.looked_at}
    final = replace(
        final,
        vetoes=task.vetoes,
        before=tuple(looked_at.values()),
        # A task of an older site file may have looked at what is not there any more.
        after=tuple(cited(draft.read(sensor)) for sensor in looked_at if sensor in draft.state.site.sensors),
    )
    draft.put(replace(task, status=status, outcome=final))
    draft.note(
        "TASK_FINISHED",
        task_id=task.task_id,
        zone=task.zone,
        status=status.value,
        decision=final.decision,
        reason_code=final.reason_code,
        error_code=final.error_code,
        physical_effect=final.physical_effect.value,
        effect_amounts=dict(final.effect_amounts),
        confirmed=f"{final.commands_effect_confirmed} of {final.commands_total}",
    )
    moved = final.physical_effect in (PhysicalEffect.FULL, PhysicalEffect.PARTIAL)
    if task.task_type == "irrigation" and moved and reason is not Code.FLOW_INACTIVE:
        draft.spend(f"watered:{task.zone}", 1.0, draft.now.mono)
    if task.schedule is not None:
        _tell(draft, task, final)
        cursor = draft.cursor(task.schedule)
        if cursor is not None:
            draft.put(replace(cursor, last_finished=draft.now.mono, unmet=not final.success))


def _tell(draft: Draft, task: Task, outcome: Outcome) -> None:
    """Scheduled work that was not done calls a person, unless a person or a restart ended it; done again calms."""
    assert task.schedule is not None
    if outcome.success:
        draft.calm("schedule_failed", task.schedule)
        if task.task_type == "irrigation":
            draft.calm("fallback_watering", task.zone)
    elif (
        outcome.reason_code not in EXPECTED
        and keeps_waiting(draft, task.zone, task.task_type) is None
        and not _explained(draft, task)
    ):
        why = SENTENCES.get(Code(outcome.reason_code), outcome.reason_code)
        draft.alert(
            "schedule_failed",
            task.schedule,
            f"{task.task_type} of {task.zone} ({task.schedule}) was not carried out: {why}",
            f"edgectl task show {task.task_id} tells the whole story; the next run clears this",
        )


def _explained(draft: Draft, task: Task) -> bool:
    """Has a person been called already for what kept this task from its end? A dead board is one alarm, not two."""
    site = draft.state.site
    parts = site.zones[task.zone].actuators
    watched = {c.sensor for name in parts for c in (*site.actuators[name].requires, *site.actuators[name].stop_if)}
    devices = {site.actuators[name].device for name in parts}
    devices |= {device for name in watched for device in site.sensors[name].devices}
    return any(alarm.active and alarm.subject in parts | devices | {task.zone} for alarm in draft.alarms())


def _refusal(draft: Draft, request: TaskRequest) -> str | None:
    if request.zone not in draft.state.site.zones:
        return "unknown_zone"
    if request.task_type not in TASK_TYPES:
        return "unsupported_task_type"
    if not _payload_fits(request.task_type, request.payload):
        return "payload_invalid"
    if not 8 <= len(request.correlation_id) <= 128:
        return "correlation_id_required_or_invalid"
    if request.due_at < request.scheduled_for:
        return "due_at_must_be_gte_scheduled_for"
    if request.expires_at <= request.due_at:
        return "expires_at_must_be_after_due_at"
    return None


def _payload_fits(task_type: str, payload: Mapping[str, Any]) -> bool:
    """What the workflow will read must be there and make sense."""
    match task_type:
        case "lighting":
            return isinstance(payload.get("on"), bool)
        case "irrigation" if payload.get("volume_l") is not None:
            return _amount(payload["volume_l"], LARGEST_RUN_L)
        case "irrigation":
            return _amount(payload.get("duration_s"), LONGEST_RUN_S)
        case _:
            return True


def _amount(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most
