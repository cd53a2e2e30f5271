"""Two beds behind one pump: what goes wrong with one of them leaves the other its water, or is told."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from edgectl.api.web.words import Words
from edgectl.engine.rules import admission, stopping
from edgectl.engine.workflows import catalogue
from edgectl.model.inputs import DeviceHealth, Restrain, Restraint
from edgectl.model.site import FailSafe, Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.scheduler.schedule import Every, Schedule
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.test_convoy import piped, two, world_of
from tests.sim.test_workflow_rows import ask, ended

MINUTE: Nanos = 60 * SECOND


def far() -> Site:
    """The valve of the first bed hangs on a board of its own."""
    site = two(hands_on=False, rest=5 * SECOND)
    valve = replace(site.actuators["valve"], channel="far.relay_1")
    return replace(site, actuators={**site.actuators, "valve": valve})


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize("after", [10, 21])
def test_a_valve_that_cannot_be_seen_off_keeps_its_own_bed_dry_and_no_other(
    planted: bool, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run was not over before the dead board had answered, and had the pump for as long as that took."""
    if planted:
        monkeypatch.setattr(catalogue, "is_stuck", lambda draft, task: False)
    world = world_of(far())
    ask(world, "irrigation", {"duration_s": 20.0}, name="the first bed")
    world.run(world.now + after * SECOND)
    world.field.fall_silent("far", world.now)
    world.run(world.now + 6 * SECOND)
    world.offer(DeviceHealth(device="far", healthy=False, at=world.now, reason="no reply"))
    world.run(world.now + MINUTE)
    assert "output_may_be_on:valve" in world.state.alarms, "a person is called"
    assert not ended(world, "the first bed").terminal, "and it is over when the valve has been seen shut"
    ask(world, "irrigation", {"duration_s": 20.0}, name="the other bed", zone="zone-2")
    world.run(world.now + 5 * MINUTE)
    assert (ended(world, "the other bed").status is TaskStatus.COMPLETED) is not planted
    world.field.speak_again("far", world.now)
    world.offer(DeviceHealth(device="far", healthy=True, at=world.now))
    world.run(world.now + 5 * MINUTE)
    assert ended(world, "the first bed").terminal


def welds(world: World) -> None:
    world.field.welded = {"valve"}


def stays_open_unseen(world: World) -> None:
    welds(world)
    world.field.fall_silent("far", world.now)
    world.run(world.now + 6 * SECOND)
    world.offer(DeviceHealth(device="far", healthy=False, at=world.now, reason="no reply"))


OPEN: dict[str, tuple[dict[str, Any], Callable[[World], None]]] = {
    "welded and seen on": ({}, welds),
    "silent, and nothing ends it": ({"fail_safe": FailSafe.NONE}, stays_open_unseen),
    "silent, and open without power": ({"inverted": True}, stays_open_unseen),
}


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize("case", OPEN)
def test_a_valve_that_may_well_be_open_keeps_the_pump(
    case: str, planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run of the bed beside it went through this one as well: it drowned, and the other got a part."""
    if planted:
        monkeypatch.setattr(stopping, "_has_ended_itself", lambda draft, output: True)
    site, (changes, fails) = far(), OPEN[case]
    valve = replace(site.actuators["valve"], **changes)
    world = world_of(replace(site, actuators={**site.actuators, "valve": valve}))
    ask(world, "irrigation", {"duration_s": 20.0}, name="the first bed")
    world.run(world.now + 10 * SECOND)
    fails(world)
    world.run(world.now + 2 * MINUTE)
    assert world.field.relays["valve"].on
    assert world.state.alarms["output_may_be_on:valve"].active, "a person is called"
    world.field.advance(world.now)
    before = len(world.field.trace)
    ask(world, "irrigation", {"duration_s": 20.0}, name="the other bed", zone="zone-2")
    world.run(world.now + 5 * MINUTE)
    world.field.advance(world.now)
    pushed = any(move.name == "pump" and move.on for move in world.field.trace[before:])
    assert pushed is planted, "the first bed stays dry"
    assert (ended(world, "the other bed").status is TaskStatus.COMPLETED) is planted


@pytest.mark.parametrize("planted", [False, True])
def test_a_bed_that_goes_dry_under_a_lock_of_another_calls_a_person(
    planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may start the pump under those hands; and nobody had thought of the bed beside it."""
    if planted:
        monkeypatch.setattr(admission, "_locked_elsewhere", lambda draft, task, outcome: "")
    water = Schedule(
        name="water",
        zone="zone-1",
        task_type="irrigation",
        cadence=Every(interval=10 * MINUTE),
        payload={"duration_s": 9.0},
    )
    world = World(two(hands_on=False), (water,), 1, ground=Ground(piped(), Random(1)))
    world.run(30 * SECOND)
    lock = Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-2", why="filter")
    world.offer(lock)
    world.run(world.now + 15 * MINUTE)
    assert ("schedule_failed:water" in world.state.alarms) is not planted
    if planted:
        return
    assert "Ana works in zone-2 (filter)" in world.state.alarms["schedule_failed:water"].message
    tasks = [task for task in world.journal.values.values() if isinstance(task, Task)]
    assert {veto.rule for task in tasks for veto in (task.outcome.vetoes if task.outcome else ())} == {"restraint"}
    world.run(13 * 60 * MINUTE)
    reminder = world.state.alarms["service_lock_reminder:zone-2"].message
    assert reminder.endswith(", and keeps dry as well: zone-1"), "whoever has the page alone sees no other word of it"
    assert Words("ru", "Europe/Berlin").told(reminder).endswith("из-за этого не поливают и: zone-1")
    world.offer(replace(lock, on=False))
    world.run(world.now + 25 * MINUTE)
    assert not world.state.alarms["schedule_failed:water"].active
