"""Faults of the services that this replaces, by name. Each was real, and each has its scene here or its test."""

from types import ModuleType

import pytest

from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Chemistry
from edgectl.plant.water import RO
from edgectl.simulate.field import Faults
from edgectl.simulate.world import DAY
from tests.sim.test_two_tanks import broken, ground_of, house
from tests.sim.test_workflow_rows import ask, ended, rested
from tests.unit import test_scheduler_catchup

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


def test_an_order_that_was_sent_was_told_as_carried_out() -> None:
    """Success was a message that the broker had taken. Here the relay takes the order, and the valve never opens."""
    world = rested()
    world.field.faults = Faults(stuck_relay=1.0)
    ask(world, "diagnostics", {"workflow": "clean_fill"})
    world.run(world.now + 5 * 60 * SECOND)
    task = ended(world)
    assert task.outcome is not None
    assert (task.outcome.success, task.outcome.error_code) == (False, "two_tank_command_failed")
    assert (task.outcome.commands_submitted, task.outcome.commands_effect_confirmed) == (1, 0)


# The faults of its calendar, and where each is disproved.
CALENDAR: dict[str, tuple[ModuleType, str]] = {
    "replay_all ran one window and dropped the rest": (
        test_scheduler_catchup,
        "test_replay_all_runs_every_missed_run_and_not_one_window_of_them",
    ),
    "replay_limited ran one window and dropped the rest": (
        test_scheduler_catchup,
        "test_replay_limited_runs_as_many_as_it_says_and_leaves_rows_for_the_rest",
    ),
    "skip ran once": (test_scheduler_catchup, "test_skip_runs_none_of_the_missed_runs"),
    "a step back fired again": (test_scheduler_catchup, "test_a_clock_that_steps_back_fires_nothing_again"),
    "all times were read as UTC": (
        test_scheduler_catchup,
        "test_times_are_read_in_the_zone_of_the_house_and_not_as_utc",
    ),
    "everybody replayed in the same second": (
        test_scheduler_catchup,
        "test_the_jitter_of_a_run_is_its_own_and_the_same_after_every_crash",
    ),
}


@pytest.mark.parametrize("fault", CALENDAR)
def test_a_fault_of_its_calendar_has_its_test(fault: str) -> None:
    module, name = CALENDAR[fault]
    assert callable(getattr(module, name, None)), f"{fault}: nothing disproves it any more"
