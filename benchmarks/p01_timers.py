"""P1: dues under uvloop through our timer, against a bare timerfd, the loop's timers and APScheduler 3, interleaved."""

import asyncio
import ctypes
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvloop
from rows import Goal, main, quantile

from edgectl.host.timer import Alarm

DUES = 1000
STARTS_S = 6  # until the other process has all its jobs
WITHIN_S = 24.0


def probe(dues: list[int], late: list[int]) -> None:
    """A thread that sleeps on a timerfd with poll: what the kernel can do."""
    libc = ctypes.CDLL(None)
    descriptor = libc.timerfd_create(1, 0)
    for due in dues:
        span = (ctypes.c_long * 4)(0, 0, due // 10**9, due % 10**9)
        libc.timerfd_settime(descriptor, 1, span, None)
        select.select([descriptor], [], [])
        late.append(time.monotonic_ns() - due)
        os.read(descriptor, 8)
    os.close(descriptor)


def peer(folder: Path) -> Path:
    """The Python of an environment that holds the other scheduler and a loop, and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "apscheduler>=3,<4", "uvloop"], check=True)
    return python


async def ours_and_theirs(python: Path) -> tuple[list[int], list[int], list[int], list[int]]:
    loop = asyncio.get_running_loop()
    begin = time.monotonic_ns() + STARTS_S * 10**9
    step = int(WITHIN_S * 1e9 / DUES)
    jobs = [str(begin + 3 * step // 4), str(step), str(DUES)]
    script = str(Path(__file__).with_name("peer_apscheduler.py"))
    other = await asyncio.create_subprocess_exec(str(python), script, *jobs, stdout=asyncio.subprocess.PIPE)
    dues = [begin + n * step for n in range(DUES)]
    bare: list[int] = []
    thread = threading.Thread(target=probe, args=([d + step // 2 for d in dues], bare))
    thread.start()
    ours: list[int] = []
    theirs: list[int] = []
    rang = asyncio.Event()
    now_due = 0

    def ring() -> None:
        ours.append(time.monotonic_ns() - now_due)
        rang.set()

    alarm = Alarm(loop, ring)
    for due in dues:
        at = due + step // 4
        loop.call_at(at / 1e9, lambda at=at: theirs.append(time.monotonic_ns() - at))
        now_due = due
        alarm.set(due)
        await rang.wait()
        rang.clear()
    await asyncio.sleep(0.1)
    thread.join()
    alarm.close()
    said, _ = await other.communicate()
    return ours, theirs, bare, json.loads(said)


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        ours, theirs, bare, jobs = uvloop.run(ours_and_theirs(peer(Path(folder))))
    us = 1000.0
    numbers = []
    for name, values in (
        ("edgectl", ours),
        ("uvloop call_at", theirs),
        ("bare timerfd in a thread", bare),
        ("APScheduler 3 on uvloop, a process of its own", jobs),
    ):
        p50, p99 = quantile(values, 0.5) / us, quantile(values, 0.99) / us
        numbers.append((name, f"p50 {p50:.0f} us  p99 {p99:.0f} us  early {sum(v < 0 for v in values)}"))
    p50 = quantile(ours, 0.5)
    return numbers, [
        Goal(row="P1", what="early dues", value=sum(v < 0 for v in ours), limit=0),
        Goal(row="P1", what="p50 against a bare timerfd", value=p50 / quantile(bare, 0.5), limit=1.3),
        Goal(row="P1", what="p99 against a bare timerfd", value=quantile(ours, 0.99) / quantile(bare, 0.99), limit=1.5),
        Goal(row="P1", what="p50 against the loop's own timer", value=p50 / quantile(theirs, 0.5), limit=0.25),
        Goal(
            row="P1",
            what="p99 against APScheduler 3",
            value=quantile(ours, 0.99) / max(1.0, quantile(jobs, 0.99)),
            limit=0.3,
        ),
    ]


if __name__ == "__main__":
    main("P1 timers", measure)
