"""What a zone's water is doing now, in the six words that a grower's page has for it. Pure.

IDLE          nothing runs, and the zone has no solution that could be given
TANK_FILLING  a tank is being filled, or emptied to be filled anew
TANK_RECIRC   the solution goes round, and is corrected on its way
READY         nothing runs, and there is a solution to water with
IRRIGATING    the plants are being watered
IRRIG_RECIRC  watering was left, and the solution goes round until it is right again
"""

from enum import StrEnum
from typing import Any

from edgectl.engine.senses import sense
from edgectl.engine.state import State
from edgectl.engine.workflows.catalogue import name_of, table_of
from edgectl.engine.workflows.stage import Stage, Table
from edgectl.engine.workflows.tanks import PREPARE_EC, PREPARE_PH
from edgectl.model.channel import Missing, Reading
from edgectl.model.site import Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.model.water import WET, Tank

View = dict[str, Any]


class AutomationState(StrEnum):
    """Spelled as on the wire."""

    IDLE = "IDLE"
    TANK_FILLING = "TANK_FILLING"
    TANK_RECIRC = "TANK_RECIRC"
    READY = "READY"
    IRRIGATING = "IRRIGATING"
    IRRIG_RECIRC = "IRRIG_RECIRC"


STAGES = {
    "refill": AutomationState.TANK_FILLING,
    "clean_fill": AutomationState.TANK_FILLING,
    "solution_fill": AutomationState.TANK_FILLING,
    "irrigation_fill": AutomationState.TANK_FILLING,
    "drain": AutomationState.TANK_FILLING,
    "drain_shut": AutomationState.TANK_FILLING,
    "prepare": AutomationState.TANK_RECIRC,
    "circulate": AutomationState.TANK_RECIRC,
    "water": AutomationState.IRRIGATING,
    "recover": AutomationState.IRRIG_RECIRC,
    "judge": AutomationState.IRRIG_RECIRC,
}


def automation_state(state: State, zone_name: str, now: Now) -> View:
    """The state of one zone with its details, its levels and its next step. Raises KeyError for an unknown zone."""
    zone = state.site.zones[zone_name]
    task = _working(state, zone_name)
    table = () if task is None else table_of(state.site, task)
    stage = None if task is None else next((stage for stage in table if stage.name == task.stage), None)
    resting, why = _resting(state, zone, now)
    word = resting if stage is None else STAGES[stage.name]
    return {
        "zone": zone_name,
        "zone_id": zone.number,
        "state": word.value,
        "state_details": _details(task, stage, now) if task is not None and stage is not None else {"why": why},
        "system_config": _tanks(zone),
        "current_levels": _levels(state, zone, now),
        "active_processes": _processes(state, zone, task),
        "next_state": _next(word, stage, table).value,
        "estimated_completion_sec": None if task is None or stage is None else _left_s(task, stage, now),
    }


def _working(state: State, zone: str) -> Task | None:
    """The task that moves this zone's water: watering is the one that people look for first."""
    found = [
        task
        for task in state.tasks.values()
        if task.zone == zone and task.status is TaskStatus.RUNNING and task.stage in STAGES and task.retry_at is None
    ]
    return min(found, key=lambda task: (task.stage != "water", task.created_at), default=None)


def _resting(state: State, zone: Zone, now: Now) -> tuple[AutomationState, str]:
    """READY or IDLE, and for IDLE what is missing."""
    tank = None if zone.circuit is None else zone.circuit.source
    if (dry := _dry(state, zone, tank, now)) is not None:
        return AutomationState.IDLE, dry
    chemistry = zone.chemistry
    # What stands in a tank of the plants' own was prepared before it went there; the probes hang in the other one.
    if chemistry is not None and (zone.circuit is None or zone.circuit.irrigation is None):
        for name, target, share in (
            (chemistry.ph, chemistry.target_ph, PREPARE_PH),
            (chemistry.ec, chemistry.target_ec, PREPARE_EC),
        ):
            reading = None if name is None else sense(state, name, now)
            if isinstance(reading, Missing):
                return AutomationState.IDLE, f"{name} cannot be seen ({reading.reason.value.replace('_', ' ')})"
            if reading is not None and abs(reading.value - target) > share * target:
                return AutomationState.IDLE, f"{name} shows {reading.value:.2f}, and {target:g} is wanted"
    return AutomationState.READY, "nothing runs, and there is water to give"


def _dry(state: State, zone: Zone, tank: Tank | None, now: Now) -> str | None:
    """Why no water can be given; None when the source is seen to hold some."""
    if zone.pump is None:
        return f"{zone.name} has no pump"
    low = None if tank is None else tank.low
    if low is not None:
        reading = sense(state, low, now)
        if isinstance(reading, Missing):
            return f"{low} cannot be seen ({reading.reason.value.replace('_', ' ')})"
        if reading.value < WET:
            return f"{low} is dry"
    for condition in state.site.actuators[zone.pump].requires:
        reading = sense(state, condition.sensor, now)
        if isinstance(reading, Missing):
            return f"{condition.sensor} cannot be seen ({reading.reason.value.replace('_', ' ')})"
        if not condition.holds(reading.value):
            return f"{condition.sensor} shows {reading.value:g}, and the pump needs {condition}"
    return None


