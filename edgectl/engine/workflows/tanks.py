"""Filling and preparing the tanks: clean water in, solution over, recirculation until pH and EC are right.

Each function gives the rows of one workflow. Floats end the fills; a float that cannot be seen, or a pair that
contradicts itself, stops the flow first. Numbers without a source are those of the predecessor's storage node
(STORAGE_IRRIGATION_NODE_PROD_SPEC).
"""

import math

from edgectl.engine.workflows import times
from edgectl.engine.workflows.doses import LONGEST_PULSE, SETTLE
from edgectl.engine.workflows.stage import Above, All, Below, Door, Exit, InBand, Stage, Table, Until
from edgectl.model.codes import Code
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Nanos, seconds
from edgectl.model.water import Chemistry, Circuit, Tank

CLEAN_FILL_LIMIT: Nanos = 1200 * SECOND
SOLUTION_FILL_LIMIT: Nanos = 1800 * SECOND
REFILL_LIMIT: Nanos = 600 * SECOND
RECOVERY_LIMIT: Nanos = 600 * SECOND
RECOVERY_ATTEMPTS = 5
PREPARE_LEAST: Nanos = 1200 * SECOND
FULL_PCT = 95.0  # nothing to refill above
WET = 0.5  # a float reads 0 or 1
SETTLED: Nanos = 5 * SECOND  # a float that was empty has to be wet for so long before it counts
PREPARE_PH, PREPARE_EC = 0.15, 0.25
RECOVERY_PH, RECOVERY_EC = 0.05, 0.10
DEGRADED_PH, DEGRADED_EC = 0.10, 0.20

_BLIND = Exit(code=Code.TWO_TANK_LEVEL_STALE, error=Code.TWO_TANK_LEVEL_STALE, event="TANK_LEVEL_STALE")
_UNSEEN = Exit(
    code=Code.STALE, error=Code.EXECUTION_FAILED
)  # a probe, or the float that keeps the pump from running dry
_CONTRADICTION = Exit(code=Code.TWO_TANK_LEVEL_UNAVAILABLE, error=Code.TWO_TANK_LEVEL_UNAVAILABLE)


def startup(site: Site, zone: Zone) -> Table:
    """Clean water, then solution, then the targets."""
    circuit = _circuit(zone)
    ready = Exit(code=Code.PREPARE_TARGETS_REACHED, event="PREPARE_TARGETS_REACHED")
    if circuit.clean is None:
        return (*_first_fill(circuit, "prepare" if zone.chemistry else None), *_prepare(site, zone, ready))
    return (
        *_first_fill(circuit, "solution_fill"),
        *_solution_fill(zone, circuit, "prepare" if zone.chemistry else None),
        *_prepare(site, zone, ready),
    )


def clean_fill(site: Site, zone: Zone) -> Table:
    """Only the first fill."""
    return _first_fill(_circuit(zone), None)


def solution_fill(site: Site, zone: Zone) -> Table:
    """Only the second fill; when the clean tank runs dry it is filled up in between."""
    circuit = _circuit(zone)
    return (*_solution_fill(zone, circuit, None), *_first_fill(circuit, "solution_fill"))


def prepare(site: Site, zone: Zone) -> Table:
    """Only the recirculation."""
    return _prepare(site, zone, Exit(code=Code.PREPARE_TARGETS_REACHED, event="PREPARE_TARGETS_REACHED"))


def refill(site: Site, zone: Zone) -> Table:
    """Top the source up from the mains: by level, by time, whichever comes first."""
    circuit = _circuit(zone)
    tank = circuit.clean or circuit.solution
    return (
        Stage(
            name="refill",
            entered=("TANK_REFILL_STARTED", Code.TANK_REFILL_STARTED),
            going=Code.TANK_REFILL_IN_PROGRESS,
            opens=(circuit.fill,),
            until=full(tank),
            done=Exit(code=Code.TANK_REFILL_COMPLETED, event="TANK_REFILL_COMPLETED"),
            limit=_fill_limit(tank, circuit.fill_l_min, REFILL_LIMIT),
            late=Exit(
                code=Code.CYCLE_START_REFILL_TIMEOUT, error=Code.CYCLE_START_REFILL_TIMEOUT, event="TANK_REFILL_TIMEOUT"
            ),
            doors=_contradictions(tank),
            blind=Exit(
                code=Code.CYCLE_START_TANK_LEVEL_STALE,
                error=Code.CYCLE_START_TANK_LEVEL_STALE,
                event="TANK_LEVEL_STALE",
            ),
            resumes=True,
            looks_first=True,
        ),
    )


