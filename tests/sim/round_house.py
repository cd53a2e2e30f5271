"""A house whose roots hang in a film of water: one pump that goes round without end, and a bubbler in its tank."""

from dataclasses import replace
from random import Random

from edgectl.model.site import Actuator, FailSafe, Role, Round, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import Layout, ValvePart, one_tank
from edgectl.scheduler.schedule import Schedule
from edgectl.simulate.example import example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.world import World

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
MAX_OFF: Nanos = 10 * MINUTE
FILM = Round(output="pump", max_off=MAX_OFF, pulse=30 * MINUTE)
BUBBLES = Round(output="bubbler", max_off=20 * MINUTE, pulse=30 * MINUTE)


def film_site(*rounds: Round) -> Site:
    """No valve on the way of the water, a level below which nothing is pumped, a flow sensor for a witness."""
    site = example_site()
    pump = replace(site.actuators["pump"], max_on=30 * MINUTE)
    air = Actuator(name="bubbler", channel="board.relay_4", role=Role.AIR_PUMP, fail_safe=FailSafe.NONE)
    zone = replace(site.zones["zone-1"], valve=None, light=None, rounds=rounds or (FILM,))
    return replace(site, actuators={"pump": pump, "bubbler": air}, zones={"zone-1": zone})


def piped() -> Layout:
    """What the pump lifts runs back into its tank through channels that nobody can shut."""
    house = one_tank()
    tank = replace(house.tanks[0], trickle_l_min=0.0)
    pipe = ValvePart(name="channels", source=house.pumps[0].name, target=tank.name)
    return replace(house, tanks=(tank,), valves=(pipe,), idle=("bubbler",))


def film(
    *rounds: Round,
    site: Site | None = None,
    schedules: tuple[Schedule, ...] = (),
    seed: int = 1,
    faults: Faults | None = None,
    crash: float = 0.0,
) -> World:
    """The house in virtual time, with water in its channels."""
    ground = Ground(piped(), Random(seed))
    ground.plant.set("channels", 1.0, 0)
    world = World(site or film_site(*rounds), schedules, seed, ground=ground, faults=faults, crash=crash)
    world.run(30 * SECOND)
    return world


def promises(world: World) -> list[str]:
    world.field.advance(world.now)
    return broken(world.site, world.journal, world.field.trace, world.report.ready_at)


def gaps(world: World, name: str = "pump", since: Nanos = 0) -> list[Nanos]:
    """How long the output was off, each time, from an instant on; the last time until now."""
    world.field.advance(world.now)
    found, off_at = [], since
    on = False
    for move in world.field.trace:
        if move.name != name:
            continue
        if move.on and not on and move.at > since:
            found.append(move.at - max(off_at, since))
        elif not move.on and on:
            off_at = move.at
        on = move.on
    return found if on else [*found, world.now - max(off_at, since)]
