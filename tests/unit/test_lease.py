"""A redundant pair: whatever clocks, lines and processes do, never two at once, and epochs only grow."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.daemon import pair as pair_module
from edgectl.daemon.pair import Pair, still_leads
from edgectl.model.lease import LONGEST, SHORTEST, Leading, LeaseRow, Terms, Waiting
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.simulate.leases import LeaseTable, MemoryLease

T = TypeVar("T")
TICK = 250 * MS
TERMS = Terms(ttl=15 * SECOND)


@pytest.mark.parametrize("ttl", [SHORTEST, TERMS.ttl, LONGEST])
def test_the_terms_leave_time_for_everything(ttl: Nanos) -> None:
    terms = Terms(ttl=ttl)
    assert 0 < terms.safe_writes < ttl
    assert 2 * terms.renew_every < ttl - terms.safe_writes, "one lost sign does not stand the house down"
    assert terms.margin >= SECOND


def test_time_counts_from_before_the_question() -> None:
    leading = Leading(epoch=1, terms=TERMS, until=TERMS.ttl)
    assert leading.renewed(10 * SECOND).until == 25 * SECOND
    assert leading.renewed(-5 * SECOND).until == TERMS.ttl, "a late answer to an old question takes nothing away"
    assert not leading.overtaken(3 * SECOND).may_speak(3 * SECOND)
    assert leading.stands_down_at == 10 * SECOND


def row(beat: int = 0, *, over: bool = True, returned: bool = False, holder: str = "other") -> LeaseRow:
    return LeaseRow(holder=holder, epoch=3, beat=beat, ttl=15 * SECOND, over=over, returned=returned)


def test_who_waits_counts_on_its_own_clock_too() -> None:
    waiting = Waiting(holder="me", terms=TERMS, since=0).look(row(), 0)
    assert not waiting.may_take(17 * SECOND), "the database says it is over; its clock may have been set"
    assert waiting.may_take(18 * SECOND)
    assert not waiting.look(row(beat=1), 17 * SECOND).may_take(34 * SECOND)
    assert not waiting.look(row(over=False), 1).may_take(99 * SECOND)
    assert waiting.look(row(returned=True), 0).may_take(0)
    assert waiting.look(row(holder="me", over=False), 0).may_take(0)
    assert not Waiting(holder="me", terms=TERMS, since=0).look(None, 5).may_take(17 * SECOND)


def at_once(answer: Coroutine[Any, Any, T]) -> T:
    """The table in memory never lets anybody wait."""
    try:
        answer.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waits")


@dataclass
class Host:
    """One controller of the pair in virtual time: its clock drifts, it can be paused, cut off, killed."""

    name: str
    store: MemoryLease
    drift: float
    true: Nanos = 0
    paused_until: Nanos = 0
    floor: int = 0
    life: int = 0
    leading: Leading | None = None
    waiting: Waiting | None = None
    renew_at: Nanos = 0
    epochs: list[int] = field(default_factory=list)

    def mono(self) -> Nanos:
        return round(self.true * (1 + self.drift))

    def speaks(self) -> bool:
        """Would a byte leave if it tried now?"""
        return self.leading is not None and self.leading.may_speak(self.mono())

    def die(self) -> None:
        """The whole machine restarts: another boot, another name."""
        self.leading = self.waiting = None
        self.life += 1

    def act(self) -> None:
        if self.true < self.paused_until:
            return
        now = self.mono()
        if self.leading is not None and now >= self.leading.stands_down_at:
            self.leading = None
        holder = f"{self.name}:{self.life}"
        if self.leading is not None:
            if now >= self.renew_at and not self.store.cut:
                taken = at_once(self.store.renew(holder, self.leading.epoch, TERMS.ttl))
                self.leading = self.leading.renewed(now) if taken else None
                self.renew_at = now + TERMS.renew_every
            return
        if self.store.cut:
            return
        waiting = self.waiting or Waiting(holder=holder, terms=TERMS, since=now)
        self.waiting = waiting = waiting.look(at_once(self.store.look()), now)
        if waiting.may_take(now):
            epoch = at_once(self.store.take(waiting.seen, holder, self.floor, TERMS.ttl))
            if epoch is not None:
                self.floor, self.renew_at, self.waiting = epoch, now + TERMS.renew_every, None
                self.leading = Leading(epoch=epoch, terms=TERMS, until=now + TERMS.ttl)
                self.epochs.append(epoch)


def live(seed: int) -> list[int]:
    """Ten minutes of bad luck. Returns the epochs in the order in which they began."""
    random = Random(seed)
    clock = {"step": 0, "true": 0}
    table = LeaseTable(lambda: clock["true"] + clock["step"])
    hosts = [Host(name, MemoryLease(table), random.uniform(-0.02, 0.02)) for name in "ab"]
    begun: list[int] = []
    for number in range(2400):
        clock["true"] = number * TICK
        for host in hosts:
            host.true = clock["true"]
            match random.randrange(120):
                case 0:
                    host.paused_until = host.true + random.randrange(1, 60) * SECOND
                case 1:
                    host.store.cut = True
                case 2 | 3:
                    host.store.cut = False
                case 4 if host.true >= host.paused_until:
                    host.die()
                case 5:
                    clock["step"] += random.randrange(-30, 31) * SECOND
            before = host.leading
            host.act()
            if host.leading is not None and (before is None or before.epoch != host.leading.epoch):
                begun.append(host.leading.epoch)
            assert sum(each.speaks() for each in hosts) <= 1, f"seed {seed}: two speak at {host.true / SECOND} s"
    return begun


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_never_two_and_epochs_only_grow(seed: int) -> None:
    begun = live(seed)
    assert all(a < b for a, b in pairwise(begun))


def test_somebody_leads_most_of_the_time() -> None:
    assert sum(len(live(seed)) for seed in range(5)) > 20


@pytest.mark.parametrize("planted", ["the database's clock alone", "no wait at all", "time from the answer"])
def test_a_planted_mistake_lets_two_speak(monkeypatch: pytest.MonkeyPatch, planted: str) -> None:
    match planted:
        case "the database's clock alone":
            monkeypatch.setattr(Waiting, "may_take", lambda self, now: self.seen is None or self.seen.over)
        case "no wait at all":
            monkeypatch.setattr(Waiting, "may_take", lambda self, now: True)
            monkeypatch.setattr(MemoryLease, "take", _take_whatever)
        case _:
            late = Leading.renewed
            monkeypatch.setattr(Leading, "renewed", lambda self, asked: late(self, asked + 20 * SECOND))
    with pytest.raises(AssertionError, match="two speak"):
        any(live(seed) is None for seed in range(40))


async def _take_whatever(self: MemoryLease, seen: object, holder: str, floor: int, ttl: Nanos) -> int:
    row = self._table.row()
    epoch = max(floor, 0 if row is None else row.epoch) + 1
    self._table.put(LeaseRow(holder=holder, epoch=epoch, beat=0, ttl=ttl, over=False, returned=False))
    return epoch


# ---------------------------------------------------------------- the controller's side


class Hand:
    mono = 100 * SECOND


def controller(folder: Path, store: MemoryLease, clock: Hand, *, boot: str = "boot-1") -> Pair:
    return Pair(store, TERMS, folder, boot_id=boot, mono=lambda: clock.mono)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def table(clock: Hand) -> LeaseTable:
    return LeaseTable(lambda: clock.mono)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "LOOK_EVERY_S", 0.001)


async def lead(pair: Pair, clock: Hand) -> object:
    """Let time pass while it waits."""
    waits = asyncio.create_task(pair.lead())
    while not waits.done():
        clock.mono += SECOND
        await asyncio.sleep(0.005)
    return waits.result()


async def test_one_leads_the_other_follows_and_what_was_missed_is_known(
    tmp_path: Path, table: LeaseTable, clock: Hand
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = controller(tmp_path / "a", MemoryLease(table), clock)
    led = await lead(first, clock)
    assert (led.epoch, led.took_over, led.why_late) == (1, False, "not_leader")  # type: ignore[attr-defined]
    assert first.may_speak(clock.mono)
    assert still_leads(tmp_path / "a", "boot-1", clock.mono)
    clock.mono += TERMS.ttl
    assert not first.may_speak(clock.mono)
    assert still_leads(tmp_path / "a", "boot-1", clock.mono) is False
    second = controller(tmp_path / "b", MemoryLease(table), clock)
    led = await lead(second, clock)
    assert (led.epoch, led.took_over) == (2, True)  # type: ignore[attr-defined]
    await second.end(proven=True)
    assert not second.may_speak(clock.mono)
    again = controller(tmp_path / "a", MemoryLease(table), clock)
    led = await lead(again, clock)
    assert (led.epoch, led.took_over, led.waited < 3 * SECOND) == (3, True, True)  # type: ignore[attr-defined]


async def test_a_restart_of_the_leader_leads_on_at_once_and_its_journal_is_whole(
    tmp_path: Path, table: LeaseTable, clock: Hand
) -> None:
    await lead(controller(tmp_path, MemoryLease(table), clock), clock)
    led = await lead(controller(tmp_path, MemoryLease(table), clock), clock)
    assert (led.epoch, led.took_over, led.waited < 3 * SECOND) == (2, False, True)  # type: ignore[attr-defined]
    rebooted = await lead(controller(tmp_path, MemoryLease(table), clock, boot="boot-2"), clock)
    assert (rebooted.epoch, rebooted.took_over) == (3, False)  # type: ignore[attr-defined]
    assert rebooted.waited > TERMS.ttl, "a copied disk in another machine would have this name too"  # type: ignore[attr-defined]


async def test_a_leader_that_reaches_nobody_stands_down_while_it_may_still_speak(
    tmp_path: Path, table: LeaseTable, clock: Hand
) -> None:
    store = MemoryLease(table)
    await lead(controller(tmp_path, store, clock), clock)
    pair = Pair(store, Terms(ttl=SHORTEST), tmp_path, boot_id="boot-1", mono=time.monotonic_ns)
    await pair.lead()
    store.cut = True
    await asyncio.wait_for(pair.keep(), 60)
    assert pair.over.is_set()
    assert pair.may_speak(time.monotonic_ns()), "time for the safe writes is left"
    assert "not renewed in time" in pair.why


async def test_a_leader_that_was_overtaken_says_nothing_more(tmp_path: Path, table: LeaseTable, clock: Hand) -> None:
    pair = controller(tmp_path, MemoryLease(table), clock)
    await lead(pair, clock)
    table.put(LeaseRow(holder="other", epoch=9, beat=0, ttl=TERMS.ttl, over=False, returned=False))
    await pair.keep()
    assert not pair.may_speak(clock.mono)
    assert "another controller" in pair.why


async def test_a_database_that_was_mute_is_said(tmp_path: Path, table: LeaseTable, clock: Hand) -> None:
    store = MemoryLease(table)
    store.cut = True
    waits = asyncio.create_task(controller(tmp_path, store, clock).lead())
    await asyncio.sleep(0.02)
    store.cut = False
    while not waits.done():
        clock.mono += SECOND
        await asyncio.sleep(0.005)
    assert waits.result().why_late == "leader_retry_backoff"


async def test_a_note_that_cannot_be_read_makes_a_new_name_and_no_fault(
    tmp_path: Path, table: LeaseTable, clock: Hand
) -> None:
    (tmp_path / "lease.json").write_text("{")
    assert still_leads(tmp_path, "boot-1", clock.mono) is False
    await lead(controller(tmp_path, MemoryLease(table), clock), clock)
    assert still_leads(tmp_path, "boot-1", clock.mono)
