"""Run, skip, retry or fail: the decision before the first order, in the order that the task contract fixes.

Safety speaks before wishes, wishes before the workflow's own need. Each decision is one line of the timeline with the
samples it was made on.
"""

from collections.abc import Callable, Collection

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.workflows import hours
from edgectl.engine.workflows.need import FAIL, RETRY, RUN, SKIP, WAIT, Need
from edgectl.model.changed import replace
from edgectl.model.codes import Code, not_required, required
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND

RETRY_EVERY = 60 * SECOND
ATTEMPTS = 10


# What a workflow finds needless. Everything else that it says is about what is possible, and nobody overrules that.
NEEDLESS = frozenset(
    {
        Code.IRRIGATION_NOT_REQUIRED,
        Code.LIGHTING_ALREADY,
        Code.OUTSIDE_TEMP_BLOCKED,
        Code.TANK_REFILL_NOT_REQUIRED,
        Code.TARGET_ALREADY_MET,
    }
)


def begin(draft: Draft, task: Task, parts: Collection[str], need: Need, go: Callable[[Task], None]) -> None:
    """Carry the decision out: `go` is how the work begins; otherwise it is a later attempt, or the end. `parts` are the
    outputs without which it cannot be done."""
    now = draft.now.mono
    choice = _contract(draft, task, parts) or need
    insists = task.payload.get("force_execute") is True or task.payload.get("action_required") is True
    if choice is need and need.decision == SKIP and need.code in NEEDLESS and insists:
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
        task_type=task.task_type,
        action_required=choice.decision != SKIP,
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
            error = choice.error or Code.EXECUTION_FAILED
            end(draft, running, TaskStatus.FAILED, choice.code, decision=FAIL, error=error)
        case "retry":
            draft.put(replace(running, attempt=attempt, retry_at=now + RETRY_EVERY, waits_for=choice.code.value))
            draft.wake(now + RETRY_EVERY)
        case _:
            started = replace(
                running,
                retry_at=None,
                waits_for="",
                run_mode=choice.run_mode,
                # A retry was decided after the task had begun: its first order has deadlines of its own.
                expires=task.expires if task.attempt == 0 else now + RETRY_EVERY,
            )
            draft.put(started)
            go(started)


def _contract(draft: Draft, task: Task, parts: Collection[str]) -> Need | None:
    """The decisions that stand before the workflow's own; None when it may speak."""
    payload = task.payload
    key = _key(task)
    twins = [draft.task(name) for name in _keyed(draft).get(key or "", ()) if name != task.task_id]
    if any(twin.status is TaskStatus.RUNNING for twin in twins):
        return Need(SKIP, Code.ALREADY_RUNNING)
    if hours.outside(draft, task):
        return Need(SKIP, Code.OUTSIDE_WINDOW)
    for name in sorted(parts):
        if draft.held(f"lockout:{name}"):
            return Need(SKIP, Code.SAFETY_BLOCKED, why=f"{name} is locked out until its alarm is acknowledged")
    if payload.get("force_skip") is True:
        return Need(SKIP, not_required(task.task_type))
    if payload.get("action_required") is False and payload.get("force_execute") is not True:
        return Need(SKIP, not_required(task.task_type))
    return None


def _keyed(draft: Draft) -> dict[str, list[str]]:
    """The open tasks by what may run once at a time. Worked out once, until a task is new."""
    if draft.keyed is None:
        draft.keyed = {}
        for task in draft.tasks():
            if (key := _key(task)) is not None:
                draft.keyed.setdefault(key, []).append(task.task_id)
    return draft.keyed


def _key(task: Task) -> str | None:
    """What may run once at a time: the key that a caller gave, or the schedule itself."""
    return task.payload.get("schedule_key") or task.schedule
