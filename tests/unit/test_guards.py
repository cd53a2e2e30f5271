"""Guards that no person can talk out of it."""

from edgectl.model.inputs import ManualOff, ManualOn
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.asking import wish


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


def vetoed(world: World) -> str:
    return str([e.details["vetoed"] for e in world.journal.timeline if e.event_type == "MANUAL_ON"][-1])


def test_a_pump_by_hand_needs_an_open_valve_that_stays_open_longer() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="pump", lease=60 * SECOND, who="me"))
    world.run(world.now + SECOND)
    assert "switch valve on first" in vetoed(world)
    world.offer(ManualOn(token=2, actuator="valve", lease=30 * SECOND, who="me"))
    world.run(world.now + SECOND)
    world.offer(ManualOn(token=3, actuator="pump", lease=60 * SECOND, who="me"))
    world.run(world.now + SECOND)
    assert "for longer than the pump" in vetoed(world)
    world.offer(ManualOn(token=4, actuator="pump", lease=20 * SECOND, who="me"))
    world.run(world.now + 60 * SECOND)
    assert vetoed(world) == ""
    ((begin, end),) = on_time(world, "pump")
    assert abs(end - begin - 20) < 0.01


def test_a_pump_by_hand_stops_soon_after_its_valve_is_closed() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="valve", lease=60 * SECOND, who="me"))
    world.run(world.now + SECOND)
    world.offer(ManualOn(token=2, actuator="pump", lease=40 * SECOND, who="me"))
    world.run(world.now + 20 * SECOND)
    assert world.field.relays["pump"].on
    world.offer(ManualOff(token=3, actuator="valve", who="me"))
    world.run(world.now + 10 * SECOND)
    assert not world.field.relays["pump"].on
    ((_, valve_closed),), ((_, pump_off),) = on_time(world, "valve"), on_time(world, "pump")
    assert pump_off - valve_closed < 3


def test_water_that_waits_does_not_keep_the_lamp_dark() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.field.ground.plant.plumbing.tanks["tank"].volume_l = 10.0
    five = 3 * 3600 * SECOND  # five o'clock in Berlin
    world.run(five - 60 * SECOND)
    wall = world.wall
    request = wish(wall, "waits-for-water", payload={"duration_s": 30.0}, due=30 * SECOND, expires=60 * SECOND)
    world.offer(request)
    world.run(five + 30 * SECOND)
    assert any(task.task_type == "irrigation" for task in world.state.tasks.values())
    assert world.field.relays["lamp"].on


def test_a_press_of_two_seconds_is_for_the_electrician() -> None:
    world = ready()
    world.offer(ManualOn(token=1, actuator="pump", lease=2 * SECOND, who="me"))
    world.run(world.now + 20 * SECOND)
    ((begin, end),) = on_time(world, "pump")
    assert abs(end - begin - 2) < 0.01


def test_a_lamp_by_hand_returns_to_what_its_window_wants() -> None:
    world = World(example_site(), example_schedules(), 1)
    noon = 10 * 3600 * SECOND
    world.run(noon)
    assert world.field.relays["lamp"].on
    world.offer(ManualOn(token=1, actuator="lamp", lease=30 * SECOND, who="me"))
    world.run(noon + 200 * SECOND)
    assert world.field.relays["lamp"].on
