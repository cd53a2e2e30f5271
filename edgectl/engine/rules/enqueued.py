"""Tasks that were asked for at a later time: journaled when they are asked for, handed over when their time has come.

The patience counts from the hand-over, not from the planned time: a controller that was busy, dead or without a clock
then must not refuse at once what it has kept. The expiry that came with the request binds all the while.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.model.time import MS, SECOND, Nanos, Trust, iso

GRACE: Nanos = 120 * SECOND  # whatever waters before may take its time


def hand_over(draft: Draft) -> None:
    """Hand over what has become due."""
    for task in [task for task in draft.tasks() if task.enqueued]:
        if (wait := _wait(draft, task.scheduled_for)) > 0:
            draft.wake(draft.now.mono + wait)
            continue
        due_at = min(draft.now.wall + GRACE, task.expires_at - MS)
        draft.put(replace(task, enqueued=False, due_at=due_at, due=min(draft.now.mono + GRACE, task.expires - MS)))
        draft.note("SELF_TASK_DISPATCHED", task_id=task.task_id, zone=task.zone, due_at=iso(due_at))


def _wait(draft: Draft, scheduled_for: Nanos) -> Nanos:
    """How long to wait. A clock that cannot be believed is waited for, as the calendar does, and not for ever."""
    now = draft.now
    patience = draft.state.started + draft.state.site.clock_patience - now.mono if now.trust is Trust.UNTRUSTED else 0
    return max(scheduled_for - now.wall, patience)
