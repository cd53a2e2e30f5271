"""P1: dues under uvloop through our timer, against a bare timerfd, the loop's timers, APScheduler 3 and huey,
interleaved."""

import asyncio
import ctypes
import json
import os
import select
import tempfile
import threading
import time
from pathlib import Path

import uvloop
from rows import Goal, environment, main, quantile

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


async def told_by(python: Path, script: str, *words: str) -> asyncio.subprocess.Process:
    """Another scheduler at work in a process of its own."""
    path = str(Path(__file__).with_name(script))
    return await asyncio.create_subprocess_exec(str(python), path, *words, stdout=asyncio.subprocess.PIPE)


async def ours_and_theirs(python: Path, folder: Path) -> tuple[list[int], ...]:
    loop = asyncio.get_running_loop()
    begin = time.monotonic_ns() + STARTS_S * 10**9
    step = int(WITHIN_S * 1e9 / DUES)
    jobs = [str(begin + 3 * step // 4), str(step), str(DUES)]
    other = await told_by(python, "peer_apscheduler.py", *jobs)
    queue = await told_by(python, "peer_huey.py", "dues", str(folder), *jobs)
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
    (said, _), (queued, _) = await asyncio.gather(other.communicate(), queue.communicate())
    return ours, theirs, bare, json.loads(said), json.loads(queued)


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        python = environment(Path(name) / "peers", "apscheduler>=3,<4", "huey>=3,<4", "uvloop")
        ours, theirs, bare, jobs, queued = uvloop.run(ours_and_theirs(python, Path(name)))
    us = 1000.0
    numbers = []
    for name, values in (
        ("edgectl", ours),
        ("uvloop call_at", theirs),
        ("bare timerfd in a thread", bare),
        ("APScheduler 3 on uvloop, a process of its own", jobs),
        ("huey on SQLite, a process of its own", queued),
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
        Goal(
            row="P1", what="p99 against huey", value=quantile(ours, 0.99) / max(1.0, quantile(queued, 0.99)), limit=0.3
        ),
    ]


if __name__ == "__main__":
    main("P1 timers", measure)
