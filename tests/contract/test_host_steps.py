"""The host room under what a machine does to it: clock steps, hold-ups, many alarms, full disks, many lockers."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from edgectl.host import clock
from edgectl.host.clock import STEP, Step, SystemClock
from edgectl.host.lock import AlreadyRunning, HostLock
from edgectl.host.timer import Alarm
from edgectl.model.time import MS, SECOND, Nanos, Trust
from edgectl.testing.wall import FAKETIME

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

WATCHER = """
import sys
from edgectl.host.clock import SystemClock
clock = SystemClock()
first = clock.now()
print("looking", clock.stepped(), flush=True)
for line in sys.stdin:
    now = clock.now()
    step = clock.stepped()
    print(0 if step is None else round(step.seconds), round((now.mono - first.mono) / 1e9), flush=True)
"""

LOCKERS = """
import sys
from pathlib import Path
from edgectl.host.lock import AlreadyRunning, HostLock
lock = HostLock(Path(sys.argv[1]))
try:
    lock.take()
except AlreadyRunning as other:
    print(other.pid, flush=True)
else:
    print("mine", flush=True)
    sys.stdin.readline()
"""


def test_a_real_step_is_told_once_and_durations_do_not_notice(tmp_path: Path) -> None:
    told = tmp_path / "now"
    told.write_text("+0")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    environment.pop("FAKETIME", None)
    child = subprocess.Popen(
        [sys.executable, "-c", WATCHER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "looking None\n"
    for offset, expected in (("+3600", 3600), ("+3600", 0), ("+3601", 0), ("-60", -3661), ("+0", 60)):
        told.write_text(offset)
        child.stdin.write("look\n")
        child.stdin.flush()
        step, elapsed = child.stdout.readline().split()
        assert abs(int(step) - expected) <= 1, offset
        assert int(elapsed) < 60, "monotonic durations never step"
    child.stdin.close()
    assert child.wait(60) == 0
    child.stdout.close()


class Script:
    """Clock readings in the order in which they will be asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mono: Nanos = 1_000 * SECOND
        self.wall: Nanos = 1_800_000_000 * SECOND
        self.hold_up: Nanos = 0
        self.asked = 0
        monkeypatch.setattr(clock, "time", self)
        monkeypatch.setattr(clock, "_kernel_synchronised", self._ask)

    def monotonic_ns(self) -> Nanos:
        return self.mono

    def time_ns(self) -> Nanos:
        wall, held = self.wall, self.hold_up
        self.hold_up = 0
        self.pass_by(held)
        return wall

    def pass_by(self, span: Nanos) -> None:
        self.mono += span
        self.wall += span

    def _ask(self) -> bool:
        self.asked += 1
        return False


def test_slewing_is_no_step_and_a_jump_there_and_back_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    watch = SystemClock()
    for _ in range(100):
        script.pass_by(SECOND)
        script.wall += STEP // 2
        watch.now()
    assert watch.stepped() is None
    script.wall += 10 * SECOND
    watch.now()
    script.wall -= 10 * SECOND
    watch.now()
    assert watch.stepped() is None
    script.wall += 10 * SECOND
    watch.now()
    assert watch.stepped() == Step(seconds=10.0, believed=False)
    assert watch.stepped() is None


