"""Filling and preparing the tanks: clean water in, solution over, recirculation until pH and EC are right, and on into
the tank of the plants where they have one.

Each function gives the rows of one workflow. Floats end the fills; a float that cannot be seen, or a pair that
contradicts itself, stops the flow first. Numbers without a source are those of the predecessor's storage node
(STORAGE_IRRIGATION_NODE_PROD_SPEC).
"""

import math
from functools import partial

from edgectl.engine.workflows import times
from edgectl.engine.workflows.doses import LONGEST_PULSE, SETTLE
from edgectl.engine.workflows.execution import NOTHING, Wish, within
from edgectl.engine.workflows.stage import Above, All, Below, Door, Exit, InBand, Metered, Stage, Table, Until
from edgectl.model.codes import Code
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Nanos, seconds
from edgectl.model.water import WET, Chemistry, Circuit, Tank

CLEAN_FILL_LIMIT: Nanos = 1200 * SECOND
SOLUTION_FILL_LIMIT: Nanos = 1800 * SECOND
REFILL_LIMIT: Nanos = 600 * SECOND
LEAST_FILL: Nanos = 10 * SECOND  # a tank that is almost full, and a valve that has to open
LEAST_FILL_L = 2.0  # the same in litres
TOLERANCE = 1.1  # a counter that nobody has calibrated is a tenth off
RETRY_CYCLES = 1
ROUNDS = 3  # of a solution tank that is smaller than the tank of the plants
PREPARE_LEAST: Nanos = 1200 * SECOND
HALF_PCT = 50.0  # no upper float is wet below
PREPARE_PH, PREPARE_EC = 0.15, 0.25

_BLIND = Exit(code=Code.TWO_TANK_LEVEL_STALE, error=Code.TWO_TANK_LEVEL_STALE, event="TANK_LEVEL_STALE")
UNSEEN = Exit(
    code=Code.STALE, error=Code.EXECUTION_FAILED
)  # a probe, or the float that keeps the pump from running dry
# A fill by a pump. The tank before it may have to be filled in between: that gives this one no more time.
_FROM_TANK_TO_TANK = partial(
    Stage, blind=_BLIND, resumes=True, looks_first=True, keeps_time=True, failed=Code.TWO_TANK_COMMAND_FAILED
)
_CONTRADICTION = Exit(code=Code.TWO_TANK_LEVEL_UNAVAILABLE, error=Code.TWO_TANK_LEVEL_UNAVAILABLE)


