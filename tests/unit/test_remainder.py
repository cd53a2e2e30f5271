"""A watering that was cut short by the controller's end: its metered rest is given, once, when nobody minds."""

from dataclasses import replace

import pytest

from edgectl.engine.rules import remainder
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.invariants import broken
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND


def site(**changes: object) -> Site:
    """Watered for 90 s at 10 L/min: 15 L."""
    plain = example_site()
    zone = replace(plain.zones["zone-1"], rate_l_min=10.0, **changes)  # type: ignore[arg-type]
    return replace(plain, zones={"zone-1": zone})


def cut_short(world: World, after: Nanos, off_for: Nanos = 10 * SECOND) -> Task:
    """Kill it in the middle of a watering. Returns that watering."""
    while not any(task.phase == "hold" for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
    (running,) = world.state.tasks.values()
    world.run(world.now + after)
    world.field.advance(world.now)
    world.now += off_for
    world._begin()
    return running


def rests(world: World) -> list[Task]:
    found = [v for v in world.journal.values.values() if isinstance(v, Task) and "remainder_of" in v.payload]
    return sorted(found, key=lambda task: task.created_at)


def given(world: World) -> float:
    world.field.advance(world.now)
    return world.field.ground.plant.plumbing.zone_l


def test_the_rest_is_given_and_the_plants_have_had_what_was_ordered() -> None:
    world = World(site(), example_schedules(), 1)
    first = cut_short(world, 30 * SECOND, off_for=0)
    world.run(world.now + 10 * 60 * SECOND)
    (rest,) = rests(world)
    assert rest.outcome is not None
    assert rest.outcome.success
    assert rest.correlation_id == f"ae:self:1:irrigation:{first.task_id}"
    cut = world.journal.values["Task", first.task_id]
    assert isinstance(cut, Task)
    assert cut.outcome is not None
    assert cut.outcome.reason_code == "task_recovered_after_restart"
    assert given(world) == pytest.approx(15.0, abs=1.0)
    assert broken(world.site, world.journal, world.field.trace, world.report.ready_at) == []


def test_what_the_relay_gave_by_itself_meanwhile_is_not_owed() -> None:
    """The pulse went on without the controller, as it is made to: almost everything had been given."""
    world = World(site(), example_schedules(), 1)
    cut_short(world, 30 * SECOND, off_for=58 * SECOND)
    world.run(world.now + 10 * 60 * SECOND)
    assert rests(world) == []
    assert given(world) == pytest.approx(15.0, abs=1.0)


def test_a_rest_that_is_cut_short_is_over() -> None:
    world = World(site(), example_schedules(), 1)
    cut_short(world, 20 * SECOND, off_for=0)
    world.run(world.now + 15 * SECOND)
    cut_short(world, 10 * SECOND, off_for=0)
    world.run(world.now + 10 * 60 * SECOND)
    assert len(rests(world)) == 1


def _hold(world: World) -> None:
    world.offer(Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=HOUR))
    world.run(world.now + SECOND)


@pytest.mark.parametrize("why", ["held", "no commissioned rate", "long ago"])
def test_nothing_is_added_where_somebody_minds_or_nobody_knows(why: str) -> None:
    world = World(example_site() if why == "no commissioned rate" else site(), example_schedules(), 1)
    while not any(task.phase == "hold" for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
    if why == "held":
        _hold(world)
    cut_short(world, 20 * SECOND, off_for=3 * HOUR if why == "long ago" else 0)
    world.run(world.now + 10 * 60 * SECOND)
    assert rests(world) == []


def test_the_rest_of_a_reduced_run_is_the_rest_of_half() -> None:
    world = World(site(), example_schedules(), 1)
    running = cut_short(world, 20 * SECOND, off_for=0)
    half = replace(running, run_mode="run_reduced")
    zone = world.site.zones["zone-1"]
    assert remainder._rest_l(zone, half, {"volume_l": 3.0}) == pytest.approx(4.5)
    assert remainder._rest_l(zone, half, {"volume_l": 7.2}) is None, "next to nothing"
    assert remainder._rest_l(zone, replace(half, payload={"volume_l": 20.0}), {"volume_l": 3.0}) == pytest.approx(7.0)
    assert remainder._rest_l(zone, replace(half, stage="recover"), {"volume_l": 3.0}) is None


@pytest.mark.parametrize("rest", [300, 900])
def test_a_pump_that_has_to_rest_first_gives_it_then(rest: int) -> None:
    """It was asked for within two minutes, and a pump that rests for five of them after each stop never gave it."""
    plain = site()
    pump = replace(plain.actuators["pump"], min_off=rest * SECOND)
    world = World(replace(plain, actuators={**plain.actuators, "pump": pump}), example_schedules(), 1)
    cut_short(world, 30 * SECOND, off_for=0)
    world.run(world.now + (rest + 300) * SECOND)
    (task,) = rests(world)
    assert task.outcome is not None
    assert task.outcome.success, task.outcome
    assert given(world) == pytest.approx(15.0, abs=1.0)


def test_a_run_that_is_due_just_after_a_start_waits_for_a_pump_that_rests() -> None:
    """A pump that may have run until the start rests from it on, and the run that fell due meanwhile was refused."""
    plain = site()
    pump = replace(plain.actuators["pump"], min_off=300 * SECOND)
    world = World(replace(plain, actuators={**plain.actuators, "pump": pump}), example_schedules(), 1)
    world.run(4 * HOUR - 60 * SECOND)
    world._die()
    world._begin()
    world.run(4 * HOUR + 8 * 60 * SECOND)
    (task,) = [v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "irrigation"]
    assert task.outcome is not None
    assert task.outcome.success, task.outcome
