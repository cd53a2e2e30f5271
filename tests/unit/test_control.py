"""The control loop: it gives way, keeps at most one commit in flight, and survives a disk that says no."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from unittest.mock import MagicMock

import pytest

from edgectl.daemon.control import SOON, Control
from edgectl.daemon.run import Daemon
from edgectl.engine import turn
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import AskState, MakeSafe, ManualOn, NodeNews, ReadBack, Reply, ReplyStatus, Send, StopAll
from edgectl.model.time import SECOND, Now
from edgectl.model.timeline import Batch, Entry
from edgectl.simulate.example import example_site


@dataclass
class Hand:
    """A clock that is set by hand."""

    mono: int = 100 * SECOND

    def now(self) -> Now:
        return Now(mono=self.mono, wall=self.mono)


@dataclass
class Done:
    ballast_freed: bool = False
    ballast_back: bool = False


class Full(Exception):
    """The disk says no."""


@dataclass
class Disk:
    """A journal whose commits end when the test says so."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    refuse: bool = False
    flying: int = 0
    most: int = 0

    async def commit(self, batch: Batch) -> Done:
        self.flying += 1
        self.most = max(self.most, self.flying)
        await self.gate.wait()
        self.flying -= 1
        if self.refuse:
            raise Full("no space left")
        self.journal.commit(batch)
        return Done()


Carried = Send | MakeSafe | AskState


def control_of(clock: Hand, disk: Disk, carry: Callable[[Carried], None], *, phase: Phase = Phase.READY) -> Control:
    state = State.begin(
        site=example_site(), schedules=(), stored=MemoryJournal().load(), boot_id="b", started=clock.mono
    )
    state.phase = phase
    if phase is Phase.READY:
        state.unproven = set()
    entries: list[Entry] = []
    return Control(Stepper(state), clock, disk, carry, on_entries=entries.extend, storage_errors=(Full,))


