"""What a run did not give the plants: the waterings that were wanted and did not take place, zone by zone.

A house that keeps every promise of safety may keep its plants dry. Whoever reads the report has to see both.
"""

from collections import Counter

from edgectl.model.codes import Code
from edgectl.model.task import Task, TaskStatus
from edgectl.simulate.world import World

DRY = frozenset({Code.SAFETY_BLOCKED.value})  # a task that ends so is completed, and no water has moved


def unwatered(world: World) -> list[str]:
    """A sentence for each zone that was not watered when it should have been, with the reasons."""
    tasks = [value for value in world.journal.values.values() if isinstance(value, Task) and value.terminal]
    found: list[str] = []
    for zone in world.site.zones:
        runs = [task for task in tasks if task.zone == zone and task.task_type == "irrigation"]
        missed = Counter(_reason(task) for task in runs if _is_missed(task))
        if missed:
            why = ", ".join(f"{reason} {n}" for reason, n in missed.most_common())
            found.append(f"{zone} was not watered in {missed.total()} of {len(runs)} runs: {why}")
    return found


def _is_missed(task: Task) -> bool:
    return task.status is not TaskStatus.COMPLETED or _reason(task) in DRY


def _reason(task: Task) -> str:
    return task.status.value if task.outcome is None else task.outcome.reason_code
