"""How many litres a fill has let in, over whatever it was broken off for. What nobody knows is nothing."""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules import preparing
from edgectl.engine.workflows.stage import Stage
from edgectl.model.channel import Reading
from edgectl.model.site import Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND


def credit(draft: Draft, task: Task, stage: Stage) -> Task:
    """Enter what this visit of the stage let in, in the decision that leaves it."""
    zone = draft.state.site.zones[task.zone]
    if zone.chemistry is None or not zone.chemistry.acid_per_litre or not _fills_the_solution(zone, stage):
        return task
    by_time = _by_time(draft, zone, task)
    counted, task = _by_counter(draft, task, stage)
    known = [litres for litres in (by_time, counted) if litres is not None]
    preparing.fill_ended(draft, zone, min(known, default=0.0))
    return task


def begin_anew(task: Task) -> Task:
    """What is full has used up its time and its litres: when it is filled another time, that is another fill."""
    mine = {task.stage, *(f"{task.stage} {word}" for word in ("ml", "from ml", "let in ml", "entered ml"))}
    return replace(task, spent={name: value for name, value in task.spent.items() if name not in mine})


def count_from(draft: Draft, task: Task, stage: Stage, *, again: bool) -> Task:
    """Where the counter of a fill stands. Until the tank is full its retries and restarts share the litres; what went
    through the counter while another stage held was not for this tank."""
    key, left = f"{stage.name} from ml", f"{stage.name} let in ml"
    reading, before_ml = draft.read(stage.metered or ""), task.spent.get(left, 0) if again else 0
    if again and (left not in task.spent or not isinstance(reading, Reading)):
        return task
    spent = {name: value for name, value in task.spent.items() if name not in (key, left)}
    if isinstance(reading, Reading):
        spent[key] = round(reading.value * 1000) - before_ml
    return replace(task, spent=spent)


def let_in(draft: Draft, task: Task, stage: Stage) -> Task:
    """What a fill that is left has let in, for the case that it is come back to."""
    begun, reading = task.spent.get(f"{stage.name} from ml"), draft.read(stage.metered) if stage.metered else None
    if begun is None or not isinstance(reading, Reading):
        return task
    return replace(task, spent={**task.spent, f"{stage.name} let in ml": round(reading.value * 1000) - begun})


def _fills_the_solution(zone: Zone, stage: Stage) -> bool:
    assert zone.circuit is not None
    into = ("solution_fill",) if zone.circuit.clean is not None else ("clean_fill", "refill")
    return stage.name in into


def _by_time(draft: Draft, zone: Zone, task: Task) -> float | None:
    """By the commissioned rate, for as long as this visit held."""
    rate = zone.fills_l_min
    return None if rate is None else rate * (draft.now.mono - task.stage_since) / (60 * SECOND)


def _by_counter(draft: Draft, task: Task, stage: Stage) -> tuple[float | None, Task]:
    """By the counter, without what was entered before."""
    begun, reading = task.spent.get(f"{stage.name} from ml"), draft.read(stage.metered) if stage.metered else None
    if begun is None or not isinstance(reading, Reading):
        return None, task
    key, whole_ml = f"{stage.name} entered ml", round(reading.value * 1000) - begun
    before_ml = task.spent.get(key, 0)
    return (whole_ml - before_ml) / 1000, replace(task, spent={**task.spent, key: whole_ml})
