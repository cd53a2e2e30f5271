"""Zones that wait for one pump: it is handed on while it runs, where its site file says so.

A pulse that runs is never renewed. So the order of the first zone is made long enough, as it leaves, for those that
wait already; the next valve is seen open, and has had its travel, before the last one closes; and whoever takes the
pump over gets what is left of that order. Whatever does not fit, or is refused, stops and starts as ever.
"""

from collections.abc import Callable

from edgectl.engine.draft import Draft
from edgectl.engine.rules import groups, litres
from edgectl.engine.rules.guards import veto_start
from edgectl.engine.rules.paths import is_open
from edgectl.engine.workflows import meter, times
from edgectl.engine.workflows.stage import Elapsed, Stage, Table
from edgectl.model.changed import replace
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.site import Role, Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos

ORDERED: Nanos = 2 * SECOND  # until a valve that was ordered open has been seen so
Name = Callable[[Task, Stage, str], str]


def beyond(draft: Draft, task: Task, stage: Stage, tables: Callable[[Site, Task], Table]) -> Nanos:
    """How much longer than its own run the orders of this one last, for those that wait for its pump now."""
    pump, site = _pump(draft, stage), draft.state.site
    if pump is None or not _plain(stage) or behind(draft, task, stage):
        return 0  # whoever begins behind a run gets what is left of its order, or a run of its own after the rest
    limits = [site.actuators[name].max_on for name in stage.opens]
    limits += [litres.leaves(draft, site.actuators[name]) for name in stage.opens]
    room = min((limit for limit in limits if limit is not None), default=0) - times.ceiling(site, stage)
    extra: Nanos = 0
    for other in draft.tasks():
        follows = _follows(draft, task, stage, other, tables)
        if follows is not None and extra + _needs(site, follows) <= room:
            extra += _needs(site, follows)
    return extra


def may_follow(draft: Draft, task: Task, table: Table, held: list[str], tables: Callable[[Site, Task], Table]) -> bool:
    """May a task that waits open its way already? Its pump is nearly free, and is the only thing that it waits for."""
    if len(held) != 1 or not table:
        return False
    output = draft.output(held[0])
    leader = next((one for one in draft.tasks() if output is not None and one.task_id == output.task_id), None)
    if leader is None or leader.status is not TaskStatus.RUNNING or leader.phase != "hold":
        return False
    first = draft.state.tables.get(leader.task_id) or tables(draft.state.site, leader)
    stage = next((one for one in first if one.name == leader.stage), None)
    if stage is None or leader.stopping or not _plain(stage) or _pump(draft, stage) != held[0]:
        return False  # how long a run by litres takes nobody knows
    if _followed(draft, leader, held[0], tables):
        return False
    follows, ends = _follows(draft, leader, stage, task, tables), _ends(leader, stage)
    if follows is None or _left(draft, held[0]) < max(0, ends - draft.now.mono) + _needs(draft.state.site, follows):
        return False
    opens_at = ends - _travel(draft.state.site, follows) - ORDERED
    draft.wake(opens_at)
    if draft.now.mono < opens_at:
        return False
    ways = [name for name in follows.opens if name != held[0]]
    lease = _way_lease(draft, follows, held[0])
    return not any(veto_start(draft, draft.state.site.actuators[name], lease) for name in ways)


def _followed(draft: Draft, leader: Task, pump: str, tables: Callable[[Site, Task], Table]) -> bool:
    """Does somebody stand behind it already? Only one can take the pump over: a second open valve would share its water
    for the whole of that run."""
    return any(
        pump in row.parts
        for other in draft.tasks()
        if other.status is TaskStatus.RUNNING and other.task_id != leader.task_id
        for row in draft.state.tables.get(other.task_id) or tables(draft.state.site, other)
    )


def waits(draft: Draft, task: Task, pump: str) -> bool:
    """Is the pump still in the hands of the run before? Then this one stands behind open valves for a moment."""
    output = draft.output(pump)
    return output is not None and output.owed_off and output.task_id not in (None, task.task_id)


def behind(draft: Draft, task: Task, stage: Stage) -> str | None:
    """The pump of a stage, as long as the run before has it; None where it has to be started."""
    pump = _pump(draft, stage)
    return pump if pump is not None and waits(draft, task, pump) else None


def comes_later(draft: Draft, task: Task, stage: Stage) -> bool:
    """Is another running task at the pump of a stage, which this one would begin? Whoever left its run on the way, for
    water or for its solution, finds who stood behind it in its place, and waits with everything shut: behind two open
    valves each has half of the water."""
    pump = _pump(draft, stage)
    later = pump is not None and any(
        _is_at(draft, other, pump) for other in draft.tasks() if other.task_id != task.task_id
    )
    if later:
        draft.wake(draft.now.mono + SECOND)
    return later


def _is_at(draft: Draft, task: Task, pump: str) -> bool:
    """Has it begun a stage with this pump, and not seen everything shut since?"""
    table = draft.state.tables.get(task.task_id, ())
    stage = next((one for one in table if one.name == task.stage), None)
    if task.status is not TaskStatus.RUNNING or stage is None or pump not in stage.opens:
        return False
    return task.phase in ("open", "hold") or any(output.task_id == task.task_id for output in draft.owed())


def way_lease(draft: Draft, task: Task, stage: Stage, usual: Nanos) -> Nanos:
    """A valve that is opened for a pump which runs already stays open for as long as the order of that pump lasts."""
    pump = behind(draft, task, stage)
    return usual if pump is None else max(usual, _way_lease(draft, stage, pump))


