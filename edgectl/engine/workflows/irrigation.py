"""Irrigation: from the source through the zone's valve to the plants, for a time, a volume, or the light they have had.

A task that asks for litres ends by the meter, and by the clock at 1.3 times the time that the commissioned rate needs.
Water that turns out to be far off its targets is closed off, put right on its way round, and given then.
"""

from collections.abc import Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.workflows import aims, recover, silence, soil, times
from edgectl.engine.workflows.execution import duration_of, execution_of, litres_of
from edgectl.engine.workflows.need import RETRY, WAIT, Need, awaited, conditions_hold
from edgectl.engine.workflows.stage import All, Door, Elapsed, Exit, Stage, Table, Volume
from edgectl.engine.workflows.tanks import REFILL_LIMIT, full, runs_dry
from edgectl.model.codes import Code
from edgectl.model.site import Compare, Condition, Site, Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, seconds
from edgectl.model.water import WET

STALE = Exit(code=Code.STALE, error=Code.EXECUTION_FAILED, event="TANK_LEVEL_STALE")
DRY_RETRIES = 2
REST: Nanos = 30 * SECOND  # before the next try: a pump that drew air needs its suction to fill again
DRY = Exit(
    code=Code.FLOW_INACTIVE,
    to="await_water",
    cycles=DRY_RETRIES,
    spent=Exit(code=Code.FLOW_INACTIVE, error=Code.FLOW_INACTIVE),
)
CEILING = 1.3  # of the time that a volume should take
REDUCED = 0.5  # of what was asked for, where the plants need less


def table(site: Site, task: Task) -> Table:
    """One stage: water moves. Where the solution can be corrected, the way back to good water belongs to it."""
    zone = aims.zone_for(site.zones[task.zone], task)
    doors = _empties(zone)
    corrects = recover.can_correct(zone) and _may_correct(task.payload)
    water = _water(site, zone, task, (*doors, recover.off_target(zone)) if corrects else doors)
    again = _await_water(zone, water.name) if _refilled(zone) else ()
    return (water, *again, *recover.online(zone, water.name)) if corrects else (water, *again)


def need(draft: Draft, task: Task) -> Need:
    """Water is needed; is there any, and does everybody answer who is to bring it?"""
    site, zone = draft.state.site, draft.state.site.zones[task.zone]
    conditions = _source(site, zone)
    sensors = tuple(condition.sensor for condition in conditions)
    if awaited(draft, (*sensors, *(() if zone.meter is None else (zone.meter,)))):
        return Need(WAIT, Code.IRRIGATION_REQUIRED)
    devices = {site.actuators[name].device for name in (*_opens(site, zone), *zone.then)}
    if silent := silence.of(draft, devices):
        return Need(RETRY, Code.NODES_UNAVAILABLE, silence.error(draft, task.zone, devices), why=silent)
    cannot, samples = conditions_hold(draft, conditions, unseen=Code.LEVEL_UNAVAILABLE, low=Code.LOW_WATER)
    if cannot is not None:
        return Need(RETRY, cannot, samples=samples)
    return soil.need(draft, zone, task, samples)


def _water(site: Site, zone: Zone, task: Task, doors: tuple[Door, ...]) -> Stage:
    litres, share = litres_of(task.payload), REDUCED if task.run_mode == "run_reduced" else 1.0
    done = Exit(code=Code.IRRIGATION_REQUIRED)
    blind = STALE if _empties(zone) else None
    if litres is None or zone.meter is None:
        duration = _duration(zone, task.payload, litres, share)
        return Stage(
            name="water",
            opens=_opens(site, zone),
            turns=_turns(zone),
            until=Elapsed(after=duration),
            pulse=duration,
            done=done,
            limit=duration,
            late=done,
            doors=doors,
            blind=blind,
            dry=DRY if _refilled(zone) else None,
            keeps_time=True,
        )
    return Stage(
        name="water",
        opens=_opens(site, zone),
        turns=_turns(zone),
        until=Volume(meter=zone.meter, litres=litres * share),
        done=done,
        doors=doors,
        blind=blind,
        dry=DRY if _refilled(zone) else None,
        limit=_time_for(site, zone, litres * share),
        # The clock ends what the meter did not: the plants have had water, and somebody should look at the meter.
        late=Exit(code=Code.IRRIGATION_REQUIRED, event="VOLUME_NOT_REACHED"),
        keeps_time=True,
    )


