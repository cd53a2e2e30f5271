"""The houses that can be lived in for days: their site, their schedules, their plant, and who judges them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from edgectl.model.site import Site
from edgectl.plant.water import RO, Solute
from edgectl.scheduler.schedule import Schedule
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.draughts import broken_air
from edgectl.simulate.estate import estate
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One example. `judge` adds the promises that only this house can show."""

    site: Callable[[], Site]
    schedules: Callable[[], tuple[Schedule, ...]]
    ground: Callable[[Random, Solute], Ground]  # on this water from the mains
    judge: Callable[[World], list[str]]
    charts: tuple[tuple[str, str, tuple[str, ...]], ...]  # title, unit, quantities of the plant


SMALL = House(
    site=example_site,
    schedules=example_schedules,
    ground=lambda random, tap: Ground.small(random),
    judge=broken_promises,
    charts=(("Tank", "%", ("tank.level",)),),
)


def house_of(site: Site, schedules: tuple[Schedule, ...]) -> House:
    """The house that a site file describes."""
    levels, probes = list[str](), dict[str, list[str]]()
    for tank in {tank.name for zone in site.zones.values() if zone.circuit for tank in zone.circuit.tanks}:
        levels.append(f"{tank}.level")
    for zone in site.zones.values():
        if zone.pump is not None and zone.circuit is None:
            levels.append(f"{zone.pump}_source.level")
        if zone.circuit is not None and zone.chemistry is not None:
            for kind in ("ph", "ec"):
                if getattr(zone.chemistry, kind) is not None:
                    probes.setdefault(kind, []).append(f"{zone.circuit.solution.name}.{kind}")
    charts = [("Levels", "%", tuple(sorted(set(levels))))] if levels else []
    for kind, title, unit in (("ph", "pH of the solution", "pH"), ("ec", "EC of the solution", "mS/cm")):
        if kind in probes:
            charts.append((title, unit, tuple(sorted(set(probes[kind])))))
    if any(zone.climate is not None for zone in site.zones.values()):
        charts.append(("Air", "°C", ("air.temperature", "weather.temperature")))
        charts.append(("Humidity", "%RH", ("air.humidity",)))
    return House(
        site=lambda: site,
        schedules=lambda: schedules,
        ground=lambda random, tap: estate(site, random, tap),
        judge=lambda world: [*broken_doses(world.site, world.field), *broken_air(world.field.ground)],
        charts=tuple(charts),
    )


def settle_in(
    house: House,
    seed: int,
    *,
    faults: Faults | None = None,
    crash: float = 0.0,
    people: bool = False,
    disk: float = 0.0,
    tap: Solute = RO,
) -> World:
    """A house on its first morning."""
    ground = house.ground(Random(seed + 2), tap)
    return World(
        house.site(),
        house.schedules(),
        seed,
        faults=faults,
        crash=crash,
        people=people,
        disk=disk,
        ground=ground,
    )


def verdict(house: House, world: World) -> list[str]:
    """Every promise that does not hold in this house."""
    world.field.advance(world.now)
    return [*broken(world.site, world.journal, world.field.trace, world.report.ready_at), *house.judge(world)]
