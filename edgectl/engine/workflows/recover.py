"""Water that is off its targets: the plants are closed off, and the solution goes round until it is right again.

It is asked for by name, or it begins when a watering gives the plants something else than it should. Five times at
most; what is near enough after the time of one go is good enough to water with.
"""

from edgectl.engine.workflows.execution import NOTHING, Wish, within
from edgectl.engine.workflows.stage import Door, Exit, OutOfBand, Stage, Table
from edgectl.engine.workflows.tanks import (
    PREPARE_EC,
    PREPARE_PH,
    UNSEEN,
    dry_door,
    in_band,
    least_go,
    recirculation,
)
from edgectl.model.codes import Code
from edgectl.model.site import Site, Zone
from edgectl.model.time import SECOND, Nanos

LIMIT: Nanos = 600 * SECOND
ATTEMPTS = 5
RIGHT_PH, RIGHT_EC = 0.05, 0.10
DEGRADED_PH, DEGRADED_EC = 0.10, 0.20
OFF_FOR: Nanos = 20 * SECOND  # longer than it takes to call a person about the same water
ROUNDS = 2  # of watering that was left for it


def recovery(site: Site, zone: Zone, wish: Wish = NOTHING) -> Table:
    """The recovery alone."""
    return _rows(zone, wish, Code.IRRIGATION_RECOVERY_STARTED, None)


def online(zone: Zone, back: str) -> Table:
    """The recovery in the middle of another workflow, and from there back to the stage that was left for it."""
    return _rows(zone, NOTHING, Code.TANK_TO_TANK_CORRECTION_STARTED, back)


def can_correct(zone: Zone) -> bool:
    """Is there anything to correct the solution with, and a way to pump it round?"""
    chemistry, circuit = zone.chemistry, zone.circuit
    if chemistry is None or circuit is None or circuit.irrigation is not None:
        return False  # what is in a third tank stays as it was prepared: nothing is dosed into it
    return bool(chemistry.dosers and circuit.back)


def off_target(zone: Zone) -> Door:
    """The way out of a watering whose water is further from its targets than a prepared solution may be."""
    chemistry = zone.chemistry
    assert chemistry is not None
    failed = Exit(code=Code.ONLINE_CORRECTION_FAILED, error=Code.IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED)
    return Door(
        name="off_target",
        when=OutOfBand(band=in_band(chemistry, PREPARE_PH, PREPARE_EC), held=OFF_FOR),
        exit=Exit(
            code=Code.ONLINE_CORRECTION_FAILED,
            event="IRRIGATION_ONLINE_CORRECTION_FAILED",
            to="recover",
            cycles=ROUNDS,
            spent=failed,
        ),
    )


def _rows(zone: Zone, wish: Wish, begun: Code, back: str | None) -> Table:
    chemistry = zone.chemistry
    assert chemistry is not None, f"{zone.name} has no chemistry"
    attempts = ATTEMPTS if wish.attempts is None else min(ATTEMPTS, max(1, wish.attempts))
    failed = Exit(code=Code.IRRIGATION_RECOVERY_FAILED, error=Code.IRRIGATION_RECOVERY_ATTEMPTS_EXCEEDED)
    return (
        Stage(
            name="recover",
            entered=("STAGE_ENTERED", begun),
            opens=recirculation(zone),
            until=in_band(chemistry, RIGHT_PH, RIGHT_EC),
            done=Exit(code=Code.IRRIGATION_RECOVERY_RECOVERED, event="PREPARE_TARGETS_REACHED", to=back),
            limit=within(max(LIMIT, least_go(chemistry)), wish.recovery),
            late=Exit(code=Code.IRRIGATION_RECOVERY_FAILED, to="judge"),
            doors=dry_door(zone),
            blind=UNSEEN,
            corrects=True,
            failed=Code.TWO_TANK_COMMAND_FAILED,
        ),
        Stage(
            name="judge",
            looks_first=True,
            until=in_band(chemistry, DEGRADED_PH, DEGRADED_EC),
            done=Exit(code=Code.IRRIGATION_RECOVERY_DEGRADED, event="PREPARE_TARGETS_REACHED", to=back),
            limit=SECOND,
            late=Exit(code=begun, to="recover", cycles=attempts - 1, spent=failed),
        ),
    )