def test_a_step_says_whether_the_clock_had_been_believed_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time server that sets a clock which nobody believed takes no date from anything."""
    script = Script(monkeypatch)
    monkeypatch.setattr(clock, "_kernel_synchronised", lambda: script.asked > 0)
    watch = SystemClock()
    watch.now()
    script.asked = 1
    for believed in (False, True):
        script.pass_by(2 * SECOND)
        script.wall += 10 * SECOND
        watch.now()
        assert watch.stepped() == Step(seconds=10.0, believed=believed)


def test_a_process_held_up_between_the_two_readings_sees_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    watch = SystemClock()
    watch.now()
    script.hold_up = 30 * SECOND
    now = watch.now()
    assert watch.stepped() is None
    assert now.wall - now.mono == script.wall - script.mono


def test_the_kernel_is_asked_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    watch = SystemClock()
    for _ in range(1000):
        script.pass_by(10 * MS)
        watch.now()
    assert 9 <= script.asked <= 11


def test_trust_has_no_gap_between_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    watch = SystemClock()
    watch.remember(script.wall)
    assert watch.now().trust is Trust.RESTORED, "exactly at the mark it is not behind"
    script.wall -= 1
    assert watch.now().trust is Trust.UNTRUSTED
    script.wall = clock.PLAUSIBLE - 1
    monkeypatch.setattr(clock, "_kernel_synchronised", lambda: True)
    script.pass_by(0)
    script.mono += SECOND
    assert watch.now().trust is Trust.UNTRUSTED, "a kernel that is in step with 2024 is wrong"


@LOOPS
def test_of_two_hundred_alarms_none_is_early(run: Callable[[Any], Any]) -> None:
    async def ring() -> list[Nanos]:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        late: list[Nanos] = []
        due: dict[int, Nanos] = {}
        alarms: list[Alarm] = []

        def rung(number: int) -> None:
            late.append(time.monotonic_ns() - due[number])
            if len(late) == 200:
                done.set()

        start = time.monotonic_ns()
        for number in range(200):
            due[number] = start + (number * 7 % 200) * MS
            alarms.append(Alarm(loop, lambda number=number: rung(number)))  # type: ignore[misc]
            alarms[-1].set(due[number])
        async with asyncio.timeout(60):
            await done.wait()
        for alarm in alarms:
            alarm.close()
        return late

    late = run(ring())
    assert len(late) == 200
    assert min(late) >= 0


@LOOPS
def test_a_cancelled_alarm_does_not_ring_even_when_it_is_due(run: Callable[[Any], Any]) -> None:
    async def ring() -> tuple[int, int]:
        rang: list[str] = []
        loop = asyncio.get_running_loop()
        forgotten, after = Alarm(loop, lambda: rang.append("forgotten")), asyncio.Event()
        later = Alarm(loop, after.set)
        forgotten.set(1)  # due at once, and the loop has not looked yet
        forgotten.cancel()
        forgotten.cancel()
        later.set(time.monotonic_ns() + 20 * MS)
        await after.wait()
        quiet = len(rang)
        forgotten.set(1)
        after.clear()
        later.set(time.monotonic_ns() + 20 * MS)
        await after.wait()
        for alarm in (forgotten, forgotten, later):
            alarm.close()
        return quiet, len(rang)

    assert run(ring()) == (0, 1)


async def test_what_a_ring_raises_is_not_swallowed() -> None:
    told: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(type(context["exception"]).__name__))
    rang = asyncio.Event()

    def ring() -> None:
        rang.set()
        raise BlockingIOError("of the callback, not of the timer")

    alarm = Alarm(loop, ring)
    alarm.set(1)
    await rang.wait()
    await asyncio.sleep(0)
    alarm.close()
    assert told == ["BlockingIOError"]


def test_of_many_that_come_at_once_one_gets_the_lock(tmp_path: Path) -> None:
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", LOCKERS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    answers = {child.pid: child.stdout.readline().strip() for child in crowd if child.stdout is not None}
    holders = [pid for pid, answer in answers.items() if answer == "mine"]
    assert len(holders) == 1
    assert {int(answer) for answer in answers.values() if answer != "mine"} <= {holders[0], 0}
    with pytest.raises(AlreadyRunning, match=rf"process {holders[0]} already drives .*, since 20\d\d-") as caught:
        HostLock(tmp_path).take()
    assert caught.value.pid == holders[0]
    for child in crowd:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
    lock = HostLock(tmp_path)
    lock.take()
    lock.release()


def test_a_full_disk_does_not_keep_the_lock_from_us(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    try:
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        first = HostLock(disk)
        first.take()
        with pytest.raises(AlreadyRunning, match="another process"):
            HostLock(disk).take()
        first.release()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
