"""The houses that can be lived in for days: their site, their schedules, their plant, and who judges them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from edgectl.model.site import Site
from edgectl.scheduler.schedule import Schedule
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.two_tank import two_tank_ground, two_tank_schedules, two_tank_site
from edgectl.simulate.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One example. `judge` adds the promises that only this house can show."""

    site: Callable[[], Site]
    schedules: Callable[[], tuple[Schedule, ...]]
    ground: Callable[[Random], Ground]
    judge: Callable[[World], list[str]]
    charts: tuple[tuple[str, str, tuple[str, ...]], ...]  # title, unit, quantities of the plant


HOUSES: dict[str, House] = {
    "small": House(
        site=example_site,
        schedules=example_schedules,
        ground=Ground.small,
        judge=broken_promises,
        charts=(("Tank", "%", ("tank.level",)),),
    ),
    "two-tank": House(
        site=two_tank_site,
        schedules=two_tank_schedules,
        ground=two_tank_ground,
        judge=lambda world: broken_doses(world.site, world.field.ground),
        charts=(
            ("Levels", "%", ("clean.level", "solution.level")),
            ("pH of the solution", "pH", ("solution.ph",)),
            ("EC of the solution", "mS/cm", ("solution.ec",)),
        ),
    ),
}


def settle_in(
    house: House,
    seed: int,
    *,
    faults: Faults | None = None,
    crash: float = 0.0,
    people: bool = False,
    disk: float = 0.0,
) -> World:
    """A house on its first morning."""
    ground = house.ground(Random(seed + 2))
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
