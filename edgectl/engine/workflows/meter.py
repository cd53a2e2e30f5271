"""Which litres of its zone's meter are a task's own.

Two rules. Only a task that runs the pump of its zone has any, and they count from the instant at which that pump is its
own: what went by before was for somebody else, whoever stood behind an open valve. And where the meter cannot be read
at such an instant, nobody names litres.
"""

from edgectl.engine.draft import Draft
from edgectl.model.changed import replace
from edgectl.model.channel import Reading
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.time import Nanos


def shown(draft: Draft, task: Task) -> float | None:
    """What the meter of its zone shows, in litres; None where there is none, or it cannot be believed."""
    meter = draft.state.site.zones[task.zone].meter
    reading = None if meter is None else draft.read(meter)
    return reading.value if isinstance(reading, Reading) else None


def passes_on(draft: Draft, leader: Task, task: Task) -> None:
    """What the meter shows now ends the litres of the one and begins those of the other."""
    _is_over(draft, leader)
    draft.put(replace(draft.task(task.task_id), meter_at_start=shown(draft, task)))


def _is_over(draft: Draft, leader: Task) -> None:
    now = shown(draft, leader)
    began = None if now is None else leader.meter_at_start
    draft.put(replace(draft.task(leader.task_id), meter_at_start=began, meter_at_end=now))


def pump_is_its_own(draft: Draft, task: Task, pump: str, before: Output | None) -> None:
    """The pump was ordered by a task after somebody else's run, which may still wait for its valve, or for water: that
    has had its litres all the same. Whoever stood behind it until now has had none."""
    owner = None if before is None else before.task_id
    leader = next((one for one in draft.tasks() if one.task_id == owner and one.task_id != task.task_id), None)
    if leader is not None and leader.meter_at_end is None:
        _is_over(draft, leader)
    orders = sum(command.actuator == pump for command in draft.commands(task.task_id))
    if orders == 1 and task.meter_at_start is None:
        draft.put(replace(draft.task(task.task_id), meter_at_start=shown(draft, task)))


def keep(draft: Draft, task: Task, *, moved: bool = True) -> Task:
    """What a stage has held and metered, for the case that it is come back to."""
    lasted = draft.now.mono - task.stage_since if moved else 0
    spent = {**task.spent, task.stage: task.held + lasted}
    now = shown(draft, task)
    if now is not None and task.meter_at_start is not None:
        spent[f"{task.stage} ml"] = round((now - task.meter_at_start) * 1000)
    return replace(task, spent=spent)


def come_back(draft: Draft, task: Task, name: str) -> tuple[Task, Nanos]:
    """The task as it comes back to a stage, and how long that has held: what went through the meter meanwhile was not
    for the plants."""
    now, before_ml = shown(draft, task), task.spent.get(f"{name} ml")
    if now is not None and before_ml is not None:
        task = replace(task, meter_at_start=now - before_ml / 1000, meter_at_end=None)
    elif task.meter_at_end is not None:
        task = replace(task, meter_at_start=None, meter_at_end=None)  # somebody else has drawn since
    return task, task.spent[name]
