"""Promise 18 in the simulated houses: leases are taken, lost and stolen, and nobody speaks in an epoch that is over."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgectl.engine.rules import recovery
from edgectl.model.lease import Lead, Leading, Waiting
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.leases import MemoryLease
from edgectl.simulate.pairing import Pairing
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import DAY, World
from tests.sim.judged import broken, broken_in_one_of_six
from tests.sim.test_two_tanks import house

Patch = pytest.MonkeyPatch
TROUBLES = {"lease taken over", "controller of a pair stood still", "line to the lease cut"}


def lived(seed: int, *, world: World | None = None) -> tuple[World, list[str]]:
    """Four days of a pair, with deaths and reboots."""
    world = world or World(example_site(), example_schedules(), seed, crash=0.002, people=True, reboots=0.3, pair=True)
    world.run(4 * DAY)
    assert world.pairing is not None
    return world, world.pairing.broken(Counter())


@pytest.mark.parametrize("seed", range(3))
def test_nobody_speaks_in_an_epoch_that_is_over(seed: int) -> None:
    world, found = lived(seed)
    assert found == []
    assert broken_promises(world) == []
    assert world.pairing is not None
    assert set(world.pairing.met) == TROUBLES
    assert len(world.pairing.words) > 300
    assert sum(not reign.ours for reign in world.pairing.reigns) > 5


def _look_at_no_lease(patch: Patch) -> None:
    """Speak whenever there is something to say."""
    patch.setattr(Leading, "may_speak", lambda self, now: True)


def _lead_at_once(patch: Patch) -> None:
    """Wait for nobody."""
    patch.setattr(Waiting, "may_take", lambda self, now: True)
    take = MemoryLease.take

    async def grab(self: MemoryLease, seen: Any, holder: str, floor: int, ttl: int) -> int | None:
        kept = self._table.kept
        if kept is not None:
            self._table.kept = replace(kept, expires=0)
        return await take(self, self._table.row(), holder, floor, ttl)

    patch.setattr(MemoryLease, "take", grab)


def _count_from_the_answer(patch: Patch) -> None:
    """Believe a lease for longer than it lasts."""
    renewed = Leading.renewed
    patch.setattr(Leading, "renewed", lambda self, asked: renewed(self, asked + DAY // 1440))
    patch.setattr(Leading, "stands_down_at", property(lambda self: self.until))


def _begin_the_epochs_anew(patch: Patch) -> None:
    """Give each leader the same epoch."""
    take = MemoryLease.take

    async def forgetful(self: MemoryLease, seen: Any, holder: str, floor: int, ttl: int) -> int | None:
        epoch = await take(self, seen, holder, floor, ttl)
        if epoch is not None and self._table.kept is not None:
            kept = self._table.kept
            self._table.kept = replace(kept, row=replace(kept.row, epoch=1))
            return 1
        return None

    patch.setattr(MemoryLease, "take", forgetful)


def _go_on_as_if_nobody_had_led(patch: Patch) -> None:
    """Take the journal for whole after somebody else has led."""
    lead = Pairing.lead
    patch.setattr(Pairing, "lead", lambda self: Lead(epoch=lead(self).epoch))


PLANTS = [
    _look_at_no_lease,
    _lead_at_once,
    _count_from_the_answer,
    _begin_the_epochs_anew,
    _go_on_as_if_nobody_had_led,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_judge_of_the_pair_catches_the_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    plant(monkeypatch)
    assert broken_in_one_of_six(18, lived), plant.__doc__


@pytest.mark.parametrize("planted", [False, True])
def test_whoever_takes_over_a_house_that_doses_locks_it(monkeypatch: Patch, *, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(recovery.rebuilt, "lock_for", lambda draft, why: None)
    world = house()
    world.pairing = Pairing(world, world.random)
    world._begin()
    world.crash = 0.002
    world._actors.append(world.pairing)
    world.run(2 * DAY)
    assert any(not reign.ours for reign in world.pairing.reigns)
    assert broken(18, world.pairing.broken(Counter())) is planted
