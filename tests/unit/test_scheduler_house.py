"""Late and queued runs in the whole engine: each is carried out, keeps its original time and is counted."""

from dataclasses import replace
from itertools import pairwise

from edgectl.engine.rules.schedules import LATE_RUNS
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, iso
from edgectl.scheduler.schedule import At, CatchUp, Overlap, Policy, Schedule
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import EPOCH, World

HOUR = 3600 * SECOND
MORNING = replace(
    example_schedules()[0],
    cadence=At(minutes=(360, 420, 480, 540)),
    catch_up=CatchUp(policy=Policy.REPLAY_ALL, within=12 * HOUR),
)


def house(schedule: Schedule) -> World:
    world = World(example_site(), (schedule,), 1)
    world.run(60 * SECOND)
    return world


def waterings(world: World) -> list[Task]:
    found = [value for value in world.journal.values.values() if isinstance(value, Task)]
    return sorted(found, key=lambda task: task.created_at)


def test_replay_all_waters_as_often_as_was_missed() -> None:
    world = house(MORNING)
    world.step_wall(8 * HOUR)  # four runs have passed
    world.run(20 * 60 * SECOND)
    tasks = waterings(world)
    assert [task.status for task in tasks] == [TaskStatus.COMPLETED] * 4
    assert [(task.scheduled_for - EPOCH) // HOUR for task in tasks] == [4, 5, 6, 7]
    assert all(b.created_at - a.created_at >= 90 * SECOND for a, b in pairwise(tasks))
    for task in tasks:
        assert task.payload["catchup_original_trigger_time"] == iso(task.scheduled_for)
        assert task.payload["catchup_policy"] == "replay_all"
    assert len(world.state.ledgers[LATE_RUNS].spent) == 4


def test_late_runs_of_a_zone_on_hold_leave_their_rows() -> None:
    world = house(MORNING)
    world.offer(Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=24 * HOUR))
    world.run(70 * SECOND)
    world.step_wall(8 * HOUR)
    world.run(20 * 60 * SECOND)
    assert waterings(world) == []
    skipped = [entry.details for entry in world.journal.timeline if entry.event_type == "SCHEDULE_SKIPPED"]
    assert [str(row["reason_code"]) for row in skipped] == ["hold"] * 4
    assert LATE_RUNS not in world.state.ledgers


def test_a_queued_run_begins_when_the_run_before_it_has_ended() -> None:
    close = replace(
        MORNING,
        cadence=At(minutes=(360, 361)),
        payload={"duration_s": 180.0},
        catch_up=CatchUp(),
        overlap=Overlap.QUEUE_ONE,
    )
    world = house(close)
    world.run(4 * HOUR + 15 * 60 * SECOND)
    first, second = waterings(world)
    assert (first.status, second.status) == (TaskStatus.COMPLETED, TaskStatus.COMPLETED)
    assert second.scheduled_for - first.scheduled_for == 60 * SECOND
    assert second.created_at - first.created_at >= 180 * SECOND
