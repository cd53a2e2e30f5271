"""Lighting: bring the lamp into the wanted state and see it there."""

from functools import partial

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.orders import REPLY_WITHIN, order_off, switch_on
from edgectl.engine.workflows.choice import begin
from edgectl.engine.workflows.need import RUN, SKIP, WAIT, Need
from edgectl.engine.workflows.refused import refuse
from edgectl.model.changed import replace
from edgectl.model.codes import Code, error_of
from edgectl.model.command import NEVER_LEFT, CommandState
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus


def start(draft: Draft, task: Task) -> None:
    """Order the state, or find it already there."""
    lamp = draft.state.site.zones[task.zone].light
    if lamp is None:
        refuse(draft, task, f"{task.zone} has no light", Code.MAPPING_NOT_FOUND)
        return
    begin(draft, task, (lamp,), _need(draft, task, lamp), partial(_switch, draft, lamp))


def _need(draft: Draft, task: Task, lamp: str) -> Need:
    """What was seen since this start counts; what a former life saw may have been switched by hand since."""
    seen = draft.state.seen.get(lamp)
    want = bool(task.payload.get("on"))
    if seen is not None and seen.on is want and seen.at > draft.state.started:
        return Need(SKIP, Code.LIGHTING_ALREADY)
    rested = rests_until(draft, draft.state.site.actuators[lamp])
    if want and rested > draft.now.mono and (seen is None or not seen.on):
        draft.wake(rested)
        return Need(WAIT, Code.LIGHTING_REQUIRED)  # it has to cool, or the loads of the house come one after the other
    return Need(RUN, Code.LIGHTING_REQUIRED)


def _switch(draft: Draft, lamp: str, task: Task) -> None:
    draft.put(replace(task, stage="switch"))
    cmd_id = f"{task.task_id}-switch-1"
    if not task.payload.get("on"):
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
            commands_submitted=int(command.state not in NEVER_LEFT),
            commands_failed=int(not ok),
            commands_effect_confirmed=int(ok),
        )
        status = TaskStatus.COMPLETED if ok else TaskStatus.FAILED
        end(draft, task, status, reason, decision=outcome.decision, outcome=outcome)
        return
