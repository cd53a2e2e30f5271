"""The one walk through any table of stages: open, hold, close, and on through the exit that was chosen.

Two rules. Valves open before the pump and close after it, whatever the door. And an exit is taken only when everything
that the stage opened has been seen off.
"""

from functools import partial

from edgectl.engine.draft import Draft
from edgectl.engine.rules import floats
from edgectl.engine.rules.flow import is_dry, never_moved, overrun, trip
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_off, switch_on
from edgectl.engine.rules.paths import STOP_ORDER_PATIENCE
from edgectl.engine.rules.stopping import abort, mine, pushes, tell_bond
from edgectl.engine.workflows import convoy, filled, helper, meter, outcome, times, turns
from edgectl.engine.workflows.correction import correct, is_mixed
from edgectl.engine.workflows.sight import Sight, awaits_first_look, met
from edgectl.engine.workflows.stage import Exit, Stage, Table, row
from edgectl.model.changed import replace
from edgectl.model.codes import Code, error_of
from edgectl.model.command import Command, CommandState
from edgectl.model.site import Actuator, Role
from edgectl.model.task import Task
from edgectl.model.time import Nanos

OPEN, HOLD, CLOSE = "open", "hold", "close"
RESTS = "rests"  # no door: the valves close while the pump rests, and the stage begins again


def enter(draft: Draft, task: Task, table: Table, name: str, *, held: Nanos = 0, patience: Nanos = 0) -> Task:
    """Begin a stage, which may have held for a while before a restart, and which may have to wait for its pump behind
    an open valve. Returns the task as it stands then."""
    stage = row(table, name)
    now = draft.now.mono
    again = task.phase != ""
    if stage.keeps_time and name in task.spent and name != task.stage:
        task, held = meter.come_back(draft, task, name)
    entered = replace(
        task,
        stage=name,
        phase=OPEN,
        stage_since=now,
        held=held,
        leaving="",
        cycle=task.cycle + 1 if again else task.cycle,
        beyond=0 if again else task.beyond,
        act_until=now + times.ceiling(draft.state.site, stage) + patience + _rest(draft, stage),
    )
    if stage.metered is not None:
        entered = filled.count_from(draft, entered, stage, again=f"{name} from ml" in task.spent)
    draft.put(entered)
    event, code = stage.entered or ("STAGE_ENTERED", None)
    draft.note(
        event, task_id=task.task_id, zone=task.zone, stage=name, **({} if code is None else {"reason_code": code})
    )
    if stage.asks:
        helper.ask(draft, entered, stage.asks)
    return entered


def progress(draft: Draft, task: Task, table: Table) -> None:
    """Move a running task one step, if its phase is over."""
    task = draft.task(task.task_id)  # a run before it in this turn may have handed its pump on to it
    stage = row(table, task.stage)
    if not task.stopping and task.phase == HOLD and (dry := _dry(draft, task, stage)) is not None:
        task = _stop_dry(draft, task, stage, dry)
    if not task.stopping and (trouble := _trouble(draft, task, stage)):
        abort(draft, task, trouble)
        tell_bond(draft, task, stage.parts)
        task = draft.task(task.task_id)
    if task.stopping:
        if _closed(draft, task, hasty=True):
            outcome.fail(draft, task, table, Code(task.stopping))
        return
    match task.phase:
        case "open":
            if awaits_first_look(draft, task, stage):
                return
            if (door := barred(draft, task, stage)) is not None:
                draft.put(replace(task, phase=CLOSE, leaving=door, stage_since=draft.now.mono))
            elif _outlasts(draft, task, stage):
                once = {**task.taken, f"{stage.name}:{RESTS}": 1}
                draft.put(replace(task, phase=CLOSE, leaving=RESTS, stage_since=draft.now.mono, taken=once))
            elif _opened(draft, task, stage):
                draft.put(replace(task, phase=HOLD, stage_since=_last_ack(draft, task, stage)))
                if stage.going is not None:
                    _tell_going(draft, task, stage.going)
        case "hold":
            if stage.turns:
                turns.pass_on(draft, task, stage, _on)
                task = draft.task(task.task_id)
                if task.stopping:
                    return
            mixed = not stage.corrects or is_mixed(draft, task, task.stage_since)
            task = draft.task(task.task_id)
            door = _door(draft, task, stage)
            ends = task.stage_since + max(0, stage.limit - task.held)
            if door == "done" and not mixed:
                # What was dosed must have reached the probe before its word counts.
                door = "late" if draft.now.mono >= ends else None
                draft.wake(ends)
            if door == "done":
                convoy.hand_on(draft, task, stage, _cmd_id, partial(_stage_of, draft))
                task = draft.task(task.task_id)
            if door is not None:
                left = filled.credit(draft, meter.keep(draft, task) if stage.keeps_time else task, stage)
                draft.put(replace(left, phase=CLOSE, leaving=door, stage_since=draft.now.mono))
            elif mixed and stage.corrects:
                correct(draft, task, ends)
        case _:
            if not _closed(draft, task, hasty=False):
                return
            then = leads_to(task, stage)
            if then is not None and convoy.comes_later(draft, task, row(table, then)):
                return
            if task.leaving == RESTS:
                enter(draft, task, table, stage.name, held=task.held)
            else:
                if stage.proves is not None and any(order_of(draft, task, stage, name) for name in stage.opens):
                    floats.filled(draft, stage.proves, by_it=task.leaving == "done")
                _take(draft, task, table, exit_of(stage, task.leaving))


