"""huey on SQLite, run by p10_tasks.py and p01_timers.py in an environment of its own. Its storage is durable (fsync),
and a consumer of it works in this process.

Usage: peer_huey.py tasks FOLDER TASKS PACED PACE_S, or peer_huey.py dues FOLDER BEGIN_NS STEP_NS DUES with instants of
CLOCK_MONOTONIC. Both print JSON.
"""

import json
import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime

from huey import SqliteHuey

WORKERS, WITHIN_S = 4, 300
logging.getLogger("huey").setLevel(logging.CRITICAL)


class Bell:
    """Tasks that are done, with the instant of each."""

    def __init__(self, folder: str) -> None:
        self.huey = SqliteHuey(filename=f"{folder}/huey.db", fsync=True, results=True, utc=True)
        self.at: dict[int, int] = {}
        self._more = threading.Condition()
        self.task = self.huey.task()(self._ring)
        self.consumer = self.huey.create_consumer(
            workers=WORKERS, periodic=False, initial_delay=0.001, backoff=1.1, max_delay=0.01, scheduler_interval=1
        )
        self.consumer.start()

    def _ring(self, number: int) -> int:
        with self._more:
            self.at[number] = time.monotonic_ns()
            self._more.notify_all()
        return number

    def wait(self, many: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.at) >= many, WITHIN_S), f"{len(self.at)} of {many}"


def tasks(folder: str, many: int, paced: int, pace_s: float) -> dict[str, object]:
    bell = Bell(folder)
    bell.task(-1)
    bell.wait(1)
    begin = time.monotonic_ns()
    for n in range(many):
        bell.task(n)
    bell.wait(many + 1)
    per_s = many * 1e9 / (max(bell.at.values()) - begin)
    late = []
    for n in range(many, many + paced):
        asked = time.monotonic_ns()
        bell.task(n)
        bell.wait(n + 2)
        late.append(bell.at[n] - asked)
        time.sleep(pace_s)
    return {"per_s": per_s, "paced_ns": late}


def dues(folder: str, begin: int, step: int, many: int) -> list[int]:
    """So many tasks with a date each. Its scheduler looks once a second, as often as it may."""
    bell = Bell(folder)
    apart = time.time_ns() - time.monotonic_ns()
    meant = []
    for n in range(many):
        at = datetime.fromtimestamp((begin + n * step + apart) / 1e9, UTC)
        meant.append(round(at.timestamp() * 1e9) - apart)  # its dates end at the microsecond
        bell.task.schedule(args=(n,), eta=at)
    bell.wait(many)
    return [bell.at[n] - meant[n] for n in range(many)]


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "tasks":
        print(json.dumps(tasks(folder, int(rest[0]), int(rest[1]), float(rest[2]))), flush=True)
    else:
        print(json.dumps(dues(folder, *(int(word) for word in rest))), flush=True)
    os._exit(0)  # its workers wait for more
