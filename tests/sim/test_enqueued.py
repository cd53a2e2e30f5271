"""Tasks for later: kept in the journal, handed over once, with a patience that begins at the hand-over."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.engine.rules import enqueued
from edgectl.engine.rules.enqueued import GRACE
from edgectl.model.inputs import Restrain, Restraint, TaskRequest
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World

MINUTE: Nanos = 60 * SECOND
NAME = "ae:self:1:irrigation:later"


def world() -> World:
    """A house without a schedule of its own."""
    made = World(example_site(), (), 1)
    made.run(30 * SECOND)
    return made


def ask(house: World, after: Nanos, *, lasts: Nanos = 60 * MINUTE, name: str = NAME) -> None:
    """Somebody wants twenty seconds of water at a later time."""
    at = house.wall + after
    house.offer(
        TaskRequest(
            token=1,
            zone=next(iter(house.site.zones)),
            task_type="irrigation",
            payload={"duration_s": 20.0},
            source="self",
            correlation_id=name,
            scheduled_for=at,
            due_at=at,
            expires_at=at + lasts,
            known=house.known(name),
            later=True,
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


@settings(max_examples=12, deadline=None)
@given(
    after=st.integers(0, 90),
    lasts=st.integers(1, 90),
    lives=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60), st.integers(-20, 20)), max_size=5),
)
def test_it_is_handed_over_once_or_told_whatever_dies_meanwhile(
    after: int, lasts: int, lives: list[tuple[int, int, int]]
) -> None:
    """Minutes: how long it lives, how long it is dead, how far somebody sets the wall clock then."""
    house = world()
    ask(house, after * MINUTE, lasts=lasts * MINUTE)
    for alive, dead, step in lives:
        house.run(house.now + alive * MINUTE)
        house.step_wall(step * MINUTE)
        die_for(house, dead * MINUTE)
    house.run(house.now + (after + lasts + 110) * MINUTE)
    ended = task(house)
    assert ended.terminal, "nothing waits for ever"
    assert said(house, "SELF_TASK_DISPATCHED") <= 1
    waterings = [e for e in house.journal.timeline if e.event_type == "DECISION_MADE"]
    assert len(waterings) <= 1, "an effect happens once"
    if ended.status.value == "expired" and ended.enqueued:
        assert said(house, "SELF_TASK_EXPIRED") == 1
