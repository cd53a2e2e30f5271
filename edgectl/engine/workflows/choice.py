"""Run, skip, retry or fail: the decision before the first order, in the order that the task contract fixes.

Safety speaks before wishes, wishes before the workflow's own need. Each decision is one line of the timeline with the
samples it was made on.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.workflows import walk
from edgectl.engine.workflows.need import FAIL, RETRY, RUN, SKIP, WAIT, Need
from edgectl.engine.workflows.stage import Table
from edgectl.model.channel import Reading
from edgectl.model.codes import Code, not_required, required
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND

RETRY_EVERY = 60 * SECOND
ATTEMPTS = 10


def begin(draft: Draft, task: Task, table: Table, need: Need) -> None:
    """Carry the decision out: into the first stage, to a later attempt, or to the end."""
    now = draft.now.mono
    choice = _contract(draft, task, table) or need
    if choice is need and need.decision == SKIP and task.payload.get("force_execute") is True:
        # A person insists. That overrules "not needed", and never "not possible".
        choice = replace(need, decision=RUN, code=required(task.task_type))
    if choice.decision == WAIT:
        return
    running = replace(task, status=TaskStatus.RUNNING, started=task.started or now, looked_at=choice.samples)
    if task.started is None:
        draft.note("TASK_STARTED", task_id=task.task_id, zone=task.zone)
    attempt = task.attempt + 1
    gives_up = choice.decision == RETRY and attempt >= ATTEMPTS
    draft.note(
        "DECISION_MADE",
        task_id=task.task_id,
        zone=task.zone,
        decision=FAIL if gives_up else choice.decision,
        reason_code=choice.code.value,
        samples=list(choice.samples),
        **({"attempt": attempt} if choice.decision == RETRY else {}),
        **({"why": choice.why} if choice.why else {}),
    )
    match choice.decision:
        case "skip":
            draft.put(running)
            end(draft, running, TaskStatus.COMPLETED, choice.code, decision=SKIP, action_required=False)
        case "fail":
            draft.put(running)
            end(draft, running, TaskStatus.FAILED, choice.code, decision=FAIL, error=choice.error or choice.code)
        case "retry" if gives_up:
            draft.put(running)
            end(draft, running, TaskStatus.FAILED, choice.code, decision=FAIL, error=Code.EXECUTION_FAILED)
        case "retry":
            draft.put(replace(running, attempt=attempt, retry_at=now + RETRY_EVERY))
            draft.wake(now + RETRY_EVERY)
        case _:
            meter = draft.state.site.zones[task.zone].meter
            reading = None if meter is None else draft.read(meter)
            walk.enter(
                draft,
                replace(
                    running,
                    retry_at=None,
                    # A retry was decided after the task had begun: its first order has deadlines of its own.
                    expires=task.expires if task.attempt == 0 else now + RETRY_EVERY,
                    meter_at_start=reading.value if isinstance(reading, Reading) else None,
                ),
                table,
                table[0].name,
            )


def _contract(draft: Draft, task: Task, table: Table) -> Need | None:
    """The decisions that stand before the workflow's own; None when it may speak."""
    payload = task.payload
    key = payload.get("schedule_key")
    others = [other for other in draft.tasks() if other.status is TaskStatus.RUNNING and other.task_id != task.task_id]
    if key is not None and any(other.payload.get("schedule_key") == key for other in others):
        return Need(SKIP, Code.ALREADY_RUNNING)
    parts = {name for stage in table for name in stage.opens}
    for name in sorted(parts):
        if draft.held(f"lockout:{name}"):
            return Need(SKIP, Code.SAFETY_BLOCKED, why=f"{name} is locked out until its alarm is acknowledged")
    if payload.get("force_skip") is True:
        return Need(SKIP, not_required(task.task_type))
    if payload.get("action_required") is False:
        return Need(SKIP, not_required(task.task_type))
    return None
