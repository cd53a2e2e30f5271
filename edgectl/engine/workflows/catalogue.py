"""Every workflow by name: what its zone must have, its table, and what it needs to know before it begins.

A task names its workflow in `payload.workflow`, `payload.diagnostics_workflow` or `payload.config.execution.workflow`;
otherwise its type chooses. With three tanks the startup goes on until the tank of the plants is full, by whichever of
its names it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules import groups
from edgectl.engine.rules.flow import goes_round
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.power_return import returns_at
from edgectl.engine.rules.stopping import is_stuck
from edgectl.engine.workflows import airs, change, convoy, irrigation, meter, needs, recover, tanks, walk
from edgectl.engine.workflows.aims import zone_for
from edgectl.engine.workflows.choice import RETRY_EVERY, begin
from edgectl.engine.workflows.execution import Wish, execution_of, wish_of
from edgectl.engine.workflows.need import Need
from edgectl.engine.workflows.refused import accepted_again, refuse
from edgectl.engine.workflows.sight import looks_at
from edgectl.engine.workflows.stage import Stage, Table, main_line, row
from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.command import CommandState
from edgectl.model.inputs import TaskRequest
from edgectl.model.site import Role, Site, Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One way to carry a task out. `lacks` says in words what the zone has not got, or nothing; `unmapped` is the error
    of a task whose zone has lost it."""

    table: Callable[[Site, Task], Table]  # follows from the site and the request alone: it is made once for a task
    lacks: Callable[[Zone], str]
    need: Callable[[Draft, Task], Need]
    unmapped: Code = Code.MAPPING_NOT_FOUND


def _two_tank(
    build: Callable[[Site, Zone, Wish], Table],
    lacks: Callable[[Zone], str],
    need: Callable[[Draft, Task], Need] = needs.nodes,
) -> Workflow:
    return Workflow(
        table=lambda site, task: build(site, zone_for(site.zones[task.zone], task), wish_of(task.payload)),
        lacks=lacks,
        need=need,
        unmapped=Code.TWO_TANK_CHANNEL_NOT_FOUND,
    )


def _refill(site: Site, task: Task) -> Table:
    zone = site.zones[task.zone]
    return tanks.refill(site, zone, wish_of(task.payload), needs.level_seen(zone, task))


def _no_pump(zone: Zone) -> str:
    return "" if zone.pump is not None else "a pump"


def _no_circuit(zone: Zone) -> str:
    return "" if zone.circuit is not None else "a circuit"


def _no_two_tanks(zone: Zone) -> str:
    missing = zone.circuit is None or zone.circuit.clean is None
    return "a circuit with a clean tank" if missing else _no_pump(zone)


def _no_third_tank(zone: Zone) -> str:
    missing = zone.circuit is None or zone.circuit.irrigation is None
    return "a circuit with an irrigation tank, the third one" if missing else ""


def _no_chemistry(zone: Zone) -> str:
    if zone.chemistry is None:
        return "chemistry"
    return _no_pump(zone) or _no_circuit(zone)


def _no_fans(zone: Zone) -> str:
    return "" if zone.climate is not None and zone.climate.fans else "fans"


def _no_heaters(zone: Zone) -> str:
    return "" if zone.climate is not None and zone.climate.heaters else "heaters"


def _no_fog(zone: Zone) -> str:
    return "" if zone.fog is not None or (zone.climate is not None and zone.climate.fog is not None) else "fog"


def _no_round(zone: Zone) -> str:
    return _no_circuit(zone) or _no_pump(zone)


def _no_drain(zone: Zone) -> str:
    return "" if zone.circuit is not None and zone.circuit.drain is not None else "a drain in its circuit"


