"""Lighting: bring the lamp into the wanted state and see it there."""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.orders import REPLY_WITHIN, order_off, switch_on
from edgectl.model.codes import Code, error_of
from edgectl.model.command import CommandState
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus


def start(draft: Draft, task: Task) -> None:
    """Order the state, or find it already there."""
    lamp = draft.state.site.zones[task.zone].light
    if lamp is None:
        end(draft, task, TaskStatus.FAILED, Code.UNSUPPORTED, decision="fail", error=Code.UNSUPPORTED)
        return
    want = bool(task.payload.get("on"))
    seen = draft.state.seen.get(lamp)
    rested = rests_until(draft, draft.state.site.actuators[lamp])
    if want and rested > draft.now.mono and (seen is None or not seen.on):
        draft.wake(rested)
        return  # it has to cool, or the loads of the house come back one after the other
    running = replace(task, status=TaskStatus.RUNNING, started=draft.now.mono, stage="switch")
    draft.put(running)
    if seen is not None and seen.on is want and seen.at > draft.state.started:
        end(draft, running, TaskStatus.COMPLETED, Code.LIGHTING_ALREADY, decision="skip", action_required=False)
        return
    cmd_id = f"{task.task_id}-switch-1"
    if not want:
        order_off(draft, actuator_name=lamp, cmd_id=cmd_id, stage="switch", task_id=task.task_id, zone=task.zone)
        return
    limit = min(task.expires, draft.now.mono + REPLY_WITHIN)
    veto = switch_on(
        draft,
        actuator_name=lamp,
        lease=None,
        cmd_id=cmd_id,
        stage="switch",
        task_id=task.task_id,
        zone=task.zone,
        not_after=limit,
    )
    if veto is not None:
        refused = draft.task(task.task_id)
        end(draft, refused, TaskStatus.FAILED, Code.SAFETY_BLOCKED, decision="fail", error=Code.EXECUTION_FAILED)


def progress(draft: Draft, task: Task) -> None:
    """End with what the lamp showed."""
    for command in draft.commands(task.task_id):
        if not command.terminal:
            return
        ok = command.state is CommandState.DONE
        reason = Code.LIGHTING_REQUIRED if ok else error_of(command.state)
        outcome = Outcome(
            success=ok,
            action_required=True,
            decision="run" if ok else "fail",
            reason_code=reason.value,
            error_code=None if ok else reason.value,
            physical_effect=PhysicalEffect.FULL if ok else PhysicalEffect.UNKNOWN,
            commands_total=1,
            commands_submitted=1,
            commands_failed=int(not ok),
            commands_effect_confirmed=int(ok),
        )
        status = TaskStatus.COMPLETED if ok else TaskStatus.FAILED
        end(draft, task, status, reason, decision=outcome.decision, outcome=outcome)
        return
