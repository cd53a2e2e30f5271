"""Late and queued runs in the whole engine: each is carried out, keeps its original time and is counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from edgectl.daemon.views import MOST_AHEAD, upcoming
from edgectl.engine.draft import Draft
from edgectl.engine.rules import schedules as rule
from edgectl.engine.rules.schedules import A_RUN, AT_ONCE, LATE_RUNS
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.engine.workflows import catalogue
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.ledger import Ledger, Spent
from edgectl.model.site import Daily, Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.scheduler.occurrence import ROWS
from edgectl.scheduler.schedule import At, CatchUp, Every, Overlap, Policy, Schedule, Window
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import EPOCH, World

HOUR = 3600 * SECOND
MORNING = replace(
    example_schedules()[0],
    cadence=At(minutes=(360, 420, 480, 540)),
    catch_up=CatchUp(policy=Policy.REPLAY_ALL, within=12 * HOUR),
)


def house(schedule: Schedule, site: Site | None = None) -> World:
    world = World(site or example_site(), (schedule,), 1)
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


def test_an_interval_is_not_asked_while_its_run_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = list[bool](), rule._answer

    def counted(*given: Any, open_: bool) -> Nanos | None:
        asked.append(open_)
        return answer(*given, open_=open_)

    monkeypatch.setattr(rule, "_answer", counted)
    world = house(replace(MORNING, cadence=Every(interval=60 * SECOND), catch_up=CatchUp()))
    before, turns = len(asked), world.report.turns
    world.run(60 * 60 * SECOND)
    many, turns = len(asked) - before, world.report.turns - turns
    assert len(waterings(world)) > 10
    assert turns > 20 * len(waterings(world)), "there are many turns in which it could be asked in vain"
    assert many < 6 * len(waterings(world)), "when it begins, at each move of its cursor, and when it has ended"


def test_the_stages_of_a_task_that_waits_are_drawn_up_once_and_anew_for_tighter_limits() -> None:
    world = house(MORNING)
    world.run(4 * HOUR + 15 * 60 * SECOND)
    task, workflow = waterings(world)[0], catalogue.CATALOGUE["irrigation"]
    draft = Draft(world.state, Now(mono=world.now, wall=EPOCH + world.now))
    table = catalogue._drawn_up(draft, task, workflow)
    assert catalogue._drawn_up(draft, task, workflow) is table
    shorter = replace(task, payload={"duration_s": 7.0})
    assert catalogue._drawn_up(draft, shorter, workflow)[0].pulse == 7 * SECOND
    site = world.state.site
    zone = replace(site.zones["zone-1"], longest_run=5 * SECOND)
    world.state.site = replace(site, zones={"zone-1": zone})
    assert catalogue._drawn_up(draft, shorter, workflow)[0].pulse == 5 * SECOND
    world.state.forget(task.task_id)
    assert task.task_id not in world.state.drawn_up


def skip_rows(world: World) -> list[Mapping[str, Any]]:
    return [entry.details for entry in world.journal.timeline if entry.event_type == "SCHEDULE_SKIPPED"]


def skips(world: World) -> list[str]:
    return [str(row["reason_code"]) for row in skip_rows(world)]


def test_a_run_ends_the_one_before_it_where_the_site_file_says_so() -> None:
    close = replace(
        MORNING,
        cadence=At(minutes=(360, 361)),
        payload={"duration_s": 180.0},
        catch_up=CatchUp(),
        overlap=Overlap.CANCEL_RUNNING,
    )
    world = house(close)
    world.run(4 * HOUR + 15 * 60 * SECOND)
    first, second = waterings(world)
    assert first.outcome is not None
    assert (first.status, first.outcome.error_code) == (TaskStatus.FAILED, "task_cancelled")
    assert second.status is TaskStatus.COMPLETED
    assert second.created_at - first.created_at == 60 * SECOND
    assert not any(relay.on for relay in world.field.relays.values())


def test_late_runs_leave_the_water_of_the_day_to_the_runs_of_the_day() -> None:
    site = example_site()
    pump = replace(site.actuators["pump"], daily=Daily(litres=35.0, l_min=10.0))  # 15 l a run
    world = house(MORNING, replace(site, actuators={**site.actuators, "pump": pump}))
    world.step_wall(8 * HOUR)
    world.run(20 * 60 * SECOND)
    assert [task.status for task in waterings(world)] == [TaskStatus.COMPLETED] * 2
    assert skips(world) == ["budget"] * 2


def test_a_late_run_that_is_never_let_in_says_what_it_waited_for() -> None:
    hasty = replace(MORNING, catch_up=CatchUp(policy=Policy.REPLAY_ALL, within=HOUR, jitter=0))
    world = house(hasty)
    now, minutes = world.now, 60 * SECOND
    world.step_wall(4 * HOUR + 58 * minutes)  # 06:00 of the house is 59 minutes ago
    begun = tuple(Spent(amount=1.0, at=now, wall=world.wall, boot_id="sim", synced=True) for _ in range(20))
    world.state.ledgers[LATE_RUNS] = Ledger(name=LATE_RUNS, spent=begun)
    world.run(now + 5 * SECOND)
    assert waterings(world) == []
    world.step_wall(2 * minutes)
    world.run(now + 10 * SECOND)
    assert skips(world) == ["catchup_rate_limited"]


def test_a_lamp_is_lit_again_after_the_power_was_off() -> None:
    """No edge of the window was missed, and yet the lamp is dark: each start brings about what should be now."""
    lamps = replace(example_schedules()[1], cadence=Window(start_minute=0, length=23 * HOUR))
    world = house(lamps)
    assert world.field.relays["lamp"].on
    world.field.relays["lamp"].on = False
    world._begin()
    world.run(world.now + 120 * SECOND)
    assert world.field.relays["lamp"].on
    told = [entry.details for entry in world.journal.timeline if entry.event_type == "TASK_RECEIVED"]
    assert [row["reason_code"] for row in told] == ["window", "reconciled"]


def test_a_schedule_that_has_nothing_to_do_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy house does not ask each of a thousand sleeping schedules in every pass of every turn."""
    asked: list[str] = []
    real = rule.due
    monkeypatch.setattr(rule, "due", lambda one, *args, **more: asked.append(one.name) or real(one, *args, **more))
    plain = replace(MORNING, catch_up=CatchUp())
    idle = tuple(replace(plain, name=f"idle-{n}", cadence=At(minutes=(1200,))) for n in range(50))
    world = World(example_site(), (plain, *idle), 1)
    world.run(4 * HOUR - 60 * SECOND)
    before = len(asked)
    world.run(4 * HOUR + 300 * SECOND)  # the watering of six o'clock: some two hundred turns
    assert len(waterings(world)) == 1
    assert sum(name.startswith("idle") for name in asked[before:]) <= 50
    world.step_wall(24 * HOUR)
    world.run(world.now + SECOND)
    assert {row["schedule"] for row in skip_rows(world)} >= {one.name for one in idle}, "a step of the clock wakes all"


