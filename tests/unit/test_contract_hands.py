"""How long what people do may last, held to the numbers of the contract."""

from edgectl.model.inputs import ManualOn, Restrain, Restraint
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND


def test_on_by_hand_lasts_four_hours_at_most() -> None:
    for hours, goes_on in ((4, True), (4.01, False)):
        world = World(example_site(), (), 1)
        world.run(20 * SECOND)
        world.offer(ManualOn(token=1, actuator="lamp", lease=round(hours * HOUR), who="Ana"))
        world.run(world.now + 5 * SECOND)
        assert world.field.relays["lamp"].on is goes_on
        world.run(world.now + round(4 * HOUR) + 60 * SECOND)
        assert not world.field.relays["lamp"].on


def test_a_service_lock_is_called_to_mind_every_twelve_hours() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"))
    world.run(40 * HOUR)
    told = [
        entry.mono / HOUR
        for entry in world.journal.timeline
        if str(entry.details.get("alarm", "")).startswith("service_lock_reminder:")
    ]
    assert [round(hour) for hour in told] == [12, 24, 36]
    assert world.state.latches["lock:zone-1"].held