def _details(task: Task, stage: Stage, now: Now) -> View:
    spent = _spent(task, now)
    return {
        "task_id": task.task_id,
        "workflow": name_of(task),
        "stage": task.stage,
        "phase": task.phase,
        "attempt": task.cycle + 1,
        "reason_code": None if stage.going is None else stage.going.value,
        "started_at": iso(now.wall - spent),
        "elapsed_sec": spent // SECOND,
        "progress_percent": min(100, round(100 * spent / stage.limit)) if stage.limit else 100,
    }


def _spent(task: Task, now: Now) -> Nanos:
    """How long the stage has held, before its last restart too."""
    return task.held + (max(0, now.mono - task.stage_since) if task.phase == "hold" else 0)


def _left_s(task: Task, stage: Stage, now: Now) -> int:
    return max(0, stage.limit - _spent(task, now)) // SECOND


def _next(word: AutomationState, stage: Stage | None, table: Table) -> AutomationState:
    """What follows when all goes well: the stages without outputs of their own are passed over."""
    if word is AutomationState.IDLE:
        return AutomationState.TANK_FILLING
    if word is AutomationState.READY:
        return AutomationState.IRRIGATING
    seen: set[str] = set()
    while stage is not None and stage.done.to is not None and stage.name not in seen:
        seen.add(stage.name)
        following = next((row for row in table if stage is not None and row.name == stage.done.to), None)
        becomes = AutomationState.READY if following is None else STAGES[following.name]
        if following is None or becomes is not word:
            return becomes
        stage = following
    return AutomationState.READY


def _tanks(zone: Zone) -> View:
    circuit = zone.circuit
    return {
        "tanks_count": 0 if circuit is None else len(circuit.tanks),
        "clean_tank_capacity_l": None if circuit is None or circuit.clean is None else circuit.clean.volume_l,
        "nutrient_tank_capacity_l": None if circuit is None else circuit.solution.volume_l,
        **({} if circuit is None or circuit.irrigation is None else _third(circuit.irrigation)),
    }


def _third(tank: Tank) -> View:
    return {"irrigation_tank_capacity_l": tank.volume_l}


def _levels(state: State, zone: Zone, now: Now) -> View:
    circuit, chemistry = zone.circuit, zone.chemistry
    clean = None if circuit is None else circuit.clean
    solution = None if circuit is None else circuit.solution
    return {
        "clean_tank_level_percent": _percent(state, clean, now),
        "nutrient_tank_level_percent": _percent(state, solution, now) if solution else _value(state, zone.tank, now),
        "clean_min": _wet(state, None if clean is None else clean.low, now),
        "clean_max": _wet(state, None if clean is None else clean.high, now),
        "solution_min": _wet(state, None if solution is None else solution.low, now),
        "solution_max": _wet(state, None if solution is None else solution.high, now),
        **({} if circuit is None or circuit.irrigation is None else _of_third(state, circuit.irrigation, now)),
        "ph": _value(state, None if chemistry is None else chemistry.ph, now),
        "ec": _value(state, None if chemistry is None else chemistry.ec, now),
    }


def _of_third(state: State, tank: Tank, now: Now) -> View:
    return {
        "irrigation_tank_level_percent": _percent(state, tank, now),
        "irrigation_min": _wet(state, tank.low, now),
        "irrigation_max": _wet(state, tank.high, now),
    }


def _percent(state: State, tank: Tank | None, now: Now) -> float | None:
    return None if tank is None else _value(state, tank.level, now)


def _wet(state: State, name: str | None, now: Now) -> bool | None:
    value = _value(state, name, now)
    return None if value is None else value > WET


def _value(state: State, name: str | None, now: Now) -> float | None:
    """A missing reading is null, never zero."""
    reading = None if name is None else sense(state, name, now)
    return round(reading.value, 3) if isinstance(reading, Reading) else None


def _processes(state: State, zone: Zone, task: Task | None) -> View:
    on = {output.name for output in state.outputs.values() if output.owed_off and output.closing is None}
    chemistry = zone.chemistry
    return {
        "pump_in": zone.circuit is not None and zone.circuit.fill in on,
        "pump": zone.pump in on,
        "circulation": task is not None and STAGES[task.stage] in _ROUND and _mixer(zone) in on,
        "ph_correction": chemistry is not None and bool({chemistry.acid, chemistry.base} & on),
        "ec_correction": chemistry is not None and bool(set(chemistry.nutrients) & on),
    }


def _mixer(zone: Zone) -> str | None:
    return None if zone.mixing is None else zone.mixing.pump


_ROUND = frozenset({AutomationState.TANK_RECIRC, AutomationState.IRRIG_RECIRC})