def recovery(site: Site, zone: Zone) -> Table:
    """The plants' water is off its targets: close them off, recirculate and correct, five times at most."""
    chemistry = _chemistry(zone)
    degraded = Exit(code=Code.IRRIGATION_RECOVERY_DEGRADED, event="PREPARE_TARGETS_REACHED")
    failed = Exit(code=Code.IRRIGATION_RECOVERY_FAILED, error=Code.IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED)
    return (
        Stage(
            name="recover",
            entered=("STAGE_ENTERED", Code.IRRIGATION_RECOVERY_STARTED),
            opens=recirculation(zone),
            until=in_band(chemistry, RECOVERY_PH, RECOVERY_EC),
            done=Exit(code=Code.IRRIGATION_RECOVERY_RECOVERED, event="PREPARE_TARGETS_REACHED"),
            limit=max(RECOVERY_LIMIT, least_go(chemistry)),
            late=Exit(code=Code.IRRIGATION_RECOVERY_FAILED, to="judge"),
            doors=dry_door(zone),
            blind=_UNSEEN,
            corrects=True,
        ),
        Stage(
            name="judge",
            looks_first=True,
            until=in_band(chemistry, DEGRADED_PH, DEGRADED_EC),
            done=degraded,
            limit=SECOND,
            late=Exit(code=Code.IRRIGATION_RECOVERY_STARTED, to="recover", cycles=RECOVERY_ATTEMPTS - 1, spent=failed),
        ),
    )


def full(tank: Tank) -> Until:
    """What shows that a tank is full: its upper float, or its level where it has none."""
    if tank.high is not None:
        return Above(sensor=tank.high, limit=WET)
    assert tank.level is not None
    return Above(sensor=tank.level, limit=FULL_PCT)


def in_band(chemistry: Chemistry, ph_share: float, ec_share: float) -> InBand:
    """The targets with a tolerance."""
    return InBand(
        ph=chemistry.ph,
        target_ph=chemistry.target_ph,
        ph_share=ph_share,
        ec=chemistry.ec,
        target_ec=chemistry.target_ec,
        ec_share=ec_share,
    )


def least_go(chemistry: Chemistry) -> Nanos:
    """The shortest recirculation in which one dose can be given and judged."""
    return SETTLE + LONGEST_PULSE + chemistry.mixing + seconds(60)


def prepare_limit(chemistry: Chemistry) -> Nanos:
    """Twelve doses with their mixing times, at least 20 minutes and at most 2 hours."""
    return max(PREPARE_LEAST, min(7200 * SECOND, 12 * chemistry.mixing))


# -- the rows


def _first_fill(circuit: Circuit, then: str | None) -> Table:
    tank = circuit.clean or circuit.solution
    limit = _fill_limit(tank, circuit.fill_l_min, circuit.fill_time or CLEAN_FILL_LIMIT)
    timeout = Exit(code=Code.CLEAN_FILL_TIMEOUT, error=Code.CLEAN_TANK_NOT_FILLED_TIMEOUT, locks=circuit.fill)
    again = Exit(
        code=Code.CLEAN_FILL_RETRY_STARTED,
        event="CLEAN_FILL_RETRY_STARTED",
        to="clean_fill",
        cycles=1,
        spent=timeout,
    )
    return (
        Stage(
            name="clean_fill",
            entered=("CLEAN_FILL_STARTED", Code.CLEAN_FILL_STARTED),
            going=Code.CLEAN_FILL_IN_PROGRESS,
            opens=(circuit.fill,),
            until=full(tank),
            done=Exit(code=Code.CLEAN_FILL_COMPLETED, event="CLEAN_FILL_COMPLETED", to=then),
            limit=limit,
            # Where the rate is known, the limit is the whole tank and more: a second try could only run over.
            late=again if circuit.fill_l_min is None else timeout,
            doors=_contradictions(tank),
            blind=_BLIND,
            resumes=True,
            looks_first=True,
        ),
    )


