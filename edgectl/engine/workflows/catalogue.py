"""Every workflow by name: what its zone must have, its table, and what it needs to know before it begins.

A task names its workflow in `payload.workflow`, `payload.diagnostics_workflow` or `payload.config.execution.workflow`;
otherwise its type chooses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules import groups
from edgectl.engine.rules.admission import end
from edgectl.engine.workflows import airs, change, irrigation, needs, tanks, walk
from edgectl.engine.workflows.choice import begin
from edgectl.engine.workflows.need import Need
from edgectl.engine.workflows.stage import Table
from edgectl.model.codes import Code
from edgectl.model.command import CommandState
from edgectl.model.inputs import TaskRequest
from edgectl.model.site import Site, Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One way to carry a task out. `lacks` says in words what the zone has not got, or nothing."""

    table: Callable[[Site, Task], Table]  # follows from the site and the request alone: it is made once for a task
    lacks: Callable[[Zone], str]
    need: Callable[[Draft, Task], Need]


def _of_zone(build: Callable[[Site, Zone], Table]) -> Callable[[Site, Task], Table]:
    return lambda site, task: build(site, site.zones[task.zone])


def _no_pump(zone: Zone) -> str:
    return "" if zone.pump is not None else "a pump"


def _no_circuit(zone: Zone) -> str:
    return "" if zone.circuit is not None else "a circuit"


def _no_two_tanks(zone: Zone) -> str:
    missing = zone.circuit is None or zone.circuit.clean is None
    return "a circuit with a clean tank" if missing else _no_pump(zone)


def _no_chemistry(zone: Zone) -> str:
    if zone.chemistry is None:
        return "chemistry"
    return _no_pump(zone) or _no_circuit(zone)


def _no_fans(zone: Zone) -> str:
    return "" if zone.climate is not None and zone.climate.fans else "fans"


def _no_fog(zone: Zone) -> str:
    return "" if zone.fog is not None or (zone.climate is not None and zone.climate.fog is not None) else "fog"


def _no_round(zone: Zone) -> str:
    return _no_circuit(zone) or _no_pump(zone)


def _no_drain(zone: Zone) -> str:
    return "" if zone.circuit is not None and zone.circuit.drain is not None else "a drain in its circuit"


CATALOGUE: dict[str, Workflow] = {
    "irrigation": Workflow(table=irrigation.table, lacks=_no_pump, need=irrigation.need),
    "cycle_start": Workflow(table=_of_zone(tanks.refill), lacks=_no_circuit, need=needs.refill),
    "refill": Workflow(table=_of_zone(tanks.refill), lacks=_no_circuit, need=needs.refill),
    "startup": Workflow(table=_of_zone(tanks.startup), lacks=_no_circuit, need=needs.startup),
    "clean_fill": Workflow(table=_of_zone(tanks.clean_fill), lacks=_no_circuit, need=needs.nodes),
    "solution_fill": Workflow(table=_of_zone(tanks.solution_fill), lacks=_no_two_tanks, need=needs.nodes),
    "prepare_recirculation": Workflow(table=_of_zone(tanks.prepare), lacks=_no_chemistry, need=needs.nodes),
    "solution_change": Workflow(table=_of_zone(change.solution_change), lacks=_no_drain, need=needs.nodes),
    "ventilation": Workflow(table=airs.ventilation, lacks=_no_fans, need=airs.air_need),
    "mist": Workflow(table=airs.mist, lacks=_no_fog, need=airs.plain),
    "circulate": Workflow(table=airs.circulate, lacks=_no_round, need=airs.plain),
    "irrigation_recovery": Workflow(table=_of_zone(tanks.recovery), lacks=_no_chemistry, need=needs.nodes),
}
# Other types are workflows themselves.
_OF_TYPE = {"diagnostics": "cycle_start", "dosing": "prepare_recirculation"}


def name_of(task: Task) -> str:
    """The workflow that a task asks for."""
    return _asked(task.task_type, task.payload)


def _asked(task_type: str, payload: Mapping[str, Any]) -> str:
    config = payload.get("config")
    execution = config.get("execution") if isinstance(config, dict) else None
    asked = payload.get("workflow") or payload.get("diagnostics_workflow")
    if asked is None and isinstance(execution, dict):
        asked = execution.get("workflow")
    return str(asked or _OF_TYPE.get(task_type, task_type))


def table_of(site: Site, task: Task) -> Table:
    """The stages of a task, made anew from the site file and the request."""
    workflow = CATALOGUE.get(name_of(task))
    return () if workflow is None else workflow.table(site, task)


def lacks(draft: Draft, request: TaskRequest) -> str:
    """What the zone has not got for what is asked, in words; empty when it has everything."""
    if request.task_type == "lighting":
        return ""
    name = _asked(request.task_type, request.payload)
    return _missing(draft, request.zone, name)


def _missing(draft: Draft, zone: str, name: str) -> str:
    workflow = CATALOGUE.get(name)
    if workflow is None:
        return f"there is no workflow {name[:60]!r}; there are: {', '.join(sorted(CATALOGUE))}"
    missing = workflow.lacks(draft.state.site.zones[zone])
    return f"{zone} has not {missing}, which {name} needs" if missing else ""


def start(draft: Draft, task: Task) -> None:
    """Decide whether the task is needed and possible, and begin it. What it shares must be free."""
    workflow = CATALOGUE.get(name_of(task))
    missing = _missing(draft, task.zone, name_of(task))
    if workflow is None or missing:
        draft.note("TASK_REFUSED", task_id=task.task_id, zone=task.zone, why=missing)
        end(draft, task, TaskStatus.FAILED, Code.UNSUPPORTED, decision="fail", error=Code.UNSUPPORTED)
        return
    table = workflow.table(draft.state.site, task)
    if _shared(draft, task, table):
        return  # a pump or a valve of this run is busy: wait, the due time bounds it
    begin(draft, task, table, workflow.need(draft, task))


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
    since = max(0, now.wall - task.updated_at) if now.trust is Trust.SYNCED else stage.limit
    held = min(stage.limit, task.held + since)
    cut = [c for c in draft.commands(task.task_id) if not c.terminal]
    for command in cut:
        draft.end_command(command, CommandState.ERROR, "the controller restarted")
    draft.note("STAGE_RESUMED", task_id=task.task_id, zone=task.zone, stage=stage.name, held_s=held // SECOND)
    interrupted = (*task.interrupted, *(command.cmd_id for command in draft.commands(task.task_id)))
    walk.enter(draft, replace(task, interrupted=interrupted), table, stage.name, held=held)
    return True


def _shared(draft: Draft, task: Task, table: Table) -> bool:
    """Does anyone else hold a part of this run, or plan to within its own?"""
    parts = {name for stage in table for name in stage.opens}
    if any(output.name in parts for output in draft.owed()):
        return True
    planned: set[str] = set()
    for other in draft.tasks():
        if other.status is not TaskStatus.RUNNING or not other.stage or other.task_id == task.task_id:
            continue
        theirs = {name for stage in table_of(draft.state.site, other) for name in stage.opens}
        if parts & theirs:
            return True
        planned |= theirs
    return any(groups.full(draft, stage.opens, planned) for stage in table)
