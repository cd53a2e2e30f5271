"""Work that waits for its next attempt has begun nothing: a person who keeps its zone or its schedule ends it, and it
does not begin under their hands a minute later."""

from collections import Counter
from random import Random

import pytest

from edgectl.engine.rules import restraints, schedule_orders
from edgectl.model.inputs import HoldSchedule, Input, Mode, Restrain, Restraint, SetMode
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.kept import broken_bonds
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask

HOUR: Nanos = 3600 * SECOND
SIX = 4 * HOUR  # six o'clock in Berlin, when the first watering is due
KEPT: dict[str, Input] = {
    "manual": SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"),
    "semi": SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"),
    "hold": Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=HOUR),
    "held schedule": HoldSchedule(token=1, schedule="morning", on=True, who="Ana", lasts=HOUR),
}


def waiting(*, by_hand: bool = False) -> World:
    """The tank is empty at six, and the watering is to be tried again every minute."""
    world = World(example_site(), () if by_hand else example_schedules(), 1, ground=Ground.small(Random(1)))
    world.run(SIX - 60 * SECOND)
    _fill(world, 10.0)
    if by_hand:
        ask(world, "irrigation", {"duration_s": 20.0}, name="by-a-person")
    world.run(SIX + 30 * SECOND)
    assert [task.retry_at is not None for task in world.state.tasks.values()] == [True]
    return world


def _fill(world: World, litres: float) -> None:
    world.field.advance(world.now)
    (tank,) = world.field.ground.plant.plumbing.tanks.values()
    tank.volume_l = litres


def pumped(world: World) -> bool:
    world.field.advance(world.now)
    return any(move.on and move.name == "pump" for move in world.field.trace)


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("planted", [False, True])
def test_the_next_attempt_does_not_begin_under_a_persons_hands(
    kept: str, planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if planted:
        for room in (restraints, schedule_orders):
            monkeypatch.setattr(room, "end_attempts", lambda draft, tasks: [])
    world = waiting()
    world.offer(KEPT[kept])
    world.run(world.now + SECOND)
    _fill(world, 150.0)
    world.run(world.now + 180 * SECOND)
    assert pumped(world) is planted
    if not planted:
        (task,) = [t for t in world.journal.values.values() if isinstance(t, Task) and t.task_type == "irrigation"]
        assert (task.status, task.outcome and task.outcome.reason_code) == (TaskStatus.FAILED, "stopped_by_operator")
        assert "schedule_failed:morning" not in world.state.alarms, "a person wanted it so"
    found = [line for line in broken_bonds(world, Counter()) if line.startswith("30: ")]
    assert bool(found) is (planted and kept != "held schedule"), "the campaign holds it against each house"


@pytest.mark.parametrize("kept", ["manual", "semi", "hold"])
def test_what_a_person_asked_for_goes_on(kept: str) -> None:
    world = waiting(by_hand=True)
    world.offer(KEPT[kept])
    world.run(world.now + SECOND)
    _fill(world, 150.0)
    world.run(world.now + 180 * SECOND)
    assert pumped(world)