def _solution_fill(zone: Zone, circuit: Circuit, then: str | None) -> Table:
    assert zone.pump is not None
    assert circuit.clean is not None
    parts = (circuit.clean_supply, circuit.solution_fill, zone.pump)
    doors = [*_contradictions(circuit.clean), *_contradictions(circuit.solution)]
    if circuit.clean.low is not None:
        empty = Exit(
            code=Code.CLEAN_FILL_STARTED,
            to="clean_fill",
            cycles=3,
            spent=Exit(code=Code.SOLUTION_FILL_TIMEOUT, error=Code.CLEAN_TANK_NOT_FILLED_TIMEOUT),
        )
        doors.append(Door(name="clean_empty", when=Below(sensor=circuit.clean.low, limit=WET), exit=empty))
    return (
        Stage(
            name="solution_fill",
            entered=("SOLUTION_FILL_STARTED", Code.SOLUTION_FILL_STARTED),
            going=Code.SOLUTION_FILL_IN_PROGRESS,
            opens=tuple(part for part in parts if part is not None),
            until=full(circuit.solution),
            done=Exit(code=Code.SOLUTION_FILL_COMPLETED, event="SOLUTION_FILL_COMPLETED", to=then),
            limit=_fill_limit(circuit.solution, _rate(zone), circuit.solution_time or SOLUTION_FILL_LIMIT),
            late=Exit(
                code=Code.SOLUTION_FILL_TIMEOUT,
                error=Code.SOLUTION_TANK_NOT_FILLED_TIMEOUT,
                locks=circuit.solution_fill,
            ),
            doors=tuple(doors),
            blind=_BLIND,
            resumes=True,
            looks_first=True,
        ),
    )


def _prepare(site: Site, zone: Zone, ready: Exit) -> Table:
    chemistry = zone.chemistry
    if chemistry is None:
        return ()
    opens, whole = recirculation(zone), prepare_limit(chemistry)
    most = times.longest(site, opens)
    # What a relay timer cannot count in one go is done in several; each is long enough for a dose and its mixing.
    go = whole if most is None else max(min(whole, most), least_go(chemistry))
    missed = Exit(code=Code.PREPARE_TARGETS_NOT_REACHED, error=Code.PREPARE_NPK_PH_TARGET_NOT_REACHED)
    again = Exit(code=Code.PREPARE_RECIRCULATION_STARTED, to="prepare", cycles=math.ceil(whole / go) - 1, spent=missed)
    return (
        Stage(
            name="prepare",
            entered=("STAGE_ENTERED", Code.PREPARE_RECIRCULATION_STARTED),
            opens=opens,
            until=in_band(chemistry, PREPARE_PH, PREPARE_EC),
            done=ready,
            limit=go,
            late=missed if go >= whole else again,
            doors=dry_door(zone),
            blind=_UNSEEN,
            corrects=True,
        ),
    )


def recirculation(zone: Zone) -> tuple[str, ...]:
    """What is open and runs while the solution goes round."""
    circuit = _circuit(zone)
    parts = (circuit.solution_supply, circuit.solution_fill, zone.pump)
    return tuple(part for part in parts if part is not None)


def dry_door(zone: Zone) -> tuple[Door, ...]:
    """The solution runs out while it is pumped round: it leaks, or somebody drains it."""
    low = _circuit(zone).solution.low
    if low is None:
        return ()
    empty = Exit(code=Code.LOW_WATER, error=Code.EXECUTION_FAILED)
    return (Door(name="solution_empty", when=Below(sensor=low, limit=WET), exit=empty),)


def _contradictions(tank: Tank) -> tuple[Door, ...]:
    """Wet at the top and dry at the bottom: one of the two floats lies, and nobody knows which."""
    if tank.low is None or tank.high is None:
        return ()
    when = All((Above(sensor=tank.high, limit=WET), Below(sensor=tank.low, limit=WET)))
    return (Door(name=f"{tank.name}_floats", when=when, exit=_CONTRADICTION),)


def _fill_limit(tank: Tank, rate_l_min: float | None, most: Nanos) -> Nanos:
    """Where the commissioned rate is known, no fill lasts longer than 1.3 times the whole tank: a float that lies must
    not become a flood."""
    return most if rate_l_min is None else min(most, seconds(1.3 * tank.volume_l / rate_l_min * 60))


def _rate(zone: Zone) -> float | None:
    return zone.chemistry.rate_l_min if zone.chemistry is not None else zone.rate_l_min


def _circuit(zone: Zone) -> Circuit:
    assert zone.circuit is not None, f"{zone.name} has no circuit"
    return zone.circuit


def _chemistry(zone: Zone) -> Chemistry:
    assert zone.chemistry is not None, f"{zone.name} has no chemistry"
    return zone.chemistry