_REFILL = Workflow(table=_refill, lacks=_no_circuit, need=needs.refill, unmapped=Code.CYCLE_START_REFILL_NODE_NOT_FOUND)
CATALOGUE: dict[str, Workflow] = {
    "irrigation": Workflow(table=irrigation.table, lacks=_no_pump, need=irrigation.need),
    "cycle_start": _REFILL,
    "refill": _REFILL,
    "three_tank_startup": _two_tank(tanks.startup, _no_third_tank, needs.startup),
    "startup": _two_tank(tanks.startup, _no_circuit, needs.startup),
    "clean_fill": _two_tank(tanks.clean_fill, _no_circuit),
    "solution_fill": _two_tank(tanks.solution_fill, _no_two_tanks),
    "irrigation_fill": _two_tank(tanks.irrigation_fill, _no_third_tank),
    "prepare_recirculation": _two_tank(tanks.prepare, _no_chemistry),
    "solution_change": _two_tank(change.solution_change, _no_drain),
    "irrigation_recovery": _two_tank(recover.recovery, _no_chemistry),
    "ventilation": Workflow(table=airs.ventilation, lacks=_no_fans, need=airs.air_need),
    "heating": Workflow(table=airs.heating, lacks=_no_heaters, need=airs.heat_need),
    "mist": Workflow(table=airs.mist, lacks=_no_fog, need=airs.plain),
    "circulate": Workflow(table=airs.circulate, lacks=_no_round, need=airs.plain),
}
# Other types are workflows themselves.
_OF_TYPE = {"diagnostics": "cycle_start", "dosing": "prepare_recirculation", "climate": "heating"}
# Stages of the services before this one that looked again later: here the running task does that by itself.
_FORMER = {
    "refill_check": "refill",
    "clean_fill_check": "clean_fill",
    "solution_fill_check": "solution_fill",
    "prepare_recirculation_check": "prepare_recirculation",
    "irrigation_recovery_check": "irrigation_recovery",
    "two_tank_startup": "startup",
}
# What works on the tanks may be asked for by any type that does; everything else has a type of its own.
PREPARING = frozenset(
    {
        "clean_fill",
        "cycle_start",
        "irrigation_fill",
        "irrigation_recovery",
        "prepare_recirculation",
        "refill",
        "solution_fill",
        "startup",
        "three_tank_startup",
    }
)


def name_of(task: Task) -> str:
    """The workflow that a task asks for."""
    return _asked(task.task_type, task.payload)


def _asked(task_type: str, payload: Mapping[str, Any]) -> str:
    execution = execution_of(payload)
    asked = payload.get("workflow") or payload.get("diagnostics_workflow") or execution.get("workflow")
    name = str(asked or _OF_TYPE.get(task_type, task_type))
    name = _FORMER.get(name, name)
    three = str(execution.get("topology", "")).lower().startswith("three_tank")
    return "three_tank_startup" if three and name == "startup" else name


def table_of(site: Site, task: Task) -> Table:
    """The stages of a task, made anew from site file and request; none when the zone has lost what they need."""
    workflow = CATALOGUE.get(name_of(task))
    return () if workflow is None or workflow.lacks(site.zones[task.zone]) else workflow.table(site, task)


def lacks(draft: Draft, request: TaskRequest) -> str:
    """What the zone has not got for what is asked, in words; empty when it has everything."""
    if request.task_type == "lighting":
        return ""
    name, usual = _asked(request.task_type, request.payload), _OF_TYPE.get(request.task_type, request.task_type)
    if name != usual and name in CATALOGUE and not {name, usual} <= PREPARING:
        return f"{request.task_type} does not go by the workflow {name}"
    return _missing(draft, request.zone, name)


def _missing(draft: Draft, zone: str, name: str) -> str:
    workflow = CATALOGUE.get(name)
    if workflow is None:
        return f"there is no workflow {name[:60]!r}; there are: {', '.join(sorted(CATALOGUE))}"
    missing = workflow.lacks(draft.state.site.zones[zone])
    return f"{zone} has not {missing}, which {name} needs" if missing else ""


