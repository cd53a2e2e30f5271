"""What a task had brought about when the controller ended: counters and journal speak, nobody guesses."""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Reading
from edgectl.model.command import Command, Order
from edgectl.model.site import Role, Zone
from edgectl.model.task import PhysicalEffect, Task
from edgectl.model.time import SECOND

SMALLEST_ML = 0.01


def what_happened(draft: Draft, task: Task) -> tuple[PhysicalEffect, dict[str, float]]:
    """The device's own counter speaks first; without it only the journal is left, and it knows less."""
    site = draft.state.site
    zone = site.zones[task.zone]
    commands = draft.commands(task.task_id)
    amounts: dict[str, float] = {}
    found = {_told(c) for c in commands if c.actuator != zone.pump and _moves_alone(draft, zone, c, commands)}
    counted = {c.cmd_id: ml for c in commands if (ml := _counted_ml(draft, c)) is not None}
    if counted:
        # The pump has counted by itself: what it says stands in the place of what the journal can only guess.
        others = (c for c in commands if c.cmd_id not in counted and c.actuator != zone.pump)
        found = {_told(c) for c in others if _moves_alone(draft, zone, c, commands)}
        found |= {PhysicalEffect.PARTIAL if ml > SMALLEST_ML else PhysicalEffect.NONE for ml in counted.values()}
    for command in commands:
        doser = site.actuators[command.actuator].doser
        if doser is not None and command.lease is not None and _told(command) is not PhysicalEffect.NONE:
            # At most: it may have been cut short, and whoever doses next had better believe that it was not.
            key, ml = f"{command.actuator}_ml", command.lease / SECOND * doser.ml_per_s
            amounts[key] = round(amounts.get(key, 0.0) + counted.get(command.cmd_id, ml), 3)
    reading = None if zone.meter is None or task.meter_at_start is None else draft.read(zone.meter)
    if isinstance(reading, Reading) and task.meter_at_start is not None and reading.value >= task.meter_at_start:
        moved = _passed(task, reading.value, [c for c in commands if c.actuator == zone.pump])
        found.add(PhysicalEffect.PARTIAL if moved > 0 else PhysicalEffect.NONE)
        amounts[f"{zone.meter}_l"] = round(moved, 3)
    else:
        found |= {_told(command) for command in commands if command.actuator == zone.pump}
    for effect in (PhysicalEffect.PARTIAL, PhysicalEffect.UNKNOWN):
        if effect in found:
            return effect, amounts
    return PhysicalEffect.NONE, amounts


def _passed(task: Task, shown: float, pumped: list[Command]) -> float:
    """What went through the meter for this task: before it has the pump, and after it handed it on, nothing."""
    if task.meter_at_start is None or not pumped:
        return 0.0
    return max(0.0, (shown if task.meter_at_end is None else task.meter_at_end) - task.meter_at_start)


def counter_of(draft: Draft, command: Command) -> str | None:
    """The counter that can tell what became of a dose that was under way; None for every other order."""
    doser = draft.state.site.actuators[command.actuator].doser
    open_ = not command.terminal and command.counted_before is not None
    return doser.total if doser is not None and open_ else None


def _counted_ml(draft: Draft, command: Command) -> float | None:
    """Millilitres of one dose by the pump's own counter. One that fell has been without power, and knows nothing."""
    total = counter_of(draft, command)
    reading = None if total is None else draft.read(total)
    if not isinstance(reading, Reading) or command.counted_before is None or reading.value < command.counted_before:
        return None
    return reading.value - command.counted_before


def _told(command: Command) -> PhysicalEffect:
    """What one order did, as far as its own states tell. One that was never answered may have left all the same: the
    last life may have ended between the bytes and the line that says so."""
    if command.order is not Order.ON:
        return PhysicalEffect.NONE
    return PhysicalEffect.UNKNOWN if command.ack_at is None else PhysicalEffect.PARTIAL


def _moves_alone(draft: Draft, zone: Zone, command: Command, all_: list[Command]) -> bool:
    """Does this part bring something about without the pump? Of the valves only those to the mains and the drain, or of
    a zone that has no pump: behind the others no water moves before the pump has been ordered too."""
    actuators = draft.state.site.actuators
    if actuators[command.actuator].role is not Role.VALVE:
        return True
    circuit = zone.circuit
    if zone.pump is not None and (circuit is None or command.actuator not in (circuit.fill, circuit.drain)):
        return False
    return not any(c.stage == command.stage and actuators[c.actuator].role is Role.PUMP for c in all_)