def exit_of(stage: Stage, leaving: str) -> Exit:
    """The exit behind the name of a door."""
    match leaving:
        case "done":
            return stage.done
        case "late":
            return stage.late
        case "blind":
            assert stage.blind is not None
            return stage.blind
        case "dry":
            assert stage.dry is not None
            return stage.dry
        case name:
            return next(door.exit for door in stage.doors if door.name == name)


def leads_to(task: Task, stage: Stage) -> str | None:
    """The stage that follows by the door that was chosen; None where the task ends."""
    if task.leaving == RESTS:
        return stage.name
    way: Exit | None = exit_of(stage, task.leaving)
    while (
        way is not None and way.cycles is not None and task.taken.get(f"{task.stage}:{task.leaving}", 0) >= way.cycles
    ):
        way = way.spent
    return None if way is None else way.to


def order_of(draft: Draft, task: Task, stage: Stage, actuator: str) -> Command | None:
    """The order that opened this part of the stage, this time."""
    return draft.command(_cmd_id(task, stage, actuator))


def _stage_of(draft: Draft, task: Task) -> Stage | None:
    """The stage that a running task is in, as far as it has been looked at."""
    return next((stage for stage in draft.state.tables.get(task.task_id, ()) if stage.name == task.stage), None)


def _opened(draft: Draft, task: Task, stage: Stage) -> bool:
    """True when all parts of the stage are seen open; orders the next ones when it is their turn."""
    if not stage.opens:
        return True
    parts = [draft.state.site.actuators[name] for name in stage.opens]
    first = [part for part in parts if part.role is not Role.PUMP] or parts
    pumps = [part for part in parts if part.role is Role.PUMP and part not in first]
    opens_at = draft.now.mono + _rest(draft, stage) - max(part.travel for part in first)
    if opens_at > draft.now.mono and order_of(draft, task, stage, first[0].name) is None:
        draft.wake(opens_at)
        return False  # a valve that is opened long before its pump may start would close before that is done
    if not all([_on(draft, task, stage, part) for part in first]):
        return False
    if not pumps:
        return True
    ready = max(_acked(draft, task, stage, part) + part.travel for part in first)
    if draft.now.mono < ready:
        draft.wake(ready)
        return False
    return all([_on(draft, task, stage, part) for part in pumps])


def _rest(draft: Draft, stage: Stage) -> Nanos:
    """How long a pump of this stage has still to rest."""
    pumps = [part for name in stage.opens if (part := draft.state.site.actuators[name]).role is Role.PUMP]
    return max([0, *(rests_until(draft, pump) - draft.now.mono for pump in pumps)])


def _outlasts(draft: Draft, task: Task, stage: Stage) -> bool:
    """Has the pump gone into a rest behind open valves that lasts longer than these take to close and to open again?
    Whoever stood behind a run that was given up waits like everybody else, once: valves must not flap."""
    if f"{stage.name}:{RESTS}" in task.taken:
        return False
    pumps = {name for name in stage.opens if draft.state.site.actuators[name].role is Role.PUMP}
    orders = [order_of(draft, task, stage, name) for name in stage.opens if name not in pumps]
    if any(order_of(draft, task, stage, name) for name in pumps) or not all(one and one.seen_at for one in orders):
        return False
    travel = max((draft.state.site.actuators[name].travel for name in stage.opens), default=0)
    return _rest(draft, stage) > 2 * (travel + convoy.ORDERED)


