"""What instruments say about one another and about what should stand still. They stop nothing: a person is told.

A meter is held against the flow sensor of the same pump, a float against a tank that nobody touches, and a probe
against its own last minute.
"""

from collections.abc import Sequence

from edgectl.engine.draft import Draft
from edgectl.engine.rules.flow import NO_FLOW_L_MIN
from edgectl.model.channel import Missing, Reading
from edgectl.model.codes import Code
from edgectl.model.site import Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Tank

WARM: Nanos = 5 * SECOND  # of a run, before a meter is held against anything
TELLS: Nanos = 20 * SECOND  # of a run, after which it should have counted
LEAST_L = 1.0
TOO_LITTLE, TOO_MUCH, ROOM_L = 0.5, 2.0, 2.0
AT_REST: Nanos = 60 * SECOND  # a tank settles, a pipe runs empty
SHAKES: Nanos = 10 * SECOND  # a float that moves for less is a wave
LOOK_EVERY: Nanos = 1800 * SECOND
WET = 0.5
JUMPS = 2  # there and back within the samples that are kept, about a minute


def watch(draft: Draft) -> None:
    """Look at every meter that should count and at every tank that should stand still."""
    for task in draft.tasks():
        # Its first stage alone: what the pump moves afterwards the meter has counted since the task began.
        waters = task.task_type == "irrigation" and task.stage == "water" and not task.cycle
        if waters and task.status is TaskStatus.RUNNING and task.phase == "hold":
            zone = draft.state.site.zones[task.zone]
            _meter(draft, zone.meter, zone.flow, task.meter_at_start, task)
        elif task.status is TaskStatus.RUNNING and task.phase == "hold" and task.stage not in task.spent:
            _fill(draft, draft.state.site.zones[task.zone], task)
    for zone in draft.state.site.zones.values():
        if zone.circuit is not None:
            _tanks(draft, zone)


def restless(draft: Draft, sensor: str, jump: float) -> None:
    """Call a person for a probe that jumps by so much and back again; one that has calmed down is calmed."""
    site = draft.state.site
    for channel in site.sensors[sensor].channels:
        recent = draft.state.traces[channel][sensor].recent
        values = [site.sensors[sensor].scaled(sample.value) for sample in recent]
        if _spikes(values, jump) >= JUMPS:
            draft.alert(
                Code.PROBE_RESTLESS,
                sensor,
                f"{sensor} jumps by more than {jump:g} {site.sensors[sensor].unit} and back again",
                "look at its plug and its cable; nothing is dosed on a reading that has just jumped",
            )
            return
    draft.calm(Code.PROBE_RESTLESS, sensor)


def _spikes(values: Sequence[float], jump: float) -> int:
    """How many samples stand alone, far from the ones before and after them and on the same side of both."""
    return sum(
        abs(here - before) > jump and abs(here - after) > jump and (here > before) is (here > after)
        for before, here, after in zip(values, values[1:], values[2:], strict=False)
    )


def _fill(draft: Draft, zone: Zone, task: Task) -> None:
    """The counter of a fill, the first time that the stage is come to: later it counts what was let in before too."""
    circuit, begun_ml = zone.circuit, task.spent.get(f"{task.stage} from ml")
    if circuit is None or task.stage not in ("solution_fill", "irrigation_fill"):
        return
    own = circuit.solution_meter if task.stage == "solution_fill" else circuit.irrigation_meter
    pump = circuit.filler(zone.pump) if task.stage == "solution_fill" else circuit.mix_pump
    flow = next((way.flow for way in zone.ways if way.pump == pump), None)
    _meter(draft, own, flow, None if begun_ml is None else begun_ml / 1000, task)


def _meter(draft: Draft, name: str | None, beside: str | None, begun_l: float | None, task: Task) -> None:
    lasted = draft.now.mono - task.stage_since
    if name is None or beside is None or lasted < WARM:
        return
    meter, flow = draft.read(name), draft.read(beside)
    if not isinstance(flow, Reading) or flow.value < NO_FLOW_L_MIN:
        return  # whoever sees no water has other alarms
    if isinstance(meter, Missing) or begun_l is None:
        if lasted >= TELLS:
            _suspect(draft, name, f"{name} cannot be read while water moves")
        return
    moved, expected = meter.value - begun_l, flow.value * lasted / (60 * SECOND)
    if moved > TOO_MUCH * expected + ROOM_L or (lasted >= TELLS and LEAST_L < TOO_LITTLE * expected > moved):
        _suspect(draft, name, f"{name} has counted {moved:.1f} L where {beside} saw about {expected:.1f} L")
    elif lasted >= TELLS:
        draft.calm(Code.FLOW_METER_SUSPECT, name)


def _suspect(draft: Draft, meter: str, what: str) -> None:
    draft.alert(Code.FLOW_METER_SUSPECT, meter, what, "clean or replace the meter; amounts in reports may be wrong")


def _tanks(draft: Draft, zone: Zone) -> None:
    """Floats are remembered from when the circuit came to rest, and held against it for as long as it rests."""
    assert zone.circuit is not None
    rest, tanks, mine = ("rest", zone.name), zone.circuit.tanks, draft.state.fixed.actuators_of[zone.name]
    if any(output.name in mine for output in draft.owed()):
        draft.forget_since(rest)
        for key in [("float", name, wet) for tank in tanks for name in _floats(tank) for wet in (True, False)]:
            draft.forget_since(key)
        return
    at_rest = draft.since(rest) + AT_REST
    if draft.now.mono < at_rest:
        draft.wake(at_rest)
        return
    draft.wake(draft.now.mono + LOOK_EVERY)
    for tank in tanks:
        for name in _floats(tank):
            _still(draft, tank, name)


def _floats(tank: Tank) -> list[str]:
    return [name for name in (tank.low, tank.high) if name is not None]


def _still(draft: Draft, tank: Tank, float_: str) -> None:
    reading = draft.read(float_)
    if isinstance(reading, Missing):
        return
    wet = reading.value > WET
    before, moving = ("float", float_, not wet), ("moving", float_)
    if before not in draft.holding:
        draft.since(("float", float_, wet))
        draft.forget_since(moving)
        return
    if draft.now.mono - draft.since(moving) < SHAKES:
        draft.wake(draft.since(moving) + SHAKES)
        return
    draft.forget_since(before)
    draft.forget_since(moving)
    draft.since(("float", float_, wet))
    draft.alert(
        Code.TANK_MOVED,
        tank.name,
        f"{float_} of the {tank.name} tank {'rose' if wet else 'fell'} while everything was off",
        "look for a leak, and for a valve that does not close; the tank may run over or dry",
    )