async def turns(count: int) -> None:
    """Let the loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_bus_that_answers_at_once_does_not_starve_the_rest_of_the_process() -> None:
    """A line that is not open yet answers every question with "nobody knows", before the turn has ended."""
    clock, disk = Hand(), Disk()
    disk.gate.set()
    orders: list[Carried] = []
    control: Control

    def carry(effect: Carried) -> None:
        orders.append(effect)
        if isinstance(effect, AskState):
            control.offer(ReadBack(actuator=effect.actuator, on=None, at=clock.mono, evidence="not open yet"))

    control = control_of(clock, disk, carry, phase=Phase.SETTLING)
    control.nudge()
    running = asyncio.create_task(control.run())
    await turns(50)
    assert control.turns > 1, "it was not asked again: the test proves nothing"
    assert len(orders) == 4, "one OFF and one question for each dangerous output, until some time has passed"
    clock.mono += SECOND
    control.nudge()
    await turns(20)
    assert len(orders) == 8
    running.cancel()


async def test_an_on_waits_for_the_disk_and_an_off_does_not() -> None:
    clock, disk = Hand(), Disk()
    orders: list[Carried] = []
    control = control_of(clock, disk, orders.append)
    running = asyncio.create_task(control.run())
    asked = asyncio.create_task(
        control.ask(lambda token: ManualOn(token=token, actuator="valve", lease=SECOND, who="me"))
    )
    await turns(20)
    assert orders == []
    assert not asked.done()
    stopping = asyncio.create_task(control.ask(lambda token: StopAll(token=token, who="me")))
    await turns(20)
    assert any(isinstance(order, MakeSafe) for order in orders)
    assert disk.most == 1
    disk.gate.set()
    await turns(40)
    assert (await asked).ok
    assert (await stopping).ok
    assert not any(isinstance(order, Send) for order in orders), "it was withdrawn before its commit came back"
    running.cancel()


async def test_a_disk_that_says_no_is_asked_again_and_nothing_is_lost() -> None:
    clock, disk = Hand(), Disk(refuse=True)
    disk.gate.set()
    orders: list[Carried] = []
    control = control_of(clock, disk, orders.append)
    running = asyncio.create_task(control.run())
    asked = asyncio.create_task(
        control.ask(lambda token: ManualOn(token=token, actuator="valve", lease=SECOND, who="me"))
    )
    await turns(40)
    assert control.commit_failures == 1, "not in a tight loop"
    assert not asked.done()
    disk.refuse = False
    clock.mono += 2 * SECOND
    control.nudge()
    await turns(40)
    assert (await asked).ok
    events = [entry.event_type for entry in disk.journal.timeline]
    assert events[:2] == ["COMMAND_DISPATCHED", "MANUAL_ON"]
    assert "ALARM_RAISED" in events
    running.cancel()


async def test_a_mistake_of_ours_in_a_commit_ends_the_loop() -> None:
    clock, disk = Hand(), Disk()
    disk.gate.set()

    async def broken(batch: Batch) -> Done:
        raise KeyError("planted")

    disk.commit = broken  # type: ignore[method-assign]
    control = control_of(clock, disk, lambda _: None)
    running = asyncio.create_task(control.run())
    control.offer(ManualOn(token=7, actuator="valve", lease=SECOND, who="me"))
    with pytest.raises(KeyError, match="planted"):
        await asyncio.wait_for(running, 60)


@pytest.mark.parametrize("asked", [True, False], ids=["by somebody", "by itself"])
async def test_a_start_that_breaks_on_what_somebody_asks_for_puts_no_journal_aside(
    monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    monkeypatch.setattr(turn, "decide", lambda *_: 1 / 0)
    control = control_of(Hand(), Disk(), lambda _: None)
    life = MagicMock()
    running = asyncio.create_task(Daemon._keep_control(life, control, MagicMock()))
    waiting = asyncio.create_task(control.ask(lambda token: StopAll(token=token, who="me")) if asked else turns(1))
    if not asked:
        control.nudge()
    await running
    assert life._end.called, "the turn did not break: the test proves nothing"
    assert life._stumble.called is not asked
    waiting.cancel()


async def test_it_is_busy_from_the_order_to_its_echo_and_when_a_turn_is_near() -> None:
    clock, disk = Hand(), Disk()
    orders: list[Carried] = []
    control = control_of(clock, disk, orders.append)
    running = asyncio.create_task(control.run())
    await turns(20)
    assert not control.busy, "nothing is due"
    before = control.turns
    asked = asyncio.create_task(
        control.ask(lambda token: ManualOn(token=token, actuator="valve", lease=SECOND, who="me"))
    )
    await turns(1)
    assert control.turns == before, "it is in the inbox"
    seen = {control.busy}
    await turns(20)
    seen.add(control.busy)
    assert disk.flying == 1, "it is on its way to the disk"
    disk.gate.set()
    await turns(40)
    (sent,) = [order for order in orders if isinstance(order, Send)]
    seen.add(control.busy)
    assert seen == {True}
    control.offer(Reply(cmd_id=sent.cmd_id, status=ReplyStatus.ECHO, at=clock.mono))
    await turns(40)
    assert not control.busy, "it has arrived: one may look"
    disk.gate.clear()
    control.offer(NodeNews(device="board", what="NODE_EVENT"))
    await turns(20)
    assert disk.flying == 1
    assert control.busy, "something else goes to the disk, and an order may wait behind it"
    disk.gate.set()
    await turns(20)
    wake = control.stepper.wake_at
    assert wake is not None
    clock.mono = wake - SOON - 1
    assert not control.busy
    clock.mono = wake - SOON + 1
    assert control.busy
    assert (await asked).ok
    running.cancel()


@pytest.mark.parametrize("lost", [ReplyStatus.TIMEOUT, ReplyStatus.INVALID])
async def test_an_order_whose_echo_never_came_keeps_nobody_from_looking(lost: ReplyStatus) -> None:
    clock, disk = Hand(), Disk()
    disk.gate.set()
    orders: list[Carried] = []
    control = control_of(clock, disk, orders.append)
    running = asyncio.create_task(control.run())
    await turns(20)
    asked = asyncio.create_task(
        control.ask(lambda token: ManualOn(token=token, actuator="valve", lease=SECOND, who="me"))
    )
    await turns(40)
    (sent,) = [order for order in orders if isinstance(order, Send)]
    assert control.busy, "it is on its way"
    control.offer(Reply(cmd_id=sent.cmd_id, status=lost, at=clock.mono))
    await turns(40)
    assert not control.busy, "that order is over, and its OFF has left"
    running.cancel()
    asked.cancel()
