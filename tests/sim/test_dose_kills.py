"""A dosing run killed at every one of its steps: no dose is given twice, and none that flowed is forgotten."""

from collections import Counter

import pytest

from edgectl.model.task import PhysicalEffect, Task
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.world import World, _Crash
from tests.sim.test_two_tanks import FILE, broken, ground_of, house

HOUR: Nanos = 3600 * SECOND
UNTIL: Nanos = 5 * HOUR  # the morning's preparation, and a second life after any kill
STEPS_LIVED = 160  # of the first doses of the morning
SHARES = 4


class Killed(World):
    """A world that dies at one step, and notes at which steps a dose was under way."""

    kill_at = -1
    step = 0
    dosing: list[int]

    def _maybe_crash(self) -> None:
        self.step += 1
        if self.step == self.kill_at:
            raise _Crash
        if any(task.correction is not None and task.correction.pending for task in self.state.tasks.values()):
            self.dosing.append(self.step)


def _world(kill_at: int) -> Killed:
    killed = Killed(FILE.site, FILE.schedules, 1, ground=ground_of(house()))
    killed.kill_at, killed.dosing = kill_at, []
    return killed


def _steps_of_doses() -> list[int]:
    """The steps from the decision of each dose to the line that says that it is given."""
    world = _world(-1)
    world.run(UNTIL)
    return world.dosing[:STEPS_LIVED]


STEPS = _steps_of_doses()


@pytest.mark.parametrize("share", range(SHARES))
def test_no_dose_is_given_twice_whenever_the_controller_dies(share: int) -> None:
    assert len(STEPS) > 60
    for kill_at in STEPS[share::SHARES]:
        world = _world(kill_at)
        world.run(UNTIL)
        assert world.report.crashes == 1
        assert broken(world) == [], kill_at
        given = Counter(
            move.cmd_id for move in world.field.trace if move.on and move.cmd_id and "-dose-" in move.cmd_id
        )
        assert max(given.values(), default=0) <= 1, (kill_at, given)
        for pump, dose in ground_of(world).plant.plumbing.doses.items():
            entered = (
                sum(spent.amount for spent in world.state.ledgers[pump].spent) if pump in world.state.ledgers else 0
            )
            assert dose.total_ml(world.now) <= entered + 0.5, (kill_at, pump, "more flowed than the ledger knows")
        cut = [
            value
            for value in world.journal.values.values()
            if isinstance(value, Task)
            and value.outcome is not None
            and value.outcome.reason_code == "task_recovered_after_restart"
        ]
        assert all(task.outcome.physical_effect is not PhysicalEffect.NONE for task in cut if task.outcome), kill_at
