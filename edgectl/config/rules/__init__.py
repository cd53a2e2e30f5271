"""What makes sense together: checks across the entries of the file, one small function each.

A rule reports with a sentence and a hint, and says nothing about what another finding already covers.
"""

from edgectl.config.parts import Parts
from edgectl.config.rules import (
    air,
    calendars,
    centre,
    doors,
    leases,
    nodes,
    outputs,
    places,
    rounds,
    sensors,
    tanks,
    three_tanks,
    times,
    triggers,
    ways,
    wires,
    wiring,
    zones,
)


def judge(parts: Parts) -> None:
    """Every rule over everything that could be understood."""
    for room in (
        wires,
        nodes,
        sensors,
        outputs,
        wiring,
        zones,
        tanks,
        three_tanks,
        ways,
        air,
        rounds,
        places,
        times,
        triggers,
        calendars,
        leases,
        centre,
        doors,
    ):
        for rule in room.RULES:
            rule(parts)
