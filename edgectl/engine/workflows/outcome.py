"""How a task ends, told by its commands and meters: what was confirmed, what was moved, and how much of it.

Nothing here decides; the words are those of the task contract.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import end
from edgectl.engine.workflows.stage import Table
from edgectl.model.changed import replace
from edgectl.model.channel import Reading
from edgectl.model.codes import Code
from edgectl.model.command import NEVER_LEFT, Command, CommandState
from edgectl.model.site import Role
from edgectl.model.task import Outcome, PhysicalEffect, Task, TaskStatus
from edgectl.model.time import SECOND

MOVERS = frozenset({Role.PUMP, Role.DOSING, Role.FOG, Role.HEATER})


def complete(draft: Draft, task: Task, table: Table, code: Code) -> None:
    """The last stage was left by a good exit. Without DONE for every order that is no success all the same."""
    commands = draft.commands(task.task_id)
    if not commands:
        end(draft, task, TaskStatus.COMPLETED, code, decision="skip", action_required=False)
        return
    if not all(command.state is CommandState.DONE for command in commands if counts(task, command)):
        fail(draft, task, table, Code.NOT_CONFIRMED)
        return
    end(draft, task, TaskStatus.COMPLETED, code, decision="run", outcome=told(draft, task, table, code, None))
    for command in commands:
        trips = draft.latch(f"trips:{command.actuator}")
        if trips is not None and trips.count:
            draft.put(replace(trips, count=0, since=draft.now.wall, why="water moved again"))


def fail(draft: Draft, task: Task, table: Table, code: Code, error: Code | None = None) -> None:
    """The task could not be carried out to its end."""
    outcome = told(draft, task, table, code, error or code)
    end(draft, task, TaskStatus.FAILED, code, decision="fail", outcome=outcome)


def told(draft: Draft, task: Task, table: Table, code: Code, error: Code | None) -> Outcome:
    """The outcome as journal and meters know it now."""
    commands = draft.commands(task.task_id)
    effect, amounts, stopped = PhysicalEffect.NONE, dict[str, float](), 0
    for command in commands:
        if not moves(draft, table, command):
            continue
        if command.ack_at is None:
            if command.state is not CommandState.SEND_FAILED:
                effect = PhysicalEffect.UNKNOWN
            continue
        if effect is PhysicalEffect.NONE:
            effect = PhysicalEffect.PARTIAL if error is not None else PhysicalEffect.FULL
            if command.state is CommandState.NO_EFFECT:
                effect = PhysicalEffect.UNKNOWN  # nobody has seen it on; only the meter may know better
        output = draft.output(command.actuator)
        closing = output.closing if output is not None and output.cmd_id == command.cmd_id else command.ended_at
        if closing is not None:
            stopped = max(stopped, closing)
            spent_s = max(0, closing - command.ack_at) / SECOND
            key = f"{command.actuator}_s"
            amounts[key] = round(amounts.get(key, 0.0) + spent_s, 1)
    meter = draft.state.site.zones[task.zone].meter
    if meter is not None and task.meter_at_start is not None:
        reading = draft.read(meter)
        shown = reading.value if isinstance(reading, Reading) and task.meter_at_end is None else task.meter_at_end
        if isinstance(reading, Reading) and shown is not None and shown >= task.meter_at_start:
            amounts[f"{meter}_l"] = round(shown - task.meter_at_start, 3)
            moved = shown > task.meter_at_start
            if effect is PhysicalEffect.UNKNOWN and moved and _pumps_alone(draft, table):
                effect = PhysicalEffect.PARTIAL
            unmoved = shown == task.meter_at_start and reading.at > stopped and task.meter_at_end is None
            if error is not None and unmoved and _pumps_alone(draft, table):
                effect = PhysicalEffect.NONE  # the pump turned, and the meter, read after it, says nothing came of it
    return Outcome(
        success=error is None,
        action_required=True,
        decision="run" if error is None else "fail",
        reason_code=code.value,
        error_code=None if error is None else error.value,
        physical_effect=effect,
        effect_amounts=amounts,
        commands_total=len(commands),
        commands_submitted=sum(command.state not in NEVER_LEFT for command in commands),
        commands_failed=sum(command.terminal and command.state is not CommandState.DONE for command in commands),
        commands_effect_confirmed=sum(command.state is CommandState.DONE for command in commands),
    )


def counts(task: Task, command: Command) -> bool:
    """Must this order be DONE for the task to succeed? A dose need not: whatever became of it, it counts as given, and
    the probes tell the rest. Nor must an order that a restart cut off in a stage that was resumed since."""
    return command.stage != "dose" and command.cmd_id not in task.interrupted


def moves(draft: Draft, table: Table, command: Command) -> bool:
    """True when this order itself brings something about: a pump does, a valve only where no pump follows it."""
    role = draft.state.site.actuators[command.actuator].role
    if role is not Role.VALVE:
        return role in MOVERS
    opens = next((stage.opens for stage in table if stage.name == command.stage), ())
    return not any(draft.state.site.actuators[name].role is Role.PUMP for name in opens)


def _pumps_alone(draft: Draft, table: Table) -> bool:
    """Does all that moves go through the pump, and so through its meter?"""
    actuators = draft.state.site.actuators
    return all(any(actuators[name].role is Role.PUMP for name in stage.opens) for stage in table if stage.opens)
