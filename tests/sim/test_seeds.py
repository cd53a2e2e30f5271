"""Greenhouse-days in virtual time, with lost frames, stuck relays, lying sensors and crashes between any two steps."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.model.task import PhysicalEffect, Task, TaskStatus
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import DAY, POLL, World

ROUGH = Faults(lost_request=0.02, lost_reply=0.02, stuck_relay=0.01, bad_level=0.01, blocked=0.05)


def _tasks(world: World) -> list[Task]:
    return [value for value in world.journal.values.values() if isinstance(value, Task)]


def _verdict(world: World) -> list[str]:
    return [
        *broken(world.site, world.journal, world.field.trace, world.report.ready_at),
        *broken_promises(world),
    ]


def _rough(seed: int) -> World:
    return World(example_site(), example_schedules(), seed, faults=ROUGH, crash=0.01, people=True, disk=0.002)


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
    world = _rough(seed)
    world.run(3 * DAY)
    tail = "\n".join(f"{e.seq} {e.event_type} {dict(e.details)}" for e in world.journal.timeline[-20:])
    assert _verdict(world) == [], f"seed {seed}\n{tail}"
    # A run that injected nothing proves nothing.
    assert world.report.crashes > 0
    assert world.field.injected > 0
    assert len(world.report.ready_at) > 1
    assert world.people is not None
    assert world.people.pressed > 10
    # A rule that waits for "now" spins; a day of a small house needs some hundred turns, a rough one some thousand.
    assert world.report.turns < 4_000


def test_the_same_seed_gives_the_same_timeline() -> None:
    worlds = [_rough(7) for _ in range(2)]
    for world in worlds:
        world.run(2 * DAY)
    assert worlds[0].journal.timeline == worlds[1].journal.timeline
    assert worlds[0].field.trace == worlds[1].field.trace


def test_a_campaign_has_met_everything_that_it_checks() -> None:
    """Zero injections of a kind would prove nothing about it."""
    faults = replace(ROUGH, blocked=0.5)
    world = World(example_site(), example_schedules(), 13, faults=faults, crash=0.01, people=True, disk=0.002)
    world.run(30 * DAY)
    assert _verdict(world) == []
    events = {entry.event_type for entry in world.journal.timeline}
    assert events >= {
        "TASK_RECEIVED",
        "TASK_FINISHED",
        "VETO",
        "STAGE_REFUSED",
        "LOCKED_OUT",
        "STOP_ALL",
        "RESUMED",
        "MANUAL_ON",
        "MANUAL_OFF",
        "ALARM_RAISED",
        "ALARM_CLEARED",
        "ALARM_ACKNOWLEDGED",
        "COMMAND_TIMEOUT",
        "COMMAND_EFFECT_NOT_CONFIRMED",
        "COMMAND_FAILED",
        "COMMAND_CONFIRMED",
        "SCHEDULE_SKIPPED",
        "STORAGE_BACK",
        "READY",
    }
    assert world.report.steps > 5
    assert world.report.lost_commits > 0
    assert world.people is not None
    codes = {told.code for told in world.people.told}
    assert codes >= {"accepted", "duplicate", "idempotency_payload_mismatch"}


@pytest.mark.parametrize("begin", [299, 146], ids=["spring", "autumn"])
def test_the_days_of_the_clock_change_are_days_like_others(begin: int) -> None:
    """Ten days around the last Sunday of March and of October: eight runs a day, no more and no less."""
    world = World(example_site(), example_schedules(), 5)
    plenty = replace(one_tank().tanks[0], capacity_l=4000, start_l=4000)  # enough water for all of it
    world.field.ground = Ground(replace(one_tank(), tanks=(plenty,)), Random(5))
    world.now = world._polled = begin * DAY
    world._begin()
    world.run((begin + 10) * DAY)
    assert _verdict_of_days(world, 10) == []


def _verdict_of_days(world: World, days: int) -> list[str]:
    done = [t for t in _tasks(world) if t.task_type == "irrigation" and t.status is TaskStatus.COMPLETED]
    return [] if len(done) == 8 * days else [f"{len(done)} runs in {days} days"]


@pytest.mark.parametrize("seed", range(8))
def test_on_a_good_line_things_stop_in_order(seed: int) -> None:
    world = World(example_site(), example_schedules(), seed, faults=Faults(bad_level=0.02), crash=0.01, people=True)
    world.run(3 * DAY)
    assert _verdict(world) == []


def test_polls_that_are_skipped_change_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same day with every poll taken and with those left out that nobody would read."""

    def lived() -> list[tuple[str, str | None, int]]:
        world = World(example_site(), example_schedules(), 1)
        world.run(DAY)
        return [(entry.event_type, entry.task_id, entry.mono) for entry in world.journal.timeline]

    sparse = lived()
    monkeypatch.setattr(World, "_next_poll", lambda self: self._polled + POLL)
    every = lived()
    assert [line[:2] for line in sparse] == [line[:2] for line in every]
    assert max(abs(a[2] - b[2]) for a, b in zip(sparse, every, strict=True)) <= POLL
    assert len(sparse) > 100