def patience(draft: Draft, task: Task, stage: Stage) -> Nanos:
    """How much longer a run may take that begins behind the one before it: should the pump stop after all, it rests."""
    pump = behind(draft, task, stage)
    if pump is None:
        return 0
    actuator = draft.state.site.actuators[pump]
    return _travel(draft.state.site, stage) + ORDERED + actuator.min_off + actuator.run_down


def hand_on(draft: Draft, leader: Task, stage: Stage, cmd_id: Name, row: Callable[[Task], Stage | None]) -> None:
    """The run is over: whoever stands ready behind open valves gets the pump as it is, if it might start now."""
    pump = _pump(draft, stage)
    if not draft.state.storage_ok or draft.held(f"lockout:{pump}"):
        return
    output = None if pump is None else draft.output(pump)
    order = None if output is None else draft.command(output.cmd_id)
    if pump is None or output is None or order is None or output.closing is not None or order.task_id != leader.task_id:
        return
    for task in draft.tasks():
        follows = row(task) if task.status is TaskStatus.RUNNING and task.phase == "open" else None
        if follows is None or task.stopping or task.zone == leader.zone or _pump(draft, follows) != pump:
            continue
        if _stands_open(draft, task, follows, pump, cmd_id) and _left(draft, pump) >= follows.limit + SECOND:
            _give(draft, leader, task, order, cmd_id(task, follows, pump), follows)
            return


def _give(draft: Draft, leader: Task, task: Task, order: Command, cmd_id: str, stage: Stage) -> None:
    now, output = draft.now.mono, draft.output(order.actuator)
    assert output is not None
    left = _left(draft, order.actuator)
    draft.put(
        Command(
            cmd_id=cmd_id,
            task_id=task.task_id,
            zone=task.zone,
            stage=stage.name,
            actuator=order.actuator,
            order=Order.ON,
            lease=left,
            queued_at=now,
            not_after=now,
            epoch=order.epoch,
            state=CommandState.ACK,
            sent_at=now,
            ack_at=now,
            seen_at=now,
            running_since=order.moves_since,
            evidence=f"taken over from {order.cmd_id}",
        )
    )
    draft.put(replace(output, cmd_id=cmd_id, task_id=task.task_id, zone=task.zone))
    draft.end_command(order, CommandState.DONE, f"handed on to {cmd_id}")
    meter.passes_on(draft, leader, task)
    draft.note(
        "PUMP_HANDED_ON",
        task_id=task.task_id,
        zone=task.zone,
        actuator=order.actuator,
        cmd_id=cmd_id,
        before=leader.task_id,
        lease_s=round(left / SECOND, 1),
    )


def _follows(
    draft: Draft, leader: Task, stage: Stage, other: Task, tables: Callable[[Site, Task], Table]
) -> Stage | None:
    """The run of a task that could take the pump over from this one; None when it could not."""
    if other.status is not TaskStatus.ACCEPTED or other.zone == leader.zone or other.enqueued:
        return None
    table = tables(draft.state.site, other)
    if not table or not _plain(table[0]) or _pump(draft, table[0]) != _pump(draft, stage):
        return None
    follows = table[0]
    pump = follows.opens[-1]
    mine, theirs = set(stage.opens) - {pump}, set(follows.opens) - {pump}
    apart = any(mine & lock and theirs & lock for lock in draft.state.site.never_together)
    if mine & theirs or apart or groups.full(draft, theirs, mine):
        return None
    return follows


def _plain(stage: Stage) -> bool:
    """Timed, with valves of its own and a pump: how long it takes is known, and nobody else decides on it."""
    return isinstance(stage.until, Elapsed) and not stage.turns and len(stage.opens) > 1 and not stage.corrects


def _pump(draft: Draft, stage: Stage) -> str | None:
    last = stage.opens[-1] if stage.opens else None
    actuator = None if last is None else draft.state.site.actuators[last]
    return last if actuator is not None and actuator.role is Role.PUMP and actuator.hands_on else None


def _stands_open(draft: Draft, task: Task, stage: Stage, pump: str, cmd_id: Name) -> bool:
    for name in stage.opens:
        if name == pump:
            continue
        order, output = draft.command(cmd_id(task, stage, name)), draft.output(name)
        if order is None or output is None or output.cmd_id != order.cmd_id or not is_open(output):
            return False  # somebody has closed it since: its order alone does not know that yet
        if order.terminal or order.seen_at is None or order.ack_at is None:
            return False
        if draft.now.mono < order.ack_at + draft.state.site.actuators[name].travel:
            return False
        if order.lease is None or order.ack_at + order.lease < draft.now.mono + _left(draft, pump):
            return False
    return True


def _left(draft: Draft, pump: str) -> Nanos:
    """How much longer the order of a pump that runs lasts."""
    output = draft.output(pump)
    order = (
        None if output is None or not output.owed_off or output.closing is not None else draft.command(output.cmd_id)
    )
    if order is None or order.ack_at is None or order.lease is None:
        return 0
    return order.ack_at + order.lease - draft.now.mono


def _way_lease(draft: Draft, stage: Stage, pump: str) -> Nanos:
    """Longer than the order of the pump, and long enough for a run that begins anew after a rest for which no valve is
    closed."""
    actuator, usual = draft.state.site.actuators[pump], times.ceiling(draft.state.site, stage)
    anew = usual + 2 * (_travel(draft.state.site, stage) + ORDERED)
    return max(anew, _left(draft, pump) + actuator.run_down + times.SLACK)


def _ends(leader: Task, stage: Stage) -> Nanos:
    assert isinstance(stage.until, Elapsed)
    return leader.stage_since + max(0, stage.until.after - leader.held)


def _needs(site: Site, stage: Stage) -> Nanos:
    return _travel(site, stage) + ORDERED + stage.limit


def _travel(site: Site, stage: Stage) -> Nanos:
    return max(site.actuators[name].travel for name in stage.opens)
