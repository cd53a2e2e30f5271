"""Who is told that the disk has what was decided on an input: after the commit, and never for a lost one."""

import asyncio
from collections.abc import Callable

import pytest

from edgectl.daemon.control import Control
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import INBOX_BOUND, Stepper
from edgectl.model.inputs import NodeNews, Samples
from edgectl.model.time import Now
from edgectl.model.timeline import Batch, Stored
from edgectl.simulate.example import example_site


class Disk:
    """A journal whose commits take as long as the test says, and fail when it says so."""

    ballast_freed = ballast_back = False

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.open = asyncio.Event()
        self.fails = False

    async def commit(self, batch: Batch) -> "Disk":
        self.batches.append(batch)
        await self.open.wait()
        if self.fails:
            raise OSError("no room")
        return self


class Clock:
    def __init__(self) -> None:
        self.mono = 10**10

    def now(self) -> Now:
        self.mono += 1_000_000
        return Now(mono=self.mono, wall=1_737_355_112 * 10**9 + self.mono)


@pytest.fixture
async def bench() -> tuple[Control, Disk, Clock, list[str]]:
    disk, clock = Disk(), Clock()
    state = State.begin(
        site=example_site(), schedules=(), stored=Stored(journal_id="j", last_seq=0), boot_id="b", started=0
    )
    state.phase, state.unproven = Phase.READY, set()
    control = Control(Stepper(state), clock, disk, lambda _: None, on_entries=lambda _: None, storage_errors=(OSError,))
    return control, disk, clock, []


async def turns(control: Control, count: int = 6) -> None:
    """Let the loop turn a few times."""
    running = asyncio.create_task(control.run())
    for _ in range(count):
        control.nudge()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def say(said: list[str], word: str) -> Callable[[], None]:
    return lambda: said.append(word)


async def test_it_is_told_after_the_commit(bench: tuple[Control, Disk, Clock, list[str]]) -> None:
    control, disk, _, said = bench
    control.offer(NodeNews(device="board", what="NODE_EVENT"), say(said, "first"))
    await turns(control)
    assert len(disk.batches) == 1
    control.offer(NodeNews(device="board", what="NODE_EVENT"), say(said, "second"))
    await turns(control)
    assert said == [], "the disk has not answered"
    disk.open.set()
    await turns(control)
    assert said == ["first", "second"]
    assert len(disk.batches) == 2


async def test_a_commit_that_fails_tells_nobody_until_it_succeeds(
    bench: tuple[Control, Disk, Clock, list[str]],
) -> None:
    control, disk, clock, said = bench
    disk.fails = True
    disk.open.set()
    control.offer(NodeNews(device="board", what="NODE_EVENT"), say(said, "event"))
    await turns(control)
    assert said == []
    disk.fails = False
    clock.mono += 2 * 10**9
    await turns(control)
    assert said == ["event"]


async def test_what_changes_nothing_is_told_at_once(bench: tuple[Control, Disk, Clock, list[str]]) -> None:
    control, disk, _, said = bench
    control.offer(Samples(block=()), say(said, "reading"))
    await turns(control)
    assert (said, disk.batches) == (["reading"], [])


async def test_an_input_that_found_no_room_is_never_told(bench: tuple[Control, Disk, Clock, list[str]]) -> None:
    control, _, _, said = bench
    for _ in range(INBOX_BOUND):
        control.offer(Samples(block=()))
    control.offer(NodeNews(device="board", what="NODE_EVENT"), say(said, "lost"))
    await turns(control)
    assert (said, control.dropped) == ([], 1)
