"""P1: dues under uvloop through our timer, against a bare timerfd and against the loop's own timers, interleaved."""

import asyncio
import ctypes
import os
import select
import threading
import time

import uvloop
from rows import Goal, main, quantile

from edgectl.host.timer import Alarm

DUES = 1000
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


async def ours_and_theirs() -> tuple[list[int], list[int], list[int]]:
    loop = asyncio.get_running_loop()
    begin = time.monotonic_ns() + 200_000_000
    step = int(WITHIN_S * 1e9 / DUES)
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
        other = due + step // 4
        loop.call_at(other / 1e9, lambda at=other: theirs.append(time.monotonic_ns() - at))
        now_due = due
        alarm.set(due)
        await rang.wait()
        rang.clear()
    await asyncio.sleep(0.1)
    thread.join()
    alarm.close()
    return ours, theirs, bare


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    ours, theirs, bare = uvloop.run(ours_and_theirs())
    us = 1000.0
    numbers = []
    for name, values in (("edgectl", ours), ("uvloop call_at", theirs), ("bare timerfd in a thread", bare)):
        p50, p99 = quantile(values, 0.5) / us, quantile(values, 0.99) / us
        numbers.append((name, f"p50 {p50:.0f} us  p99 {p99:.0f} us  early {sum(v < 0 for v in values)}"))
    p50 = quantile(ours, 0.5)
    return numbers, [
        Goal(row="P1", what="early dues", value=sum(v < 0 for v in ours), limit=0),
        Goal(row="P1", what="p50 against a bare timerfd", value=p50 / quantile(bare, 0.5), limit=1.3),
        Goal(row="P1", what="p99 against a bare timerfd", value=quantile(ours, 0.99) / quantile(bare, 0.99), limit=1.5),
        Goal(row="P1", what="p50 against the loop's own timer", value=p50 / quantile(theirs, 0.5), limit=0.25),
    ]


if __name__ == "__main__":
    main("P1 timers", measure)