def test_everything_due_in_one_second_is_answered_for_in_small_turns() -> None:
    """The loop does not stand still for a calendar: an emergency stop is heard between two of its turns."""
    every = [replace(MORNING, name=f"s{n}", cadence=At(minutes=(360,)), catch_up=CatchUp()) for n in range(120)]
    missed = [replace(one, name=f"m{n}", cadence=At(minutes=tuple(range(0, 1440, 10)))) for n, one in enumerate(every)]
    world = World(example_site(), (*every, *missed), 1)
    world.run(60 * SECOND)
    world.step_wall(4 * HOUR - 61 * SECOND)
    world.run(world.now + 20 * SECOND)
    told = [entry for entry in world.journal.timeline if entry.event_type in ("TASK_RECEIVED", "SCHEDULE_SKIPPED")]
    assert len({entry.details["schedule"] for entry in told}) == 240
    turns = Counter[int]()
    for entry in told:
        turns[entry.mono] += A_RUN if entry.event_type == "TASK_RECEIVED" else 1
    assert max(turns.values()) <= AT_ONCE + ROWS
    received = [entry.mono for entry in told if entry.event_type == "TASK_RECEIVED"]
    assert len(received) >= 120
    assert max(received) - min(received) < 3 * SECOND


def test_the_test_before_fails_where_one_turn_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "AT_ONCE", 1_000_000)
    with pytest.raises(AssertionError):
        test_everything_due_in_one_second_is_answered_for_in_small_turns()


def test_a_first_start_with_very_many_schedules_looks_at_them_in_small_turns() -> None:
    many = tuple(replace(MORNING, name=f"s{n}", cadence=At(minutes=(n,))) for n in range(1000))
    stored = MemoryJournal().load()
    state = State.begin(site=example_site(), schedules=many, stored=stored, boot_id="b", started=0)
    state.phase, state.unproven = Phase.READY, set()
    stepper, known = Stepper(state), [0]
    while known[-1] < len(many):
        stepper.turn(Now(mono=SECOND + len(known), wall=EPOCH + len(known)))
        known.append(len(state.cursors))
        assert 0 < known[-1] - known[-2] <= AT_ONCE
    (soon,) = [row for row in upcoming(state, Now(mono=2 * SECOND, wall=EPOCH + SECOND)) if row["schedule"] == "s121"]
    assert soon["in_s"] == 59.0
    askew = upcoming(state, Now(mono=2 * SECOND, wall=EPOCH + SECOND - 100_000))
    assert {row["at"] for row in askew if row["schedule"] == "s121"} == {soon["at"]}, "on the second, not just before"
    assert len(upcoming(state, Now(mono=2 * SECOND, wall=EPOCH + SECOND))) == MOST_AHEAD
