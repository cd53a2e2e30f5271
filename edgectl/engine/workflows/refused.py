"""Work that was accepted and cannot be done with what the zone has: the site file is not the one it was meant for."""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.model.codes import Code
from edgectl.model.task import Task, TaskStatus


def refuse(draft: Draft, task: Task, why: str, error: Code) -> None:
    """End the task before anything is begun, and call a person: the next run of it would fare no better."""
    draft.note("TASK_REFUSED", task_id=task.task_id, zone=task.zone, why=why)
    draft.alert(
        "biz_config_error",
        task.zone,
        f"{task.task_type} of {task.zone} cannot be done: {why}",
        "name the part in the section of the zone and restart, or take the task out of the schedules",
    )
    end(draft, task, TaskStatus.FAILED, Code.UNSUPPORTED, decision="fail", error=error)


def accepted_again(draft: Draft, task: Task) -> None:
    """The zone has what this task needs."""
    draft.calm("biz_config_error", task.zone)
