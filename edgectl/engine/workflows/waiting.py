"""Why a task has not begun: which part it waited for, who had that, or whose word was missing.

Written down when its time is over, and not before: a healthy queue leaves no lines.
"""

from collections.abc import Iterator

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import NO_YES
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import OWN, keeps_waiting, mode_of
from edgectl.engine.rules.power_return import returns_at
from edgectl.engine.workflows.catalogue import crowded, resting, table_of, taken
from edgectl.model.inputs import Mode, Restraint
from edgectl.model.task import Task, TaskStatus, Veto
from edgectl.model.time import SECOND


def reasons(draft: Draft, task: Task) -> tuple[Veto, ...]:
    """Everything that this task waits for now."""
    return (*people(draft, task), *_parts(draft, task))


def people(draft: Draft, task: Task) -> Iterator[Veto]:
    """Restraints, mode and journal. What a person submitted, or released, needs nobody else's leave."""
    kept = keeps_waiting(draft, task.zone, task.task_type)
    if kept is not None and not (kept == Restraint.HOLD and task.source not in OWN):
        yield Veto(rule="restraint", actuator=task.zone, why=f"{task.zone} waits: {kept.replace('_', ' ')}")
    mode = mode_of(draft, task.zone)
    if task.source == "schedule" and not task.approved and mode is not Mode.AUTO:
        yield Veto(rule=NO_YES, actuator=task.zone, why=f"{task.zone} is in {mode.value} mode, and nobody released it")
    if not draft.state.storage_ok:
        yield Veto(rule="storage", actuator=task.zone, why="the journal took no entries")


def _parts(draft: Draft, task: Task) -> Iterator[Veto]:
    for other in draft.tasks():
        if other.status is TaskStatus.RUNNING and (other.zone, other.task_type) == (task.zone, task.task_type):
            yield Veto(rule="in_use", actuator=task.zone, why=f"{task.zone} was busy with {_told(other)}")
            return
    table, holders = table_of(draft.state.site, task), taken(draft)
    parts = sorted({name for stage in table for name in stage.parts})
    for name in parts:
        if why := _holder(draft, task, name, holders.get(name)):
            yield Veto(rule="in_use", actuator=name, why=f"{name} was in use by {why}")
        elif (at := returns_at(draft, draft.state.site.actuators[name])) > draft.now.mono:
            left = (at - draft.now.mono) / SECOND
            yield Veto(rule="power_return", actuator=name, why=f"{name} has its turn after the start in {left:.0f} s")
    for name in resting(draft, task, table):
        rests_s = (rests_until(draft, draft.state.site.actuators[name]) - draft.now.mono) / SECOND
        yield Veto(rule="min_off", actuator=name, why=f"{name} rests for another {rests_s:.0f} s")
    for why in crowded(draft, task, table):
        yield Veto(rule="max_open", actuator=task.zone, why=why)


def _holder(draft: Draft, task: Task, name: str, holder: str | None) -> str:
    """Who has a part of this task; empty when nobody has it."""
    if holder is not None and holder != task.task_id:
        return _told(draft.task(holder))
    output = draft.output(name)
    if output is None or not output.owed_off:
        return ""
    if output.closing is not None:
        return "its last run: it has not been seen off since"
    command = draft.command(output.cmd_id)
    return "a person" if command is None or command.stage == "manual" else command.stage


def _told(task: Task) -> str:
    return f"{task.task_type} of {task.zone} ({task.task_id})"