def _on(draft: Draft, task: Task, stage: Stage, actuator: Actuator) -> bool:
    """True when the part is seen on; orders it when that has not happened yet. A veto ends the task."""
    if draft.task(task.task_id).stopping:
        return False
    command = order_of(draft, task, stage, actuator.name)
    if command is not None:
        return command.seen_at is not None
    now = draft.now.mono
    if actuator.hands_on and convoy.waits(draft, task, actuator.name):
        return False
    if (rested := rests_until(draft, actuator)) > now and rested <= (task.act_until or now):
        draft.wake(rested)
        return False  # it has just been off; the next stage can wait for its rest
    before = draft.output(actuator.name)
    limit = task.expires if not draft.commands(task.task_id) else (task.act_until or now)
    veto: str | None = "its time has passed"
    if now <= limit:
        veto = switch_on(
            draft,
            actuator_name=actuator.name,
            lease=convoy.way_lease(
                draft,
                task,
                stage,
                times.lease(draft.state.site, stage, actuator.name, task.held, task.beyond),
            ),
            cmd_id=_cmd_id(task, stage, actuator.name),
            stage=stage.name,
            task_id=task.task_id,
            zone=task.zone,
            not_after=min(limit, now + REPLY_WITHIN),
        )
        if veto is None:
            if actuator.hands_on:
                meter.pump_is_its_own(draft, task, actuator.name, before)
            return False
    draft.note("STAGE_REFUSED", task_id=task.task_id, zone=task.zone, stage=stage.name, why=veto)
    abort(draft, draft.task(task.task_id), Code.SAFETY_BLOCKED)
    return False


def barred(draft: Draft, task: Task, stage: Stage) -> str | None:
    """The door to leave by before everything is open, if any: what would end the hold also keeps it from beginning."""
    blind = False
    for door in stage.doors:
        seen = met(draft, task, door.when, draft.now.mono)
        if seen is Sight.YES:
            return door.name
        blind = blind or seen is Sight.BLIND
    if stage.looks_first:
        seen = met(draft, task, stage.until, draft.now.mono)
        orders = map(partial(order_of, draft, task, stage), stage.opens)
        if seen is Sight.YES and all(one is None or one.seen_at is not None for one in orders):
            return "done"  # what was opened before has been seen open: it closes as planned, and its order is DONE
        blind = blind or seen is Sight.BLIND
    return "blind" if blind and stage.blind is not None else None


def _door(draft: Draft, task: Task, stage: Stage) -> str | None:
    """The door to leave by now, if any."""
    began = task.stage_since
    blind = False
    for door in stage.doors:
        seen = met(draft, task, door.when, began)
        if seen is Sight.YES:
            return door.name
        blind = blind or seen is Sight.BLIND
    reached = met(draft, task, stage.until, began)
    if reached is Sight.YES:
        return "done"
    if stage.blind is not None and (blind or reached is Sight.BLIND):
        return "blind"
    late = began + max(0, stage.limit - task.held)
    if draft.now.mono >= late:
        return "late"
    draft.wake(late)
    return None


def _closed(draft: Draft, task: Task, *, hasty: bool) -> bool:
    """The pump goes off, then, after its run-down, the valves; True when nothing of the stage may be on any more."""
    now, open_ = draft.now.mono, mine(draft, task)
    why = task.stopping or f"stage {task.stage}: {task.leaving}"
    pumps = [output for output in open_ if pushes(draft, output.name)]
    for output in pumps:
        switch_off(draft, output, planned=not hasty, why=why)
    if not hasty and now > (task.act_until or now):
        hasty = True  # the pump cannot be seen off in the time of the whole stage: its valves do not wait any longer
    if pumps and not (hasty and now >= task.stage_since + STOP_ORDER_PATIENCE):
        if hasty:
            draft.wake(task.stage_since + STOP_ORDER_PATIENCE)
        elif task.act_until is not None:
            draft.wake(task.act_until + 1)
        return False
    if not hasty and open_ and (rest := _running_down(draft, task)) > now:
        draft.wake(rest)
        return False
    for output in open_:
        switch_off(draft, output, planned=not hasty, why=why)
    return not mine(draft, task)