def start(draft: Draft, task: Task) -> None:
    """Decide whether the task is needed and possible, and begin it. What it shares must be free."""
    name = name_of(task)
    workflow, missing = CATALOGUE.get(name), _missing(draft, task.zone, name)
    if workflow is None or missing:
        refuse(draft, task, missing, Code.UNSUPPORTED if workflow is None else workflow.unmapped)
        return
    accepted_again(draft, task)
    table = _drawn_up(draft, task, workflow)
    turn = max((returns_at(draft, draft.state.site.actuators[name]) for s in table for name in s.parts), default=0)
    if turn > draft.now.mono:
        draft.wake(turn)
        return  # after a start the loads of the house come back one after the other
    if _shared(draft, task, table):
        return  # a pump or a valve of this run is busy: wait, the due time bounds it
    if resting(draft, task, table):
        return  # nothing of it could start in time: its due time ends it, and tells why

    def go(running: Task) -> None:
        # Made anew: how much is run, and by which readings, has just been decided.
        decided = workflow.table(draft.state.site, running)
        longer = convoy.beyond(draft, running, decided[0], table_of)
        patience = convoy.patience(draft, running, decided[0])
        pumps = any(draft.state.site.zones[task.zone].pump in stage.parts for stage in decided)
        mine = pumps and not convoy.behind(draft, running, decided[0])
        began = meter.shown(draft, running) if mine else None
        begins = replace(running, beyond=longer, meter_at_start=began)
        walk.enter(draft, begins, decided, decided[0].name, patience=patience)
        _take(draft, running)

    # A stage that is gone through only when something goes wrong must not keep the plants from their water.
    parts = {name for stage in main_line(table) for name in stage.parts}
    begin(draft, task, parts, workflow.need(draft, task), go)


def _drawn_up(draft: Draft, task: Task, workflow: Workflow) -> Table:
    """Its stages as they would be now. A task that waits is asked in every turn, and they follow from nothing else."""
    site, known = draft.state.site, draft.state.drawn_up.get(task.task_id)
    if known is not None and known[0] is task and known[1] is site:
        return known[2]
    table = workflow.table(site, task)
    draft.state.drawn_up[task.task_id] = task, site, table
    return table


def progress(draft: Draft, task: Task) -> None:
    """Ask again when the time for it has come, or walk on."""
    if task.retry_at is None:
        tables = draft.state.tables
        if task.task_id not in tables:
            tables[task.task_id] = table_of(draft.state.site, task)
        walk.progress(draft, task, tables[task.task_id])
    elif draft.now.mono >= task.retry_at:
        start(draft, task)
    else:
        draft.wake(task.retry_at)