def _refilled(zone: Zone) -> bool:
    """Does the mains fill the tank that this zone is watered from? Where nothing can change meanwhile, a pump that is
    dry is not tried again in the same run: the next run of the schedule is its next try."""
    return zone.circuit is not None and zone.circuit.clean is None


def _await_water(zone: Zone, then: str) -> Table:
    """The pump drew air: the tank is filled up, by a task of its own, and after a rest it is tried again."""
    assert zone.circuit is not None
    again = Exit(code=Code.IRRIGATION_REQUIRED, to=then)
    return (
        Stage(
            name="await_water",
            until=All((Elapsed(after=REST), full(zone.circuit.solution))),
            done=again,
            limit=REFILL_LIMIT + REST,
            late=again,
            asks="refill",
        ),
    )


def _duration(zone: Zone, payload: Mapping[str, Any], litres: float | None, share: float) -> Nanos:
    """The time that was asked for; litres that nobody counts are given by the commissioned rate."""
    if litres is not None and zone.rate_l_min is not None:
        return max(SECOND, min(zone.longest_run, seconds(share * litres / zone.rate_l_min * 60)))
    asked = duration_of(payload)
    # A meter that has left the site file with a run open: the run ends anyhow, and no table may fail meanwhile.
    return SECOND if asked is None else min(zone.longest_run, seconds(share * float(asked)))


def _may_correct(payload: Mapping[str, Any]) -> bool:
    """The plain timer of a thirsty zone gives whatever there is; a caller may say the same."""
    return (
        payload.get("fallback") is not True and execution_of(payload).get("correction_during_irrigation") is not False
    )


def _source(site: Site, zone: Zone) -> tuple[Condition, ...]:
    """What must be seen before water is drawn: the pump's own conditions, and the lower float of its tank."""
    assert zone.pump is not None
    low = None if zone.circuit is None else zone.circuit.source.low
    float_ = () if low is None else (Condition(sensor=low, compare=Compare.ABOVE, limit=WET),)
    return (*site.actuators[zone.pump].requires, *float_)


def _empties(zone: Zone) -> tuple[Door, ...]:
    """The tank runs dry, or its float cannot be seen any more: the water stops first."""
    empty = Exit(code=Code.LOW_WATER, error=Code.EXECUTION_FAILED)
    return () if zone.circuit is None else runs_dry(zone.circuit.source, "solution_empty", empty)


def _opens(site: Site, zone: Zone) -> tuple[str, ...]:
    """The pump comes last. Where the zone takes less than it has to push, the rest goes back through the bypass."""
    circuit = zone.circuit
    supply = None if circuit is None or circuit.irrigation is not None else circuit.solution_supply
    least = None if zone.pump is None else site.actuators[zone.pump].least_flow
    small = least is not None and (zone.rate_l_min or 0.0) < least.l_min
    bypass = least.bypass if least is not None and small else None
    return tuple(name for name in (supply, bypass, zone.valve, zone.pump) if name is not None)


def _turns(zone: Zone) -> tuple[str, ...]:
    return zone.outlets if zone.then else ()


def _time_for(site: Site, zone: Zone, litres: float) -> Nanos:
    """As long as the litres should take and a margin, and no longer than zone, pump and valves allow."""
    hard = zone.longest_run
    due = hard if zone.rate_l_min is None else seconds(CEILING * litres / zone.rate_l_min * 60)
    most = times.longest(site, (*_opens(site, zone), *zone.then))
    return max(SECOND, min(due, hard, hard if most is None else most))
