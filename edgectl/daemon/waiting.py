"""Work that was taken on and has not begun: some waits for a person's yes, the rest for its turn. Pure."""

from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import mode_of
from edgectl.engine.workflows.waiting import reasons
from edgectl.model.inputs import Mode
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import iso

View = dict[str, Any]
MOST_ASKED = 20  # what is in the way of a task is looked for among all others


def proposed(draft: Draft) -> list[View]:
    """Tasks that wait for the yes of a person, because their zone only proposes."""
    return [_not_begun(task) for task in draft.tasks() if is_proposed(draft, task)]


def waiting(draft: Draft) -> list[View]:
    """Tasks that were taken on and wait for their turn: they begin by themselves when what is before them has ended.
    `behind` is the rule that is in their way now; of very many that is found for the first ones."""
    queue = [task for task in draft.tasks() if task.status is TaskStatus.ACCEPTED and not task.enqueued]
    queue = [task for task in queue if not is_proposed(draft, task)]
    return [
        {
            **_not_begun(task),
            "who": task.who or None,
            "source": task.source,
            "behind": _behind(draft, task) if place < MOST_ASKED else None,
        }
        for place, task in enumerate(queue)
    ]


def is_proposed(draft: Draft, task: Task) -> bool:
    """Does it wait for a person's yes?"""
    mine = task.status is TaskStatus.ACCEPTED and task.source == "schedule" and not task.approved
    return mine and mode_of(draft, task.zone) is Mode.SEMI


def _behind(draft: Draft, task: Task) -> str | None:
    found = reasons(draft, task)
    return found[0].rule if found else None


def _not_begun(task: Task) -> View:
    return {
        "task_id": task.task_id,
        "zone": task.zone,
        "task_type": task.task_type,
        "schedule": task.schedule,
        "duration_s": task.payload.get("duration_s"),
        "until": iso(task.due_at),
    }