def _running_down(draft: Draft, task: Task) -> Nanos:
    """Until when a pump that was just stopped still pushes."""
    until = 0
    for command in draft.commands(task.task_id):
        output = draft.output(command.actuator)
        if pushes(draft, command.actuator) and output is not None and output.off_at is not None:
            until = max(until, output.off_at + draft.state.site.actuators[command.actuator].run_down)
    return until


def _take(draft: Draft, task: Task, table: Table, chosen: Exit) -> None:
    """Go through an exit: into the next stage, or out of the task."""
    if task.leaving:
        draft.note(
            chosen.event or "STAGE_LEFT",
            task_id=task.task_id,
            zone=task.zone,
            stage=task.stage,
            reason_code=chosen.code.value,
        )
    if chosen.cycles is not None:
        key = f"{task.stage}:{task.leaving}"
        used = task.taken.get(key, 0)
        if used >= chosen.cycles:
            assert chosen.spent is not None
            _take(draft, task, table, chosen.spent)
            return
        task = replace(task, taken={**task.taken, key: used + 1})
    task = filled.begin_anew(task) if task.leaving == "done" else filled.let_in(draft, task, row(table, task.stage))
    if chosen.locks is not None:
        overrun(draft, chosen.locks, chosen.code)
    if chosen.to is not None:
        enter(draft, task, table, chosen.to)
    elif chosen.error is None:
        outcome.complete(draft, task, table, chosen.code)
    else:
        outcome.fail(draft, task, table, chosen.code, chosen.error)


def _trouble(draft: Draft, task: Task, stage: Stage) -> Code | None:
    """A reason to give up that no table has to name."""
    for command in draft.commands(task.task_id):
        if command.terminal and command.state is not CommandState.DONE and outcome.counts(task, command):
            return stage.failed or error_of(command.state)
    if not draft.nothing_held and any(forbids(draft, draft.state.site.actuators[name]) for name in stage.parts):
        return Code.STOPPED
    for output in mine(draft, task):
        if output.closing is not None and not output.planned and output.name in stage.parts:
            return Code.SAFETY_BLOCKED
    if task.act_until is not None and draft.now.mono > task.act_until and task.phase != CLOSE:
        return Code.NOT_CONFIRMED
    return None


def _dry(draft: Draft, task: Task, stage: Stage) -> Command | None:
    """The order of a pump of this stage that should move water by now, and does not."""
    orders = (order_of(draft, task, stage, name) for name in stage.opens if pushes(draft, name))
    return next((order for order in orders if order is not None and is_dry(draft, order)), None)


def _stop_dry(draft: Draft, task: Task, stage: Stage, pump: Command) -> Task:
    """A pump that moves no water stops now. The stage may be tried again, until the pump is locked."""
    why, tries = trip(draft, pump), task.taken.get(f"{task.stage}:dry", 0)
    enough = stage.dry is None or (why is Code.STALE and tries >= (stage.dry.cycles or 0))  # no lock ends these tries
    if enough or draft.held(f"lockout:{pump.actuator}"):
        abort(draft, task, why)
    else:
        # Time in which nothing came counts for nothing, and a run that dried up has given what came before.
        left = meter.keep(draft, task, moved=not never_moved(draft, pump)) if stage.keeps_time else task
        draft.put(replace(left, phase=CLOSE, leaving="dry", stage_since=draft.now.mono))
    return draft.task(task.task_id)


def _tell_going(draft: Draft, task: Task, going: Code) -> None:
    draft.note("STAGE_UNDER_WAY", task_id=task.task_id, zone=task.zone, stage=task.stage, reason_code=going.value)


def _cmd_id(task: Task, stage: Stage, actuator: str) -> str:
    return f"{task.task_id}-{stage.name}-{actuator}" + (f"-{task.cycle + 1}" if task.cycle else "")


def _acked(draft: Draft, task: Task, stage: Stage, actuator: Actuator) -> Nanos:
    command = order_of(draft, task, stage, actuator.name)
    assert command is not None
    assert command.ack_at is not None
    return command.ack_at


def _last_ack(draft: Draft, task: Task, stage: Stage) -> Nanos:
    parts = [draft.state.site.actuators[name] for name in stage.opens]
    return max((_acked(draft, task, stage, part) for part in parts), default=draft.now.mono)
