"""Every single thing that can break in a house, one after the other: what the controller did and what it said."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.model.site import Site
from edgectl.plant.faults import Breakage, Fault
from edgectl.plant.layout import MAINS, ZONE
from edgectl.plant.water import HARD, RO, Solute, water
from edgectl.simulate.houses import House, settle_in, verdict
from edgectl.simulate.world import DAY, World

HOURS = 44  # the first morning, a day, and the second evening
SOUR = water(ph=4.6, ec=0.02, carbonate=0.05)  # rain from a peat roof: it takes base and no acid
QUIET = frozenset({"irrigation_required", "lighting_required", "lighting_already_in_target_state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a house with one fault stood in the end. `said` are the reasons of tasks that failed."""

    breakage: Breakage
    broken: tuple[str, ...]
    still_on: tuple[str, ...]
    alarms: tuple[str, ...]
    said: tuple[str, ...]
    unseen: str = ""  # why nobody can be called: the sentence for a person who reads the table

    @property
    def safe(self) -> bool:
        """Nothing is on, and no promise was broken."""
        return not self.broken and not self.still_on

    @property
    def told(self) -> bool:
        """A person was called, or there is a reason why nobody can be."""
        return bool(self.alarms or self.unseen)


def each_fault(house: House, seed: int) -> Iterator[Ended]:
    """Live through the same days once for every single fault of the plant."""
    for breakage in settle_in(house, seed).field.ground.plant.possible_faults():
        yield live_with(house, seed, breakage, None)[0]


def live_with(house: House, seed: int, breakage: Breakage, value: float | None) -> tuple[Ended, World]:
    """Live through those days with one thing broken from the first minute on."""
    world = settle_in(house, seed, tap=_water(house.site(), breakage))
    world.field.ground.plant.break_part(breakage.fault, breakage.of, 0, value=value)
    world.run(HOURS * DAY // 24)
    ends = [entry for entry in world.journal.timeline if entry.event_type == "TASK_FINISHED"]
    failed = {str(entry.details["reason_code"]) for entry in ends if entry.details["status"] != "completed"}
    alarms = tuple(sorted(world.state.alarms))
    relays = world.field.relays.items()
    return Ended(
        breakage=breakage,
        broken=tuple(verdict(house, world)),
        still_on=tuple(name for name, relay in relays if relay.on and world.site.actuators[name].dangerous),
        alarms=alarms,
        said=tuple(sorted(failed - QUIET)),
        unseen="" if alarms else _unseen(world, breakage),
    ), world


def _unseen(world: World, breakage: Breakage) -> str:
    """What no instrument of this house can show, and why that is borne."""
    plant = world.field.ground.plant
    shows = next((gauge.of for gauge in plant.layout.gauges if gauge.channel == breakage.of), "").rpartition(".")[2]
    if breakage.fault is Fault.PROBE_BIAS and shows == "volume":
        return "a counter is only subtracted from itself: a constant error changes no amount"
    if breakage.fault is Fault.PROBE_BIAS and shows in ("ph", "ec"):
        return "one probe cannot know that it is off: a second one with agree_within can, calibrate_every reminds"
    if breakage.fault is Fault.VALVE_LEAKING and plant.plumbing.pumps:
        found = [v for v in plant.layout.valves if v.name == breakage.of]
        if any(all(other.name == v.name for other in plant.layout.valves if other.source == v.source) for v in found):
            return "is the only way of its pump, which runs only while it is open: closed, it has nothing to pass"
        inner = all(v.source != MAINS and v.target != ZONE for v in plant.layout.valves if v.name == breakage.of)
        return (
            "passes a litre a minute while the pump runs, from tank to tank: no amount changes by much" if inner else ""
        )
    return ""


def _water(site: Site, breakage: Breakage) -> Solute:
    """Water in which the broken part is needed: what is never used cannot show that it is broken."""
    chemistry = [zone.chemistry for zone in site.zones.values() if zone.chemistry is not None]
    if breakage.fault is Fault.DOSE_LINE_EMPTY and any(breakage.of == one.acid for one in chemistry):
        return HARD
    return SOUR if breakage.fault is Fault.DOSE_LINE_EMPTY and any(breakage.of == one.base for one in chemistry) else RO
