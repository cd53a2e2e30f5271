"""What a person says after pressing an output: kept over a restart, and only for the wire that was pressed."""

from random import Random

from edgectl.daemon import views
from edgectl.engine.state import State
from edgectl.model.hands import Tried
from edgectl.model.time import SECOND
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.unit.test_overrides import Heard


def house() -> World:
    world = World(example_site(), (), 1, ground=Ground(one_tank(), Random(1)))
    world.people = Heard(world)
    world.run(20 * SECOND)
    return world


def say(world: World, actuator: str, *, moved: bool) -> bool:
    world.offer(
        Tried(token=1, actuator=actuator, moved=moved, read_back=True, who="Ana", why="" if moved else "the fan")
    )
    world.run(world.now + SECOND)
    assert isinstance(world.people, Heard)
    return world.people.answers[-1].ok


def test_the_newest_word_counts_and_the_timeline_keeps_both() -> None:
    world = house()
    name = next(iter(world.state.site.actuators))
    channel = world.state.site.actuators[name].channel
    assert views.tried(world.state, name, channel) is None
    assert say(world, name, moved=False)
    assert say(world, name, moved=True)
    told = views.tried(world.state, name, channel)
    assert told is not None
    assert (told["who"], told["moved"]) == ("Ana", True)
    lines = [dict(e.details) for e in world.journal.timeline if e.event_type == "OUTPUT_TRIED"]
    assert [(line["moved"], line["why"]) for line in lines] == [(False, "the fan"), (True, "")]


def test_it_is_known_after_a_restart_and_forgotten_on_another_relay() -> None:
    world = house()
    name = next(iter(world.state.site.actuators))
    assert say(world, name, moved=True)
    again = State.begin(site=world.state.site, schedules=(), stored=world.journal.load(), boot_id="next", started=0)
    assert views.tried(again, name, world.state.site.actuators[name].channel) is not None
    assert views.tried(again, name, "board.relay_8") is None, "another wire was never pressed"


def test_an_output_that_is_not_there_gets_a_sentence() -> None:
    world = house()
    assert not say(world, "nothing", moved=True)
    assert not [e for e in world.journal.timeline if e.event_type == "OUTPUT_TRIED"]
