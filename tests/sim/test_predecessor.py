"""Faults of the services that this replaces, by name. Each was real; each has its scene here or is named with its test.

The four of its calendar are in `tests/unit/test_scheduler_catchup.py` and `test_scheduler_calendar.py`.
"""

import pytest

from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Chemistry
from edgectl.plant.water import RO
from edgectl.simulate.world import DAY
from tests.sim.test_two_tanks import broken, ground_of, house
from tests.sim.test_workflow_rows import ask, ended, rested

HOUR: Nanos = 3600 * SECOND


def test_late_was_told_as_a_skip_that_needed_no_action() -> None:
    """A task that could not begin in time ended as skip/false, so nobody looked. Late is a failure, and it says so."""
    world = rested()
    ask(world, "diagnostics", {"workflow": "clean_fill"}, name="fills-for-long")
    world.run(world.now + 10 * SECOND)
    ask(world, "diagnostics", {"workflow": "refill"}, name="comes-too-late", due=20 * SECOND)
    world.run(world.now + 5 * 60 * SECOND)
    late = ended(world, "comes-too-late")
    assert late.outcome is not None
    assert (late.status.value, late.outcome.decision, late.outcome.action_required) == ("rejected", "fail", True)
    assert late.outcome.error_code == "task_due_deadline_exceeded"


def test_a_dose_was_followed_by_another_after_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the first had mixed: simulated RO water went from pH 6.8 to 3.8. Here the mixing time is V/Q."""

    def doses_meet() -> list[str]:
        world = house(water=RO)
        world.run(DAY // 4)
        return [sentence for sentence in broken(world) if "before that had mixed" in sentence]

    assert doses_meet() == []
    monkeypatch.setattr(Chemistry, "mixing", property(lambda self: 20 * SECOND))
    assert doses_meet()


def test_a_self_task_died_because_it_was_looked_for_only_once_a_minute() -> None:
    """A wait inside a workflow is a deadline of the running task, and no dispatcher has to find it in time."""
    world = rested()
    ground_of(world).plant.plumbing.tanks["solution"].volume_l = 1.0
    ask(world, "irrigation", {"duration_s": 5}, due=15 * SECOND)
    world.run(world.now + 5 * 60 * SECOND)
    task = ended(world)
    assert (task.status.value, task.attempt > 3) == ("running", True), "it waits for water, a minute at a time"


def test_a_retry_was_a_new_command_with_a_new_name() -> None:
    """One order has one name for all its life, whatever becomes of it."""
    world = house()
    world.run(DAY)
    names = [entry.details["cmd_id"] for entry in world.journal.timeline if entry.event_type == "COMMAND_DISPATCHED"]
    assert len(names) == len(set(names)) > 20


def test_a_cancelled_task_left_its_outputs_to_a_time_out() -> None:
    """Whatever ends a run, its outputs are seen off before its end is written."""
    world = house()
    while not world.field.relays["pump_main"].on:
        world.run(world.now + 60 * SECOND)
    running = next(iter(world.state.tasks.values()))
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"))
    while not isinstance(end := world.journal.values.get(("Task", running.task_id)), Task) or not end.terminal:
        world.run(world.now + SECOND)
    world.field.advance(world.now)
    assert not any(relay.on for relay in world.field.relays.values())
