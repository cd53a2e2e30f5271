"""The timers of APScheduler 3 on uvloop, run by p01_timers.py in an environment of its own: how late each job begins.

Usage: peer_apscheduler.py BEGIN_NS STEP_NS DUES, with instants of CLOCK_MONOTONIC; a list of nanoseconds as JSON.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

import uvloop
from apscheduler.schedulers.asyncio import AsyncIOScheduler


async def late(begin: int, step: int, many: int) -> list[int]:
    """A thousand jobs with a date each, in the memory of one scheduler."""
    told: list[int] = []
    done = asyncio.Event()
    scheduler = AsyncIOScheduler(timezone=UTC)
    apart = time.time_ns() - time.monotonic_ns()

    def ring(due: int) -> None:
        told.append(time.monotonic_ns() - due)
        if len(told) == many:
            done.set()

    for n in range(many):
        at = datetime.fromtimestamp((begin + n * step + apart) / 1e9, UTC)
        # Its dates end at the microsecond: what it was told is what it is measured by.
        due = round(at.timestamp() * 1e9) - apart
        scheduler.add_job(ring, "date", run_date=at, args=[due], misfire_grace_time=60)
    scheduler.start()
    await done.wait()
    scheduler.shutdown()
    return told


if __name__ == "__main__":
    print(json.dumps(uvloop.run(late(*(int(word) for word in sys.argv[1:])))))