def startup(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Clean water, then solution, then the targets."""
    circuit = _circuit(zone)
    last = None if circuit.irrigation is None else "irrigation_fill"
    ready = Exit(code=Code.PREPARE_TARGETS_REACHED, event="PREPARE_TARGETS_REACHED", to=last)
    then = "prepare" if zone.chemistry else last
    return (
        *_first_fill(circuit, then if circuit.clean is None else "solution_fill", wish),
        *(() if circuit.clean is None else _solution_fill(zone, circuit, then, wish)),
        *_prepare(site, zone, ready, wish),
        *_onward(zone, circuit, "clean_fill"),
    )


def clean_fill(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Only the first fill."""
    return _first_fill(_circuit(zone), None, wish)


def solution_fill(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Only the second fill; when the clean tank runs dry it is filled up in between."""
    circuit = _circuit(zone)
    return (*_solution_fill(zone, circuit, None, wish), *_first_fill(circuit, "solution_fill", wish))


def irrigation_fill(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Only the third fill, with what is in the solution tank: a person may pass on what could not be prepared."""
    return _onward(zone, _circuit(zone), None)


def prepare(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Only the recirculation."""
    return _prepare(site, zone, Exit(code=Code.PREPARE_TARGETS_REACHED, event="PREPARE_TARGETS_REACHED"), wish)


def refill(site: Site, zone: Zone, wish: Wish = NOTHING, level_pct: float | None = None) -> Table:
    """Top the source up from the mains: by level or by time, whichever comes first. Where the level is known from the
    decision, the time is what the missing litres take."""
    circuit = _circuit(zone)
    tank = circuit.clean or circuit.solution
    missing = 1.0 if level_pct is None else min(1.0, max(0.0, 1.0 - level_pct / 100))
    limit = max(LEAST_FILL, _fill_limit(tank, circuit.fill_l_min, REFILL_LIMIT, missing))
    return (
        Stage(
            name="refill",
            entered=("TANK_REFILL_STARTED", Code.TANK_REFILL_STARTED),
            going=Code.TANK_REFILL_IN_PROGRESS,
            opens=(circuit.fill,),
            until=full(tank, wish),
            done=Exit(code=Code.TANK_REFILL_COMPLETED, event="TANK_REFILL_COMPLETED"),
            limit=within(limit, wish.refill),
            late=Exit(
                code=Code.CYCLE_START_REFILL_TIMEOUT, error=Code.CYCLE_START_REFILL_TIMEOUT, event="TANK_REFILL_TIMEOUT"
            ),
            doors=(*_contradictions(tank), *_flood(circuit, tank, "refill", missing)),
            metered=circuit.fill_meter,
            proves=tank.high,
            blind=Exit(
                code=Code.CYCLE_START_TANK_LEVEL_STALE,
                error=Code.CYCLE_START_TANK_LEVEL_STALE,
                event="TANK_LEVEL_STALE",
            ),
            resumes=True,
            looks_first=True,
            failed=Code.CYCLE_START_REFILL_COMMAND_FAILED,
        ),
    )


def full(tank: Tank, wish: Wish = NOTHING) -> Until:
    """What shows that a tank is full. Of a level, less may be wished for."""
    assert tank.mark is not None
    sensor, limit = tank.mark
    less = tank.high is None and wish.full_pct is not None
    return Above(sensor=sensor, limit=min(limit, wish.full_pct) if less and wish.full_pct is not None else limit)


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


def prepare_limit(chemistry: Chemistry, acid: int = 0) -> Nanos:
    """Twelve doses and so many of acid with their mixing times, at least 20 minutes and at most 2 hours."""
    return max(PREPARE_LEAST, min(7200 * SECOND, (12 + acid) * chemistry.mixing))


# -- the rows


def _first_fill(circuit: Circuit, then: str | None, wish: Wish) -> Table:
    tank = circuit.clean or circuit.solution
    limit = within(_fill_limit(tank, circuit.fill_l_min, circuit.fill_time or CLEAN_FILL_LIMIT), wish.clean_fill)
    timeout = Exit(code=Code.CLEAN_FILL_TIMEOUT, error=Code.CLEAN_TANK_NOT_FILLED_TIMEOUT, locks=circuit.fill)
    again = Exit(
        code=Code.CLEAN_FILL_RETRY_STARTED,
        event="CLEAN_FILL_RETRY_STARTED",
        to="clean_fill",
        cycles=RETRY_CYCLES if wish.retries is None else min(RETRY_CYCLES, wish.retries),
        spent=timeout,
    )
    return (
        Stage(
            name="clean_fill",
            entered=("CLEAN_FILL_STARTED", Code.CLEAN_FILL_STARTED),
            going=Code.CLEAN_FILL_IN_PROGRESS,
            opens=(circuit.fill,),
            until=full(tank, wish),
            done=Exit(code=Code.CLEAN_FILL_COMPLETED, event="CLEAN_FILL_COMPLETED", to=then),
            limit=limit,
            # Where the rate is known, the limit is the whole tank and more: a second try could only run over.
            late=again if circuit.fill_l_min is None else timeout,
            doors=(*_contradictions(tank), *_flood(circuit, tank, "clean_fill")),
            metered=circuit.fill_meter,
            proves=tank.high,
            blind=_BLIND,
            resumes=True,
            looks_first=True,
            failed=Code.TWO_TANK_COMMAND_FAILED,
        ),
    )


def _solution_fill(zone: Zone, circuit: Circuit, then: str | None, wish: Wish) -> Table:
    assert circuit.clean is not None
    parts = (circuit.clean_supply, circuit.solution_fill, circuit.filler(zone.pump))
    empty = Exit(
        code=Code.CLEAN_FILL_STARTED,
        to="clean_fill",
        cycles=3,
        spent=Exit(code=Code.SOLUTION_FILL_TIMEOUT, error=Code.CLEAN_TANK_NOT_FILLED_TIMEOUT),
    )
    own = circuit.filler(zone.pump) == zone.pump  # then the meter of the zone counts this water too
    meter = circuit.solution_meter or (zone.meter if own else None)
    empties = runs_dry(circuit.clean, "clean_empty", empty)
    return (
        _FROM_TANK_TO_TANK(
            name="solution_fill",
            entered=("SOLUTION_FILL_STARTED", Code.SOLUTION_FILL_STARTED),
            going=Code.SOLUTION_FILL_IN_PROGRESS,
            opens=tuple(part for part in parts if part is not None),
            until=full(circuit.solution),
            done=Exit(code=Code.SOLUTION_FILL_COMPLETED, event="SOLUTION_FILL_COMPLETED", to=then),
            limit=within(
                _fill_limit(circuit.solution, zone.fills_l_min, circuit.solution_time or SOLUTION_FILL_LIMIT),
                wish.solution_fill,
            ),
            late=Exit(
                code=Code.SOLUTION_FILL_TIMEOUT,
                error=Code.SOLUTION_TANK_NOT_FILLED_TIMEOUT,
                locks=circuit.solution_fill,
            ),
            doors=(
                *_contradictions(circuit.clean),
                *_contradictions(circuit.solution),
                *empties,
                *_volume(meter, TOLERANCE * circuit.solution.volume_l, "solution_fill", circuit.solution_fill),
            ),
            metered=meter,
        ),
    )


def _onward(zone: Zone, circuit: Circuit, again: str | None) -> Table:
    """The third fill. A solution tank that runs dry before the third is full is filled and prepared once more."""
    tank = circuit.irrigation
    if tank is None:
        return ()
    meter, parts = circuit.irrigation_meter, (circuit.solution_supply, circuit.irrigation_fill, circuit.mix_pump)
    dry = Exit(code=Code.LOW_WATER, error=Code.IRRIGATION_TANK_NOT_FILLED_TIMEOUT)
    more = Exit(code=Code.CLEAN_FILL_STARTED, to=again, cycles=ROUNDS, spent=dry)
    empties = runs_dry(circuit.solution, "solution_empty", dry if again is None else more)
    return (
        _FROM_TANK_TO_TANK(
            name="irrigation_fill",
            entered=("IRRIGATION_FILL_STARTED", Code.IRRIGATION_FILL_STARTED),
            going=Code.IRRIGATION_FILL_IN_PROGRESS,
            opens=tuple(part for part in parts if part is not None),
            until=full(tank),
            done=Exit(code=Code.IRRIGATION_FILL_COMPLETED, event="IRRIGATION_FILL_COMPLETED"),
            limit=_fill_limit(tank, zone.mixes_l_min, circuit.irrigation_time or SOLUTION_FILL_LIMIT),
            late=Exit(
                code=Code.IRRIGATION_FILL_TIMEOUT,
                error=Code.IRRIGATION_TANK_NOT_FILLED_TIMEOUT,
                locks=circuit.irrigation_fill,
            ),
            doors=(
                *_contradictions(circuit.solution),
                *_contradictions(tank),
                *empties,
                *_volume(meter, TOLERANCE * tank.volume_l, "irrigation_fill", circuit.irrigation_fill),
            ),
            metered=meter,
        ),
    )


def _prepare(site: Site, zone: Zone, ready: Exit, wish: Wish) -> Table:
    chemistry = zone.chemistry
    if chemistry is None:
        return ()
    opens, whole = recirculation(zone), within(prepare_limit(chemistry, _of_acid(site, chemistry)), wish.prepare)
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
            limit=within(go, wish.prepare),
            late=missed if go >= whole else again,
            doors=dry_door(zone),
            blind=UNSEEN,
            corrects=True,
            failed=Code.TWO_TANK_COMMAND_FAILED,
        ),
    )


def _of_acid(site: Site, chemistry: Chemistry) -> int:
    """The doses that a whole tank of fresh water may take beyond those of a usual one."""
    doser = None if chemistry.acid is None else site.actuators[chemistry.acid].doser
    return 0 if doser is None else math.ceil(chemistry.acid_per_litre * chemistry.volume_l / doser.max_dose_ml)


def recirculation(zone: Zone) -> tuple[str, ...]:
    """What is open and runs while the solution goes round."""
    circuit = _circuit(zone)
    parts = (circuit.solution_supply, circuit.back, circuit.mixer(zone.pump))
    return tuple(part for part in parts if part is not None)


def dry_door(zone: Zone) -> tuple[Door, ...]:
    """The solution runs out while it is pumped round: it leaks, or somebody drains it."""
    empty = Exit(code=Code.LOW_WATER, error=Code.EXECUTION_FAILED)
    return runs_dry(_circuit(zone).solution, "solution_empty", empty)


def runs_dry(tank: Tank, name: str, exit_: Exit) -> tuple[Door, ...]:
    """The way out when a tank that is drawn from runs dry, where its lower float tells."""
    return () if tank.low is None else (Door(name=name, when=Below(sensor=tank.low, limit=WET), exit=exit_),)


def _contradictions(tank: Tank) -> tuple[Door, ...]:
    """Wet at the top and dry at the bottom, or half empty by the level: one of the two lies, and nobody knows which."""
    if tank.high is None:
        return ()
    wet = Above(sensor=tank.high, limit=WET)
    below = [] if tank.low is None else [Below(sensor=tank.low, limit=WET)]
    below += [] if tank.level is None else [Below(sensor=tank.level, limit=HALF_PCT)]
    return tuple(
        Door(name=f"{tank.name}_floats" + ("_level" if n else ""), when=All((wet, low)), exit=_CONTRADICTION)
        for n, low in enumerate(below)
    )


def _flood(circuit: Circuit, tank: Tank, stage: str, missing: float = 1.0) -> tuple[Door, ...]:
    """A meter on the mains ends the fill at its litres, also under a float that hangs."""
    whole = TOLERANCE * tank.volume_l
    most = whole if circuit.fill_most_l is None else min(whole, circuit.fill_most_l)
    litres = min(most, max(LEAST_FILL_L, TOLERANCE * missing * tank.volume_l))
    return _volume(circuit.fill_meter, litres, stage, circuit.fill)


def _volume(meter: str | None, litres: float, stage: str, valve: str | None) -> tuple[Door, ...]:
    """The way out of a fill that has let in all the litres it may; none where nobody counts them."""
    if meter is None:
        return ()
    spent = Exit(
        code=Code.FILL_VOLUME_REACHED,
        error=Code.FILL_VOLUME_REACHED,
        event="FILL_VOLUME_REACHED",
        locks=valve,
    )
    return (Door(name="volume", when=Metered(meter=meter, litres=litres, since=stage), exit=spent),)


def _fill_limit(tank: Tank, rate_l_min: float | None, most: Nanos, missing: float = 1.0) -> Nanos:
    """Where the commissioned rate is known, no fill lasts longer than 1.3 times the missing share of the tank: a float
    that lies must not become a flood."""
    return most if rate_l_min is None else min(most, seconds(1.3 * missing * tank.volume_l / rate_l_min * 60))


def _circuit(zone: Zone) -> Circuit:
    assert zone.circuit is not None, f"{zone.name} has no circuit"
    return zone.circuit
