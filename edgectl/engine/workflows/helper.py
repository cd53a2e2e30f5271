"""One task asks for another: a watering whose pump drew air has its tank filled while it waits.

The helper is a task like any other, with parts and guards of its own. Whoever asked does not hold them meanwhile, so a
watering keeps no mains valve from the tank.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import accept
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos

PATIENCE: Nanos = 15 * SECOND
EXPIRY: Nanos = 105 * SECOND
TYPE = "diagnostics"  # what every workflow on the tanks is asked for by


def ask(draft: Draft, task: Task, workflow: str) -> None:
    """Ask for a workflow of the same zone, unless somebody is at its tanks already."""
    if any(other.zone == task.zone and other.task_type == TYPE and not other.enqueued for other in draft.tasks()):
        return
    now, number = draft.now, draft.state.site.zones[task.zone].number
    asked = accept(
        draft,
        zone=task.zone,
        task_type=TYPE,
        payload={"workflow": workflow},
        source="self",
        correlation_id=f"ae:self:{number}:{TYPE}:{draft.state.seq + len(draft.entries) + 1}",
        scheduled_for=now.wall,
        due_at=now.wall + PATIENCE,
        expires_at=now.wall + PATIENCE + EXPIRY,
        told={"asked_by": task.task_id},
    )
    draft.note("SELF_TASK_ENQUEUED", task_id=asked.task_id, zone=task.zone)
    draft.note("SELF_TASK_DISPATCHED", task_id=asked.task_id, zone=task.zone)
