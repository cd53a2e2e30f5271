"""Greenhouse-days in virtual time, with lost frames, stuck relays, lying sensors and crashes between any two steps."""

import pytest

from edgectl.model.task import PhysicalEffect, Task, TaskStatus
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.invariants import broken
from edgectl.simulate.world import DAY, World

ROUGH = Faults(lost_request=0.02, lost_reply=0.02, stuck_relay=0.01, bad_level=0.01)


def _tasks(world: World) -> list[Task]:
    return [value for value in world.journal.values.values() if isinstance(value, Task)]


def _verdict(world: World) -> list[str]:
    return broken(world.site, world.journal, world.field.trace, world.report.ready_at)


def test_a_healthy_day_waters_eight_times_and_alarms_nobody() -> None:
    world = World(example_site(), example_schedules(), seed=1)
    world.run(DAY)
    watered = [task for task in _tasks(world) if task.task_type == "irrigation"]
    assert [task.status for task in watered] == [TaskStatus.COMPLETED] * 8
    for task in watered:
        assert task.outcome is not None
        assert task.outcome.physical_effect is PhysicalEffect.FULL
        assert task.outcome.effect_amounts["volume_l"] == pytest.approx(15.0, abs=0.3)
    assert not world.state.alarms
    assert _verdict(world) == []


@pytest.mark.parametrize("seed", range(40))
def test_every_promise_holds_through_faults_and_crashes(seed: int) -> None:
    world = World(example_site(), example_schedules(), seed, faults=ROUGH, crash=0.01)
    world.run(3 * DAY)
    tail = "\n".join(f"{e.seq} {e.event_type} {dict(e.details)}" for e in world.journal.timeline[-20:])
    assert _verdict(world) == [], f"seed {seed}\n{tail}"
    # A run that injected nothing proves nothing.
    assert world.report.crashes > 0
    assert world.field.injected > 0
    assert len(world.report.ready_at) > 1


def test_the_same_seed_gives_the_same_timeline() -> None:
    worlds = [World(example_site(), example_schedules(), 7, faults=ROUGH, crash=0.01) for _ in range(2)]
    for world in worlds:
        world.run(2 * DAY)
    assert worlds[0].journal.timeline == worlds[1].journal.timeline
    assert worlds[0].field.trace == worlds[1].field.trace
