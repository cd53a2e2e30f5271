"""Tasks that were asked for at a later time: journaled when they are asked for, handed over when their time has come.

Three rules. The wall clock says when that is, as it does for the calendar, and the deadlines are measured from then: a
clock that is set while a task waits moves its time and its deadlines together. And nothing waits for ever: where the
clock was set back by more than a day the time that was asked for belonged to a clock that was wrong, and the time that
has passed since decides. And what comes due under a stop or a lock ends there, like everything that waits for one: the
release starts nothing.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end, expire
from edgectl.engine.rules.latched import keeps_waiting
from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import MS, SECOND, Nanos, Trust, iso

GRACE: Nanos = 120 * SECOND  # whatever waters before may take its time
STOPPED_BY = frozenset({"stop_all", "stop_water", "lock"})  # a hold ends by itself, and is for schedules
SET_BACK: Nanos = 86_400 * SECOND  # more than that is no correction of a clock that was about right


def hand_over(draft: Draft) -> None:
    """Hand over what has become due; what became of no use while nobody could is told instead."""
    for task in [task for task in draft.tasks() if task.enqueued]:
        since = _since(draft, task)
        if (wait := max(-since, _patience(draft, task))) > 0:
            draft.wake(draft.now.mono + wait)
        else:
            _hand_over(draft, task, since)


def lies_ahead(draft: Draft, task: Task) -> bool:
    """Is its time further off than it would wait for its turn? What the house asked of itself goes on with the work
    that put it there, and ends with it."""
    return task.enqueued and task.source != "self" and -_since(draft, task) > task.due_at - task.scheduled_for


def _hand_over(draft: Draft, task: Task, since: Nanos) -> None:
    now = draft.now
    expires = now.mono - since + task.expires_at - task.scheduled_for
    if now.mono > expires:
        expire(draft, task)
        return
    if keeps_waiting(draft, task.zone, task.task_type) in STOPPED_BY:
        end(draft, task, TaskStatus.FAILED, Code.STOPPED, decision="fail", error=Code.STOPPED)
        return
    if task.source != "self":
        due = now.mono - since + task.due_at - task.scheduled_for
        draft.put(replace(task, enqueued=False, due=due, expires=expires))
        return
    # The patience counts from the hand-over, not from the planned time: a controller that was busy, dead or without a
    # clock then must not refuse at once what it has kept.
    due, due_at = min(now.mono + GRACE, expires - MS), min(now.wall + GRACE, task.expires_at - MS)
    draft.put(replace(task, enqueued=False, due_at=due_at, due=due, expires=expires))
    draft.note("SELF_TASK_DISPATCHED", task_id=task.task_id, zone=task.zone, due_at=iso(due_at))


def _since(draft: Draft, task: Task) -> Nanos:
    """For how long its time has come; less than nothing while it has not."""
    by_wall, by_mono = draft.now.wall - task.scheduled_for, draft.now.mono - task.begins
    return by_mono if by_mono - by_wall > SET_BACK else by_wall


def _patience(draft: Draft, task: Task) -> Nanos:
    """How long a clock that cannot be believed is waited for, as the calendar does, and not for ever. Who sends a task
    at its time has a clock of its own, and is not kept waiting by ours."""
    if draft.now.trust is not Trust.UNTRUSTED or task.source != "self":
        return 0
    return draft.state.started + draft.state.site.clock_patience - draft.now.mono