def resume(draft: Draft, task: Task) -> bool:
    """After a restart: go on with a stage that may be resumed. False when the task has to end instead."""
    table = table_of(draft.state.site, task)
    stage = next((stage for stage in table if stage.name == task.stage), None)
    if stage is None or not stage.resumes or task.stopping or task.leaving:
        return False
    now = draft.now
    # Time without a controller counts as filling: the mains may have been open for all that anyone knows.
    if draft.state.cut_off & set(stage.opens):
        since = now.mono - task.stage_since  # within one boot no clock on the wall is needed
    else:
        since = max(0, now.wall - task.updated_at) if now.trust is Trust.SYNCED else stage.limit
    held = min(stage.limit, task.held + since)
    if held >= stage.limit and stage.late.to is None:
        return False  # nobody has seen it run its time: no float has lied, and nothing is to be locked for it
    cut = [c for c in draft.commands(task.task_id) if not c.terminal]
    for command in cut:
        draft.end_command(command, CommandState.ERROR, "the controller restarted")
    draft.note("STAGE_RESUMED", task_id=task.task_id, zone=task.zone, stage=stage.name, held_s=held // SECOND)
    interrupted = (*task.interrupted, *(command.cmd_id for command in draft.commands(task.task_id)))
    sensors = (draft.state.site.sensors[name] for name in looks_at(draft.state.site, stage))
    patience = max((sensor.max_age for sensor in sensors), default=0)
    walk.enter(draft, replace(task, interrupted=interrupted), table, stage.name, held=held, patience=patience)
    return True


def resting(draft: Draft, task: Task, table: Table) -> list[str]:
    """What rests for longer than the task may wait for its first order, of all that its first stage opens. A stage that
    finds its end reached opens nothing: then it is the next one."""
    latest = task.expires if task.attempt == 0 else draft.now.mono + RETRY_EVERY
    for stage in main_line(table):
        orders = {name: _ordered_at(draft, stage, name) for name in stage.opens}
        late = [name for name, at in orders.items() if at > latest]
        door = walk.barred(draft, task, stage) if late else None
        if door == "done":
            continue
        if late and task.attempt:
            draft.wake(max(orders.values()) - RETRY_EVERY)  # a later attempt has no due time that would end its wait
        return late if door is None else []
    return []


def _ordered_at(draft: Draft, stage: Stage, name: str) -> Nanos:
    """When a part may be ordered. For a pump its valves begin to open before its rest is over, and that is the first
    order of the stage."""
    actuators = draft.state.site.actuators
    before = [actuators[one] for one in stage.opens if actuators[one].role is not Role.PUMP]
    ahead = max((one.travel for one in before), default=0) if actuators[name].role is Role.PUMP else 0
    return rests_until(draft, actuators[name]) - ahead


def _shared(draft: Draft, task: Task, table: Table) -> bool:
    """Does anyone else hold a part of this run, or plan to within its own?"""
    parts = {name for stage in table for name in stage.parts}
    if held := [name for name in parts if (output := draft.output(name)) is not None and output.owed_off]:
        if not convoy.may_follow(draft, task, table, held, table_of):
            if all(goes_round(draft, name) for name in held) and not _planned(draft, task, table, parts - set(held)):
                draft.asked_for.update({name: max(task.updated_at, draft.asked_for.get(name, 0)) for name in held})
            return True
        parts -= set(held)  # its pump, which is handed on
    return _planned(draft, task, table, parts)


def _planned(draft: Draft, task: Task, table: Table, parts: set[str]) -> bool:
    """Does a running task plan to hold one of these parts, or to fill a group within which one of them is?"""
    holders = taken(draft)
    if any(holders.get(name, task.task_id) != task.task_id for name in parts):
        return True
    return bool(crowded(draft, task, table))


def crowded(draft: Draft, task: Task, table: Table) -> list[str]:
    """Of each group of valves that has no room for a stage of this run, beside what others have open or plan: why."""
    if not draft.state.site.groups:
        return []
    planned = {name for name, holder in taken(draft).items() if holder != task.task_id}
    wanted = [(*stage.opens, *stage.turns[1:2]) for stage in table]
    return list(dict.fromkeys(why for names in wanted for why in groups.full(draft, names, planned)))


def taken(draft: Draft) -> dict[str, str]:
    """Which running task holds each part that one of its stages opens. Worked out once, until a task ends."""
    if draft.taken is None:
        draft.taken = {}
        for task in draft.tasks():
            if (
                task.status is TaskStatus.RUNNING
                and task.stage
                and not (_is_ending(draft, task) and is_stuck(draft, task))
            ):
                _take(draft, task)
    return draft.taken


def _is_ending(draft: Draft, task: Task) -> bool:
    """Does no stage follow any more?"""
    table = draft.state.tables.get(task.task_id) or table_of(draft.state.site, task)
    return bool(task.stopping) or (bool(task.leaving) and walk.leads_to(task, row(table, task.stage)) is None)


def _take(draft: Draft, task: Task) -> None:
    """The table of a task does not change while it runs, so all of its stages are taken at once."""
    if draft.taken is not None:
        table = draft.state.tables.get(task.task_id) or table_of(draft.state.site, task)
        draft.taken.update((name, task.task_id) for stage in table for name in stage.parts)
