"""Tasks for later: kept in the journal, handed over once, with a patience that begins at the hand-over."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.api.web import strip
from edgectl.daemon import task_views
from edgectl.daemon.views import upcoming
from edgectl.engine.rules import enqueued
from edgectl.engine.rules.enqueued import GRACE
from edgectl.model.inputs import Restrain, Restraint, TaskRequest
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World

MINUTE: Nanos = 60 * SECOND
NAME = "ae:self:1:irrigation:later"


def world() -> World:
    """A house without a schedule of its own."""
    made = World(example_site(), (), 1)
    made.run(30 * SECOND)
    return made


def ask(house: World, after: Nanos, *, lasts: Nanos = 60 * MINUTE, source: str = "self", later: bool = True) -> None:
    """Somebody wants twenty seconds of water at a later time. Who is not the house itself says how long it may wait."""
    at = house.wall + after
    house.offer(
        TaskRequest(
            token=1,
            zone=next(iter(house.site.zones)),
            task_type="irrigation",
            payload={"duration_s": 20.0},
            source=source,
            correlation_id=NAME,
            scheduled_for=at,
            due_at=at if source == "self" else at + lasts // 2,
            expires_at=at + lasts,
            known=house.known(NAME),
            later=later,
        )
    )
    house.run(house.now + SECOND)


def die_for(house: World, time: Nanos) -> None:
    """A power cut of this length."""
    house.field.advance(house.now)
    house.now += time
    house._begin()
    house.run(house.now + 5 * SECOND)


def task(house: World) -> Task:
    found = house.known(NAME)
    assert found is not None
    return found


def said(house: World, event: str) -> int:
    return sum(entry.event_type == event for entry in house.journal.timeline)


def test_it_waits_for_its_time_and_then_runs() -> None:
    house = world()
    ask(house, 10 * MINUTE)
    house.run(house.now + 9 * MINUTE)
    assert (task(house).status.value, task(house).enqueued) == ("accepted", True)
    assert not said(house, "COMMAND_DISPATCHED")
    house.run(house.now + 5 * MINUTE)
    assert task(house).status.value == "completed"
    assert (said(house, "SELF_TASK_ENQUEUED"), said(house, "SELF_TASK_DISPATCHED")) == (1, 1)


def test_a_restart_keeps_it_and_a_late_hand_over_does_not_kill_it() -> None:
    """The service before this one gave a self-task fifteen seconds from its planned time, and looked once a minute."""
    house = world()
    ask(house, 10 * MINUTE)
    die_for(house, 3 * MINUTE)
    assert task(house).enqueued
    die_for(house, 30 * MINUTE)
    handed_over = task(house)
    assert handed_over.due_at - handed_over.scheduled_for > 10 * MINUTE, "the patience begins with the hand-over"
    house.run(house.now + 5 * MINUTE)
    assert task(house).status.value == "completed"
    assert said(house, "SELF_TASK_DISPATCHED") == 1


def test_the_test_before_fails_where_the_patience_counts_from_the_planned_time(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = enqueued.replace

    def from_the_plan(old: Task, **new: object) -> Task:
        return planted(old, **{**new, "due_at": old.scheduled_for + 15 * SECOND, "due": old.due + 15 * SECOND})

    monkeypatch.setattr(enqueued, "replace", from_the_plan)
    with pytest.raises(AssertionError):
        test_a_restart_keeps_it_and_a_late_hand_over_does_not_kill_it()


def test_what_is_of_no_use_any_more_is_told_and_not_done() -> None:
    house = world()
    ask(house, 10 * MINUTE, lasts=20 * MINUTE)
    die_for(house, 60 * MINUTE)
    house.run(house.now + MINUTE)
    assert task(house).status.value == "expired"
    assert said(house, "SELF_TASK_EXPIRED") == 1
    assert not said(house, "COMMAND_DISPATCHED")


def test_a_hold_lets_it_wait_until_its_patience_ends() -> None:
    house = world()
    zone = next(iter(house.site.zones))
    house.offer(Restrain(token=2, what=Restraint.HOLD, on=True, who="Ana", zone=zone, lasts=60 * MINUTE))
    ask(house, MINUTE)
    house.run(house.now + MINUTE + GRACE + 10 * SECOND)
    assert task(house).status.value == "rejected"
    assert not said(house, "COMMAND_DISPATCHED")


def test_the_same_wish_twice_is_one_task() -> None:
    house = world()
    ask(house, 10 * MINUTE)
    first = task(house)
    house.offer(replace(_again(house, first), token=9))
    house.run(house.now + 20 * MINUTE)
    assert said(house, "SELF_TASK_ENQUEUED") == 1
    assert len([value for value in house.journal.values.values() if isinstance(value, Task)]) == 1


def _again(house: World, first: Task) -> TaskRequest:
    return TaskRequest(
        token=1,
        zone=first.zone,
        task_type=first.task_type,
        payload=first.payload,
        source="self",
        correlation_id=NAME,
        scheduled_for=first.scheduled_for,
        due_at=first.scheduled_for,
        expires_at=first.expires_at,
        known=house.known(NAME),
        later=True,
    )


@settings(max_examples=16, deadline=None)
@given(
    source=st.sampled_from(["self", "api", "centre"]),
    after=st.integers(0, 90),
    lasts=st.integers(1, 90),
    lives=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60), st.integers(-20, 20)), max_size=5),
)
def test_it_is_handed_over_once_or_told_whatever_dies_meanwhile(
    source: str, after: int, lasts: int, lives: list[tuple[int, int, int]]
) -> None:
    """Minutes: how long it lives, how long it is dead (0: not at all), how far somebody sets the wall clock then."""
    house = world()
    ask(house, after * MINUTE, lasts=lasts * MINUTE, source=source)
    for alive, dead, step in lives:
        house.run(house.now + alive * MINUTE)
        house.step_wall(step * MINUTE)
        if dead:
            die_for(house, dead * MINUTE)
    house.run(house.now + (after + lasts + 110) * MINUTE)
    ended = task(house)
    assert ended.terminal, "nothing waits for ever"
    assert said(house, "SELF_TASK_DISPATCHED") <= (source == "self")
    begun = [entry.wall for entry in house.journal.timeline if entry.event_type == "DECISION_MADE"]
    assert len(begun) <= 1, "an effect happens once"
    assert all(at >= ended.scheduled_for for at in begun), "it begins before its time"
    if source != "self":
        assert all(at <= ended.due_at + MINUTE for at in begun), "it begins after it was due"
    if ended.status.value == "expired" and source == "self":
        assert said(house, "SELF_TASK_EXPIRED") == 1


@pytest.mark.parametrize("by", [-40 * MINUTE, 0, 7 * MINUTE])
def test_a_clock_that_is_set_moves_the_time_and_the_deadlines_together(by: Nanos) -> None:
    """Its clock was wrong: what was asked for at six is done at six by the clock that is right."""
    house = world()
    ask(house, 10 * MINUTE, lasts=MINUTE, source="api")
    house.run(house.now + 2 * MINUTE)
    house.step_wall(by)
    house.run(house.now + 60 * MINUTE)
    (begun,) = [entry.wall for entry in house.journal.timeline if entry.event_type == "TASK_STARTED"]
    assert 0 <= begun - task(house).scheduled_for < SECOND
    assert task(house).status.value == "completed"


@pytest.mark.parametrize("plant", [lambda draft, one: draft.now.mono - one.begins, lambda *_: 0])
def test_the_two_before_fail_where_it_does_not_wait_for_the_clock(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enqueued, "_since", plant)
    with pytest.raises((AssertionError, ValueError)):
        test_a_clock_that_is_set_moves_the_time_and_the_deadlines_together(-40 * MINUTE)


def test_a_clock_that_comes_back_from_another_year_keeps_nobody_waiting_for_years() -> None:
    house = world()
    house.step_wall(4 * 365 * 24 * 60 * MINUTE)
    ask(house, 10 * MINUTE, source="api")
    house.step_wall(-4 * 365 * 24 * 60 * MINUTE)
    house.run(house.now + 20 * MINUTE)
    assert task(house).status.value == "completed"


def test_who_asks_for_now_is_not_kept_waiting_by_a_clock_that_is_set_back() -> None:
    house = world()
    ask(house, 0, source="api", later=False)
    house.step_wall(-30 * MINUTE)
    house.run(house.now + 2 * MINUTE)
    assert task(house).status.value == "completed"


def test_a_time_in_another_year_is_refused() -> None:
    house = world()
    ask(house, 400 * 24 * 60 * MINUTE, source="api")
    assert house.known(NAME) is None


def test_it_stands_among_what_comes_next_and_is_a_part_of_the_day() -> None:
    house = world()
    ask(house, 10 * MINUTE, source="api")
    now = Now(mono=house.now, wall=house.wall)
    (row,) = upcoming(house.state, now)
    assert (row["task_id"], row["at"], row["kept"]) == (task(house).task_id, iso(task(house).scheduled_for), None)
    shown = strip.rows({"runs": [task_views.task(task(house), house.site)], "skipped": [], "planned": []})
    assert [(mark["kind"], mark["at"]) for mark in shown] == [("planned", iso(task(house).scheduled_for))]
