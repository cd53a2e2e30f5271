"""The needs of the tank workflows: do the devices answer, how full is the source."""

from collections.abc import Sequence

from edgectl.engine.draft import Draft
from edgectl.engine.senses import cited
from edgectl.engine.workflows import silence
from edgectl.engine.workflows.execution import node_types_of, wish_of
from edgectl.engine.workflows.need import FAIL, RETRY, RUN, SKIP, WAIT, Need, awaited
from edgectl.model.channel import Absence, Missing, Reading
from edgectl.model.codes import Code, required
from edgectl.model.site import Zone
from edgectl.model.task import Task
from edgectl.model.water import FULL_PCT, WET


def nodes(draft: Draft, task: Task) -> Need:
    """Every device of the zone's circuit answers, and every float has been read."""
    sensors = _sensors(draft, task)
    if awaited(draft, sensors):
        return Need(WAIT, Code.NODES_UNAVAILABLE)
    readings = [draft.read(sensor) for sensor in sensors]
    samples = tuple(cited(reading) for reading in readings)
    if silent := silence.of(draft, _devices(draft, task)):
        error = silence.error(draft, task.zone, _devices(draft, task))
        return Need(RETRY, Code.NODES_UNAVAILABLE, error, samples=samples, why=silent)
    draft.note("NODES_AVAILABILITY_CHECKED", task_id=task.task_id, zone=task.zone, reason_code="required_nodes_checked")
    if any(isinstance(reading, Missing) for reading in readings):
        error = Code.TWO_TANK_LEVEL_STALE if _stale(readings) else Code.TWO_TANK_LEVEL_UNAVAILABLE
        return Need(FAIL, error, error, samples=samples)
    return Need(RUN, required(task.task_type), samples=samples)


def startup(draft: Draft, task: Task) -> Need:
    """The same, and the timeline says that a preparation of both tanks begins."""
    need = nodes(draft, task)
    if need.decision == RUN:
        draft.note("TWO_TANK_STARTUP_INITIATED", task_id=task.task_id, zone=task.zone)
    return need


def refill(draft: Draft, task: Task) -> Need:
    """The source is low enough to be topped up."""
    draft.note("CYCLE_START_INITIATED", task_id=task.task_id, zone=task.zone)
    sensors = _sensors(draft, task)
    if awaited(draft, sensors):
        return Need(WAIT, Code.TANK_REFILL_REQUIRED)
    if silent := silence.of(draft, _devices(draft, task)):
        error = Code.CYCLE_START_REQUIRED_NODES_UNAVAILABLE
        return Need(RETRY, Code.CYCLE_START_BLOCKED_NODES_UNAVAILABLE, error, why=silent)
    draft.note("NODES_AVAILABILITY_CHECKED", task_id=task.task_id, zone=task.zone, reason_code="required_nodes_checked")
    circuit = draft.state.site.zones[task.zone].circuit
    assert circuit is not None
    tank = circuit.clean or circuit.solution
    shown = tank.level or tank.high
    assert shown is not None
    reading = draft.read(shown)
    samples = (cited(reading),)
    if isinstance(reading, Missing):
        code = Code.CYCLE_START_TANK_LEVEL_UNAVAILABLE
        if _stale([reading]):
            code = Code.CYCLE_START_TANK_LEVEL_STALE
            draft.note("TANK_LEVEL_STALE", task_id=task.task_id, zone=task.zone, sensor=shown)
        return Need(FAIL, code, code, samples=samples)
    draft.note(
        "TANK_LEVEL_CHECKED",
        task_id=task.task_id,
        zone=task.zone,
        sensor=shown,
        value=round(reading.value, 2),
        reason_code=Code.TANK_LEVEL_CHECKED.value,
    )
    wish = wish_of(task.payload)
    enough = FULL_PCT if wish.full_pct is None else min(FULL_PCT, wish.full_pct)
    full = reading.value >= enough if tank.level is not None else reading.value > WET
    if full:
        return Need(SKIP, Code.TANK_REFILL_NOT_REQUIRED, samples=samples)
    return Need(RUN, Code.TANK_REFILL_REQUIRED, samples=samples)


def _sensors(draft: Draft, task: Task) -> tuple[str, ...]:
    circuit = draft.state.site.zones[task.zone].circuit
    if circuit is None:
        return ()
    return tuple(name for tank in circuit.tanks for name in (tank.low, tank.high, tank.level) if name is not None)


def level_seen(zone: Zone, task: Task) -> float | None:
    """How full the tank was, in percent, when the task was decided on; None where no level is measured."""
    circuit = zone.circuit
    tank = None if circuit is None else circuit.clean or circuit.solution
    seen = (s for s in task.looked_at if tank is not None and tank.level is not None and s.get("sensor") == tank.level)
    return next((float(sample["value"]) for sample in seen if "value" in sample), None)


def _devices(draft: Draft, task: Task) -> set[str]:
    """What has to answer: everything on the way of the water, and whatever kinds of devices the request names."""
    site = draft.state.site
    zone = site.zones[task.zone]
    circuit = zone.circuit
    assert circuit is not None
    parts = {*circuit.outputs, *(() if zone.pump is None else (zone.pump,))} - {circuit.drain}
    devices = {site.actuators[name].device for name in parts}
    devices |= {device for name in _sensors(draft, task) for device in site.sensors[name].devices}
    return devices | silence.named(site, zone, node_types_of(task.payload))


def _stale(readings: Sequence[Reading | Missing]) -> bool:
    return any(isinstance(reading, Missing) and reading.reason is Absence.STALE for reading in readings)
