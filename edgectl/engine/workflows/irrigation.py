"""Irrigation: from the source through the zone's valve to the plants, for a time or a volume.

A task that asks for litres ends by the meter, and by the clock at 1.3 times the time that the commissioned rate needs.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.workflows import times
from edgectl.engine.workflows.need import RETRY, RUN, WAIT, Need, awaited, conditions_hold
from edgectl.engine.workflows.stage import Below, Door, Elapsed, Exit, Stage, Table, Volume
from edgectl.engine.workflows.tanks import WET
from edgectl.model.codes import Code
from edgectl.model.site import Compare, Condition, Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, seconds

HARD_LIMIT: Nanos = 600 * SECOND
STALE = Exit(code=Code.STALE, error=Code.EXECUTION_FAILED, event="TANK_LEVEL_STALE")
CEILING = 1.3  # of the time that a volume should take


def table(site: Site, task: Task) -> Table:
    """One stage: water moves."""
    zone = site.zones[task.zone]
    done = Exit(code=Code.IRRIGATION_REQUIRED)
    litres = task.payload.get("volume_l")
    if litres is None or zone.meter is None:
        duration = seconds(float(task.payload["duration_s"]))
        return (
            Stage(
                name="water",
                opens=_opens(zone),
                until=Elapsed(after=duration),
                pulse=duration,
                done=done,
                limit=duration,
                late=done,
                doors=_empties(zone),
                blind=STALE if _empties(zone) else None,
            ),
        )
    return (
        Stage(
            name="water",
            opens=_opens(zone),
            until=Volume(meter=zone.meter, litres=float(litres)),
            done=done,
            doors=_empties(zone),
            blind=STALE if _empties(zone) else None,
            limit=_time_for(site, zone, float(litres)),
            # The clock ends what the meter did not: the plants have had water, and somebody should look at the meter.
            late=Exit(code=Code.IRRIGATION_REQUIRED, event="VOLUME_NOT_REACHED"),
        ),
    )


def need(draft: Draft, task: Task) -> Need:
    """Water is needed; is there any?"""
    zone = draft.state.site.zones[task.zone]
    conditions = _source(draft.state.site, zone)
    sensors = tuple(condition.sensor for condition in conditions)
    if awaited(draft, (*sensors, *(() if zone.meter is None else (zone.meter,)))):
        return Need(WAIT, Code.IRRIGATION_REQUIRED)
    cannot, samples = conditions_hold(draft, conditions, unseen=Code.LEVEL_UNAVAILABLE, low=Code.LOW_WATER)
    if cannot is not None:
        return Need(RETRY, cannot, samples=samples)
    return Need(RUN, Code.IRRIGATION_REQUIRED, samples=samples)


def _source(site: Site, zone: Zone) -> tuple[Condition, ...]:
    """What must be seen before water is drawn: the pump's own conditions, and the lower float of its tank."""
    assert zone.pump is not None
    low = None if zone.circuit is None else zone.circuit.solution.low
    float_ = () if low is None else (Condition(sensor=low, compare=Compare.ABOVE, limit=WET),)
    return (*site.actuators[zone.pump].requires, *float_)


def _empties(zone: Zone) -> tuple[Door, ...]:
    """The tank runs dry, or its float cannot be seen any more: the water stops first."""
    low = None if zone.circuit is None else zone.circuit.solution.low
    if low is None:
        return ()
    empty = Exit(code=Code.LOW_WATER, error=Code.EXECUTION_FAILED)
    return (Door(name="solution_empty", when=Below(sensor=low, limit=WET), exit=empty),)


def _opens(zone: Zone) -> tuple[str, ...]:
    supply = None if zone.circuit is None else zone.circuit.solution_supply
    return tuple(name for name in (supply, zone.valve, zone.pump) if name is not None)


def _time_for(site: Site, zone: Zone, litres: float) -> Nanos:
    """As long as the litres should take and a margin, and no longer than pump and valves may be on."""
    due = HARD_LIMIT if zone.rate_l_min is None else seconds(CEILING * litres / zone.rate_l_min * 60)
    most = times.longest(site, _opens(zone))
    return max(SECOND, min(due, HARD_LIMIT, HARD_LIMIT if most is None else most))
