"""Guards that no person can talk out of it."""

from edgectl.engine.rules.guards import DEAD_HEAD
from edgectl.model.inputs import ManualOff, ManualOn
from edgectl.model.time import MS, SECOND
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World


def on_time(world: World, name: str) -> list[tuple[float, float]]:
    """When an output was on, in seconds."""
    world.field.advance(world.now)
    moves = [move for move in world.field.trace if move.name == name]
    begins = [m.at / SECOND for m in moves if m.on]
    ends = [m.at / SECOND for m in moves if not m.on and any(b < m.at / SECOND for b in begins)]
    return list(zip(begins, ends, strict=False))


def ready() -> World:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    return world


def test_a_pump_by_hand_does_not_push_against_a_closed_valve() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="pump", lease=60 * SECOND, who="me"))
    world.run(world.now + 100 * SECOND)
    ((begin, end),) = on_time(world, "pump")
    assert DEAD_HEAD / SECOND <= end - begin < 4


def test_a_pump_by_hand_runs_while_its_valve_is_open_and_stops_soon_after_it_closes() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="valve", lease=60 * SECOND, who="me"))
    world.offer(ManualOn(token=2, actuator="pump", lease=60 * SECOND, who="me"))
    world.run(world.now + 20 * SECOND)
    assert world.field.relays["pump"].on
    world.offer(ManualOff(token=3, actuator="valve", who="me"))
    world.run(world.now + 10 * SECOND)
    assert not world.field.relays["pump"].on
    ((_, valve_closed),), ((_, pump_off),) = on_time(world, "valve"), on_time(world, "pump")
    assert pump_off - valve_closed < DEAD_HEAD / SECOND + 500 * MS / SECOND


def test_a_press_of_two_seconds_is_for_the_electrician() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="pump", lease=2 * SECOND, who="me"))
    world.run(world.now + 20 * SECOND)
    ((begin, end),) = on_time(world, "pump")
    assert abs(end - begin - 2) < 0.01
