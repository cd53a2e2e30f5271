"""A person says that nothing is dosed for a while: no pump gives, the plants are watered all the same, and it ends."""

from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import dosing, stopping
from edgectl.engine.workflows import correction, sight
from edgectl.model.hands import Override
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import broken, house, tasks
from tests.sim.test_workflow_rows import HOUR, codes
from tests.unit.test_overrides import Heard

HOLD = Override(token=1, zone="zone-1", setting="dosing", value=0.0, lasts=6 * HOUR, who="Ana", why="smells odd")


def held_before_the_morning() -> World:
    """The house that prepares its solution in the night and waters in the morning; in between nothing may be dosed."""
    world = house()
    world.people = Heard(world)
    world.run(HOUR)
    world.offer(HOLD)
    world.run(world.now + SECOND)
    return world


def doses(world: World) -> int:
    """How many doses were to leave."""
    return sum(entry.event_type == "DOSE_PLANNED" for entry in world.journal.timeline)


def test_nothing_is_dosed_until_its_time_is_over_and_the_plants_get_their_water() -> None:
    world = held_before_the_morning()
    world.run(13 * HOUR // 2)
    assert doses(world) == 0
    assert "corrections_not_allowed" in codes(world)
    watered = tasks(world, "water")
    assert [task.status for task in watered] == [TaskStatus.COMPLETED], "what there is, is better than none"
    world.run(10 * HOUR)  # the watering at eight finds it over, and puts the solution right
    assert doses(world) > 0
    assert broken(world) == []


@pytest.mark.parametrize("planted", [False, True])
def test_a_dose_that_runs_ends_with_the_word_and_counts_as_given(
    planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ran on for half a minute after somebody had smelled what was wrong with it."""
    if planted:
        monkeypatch.setattr(stopping, "stop_doses", lambda draft, zone: None)
    world = house()
    dosers = [name for name, one in world.site.actuators.items() if one.doser is not None]
    while not (running := [name for name in dosers if world.field.relays[name].on]):
        world.run(world.now + SECOND)
    (doser,) = running
    counted = world.state.ledgers[doser]
    world.offer(replace(HOLD, lasts=HOUR))
    world.run(world.now + 3 * SECOND)
    assert world.field.relays[doser].on is planted
    assert world.state.ledgers[doser] == counted, "nobody knows how much of it has left"
    world.run(world.now + HOUR // 2)
    assert given(world) == [doser], "and nothing after it"
    assert broken(world) == []


def _nobody(draft: Draft, zone: str) -> bool:
    return False


def test_without_the_gate_the_guard_still_lets_no_dose_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (correction, sight):
        monkeypatch.setattr(module, "kept_off", _nobody)
    world = held_before_the_morning()
    world.run(3 * HOUR)
    assert doses(world) > 0, "they were wanted"
    assert not any(command.stage == "dose" for command in world.state.commands.values())
    assert not given(world)


def test_without_gate_and_guard_it_is_dosed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (correction, sight):
        monkeypatch.setattr(module, "kept_off", _nobody)
    monkeypatch.setattr(dosing, "held_by", lambda draft, zone: None)
    world = held_before_the_morning()
    world.run(3 * HOUR)
    assert given(world)


def given(world: World) -> list[str]:
    """The dosing pumps that were seen to run."""
    dosers = {name for name, one in world.site.actuators.items() if one.doser is not None}
    return [
        str(e.details["actuator"])
        for e in world.journal.timeline
        if e.details.get("order") == "on" and e.details.get("actuator") in dosers
    ]
