"""No water is a hazard too: the call, the plain timer, its limits, and what keeps it from running."""

from dataclasses import replace
from itertools import pairwise

import pytest

from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.site import Fallback, Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask

HOUR = 3600 * SECOND


def dry_site() -> Site:
    site = example_site()
    fallback = Fallback(duration=30 * SECOND, every=2 * HOUR, max_per_day=3)
    return replace(site, zones={"zone-1": replace(site.zones["zone-1"], max_gap=10 * HOUR, fallback=fallback)})


def fallbacks(world: World) -> list[Task]:
    return [v for v in world.journal.values.values() if isinstance(v, Task) and v.source == "self"]


def alarms(world: World) -> set[str]:
    return {name for name, alarm in world.state.alarms.items() if alarm.active}


def test_half_of_the_gap_calls_and_four_fifths_fall_back_to_the_plain_timer() -> None:
    world = World(dry_site(), (), 1)
    world.run(5 * HOUR - 60 * SECOND)
    assert alarms(world) == set()
    world.run(5 * HOUR + 60 * SECOND)
    assert alarms(world) == {"zone_thirsty:zone-1"}
    world.run(8 * HOUR - 60 * SECOND)
    assert fallbacks(world) == []
    world.run(8 * HOUR + 300 * SECOND)
    (task,) = fallbacks(world)
    assert task.status is TaskStatus.COMPLETED
    assert alarms(world) == {"fallback_watering:zone-1"}, "watered, and no longer thirsty"


def test_the_plain_timer_keeps_its_own_limits_when_no_water_comes() -> None:
    world = World(dry_site(), (), 1)
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", 0)
    world.run(24 * HOUR)
    assert [task.status for task in fallbacks(world)] == [TaskStatus.FAILED] * 3
    assert all(task.outcome is not None and task.outcome.reason_code == "flow_inactive" for task in fallbacks(world))
    starts = sorted(task.created_at for task in fallbacks(world))
    assert all(later - first >= 2 * HOUR for first, later in pairwise(starts))
    assert "zone_thirsty:zone-1" in alarms(world)


def test_what_a_person_has_stopped_stays_stopped_and_the_call_comes_all_the_same() -> None:
    world = World(dry_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="pipes"))
    world.run(20 * HOUR)
    assert fallbacks(world) == []
    assert "zone_thirsty:zone-1" in alarms(world)


def test_a_zone_that_is_watered_hears_nothing_of_it_over_restarts() -> None:
    site = dry_site()
    patient = replace(site.zones["zone-1"], max_gap=24 * HOUR)
    world = World(replace(site, zones={"zone-1": patient}), example_schedules(), 1)
    for hour in range(4, 72, 5):
        world.run(hour * HOUR)
        world._begin()
    assert fallbacks(world) == []
    assert not [e for e in world.journal.timeline if e.event_type == "ALARM_RAISED"]


def test_who_falls_more_often_than_plants_are_thirsty_calls_all_the_same() -> None:
    """Before the first water each start began to count anew, and a house that fell every few hours called nobody."""
    world = World(dry_site(), (), 1)
    for hour in (2, 4, 5):
        world.run(hour * HOUR)
        world._begin()
    world.run(5 * HOUR + 60 * SECOND)
    assert alarms(world) == {"zone_thirsty:zone-1"}


@pytest.mark.parametrize("first", [0, 30])
def test_a_clock_that_is_believed_late_in_each_boot_tells_the_next_one_how_long(first: int) -> None:
    """What was entered before is dated anew: a house that lost its power every few hours called nobody."""
    world = World(dry_site(), (), 1)
    for hour in (0, 2, 4):
        world.run(hour * HOUR)
        world.boots += 1
        world._astray, world._trusted_at = SECOND, world.now + 60 * SECOND
        world._wall_step += SECOND
        world._begin()
        if not hour and first:
            ask(world, "irrigation", {"duration_s": first}, name="first-water")
    world.run(5 * HOUR - 60 * SECOND)
    assert "zone_thirsty:zone-1" not in alarms(world)
    world.run(5 * HOUR + 180 * SECOND)
    assert "zone_thirsty:zone-1" in alarms(world)
