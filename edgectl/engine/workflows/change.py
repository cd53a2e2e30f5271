"""A new solution: the old one out, the drain proven shut, and then everything that a first start does."""

from edgectl.engine.workflows import tanks
from edgectl.engine.workflows.execution import NOTHING, Wish
from edgectl.engine.workflows.stage import Below, Elapsed, Exit, Stage, Table
from edgectl.model.codes import Code
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import WET

DRAIN_LIMIT: Nanos = 1800 * SECOND
SHUT: Nanos = 30 * SECOND  # what an open pipe still lets out, and a valve that hangs shows as water
EMPTY_PCT = 5.0


def solution_change(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """Drain, prove the drain shut, fill, prepare. The fill begins only when the drain has been seen off."""
    circuit = zone.circuit
    assert circuit is not None
    assert circuit.drain is not None
    tank = circuit.solution
    low = tank.low
    empty = Below(sensor=low, limit=WET) if low is not None else Below(sensor=tank.level or "", limit=EMPTY_PCT)
    late = Exit(code=Code.EXECUTION_FAILED, error=Code.EXECUTION_FAILED)
    onward = tanks.startup(site, zone, wish)
    return (
        Stage(
            name="drain",
            entered=("STAGE_ENTERED", Code.SOLUTION_CHANGE_REQUIRED),
            opens=(circuit.drain,),
            until=empty,
            done=Exit(code=Code.SOLUTION_CHANGE_REQUIRED, to="drain_shut"),
            limit=circuit.drain_time or DRAIN_LIMIT,
            late=late,
            blind=Exit(code=Code.TWO_TANK_LEVEL_STALE, error=Code.TWO_TANK_LEVEL_STALE, event="TANK_LEVEL_STALE"),
            failed=Code.TWO_TANK_COMMAND_FAILED,
        ),
        Stage(
            name="drain_shut",
            until=Elapsed(after=SHUT),
            done=Exit(code=Code.SOLUTION_CHANGE_REQUIRED, to=onward[0].name),
            limit=SHUT + SECOND,
            late=late,
        ),
        *onward,
    )
