"""Within one turn nothing is looked at twice in vain: field and clock stand still, so only what was put can matter."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.fixed import Fixed
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND
from edgectl.model.timeline import Alarm, Change, Latch
from edgectl.simulate.campaign import settle
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, World
from tests.unit.test_vetoes import NOW

SIX_O_CLOCK = 4 * 3600 * SECOND  # there, four hours after the world begins
Puts = Callable[[Draft, Output], list[Change]]


def _off(output: Output) -> Output:
    return replace(output, closing=NOW.mono)


def _others(output: Output) -> Output:
    return replace(output, name="valve", cmd_id="other", task_id="other")


CONCERN_IT: dict[str, Puts] = {
    "its task": lambda draft, mine: [draft.tasks()[0]],
    "an order of it": lambda draft, mine: [draft.commands(mine.task_id)[0]],
    "its own output": lambda draft, mine: [mine],
    "another output, off": lambda draft, mine: [_off(_others(mine))],
    "another output, seen off": lambda draft, mine: [replace(_others(mine), owed_off=False)],
    "an output of nobody": lambda draft, mine: [replace(_others(mine), task_id=None)],
    "the end of another task": lambda draft, mine: [_ended(draft)],
    "a latch": lambda draft, mine: [Latch(name="stop_water", held=True, since=1, who="Ana", why="")],
    "an alarm": lambda draft, mine: [Alarm(alarm_id="a:b", code="a", subject="b", raised_at=1, message="", advice="")],
    "an account": lambda draft, mine: [Ledger(name="pump")],
}
LEAVE_IT: dict[str, Puts] = {
    "nothing": lambda draft, mine: [],
    "the order of another task": lambda draft, mine: [_others(mine)],
    "another task": lambda draft, mine: [replace(draft.tasks()[0], task_id="other")],
}


def _ended(draft: Draft) -> Change:
    return replace(draft.tasks()[0], task_id="other", status=TaskStatus.FAILED)


def _still_rests(puts: Puts) -> bool:
    """A watering under way, looked at in vain; then something is put."""
    world = World(example_site(), example_schedules(), 1)
    world.run(SIX_O_CLOCK + 30 * SECOND)
    draft = Draft(world.state, NOW)
    mine = next(output for output in draft.owed() if output.name == "pump")
    assert mine.task_id is not None
    assert not draft.rests("pump", mine.task_id), "nobody has looked"
    draft.found_still("pump", mine.task_id)
    for change in puts(draft, mine):
        draft.put(change)
    return draft.rests("pump", mine.task_id)


@pytest.mark.parametrize("what", CONCERN_IT)
def test_what_concerns_it_has_it_looked_at_again(what: str) -> None:
    assert not _still_rests(CONCERN_IT[what])


@pytest.mark.parametrize("what", LEAVE_IT)
def test_what_is_another_tasks_alone_does_not(what: str) -> None:
    assert _still_rests(LEAVE_IT[what])


def test_a_turn_that_forgets_who_was_stirred_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draft, "_stir", lambda draft, task_id, alone=True: None)
    assert [what for what, puts in CONCERN_IT.items() if _still_rests(puts)] == [
        "its task",
        "an order of it",
        "its own output",
        "another output, off",
        "another output, seen off",
        "an output of nobody",
        "the end of another task",
    ]


@pytest.mark.parametrize("number", [3, 4, 26, 29])
def test_whoever_looks_at_everything_again_decides_the_same(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def lived() -> tuple[str, str, str]:
        world = settle(number)
        world.run(DAY)
        return repr(world.journal.timeline), repr(world.journal.values), repr(world.field.trace)

    rested: list[str] = []
    rests = Draft.rests

    def noted(draft: Draft, what: str, task_id: str) -> bool:
        found = rests(draft, what, task_id)
        rested.extend([what] if found else [])
        return found

    monkeypatch.setattr(Draft, "rests", noted)
    told = lived()
    assert rested, "nothing rested, and nothing was proven"
    monkeypatch.setattr(Draft, "rests", lambda draft, what, task_id: False)
    monkeypatch.setattr(Fixed, "mute", lambda fixed, actuator: frozenset[str]())
    assert lived() == told
