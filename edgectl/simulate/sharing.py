"""One pump for many zones: who has its water, and who is told to have had it."""

from collections import Counter
from itertools import pairwise

from edgectl.engine.workflows.convoy import ORDERED
from edgectl.model.command import Command
from edgectl.model.site import Role, Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import OF_CHANNEL
from edgectl.simulate.invariants import Met
from edgectl.simulate.world import World

READ: Nanos = 5 * SECOND  # orders and read-backs of two valves
ROOM_L = 0.05  # what is told is rounded


def broken_sharing(world: World, met: Met) -> list[str]:
    """Every water that two had, or were told to have had, as a sentence."""
    return [*_beside(world, met), *_told(world, met)]


def _beside(world: World, met: Met) -> list[str]:
    """13: while a pump runs for one task, one other task at most has its valves open, and not for long."""
    if world.field.deaf or world.field.met["lost_reply"]:
        return []  # a valve whose OFF was lost is open for longer than anybody meant
    found: list[str] = []
    for pump in sorted({way.pump for zone in world.site.zones.values() for way in zone.ways}):
        found += _beside_pump(world, pump, met)
    return found


def _beside_pump(world: World, pump: str, met: Met) -> list[str]:
    found: list[str] = []
    pushes, longest = _pushes(world.site, pump)
    open_: dict[str, str] = {}  # valve -> the task that opened it
    runs, since = False, None
    for move in world.field.trace:
        if move.name == pump:
            runs = move.on
        elif move.name in pushes:
            command = world.journal.values.get(("Command", move.cmd_id or ""))
            task_id = command.task_id if move.on and isinstance(command, Command) else None
            open_ = {name: who for name, who in open_.items() if name != move.name}
            open_ |= {} if task_id is None else {move.name: task_id}
        tasks = set(open_.values()) if runs else set()
        met["13"] += len(tasks) > 1
        if len(tasks) > 2 or (len(tasks) > 1 and not world.site.actuators[pump].hands_on):
            found.append(f"13: {', '.join(sorted(open_))} were open at {move.at / SECOND:.1f} s, and {pump} ran")
        if since is not None and move.at - since > longest and not _died(world, since, move.at):
            found.append(f"13: two tasks shared the water of {pump} for {(move.at - since) / SECOND:.1f} s")
        since = (move.at if since is None else since) if len(tasks) > 1 else None
    return found


def _died(world: World, since: Nanos, until: Nanos) -> bool:
    """Was there nobody to close anything? What is open then ends by the end that it carries, at the next start, when
    whoever stood still goes on, or when the other of a pair begins to lead: the next life of ours may be far."""
    begun, pairing = [at for at, _ in world.report.lives], world.pairing
    if pairing is not None:
        begun += [*pairing.woke_at, *(reign.at for reign in pairing.reigns)]
    return any(since < at <= until for at in begun)


def _pushes(site: Site, pump: str) -> tuple[set[str], Nanos]:
    """The valves behind a pump, and how long two of them may be open while it changes hands."""
    ways = [way for zone in site.zones.values() for way in zone.ways if way.pump == pump]
    valves = {name for way in ways for name in way.pushes} - {site.bypass_of(pump)}
    travel = max((site.actuators[name].travel for name in valves), default=0)
    return {name for name in valves if name is not None}, travel + ORDERED + READ


def _told(world: World, met: Met) -> list[str]:
    """6: what tasks were told to have had never exceeds what the meter counted: no litre is told to two of them."""
    if _lied(world):
        return []  # a counter that lied may have shown the same litre twice
    spans: dict[str, list[tuple[float, float, str]]] = {}
    ends, told_l = dict[str, float](), dict[str, float]()
    again = _pumped_again(world)
    for task in world.journal.values.values():
        if isinstance(task, Task) and task.outcome is not None and task.meter_at_start is not None:
            meter = world.site.zones[task.zone].meter
            litres = task.outcome.effect_amounts.get(f"{meter}_l", 0.0)
            if litres > ROOM_L:
                span = (task.meter_at_start, task.meter_at_start + litres, task.task_id)
                told_l[str(meter)] = told_l.get(str(meter), 0.0) + litres
                ends[str(meter)] = max(span[1], ends.get(str(meter), 0.0))
                if task.task_id not in again:  # its litres are no span: somebody else may have drawn in between
                    spans.setdefault(str(meter), []).append(span)
    found = [
        f"6: {told_l[meter]:.2f} L of {meter} were told, and it has counted {until:.2f}"
        for meter, until in ends.items()
        if told_l[meter] > until + ROOM_L
    ]
    for meter, told in spans.items():
        told.sort()
        met["6"] += len(told)
        for (_, until, before), (began, _, after) in pairwise(told):
            if began < until - ROOM_L:
                found.append(f"6: {until - began:.2f} L of {meter} were told to {before} and to {after}")
    return found


def _pumped_again(world: World) -> set[str]:
    """The tasks that came back to a run: they have ordered their pump more than once."""
    actuators = world.site.actuators
    orders = Counter(
        (command.task_id, command.actuator)
        for command in world.journal.values.values()
        if isinstance(command, Command) and actuators[command.actuator].role is Role.PUMP
    )
    return {task_id for (task_id, _), count in orders.items() if task_id is not None and count > 1}


def _lied(world: World) -> bool:
    """Has any probe been broken?"""
    broken = world.field.ground.plant.faults
    met = [] if world.mishaps is None else [fault for fault in OF_CHANNEL if world.mishaps.met[fault.value]]
    return bool(met) or any(breakage.fault in OF_CHANNEL for breakage in broken)
