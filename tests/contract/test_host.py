"""What the machine offers: clocks with trust, a timer that is never early, locks that the kernel gives back."""

import asyncio
import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from edgectl.drivers.links.rtu import RtuLink
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.wiring import SerialLine
from edgectl.host import clock, notify
from edgectl.host.clock import PLAUSIBLE, SystemClock, boot_id
from edgectl.host.lease import HostLease
from edgectl.host.lock import AlreadyRunning, HostLock
from edgectl.host.notify import NotifyFailed
from edgectl.host.timer import Alarm
from edgectl.model.time import MS, SECOND, Trust
from edgectl.testing.wall import clock_at

HOLDER = """
import sys, signal
from pathlib import Path
from edgectl.host.lock import HostLock
HostLock(Path(sys.argv[1])).take()
print("held", flush=True)
signal.pause()
"""


def test_both_clocks_are_read_together() -> None:
    ours, mono, wall = SystemClock(), time.monotonic_ns(), time.time_ns()
    now = ours.now()
    assert mono <= now.mono <= time.monotonic_ns()
    assert wall <= now.wall <= time.time_ns()


def test_trust_follows_the_kernel_and_the_journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clock, "_kernel_synchronised", lambda: False)
    assert SystemClock().now().trust is Trust.RESTORED
    behind = SystemClock()
    future = time.time_ns() + 3600 * SECOND
    behind.remember(future)
    first = behind.now()
    assert first.trust is Trust.UNTRUSTED
    assert first.wall >= future, "the best guess does not run backwards"
    assert behind.now().wall > first.wall
    (tmp_path / "synchronised").touch()
    monkeypatch.setenv("EDGECTL_CLOCK_SYNCHRONISED", str(tmp_path / "synchronised"))
    assert SystemClock().now().trust is Trust.SYNCED


def test_a_clock_at_1970_is_not_believed() -> None:
    code = "from edgectl.host.clock import SystemClock; print(SystemClock().now().trust)"
    then = clock_at("1970-01-02 00:00:00")
    out = subprocess.run([sys.executable, "-c", code], env=then, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "untrusted"
    assert PLAUSIBLE > 0


def test_the_boot_has_a_name() -> None:
    assert boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_an_alarm_is_never_early(run) -> None:  # type: ignore[no-untyped-def]
    async def ring() -> list[int]:
        rang = asyncio.Event()
        alarm = Alarm(asyncio.get_running_loop(), rang.set)
        late = []
        for number in range(100):
            at = time.monotonic_ns() + (1 + number % 5) * MS
            alarm.set(at + SECOND)
            alarm.set(at)  # the newer one counts
            await asyncio.wait_for(rang.wait(), 60)
            rang.clear()
            late.append(time.monotonic_ns() - at)
        alarm.close()
        return late

    assert min(run(ring())) >= 0


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_an_alarm_that_is_put_off_a_thousand_times_is_set_three_times(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    told: list[int] = []
    arm = Alarm._arm
    monkeypatch.setattr(Alarm, "_arm", lambda alarm, at: (told.append(at), arm(alarm, at)))

    async def ring() -> int:
        rang = asyncio.Event()
        alarm = Alarm(asyncio.get_running_loop(), rang.set)
        first = time.monotonic_ns() + 20 * MS
        for number in range(1000):
            alarm.set(first + number * 100_000)
        await asyncio.wait_for(rang.wait(), 60)
        alarm.close()
        return time.monotonic_ns() - first - 999 * 100_000

    assert run(ring()) >= 0
    assert len(told) <= 3, "first, when that instant had come too soon, and when the wanted one is near"


class Counting:
    """A loop that remembers which timers it was asked for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.timers: list[asyncio.TimerHandle] = []
        self._loop = loop

    def call_later(self, after: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        self.timers.append(self._loop.call_later(after, call))
        return self.timers[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_the_loop_is_woken_once_for_what_comes_and_not_for_what_came_to_nothing(run) -> None:  # type: ignore[no-untyped-def]
    async def ring() -> tuple[int, int, list[bool]]:
        rang, loop = asyncio.Event(), Counting(asyncio.get_running_loop())
        alarm = Alarm(loop, rang.set)  # type: ignore[arg-type]
        alarm.set(time.monotonic_ns() + 100 * MS)
        for_what_comes = len(loop.timers)
        await asyncio.wait_for(rang.wait(), 60)
        rang.clear()
        deadline = time.monotonic_ns() + 600 * SECOND
        for number in range(1000):  # a bus asks and is answered a thousand times
            alarm.set(deadline + number, seldom=True)
        for_deadlines = len(loop.timers)
        at = time.monotonic_ns() + 700 * SECOND
        alarm.set(at)  # and rests: the deadline has come to nothing
        alarm.set(soon := time.monotonic_ns() + 60 * MS, seldom=True)
        await asyncio.wait_for(rang.wait(), 60)
        assert time.monotonic_ns() >= soon, "one that comes after all is not early either"
        alarm.close()
        return for_what_comes, for_deadlines, [timer.cancelled() for timer in loop.timers[:1]]

    assert run(ring()) == (0, 1, [True])


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning) as caught:
        HostLock(tmp_path).take()
    assert caught.value.pid == holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    lock = HostLock(tmp_path)
    lock.take()
    lock.release()
    lock.take(wait_s=1)
    lock.release()


async def test_a_port_is_ours_alone_and_a_missing_one_is_told() -> None:
    master, slave = pty.openpty()
    try:
        line = SerialLine(port=os.ttyname(slave))
        first = RtuLink(line)
        await first.open(lambda _: None, lambda _: None)
        code = (
            "import asyncio, sys\nfrom edgectl.drivers.links.rtu import RtuLink\n"
            "from edgectl.drivers.wiring import SerialLine\n"
            "asyncio.run(RtuLink(SerialLine(port=sys.argv[1])).open(print, print))"
        )
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, line.port, stderr=asyncio.subprocess.PIPE
        )
        _, err = await other.communicate()
        assert b"is in use by another program" in err or b"Device or resource busy" in err
        first.close()
        async with asyncio.timeout(60):
            while True:  # the transport closes its file on another thread
                with contextlib.suppress(LinkDown):
                    await first.open(lambda _: None, lambda _: None)
                    break
                await asyncio.sleep(0.01)
        first.close()
        with pytest.raises(LinkDown, match="No such file"):
            await RtuLink(SerialLine(port="/dev/nothing-here")).open(lambda _: None, lambda _: None)
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_that_is_driven_is_named_as_the_site_file_names_it(tmp_path: Path) -> None:
    port, name = tmp_path / "pts-6", tmp_path / "relays"
    port.touch()
    name.symlink_to(port)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    first, second = HostLease(tmp_path / "one", [str(port)]), HostLease(tmp_path / "two", [str(name)])
    first.take()
    try:
        with pytest.raises(AlreadyRunning) as told:
            second.take()
    finally:
        second.release()
        first.release()
    assert str(told.value) == f"process {os.getpid()} already drives the port {name} ({port})"


def test_the_service_manager_is_told_if_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    for address in (str(tmp_path / "notify"), f"@edgectl-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("\0" + address[1:] if address.startswith("@") else address)
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            notify.status("watering")
            assert manager.recv(100) == b"STATUS=watering"
    with pytest.raises(NotifyFailed, match="does not listen"):
        notify.watchdog()
