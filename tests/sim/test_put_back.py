"""A copy of the journal that was put back, at any instant of any run: nothing of what it holds open is done again."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.model.inputs import Acknowledge
from edgectl.model.task import PhysicalEffect, Task, TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import PutBack
from edgectl.scheduler.schedule import At, CatchUp, Policy
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.asking import wish
from tests.sim.test_takeover import said, takes_over
from tests.sim.test_two_tanks import house

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
OFTEN = replace(
    example_schedules()[0],
    cadence=At(minutes=tuple(range(0, 1440, 7))),
    catch_up=CatchUp(policy=Policy.REPLAY_ALL, within=12 * HOUR),
)


def watering(seed: int = 1) -> World:
    return World(example_site(), (OFTEN,), seed)


def puts_back(world: World, copy: object, name: str = "anew", *, after: Nanos = MINUTE) -> None:
    """The controller was ended, a copy was put back, and it begins again."""
    world.journal = deepcopy(copy)  # type: ignore[assignment]
    last = world.journal.timeline[-1]
    back = PutBack(journal_id=name, former="old", upto=last.seq, newest=last.wall, at=world.wall, who="Ana")
    takes_over(world, None, after=after, back=back)


def begun_again(cut: Nanos, gone_on: Nanos, seed: int = 1) -> list[str]:
    """What was ordered on after the copy of `cut` was put back for a task that it holds, and runs made up for."""
    world = watering(seed)
    world.run(cut)
    later = wish(world.wall, "asked-for-later", scheduled=3 * MINUTE, due=40 * MINUTE, expires=60 * MINUTE)
    world.offer(replace(later, later=True))
    world.run(world.now + 2 * SECOND)
    copy = deepcopy(world.journal)
    world.run(world.now + gone_on)
    puts_back(world, copy)
    began, wall = world.journal.timeline[-1].seq, world.wall
    world.run(world.now + 20 * MINUTE)
    held = {value.task_id for value in copy.values.values() if isinstance(value, Task)}
    found = []
    for entry in world.journal.timeline:
        if entry.seq > began and entry.event_type == "COMMAND_DISPATCHED" and entry.task_id in held:
            found.append(f"{entry.task_id} was gone on with")
        if entry.seq > began and entry.event_type == "SELF_TASK_ENQUEUED":
            found.append(f"{entry.details} is owed to it")
    late = [v for v in world.journal.values.values() if isinstance(v, Task) and v.created_at > wall - MINUTE]
    found += [f"{task.correlation_id} was made up for" for task in late if task.scheduled_for < wall - 20 * SECOND]
    if not late:
        found.append("and nothing was watered any more")
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(10, 25 * 60), st.integers(0, 40 * 60), st.integers(1, 5))
def test_nothing_that_it_holds_is_gone_on_with_and_no_missed_run_is_made_up_for(
    cut: int, gone_on: int, seed: int
) -> None:
    assert begun_again(cut * SECOND, gone_on * SECOND, seed) == []


def in_the_middle() -> tuple[World, Task]:
    """A copy that was taken while water ran is put back an hour later."""
    world = watering()
    while not any(task.status is TaskStatus.RUNNING and task.stage == "water" for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
    world.run(world.now + 10 * SECOND)
    (task,) = world.state.tasks.values()
    copy = deepcopy(world.journal)
    world.run(world.now + HOUR)
    puts_back(world, copy)
    return world, task


def test_a_run_that_it_cuts_short_ends_with_an_effect_that_nobody_knows() -> None:
    world, task = in_the_middle()
    world.run(world.now + MINUTE)
    ended = world.journal.values["Task", task.task_id]
    assert isinstance(ended, Task)
    assert ended.status is TaskStatus.FAILED
    assert ended.outcome is not None
    assert ended.outcome.physical_effect is PhysicalEffect.UNKNOWN
    assert ended.outcome.effect_amounts == {}, "the meter has counted for others since"
    assert (ended.outcome.reason_code, ended.outcome.error_code) == ("copy_put_back", "copy_put_back")
    assert said(world, "SELF_TASK_ENQUEUED") == []
    assert world.state.alarms["journal_lost:journal"].message.startswith("Ana has put back a copy")


def test_it_is_told_once_for_each_time() -> None:
    world, _ = in_the_middle()
    world.run(world.now + MINUTE)
    (told,) = said(world, "JOURNAL_PUT_BACK")
    assert (told["who"], told["former"]) == ("Ana", "old")
    copy = deepcopy(world.journal)
    last = copy.timeline[-1]
    back = PutBack(journal_id="anew", former="old", upto=1, newest=last.wall, at=world.wall, who="Ana")
    takes_over(world, None, after=MINUTE, back=back)
    world.run(world.now + MINUTE)
    assert len(said(world, "JOURNAL_PUT_BACK")) == 1, "a restart is not another copy"
    assert not world.state.journal_lost
    puts_back(world, copy, "another")
    world.run(world.now + MINUTE)
    assert len(said(world, "JOURNAL_PUT_BACK")) == 2
    assert world.state.journal_lost


def test_an_alarm_that_the_copy_holds_of_an_older_loss_hides_nothing() -> None:
    world = house()
    world.run(MINUTE)
    takes_over(world, None, after=MINUTE, lost=True)
    world.run(world.now + MINUTE)
    assert world.state.alarms["journal_lost:journal"].active
    puts_back(world, deepcopy(world.journal))
    world.run(world.now + MINUTE)
    assert "has put back a copy" in world.state.alarms["journal_lost:journal"].message
    assert "a copy of the journal was put back" in world.state.alarms["dosing_locked:dosing"].message
    world.offer(Acknowledge(token=1, alarm_id="dosing_locked:dosing", who="Ana"))
    world.run(world.now + SECOND)
    assert not world.state.latches["lockout:dosing"].held


MISTAKES = {
    "goes on with what ran": ("edgectl.engine.rules.putback.part_with", lambda _draft, _task: None),
    "settles nothing": ("edgectl.engine.rules.putback.settle", lambda _draft: None),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    monkeypatch.setattr(*MISTAKES[mistake])
    assert begun_again(8 * MINUTE, 2 * MINUTE) != []


def test_runs_that_were_missed_would_be_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgectl.scheduler.events.given_up", lambda _s, begin, *_a, **_k: begin.position)
    assert [word for word in begun_again(8 * MINUTE, 30 * MINUTE) if "made up for" in word]
