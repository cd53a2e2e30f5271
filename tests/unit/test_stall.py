"""The guard of the loop looks seldom while all is well, in time when the loop stands, and not at a process that was
stopped as a whole."""

import asyncio

import pytest
import uvicorn

from edgectl.api.server import Door
from edgectl.daemon import stall
from edgectl.daemon.stall import StallGuard
from edgectl.model.time import MS, SECOND, Nanos


class Ended(Exception):
    """The guard ended the process."""


class Life:
    """A loop that beats, a guard that sleeps, and one clock for both. The clock is moved by whoever sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: Nanos = 1000 * SECOND
        self.looks = 0
        self.end: Nanos = self.now + 60 * SECOND
        self.stands_from: Nanos | None = None
        self.stopped: tuple[Nanos, Nanos] | None = None  # the whole process: from, for
        self.starved_every: Nanos | None = None  # the whole process, for a second each
        self.guard = StallGuard(lambda: self.now)
        monkeypatch.setattr(self.guard, "_stop", self)
        monkeypatch.setattr(stall, "_last_words", lambda: None)
        monkeypatch.setattr(stall.os, "_exit", self._exit)

    def wait(self, seconds: float) -> bool:
        """The guard sleeps; the loop beats meanwhile, and after a stop of the process both are late."""
        self.looks += 1
        until = self.now + round(seconds * SECOND)
        while self.now < until:
            self.now += 10 * MS
            if self.starved_every is not None and self.stopped is None:
                self.stopped = (self.now + self.starved_every, SECOND)
            if self.stopped is not None and self.now >= self.stopped[0]:
                self.now, self.stopped = self.now + self.stopped[1], None
            elif self.now % (500 * MS) == 0 and (self.stands_from is None or self.now < self.stands_from):
                self.guard._beat = self.now
        return self.now >= self.end

    def watch(self) -> None:
        self.guard._watch()

    def _exit(self, code: int) -> None:
        assert code == stall.EXIT_STALLED
        raise Ended


def test_a_loop_that_turns_is_looked_at_about_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(monkeypatch)
    life.watch()
    assert 40 < life.looks < 80


@pytest.mark.parametrize("shift_ms", range(0, 1000, 130))
def test_a_loop_that_stands_ends_the_process_in_time(monkeypatch: pytest.MonkeyPatch, shift_ms: int) -> None:
    life = Life(monkeypatch)
    life.stands_from = life.now + 20 * SECOND + shift_ms * MS
    with pytest.raises(Ended):
        life.watch()
    assert 1400 * MS < life.now - life.stands_from < 2300 * MS


@pytest.mark.parametrize("for_ms", [300, 900, 1400, 1900, 2600, 30_000])
@pytest.mark.parametrize("shift_ms", range(0, 1500, 130))
def test_a_process_that_was_stopped_as_a_whole_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, shift_ms: int, for_ms: int
) -> None:
    life = Life(monkeypatch)
    life.stopped = (life.now + 20 * SECOND + shift_ms * MS, for_ms * MS)
    life.watch()


@pytest.mark.parametrize("shift_ms", range(0, 1500, 130))
def test_a_process_that_is_starved_again_and_again_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, shift_ms: int
) -> None:
    """On a crowded machine the loop may come to its beat last of all, each time after another second without a core."""
    life = Life(monkeypatch)
    life.starved_every = 1300 * MS + shift_ms * MS
    life.watch()


async def test_a_door_sleeps_until_it_is_told_to_end() -> None:
    door = Door(uvicorn.Config(lambda: None, log_config=None))
    open_ = asyncio.create_task(door.main_loop())
    await asyncio.sleep(0)
    assert not open_.done()
    door.should_exit = True
    for _ in range(3):  # turns of the loop: nothing here waits for a clock
        await asyncio.sleep(0)
    assert open_.done()
