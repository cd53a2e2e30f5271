"""Every single thing that can break in a house, one after the other: what the controller did and what it said."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.plant.faults import Breakage
from edgectl.simulate.houses import House, settle_in, verdict
from edgectl.simulate.world import DAY

HOURS = 44  # the first morning, a day, and the second evening
QUIET = frozenset({"irrigation_required", "lighting_required", "lighting_already_in_target_state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a house with one fault stood in the end. `said` are alarms and the reasons of tasks that failed."""

    breakage: Breakage
    broken: tuple[str, ...]
    still_on: tuple[str, ...]
    alarms: tuple[str, ...]
    said: tuple[str, ...]


def each_fault(house: House, seed: int) -> Iterator[Ended]:
    """Live through the same days once for every single fault of the plant."""
    for breakage in settle_in(house, seed).field.ground.plant.possible_faults():
        world = settle_in(house, seed)
        world.field.ground.plant.break_part(breakage.fault, breakage.of, 0)
        world.run(HOURS * DAY // 24)
        ends = [entry for entry in world.journal.timeline if entry.event_type == "TASK_FINISHED"]
        failed = {str(entry.details["reason_code"]) for entry in ends if entry.details["status"] != "completed"}
        yield Ended(
            breakage=breakage,
            broken=tuple(verdict(house, world)),
            still_on=tuple(
                name for name, relay in world.field.relays.items() if relay.on and world.site.actuators[name].dangerous
            ),
            alarms=tuple(sorted(world.state.alarms)),
            said=tuple(sorted(failed - QUIET)),
        )
