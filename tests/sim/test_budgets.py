"""Promise 22: thirty days in virtual time cost what one costs, and whatever grows with time is seen."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import thirst, witness
from edgectl.engine.state import State
from edgectl.model.ledger import Ledger, Spent
from edgectl.model.timeline import Latch
from edgectl.simulate.budgets import broken_budgets
from edgectl.simulate.campaign import Tally, live
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, World
from tests.sim.judged import broken

Patch = pytest.MonkeyPatch
WATERS_OFF_TARGET = 831  # the number of a house whose solution is off while it waters


def lived(days: int) -> list[str]:
    """A house that never falls, so that nothing is forgotten by a restart."""
    world = World(example_site(), example_schedules(), 22, people=True)
    found: list[str] = []
    for day in range(1, days + 1):
        world.run(day * DAY)
        found += broken_budgets(world, Counter())
    assert world.report.crashes == 0
    return found


def test_thirty_days_stay_within_their_budgets() -> None:
    assert lived(30) == []


def _remember_every_order(patch: Patch) -> None:
    """Keep the orders of tasks that have ended."""
    patch.setattr(State, "forget", lambda self, task_id: None)
    patch.setattr(State, "_let_go", lambda self, ended: None)


def _forget_before_the_end_is_known(patch: Patch) -> None:
    """Forget the orders of a task before those that end with it are known as ended."""
    put, forget = State.put, State.forget

    def hasty(self: State, change: Any) -> None:
        put(self, change)
        if getattr(change, "terminal", False) and hasattr(change, "correlation_id"):
            forget(self, change.task_id)

    patch.setattr(State, "put", hasty)
    patch.setattr(State, "forget", lambda self, task_id: None)
    patch.setattr(State, "_let_go", lambda self, ended: None)


def _account_for_ever(patch: Patch) -> None:
    """Let nothing fall out of an account."""

    def hoard(self: Ledger, amount: float, until: int, now: Any, boot_id: str, started: int) -> Ledger:
        entry = Spent(amount=amount, at=until, wall=now.wall_at(until), boot_id=boot_id, synced=True)
        return Ledger(name=self.name, spent=(*self.spent, entry))

    patch.setattr(Ledger, "add", hoard)


def _say_something_in_each_turn(patch: Patch) -> None:
    """Write lines whether anything happened or not."""
    patch.setattr(witness, "suspect", lambda draft: [draft.note("STAGE_UNDER_WAY") for _ in range(3)])


def _a_new_name_each_time(patch: Patch) -> None:
    """Keep something under a name that holds the time."""
    watch = thirst.watch

    def naming(draft: Draft) -> None:
        watch(draft)
        name = f"seen:{draft.now.mono // DAY * 24 + draft.now.mono % DAY * 24 // DAY}"
        if draft.latch(name) is None:
            draft.put(Latch(name=name, held=False, since=0, who="engine", why="", count=1))

    patch.setattr(thirst, "watch", naming)


PLANTS = [
    _remember_every_order,
    _forget_before_the_end_is_known,
    _account_for_ever,
    _say_something_in_each_turn,
    _a_new_name_each_time,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_grows_with_time_is_seen(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    plant(monkeypatch)
    assert broken(22, lived(6)), plant.__doc__


@pytest.mark.parametrize("planted", [False, True])
def test_what_held_for_a_task_is_forgotten_with_it(monkeypatch: Patch, *, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(Draft, "forget_all_of", lambda self, task_id: None)
    found = live(WATERS_OFF_TARGET, 2, Tally()).found
    assert any("still in memory" in sentence for sentence in found) is planted, found
