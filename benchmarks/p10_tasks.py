"""P10: tasks from accepted to completed, each transition on the disk with a FULL commit, against huey on SQLite.

Neither side's task does anything: ours are asked for with `force_skip`, theirs return a number.
"""

import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import uvloop
from rows import Goal, environment, main, quantile, spread

from edgectl.daemon.control import Control
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.host.clock import SystemClock
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import TaskRequest
from edgectl.model.time import SECOND
from edgectl.model.timeline import Entry
from edgectl.simulate.example import example_site

ROUNDS, MANY, PACED, PACE_S, AT_ONCE = 3, 1000, 100, 0.02, 50
WITHIN_S = 60


class House:
    """The engine and its journal, with nothing on the wires."""

    def __init__(self, folder: Path) -> None:
        self._writer, self._clock = JournalWriter(folder / "journal.db"), SystemClock()
        self.done: dict[str, int] = {}
        self._more = asyncio.Event()

    async def begin(self) -> None:
        stored = await self._writer.start()
        started = self._clock.now().mono - 3600 * SECOND  # the loads of a start are back
        state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=started)
        state.phase, state.unproven = Phase.READY, set()
        self.control = Control(
            Stepper(state),
            self._clock,
            self._writer,
            lambda effect: None,
            on_entries=self._told,
            storage_errors=(JournalUnwritable,),
        )
        self._running = asyncio.create_task(self.control.run())

    def _told(self, entries: tuple[Entry, ...]) -> None:
        """Lines that are on the disk."""
        at = time.monotonic_ns()
        self.done |= {str(line.task_id): at for line in entries if line.event_type == "TASK_FINISHED"}
        self._more.set()

    def ask(self, number: int) -> None:
        now = self._clock.now()
        self.control.offer(
            TaskRequest(
                token=number,
                zone="zone-1",
                task_type="irrigation",
                payload={"duration_s": 1.0, "force_skip": True},
                source="bench",
                correlation_id=f"bench:{number:08d}",
                scheduled_for=now.wall,
                due_at=now.wall + 60 * SECOND,
                expires_at=now.wall + 120 * SECOND,
            )
        )

    async def wait(self, many: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.done) < many:
                self._more.clear()
                await self._more.wait()

    async def end(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._writer.close()


async def ours(folder: Path) -> tuple[float, list[int]]:
    """Tasks in a second, and for each paced one the nanoseconds until its last transition is on the disk."""
    house = House(folder)
    await house.begin()
    house.ask(0)
    await house.wait(1)
    begin = time.monotonic_ns()
    for n in range(1, MANY + 1):
        house.ask(n)
        if n % AT_ONCE == 0:  # a house refuses more open tasks than these
            await house.wait(n + 1)
    await house.wait(MANY + 1)
    per_s = MANY * 1e9 / (time.monotonic_ns() - begin)
    late = []
    for n in range(MANY + 1, MANY + 1 + PACED):
        asked = time.monotonic_ns()
        house.ask(n)
        await house.wait(n + 1)
        late.append(time.monotonic_ns() - asked)
        await asyncio.sleep(PACE_S)
    await house.end()
    return per_s, late


def theirs(python: Path, folder: Path) -> tuple[float, list[int]]:
    script = str(Path(__file__).with_name("peer_huey.py"))
    command = [str(python), script, "tasks", str(folder), str(MANY), str(PACED), str(PACE_S)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=WITHIN_S).stdout)
    return told["per_s"], told["paced_ns"]


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    rates: dict[str, list[float]] = {"ours": [], "huey": []}
    paced: dict[str, list[int]] = {"ours": [], "huey": []}
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        python = environment(Path(name) / "peers", "huey>=3,<4")
        for number in range(ROUNDS):
            for who in rates:
                room = Path(name) / f"{who}-{number}"
                room.mkdir()
                rate, late = uvloop.run(ours(room)) if who == "ours" else theirs(python, room)
                rates[who].append(rate)
                paced[who] += late
    p99 = {who: quantile([float(one) for one in late], 0.99) for who, late in paced.items()}
    p50 = {who: quantile([float(one) for one in late], 0.5) for who, late in paced.items()}
    return [
        ("edgectl: tasks in a second", spread(rates["ours"])),
        ("huey on SQLite with fsync, 4 threads: tasks in a second", spread(rates["huey"])),
        *(
            (f"{name}: one at a time, p50 and p99, ms", f"{p50[who] / 1e6:.2f}  {p99[who] / 1e6:.2f}")
            for who, name in (("ours", "edgectl"), ("huey", "huey"))
        ),
    ], [
        Goal(
            row="P10",
            what="tasks in a second against huey",
            value=statistics.median(rates["ours"]) / statistics.median(rates["huey"]),
            limit=12,
            at_most=False,
        ),
        Goal(row="P10", what="p99 of paced tasks against huey", value=p99["ours"] / p99["huey"], limit=1 / 3),
    ]


if __name__ == "__main__":
    main("P10 tasks", measure)
