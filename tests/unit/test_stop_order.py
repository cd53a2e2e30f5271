"""A stop by a person: the pump first, then its valves, within two seconds; and what the stop says of it."""

import pytest

from edgectl.engine.rules import interlock, stopping
from edgectl.engine.rules.paths import STOP_ORDER_PATIENCE
from edgectl.model.inputs import Answer, AskState, ManualOn, Restrain, Restraint, Send, StopAll
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.unit.test_overrides import Heard

STOPS = [
    StopAll(token=9, who="Ana"),
    Restrain(token=9, what=Restraint.STOP_WATER, on=True, who="Ana"),
    Restrain(token=9, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"),
]
NAMES = ["stop_all", "stop_water", "lock"]


def watering() -> World:
    """Somebody waters by hand."""
    world = World(example_site(), (), 1)
    world.people = Heard(world)
    world.run(10 * SECOND)
    press(world, "valve", 120)
    press(world, "pump", 60)
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["pump"].on
    return world


def press(world: World, name: str, seconds: int) -> Answer:
    world.offer(ManualOn(token=1, actuator=name, lease=seconds * SECOND, who="Ana"))
    world.run(world.now + 3 * SECOND)
    assert isinstance(world.people, Heard)
    return world.people.answers[-1]


def went_off(world: World, name: str) -> Nanos:
    return next(move.at for move in reversed(world.field.trace) if move.name == name and not move.on)


@pytest.mark.parametrize("stop", STOPS, ids=NAMES)
def test_the_valve_closes_after_its_pump(stop: StopAll | Restrain) -> None:
    world = watering()
    begun = world.now
    world.offer(stop)
    world.run(world.now + 5 * SECOND)
    assert begun < went_off(world, "pump") < begun + SECOND
    assert went_off(world, "pump") < went_off(world, "valve") < begun + STOP_ORDER_PATIENCE + SECOND


@pytest.mark.parametrize("stop", STOPS, ids=NAMES)
def test_a_welded_pump_does_not_hold_its_valve_open_and_is_told(stop: StopAll | Restrain) -> None:
    world = watering()
    world.field.welded.add("pump")
    begun = world.now
    world.offer(stop)
    world.run(world.now + 60 * SECOND)
    assert begun + STOP_ORDER_PATIENCE <= went_off(world, "valve") < begun + STOP_ORDER_PATIENCE + SECOND
    alarm = world.state.alarms["output_may_be_on:pump"]
    assert alarm.active
    assert "heats the water that shut valves do not let out" in alarm.advice
    world.field.welded.clear()
    world.run(world.now + 30 * SECOND)
    assert not world.field.relays["pump"].on
    assert not world.state.alarms["output_may_be_on:pump"].active


def test_without_the_order_the_valve_shuts_in_the_face_of_the_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (interlock, stopping):
        monkeypatch.setattr(module, "closes_at", lambda draft, valve: 0)
    world = watering()
    world.offer(STOPS[0])
    world.run(world.now + 5 * SECOND)
    assert went_off(world, "valve") <= went_off(world, "pump")


def test_a_stop_names_only_what_really_stays_on() -> None:
    world = watering()
    press(world, "lamp", 600)
    assert world.field.relays["lamp"].on
    world.offer(STOPS[0])
    world.run(world.now + 5 * SECOND)
    assert isinstance(world.people, Heard)
    stopped = next(answer for answer in world.people.answers if answer.code == "stopped")
    assert stopped.body is not None
    assert stopped.body["stays_on"] == [], "a lamp that was lit for a while goes off with the rest"
    assert not world.field.relays["lamp"].on


def test_a_stop_leaves_the_light_of_the_day_and_says_so() -> None:
    world = watering()
    world._release((Send(cmd_id="a", actuator="lamp", on=True, lease=None, not_after=world.now + SECOND),), world.now)
    world.run(world.now + SECOND)
    world._release((AskState(actuator="lamp"),), world.now)
    world.run(world.now + SECOND)
    world.offer(STOPS[0])
    world.run(world.now + 5 * SECOND)
    assert isinstance(world.people, Heard)
    stopped = next(answer for answer in world.people.answers if answer.code == "stopped")
    assert stopped.body is not None
    assert stopped.body["stays_on"] == ["lamp"]
    assert world.field.relays["lamp"].on


def test_an_output_that_is_simply_on_is_told_so() -> None:
    world = watering()
    assert "pump is on already" in str(press(world, "pump", 5).body)
    world.field.welded.add("pump")
    world.run(world.now + 70 * SECOND)
    assert "pump has not been seen off since its last run" in str(press(world, "pump", 5).body)
