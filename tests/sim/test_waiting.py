"""A task that never began says what it waited for; a proposal that nobody released is no failure."""

from dataclasses import replace

import pytest

from edgectl.daemon import task_views
from edgectl.engine.draft import Draft
from edgectl.engine.rules import admission
from edgectl.engine.workflows.catalogue import crowded
from edgectl.engine.workflows.stage import Elapsed, Exit, Stage
from edgectl.model.codes import Code
from edgectl.model.inputs import ManualOn, Mode, SetMode
from edgectl.model.site import ValveGroup
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask, ended

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE


def late(world: World) -> Task:
    """What could not begin within twenty seconds."""
    ask(world, "irrigation", {"duration_s": 5}, name="comes-too-late", due=20 * SECOND)
    world.run(world.now + 3 * MINUTE)
    task = ended(world, "comes-too-late")
    assert task.status.value == "rejected"
    return task


def small() -> World:
    world = World(example_site(), (), 1)
    world.run(30 * SECOND)
    return world


def test_it_names_the_task_that_it_waited_for() -> None:
    world = small()
    ask(world, "irrigation", {"duration_s": 60}, name="waters-first")
    world.run(world.now + 10 * SECOND)
    first = ended(world, "waters-first")
    task = late(world)
    (veto,) = task.outcome.vetoes if task.outcome else ()
    assert (veto.rule, veto.why) == ("in_use", f"zone-1 was busy with irrigation of zone-1 ({first.task_id})")
    told = task_views.task(task, world.site)["result"]
    assert told["reason"].endswith(f"It waited: {veto.why}.")
    assert told["safety_flags"] == ["in_use"]


def test_it_names_each_part_that_a_person_has_on() -> None:
    world = small()
    world.offer(ManualOn(token=1, actuator="valve", lease=10 * MINUTE, who="Ana"))
    world.run(world.now + 5 * SECOND)
    task = late(world)
    assert task.outcome is not None
    assert [(veto.actuator, veto.why) for veto in task.outcome.vetoes] == [
        ("valve", "valve was in use by a person"),
    ]
    lines = [e.details["why"] for e in world.journal.timeline if e.event_type == "VETO" and e.task_id == task.task_id]
    assert lines == ["valve was in use by a person"]


def proposed() -> World:
    """Three days of a zone that only proposes, and of people who do not answer."""
    world = World(example_site(), example_schedules(), 1)
    world.run(MINUTE)
    world.offer(SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"))
    world.run(72 * HOUR)
    return world


def alarmed(world: World) -> set[str]:
    return {str(e.details["alarm"]) for e in world.journal.timeline if e.event_type == "ALARM_RAISED"}


def test_a_proposal_that_nobody_released_ends_with_a_row_and_calls_nobody() -> None:
    world = proposed()
    assert not {alarm for alarm in alarmed(world) if alarm.startswith("schedule_failed")}
    tasks = [v for v in world.journal.values.values() if isinstance(v, Task) and v.terminal]
    tasks = [task for task in tasks if task.created_at > world.wall - 71 * HOUR]
    assert {task.task_type for task in tasks} == {"irrigation", "lighting"}
    assert {task.status.value for task in tasks} == {"rejected"}
    for task in tasks:
        assert task.outcome is not None
        assert task.outcome.vetoes[-1].why == "zone-1 is in semi mode, and nobody released it"


def test_if_it_counted_as_a_failure_somebody_would_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "NO_YES", "planted")
    assert "schedule_failed:lamps" in alarmed(proposed())


def test_a_group_that_has_no_room_for_a_later_stage_is_named_as_well() -> None:
    """The task waited for it all the same, and said nothing of it when its time was over."""
    world = small()
    state = world.state
    state.site = replace(
        state.site, groups=(ValveGroup(name="pipe", valves=frozenset({"valve", "other"}), max_open=1),)
    )
    world.offer(ManualOn(token=1, actuator="valve", lease=10 * MINUTE, who="Ana"))
    world.run(world.now + 5 * SECOND)
    task = late(world)
    draft = Draft(state, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))
    done = Exit(code=Code.IRRIGATION_REQUIRED)
    first = Stage(name="first", until=Elapsed(after=SECOND), done=done, limit=SECOND, late=done)
    (why,) = crowded(draft, task, (first, replace(first, name="second", opens=("other",))))
    assert why == "pipe lets 1 of its valves be open at once, and open are: valve"
