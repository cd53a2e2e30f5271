"""P2: from a due instant to the first byte on a pty, its row committed before it, against raw write plus commit.

Whoever listens at the other end is a process of its own: it notes when the byte has come, and looks then whether its
row is on the disk. So neither side is late because it has other things to do after it has spoken. A raw commit on a
thread of its own with a loop that waits for it is measured beside them: what a controller pays for a disk that may
stall without holding up an OFF.
"""

import asyncio
import multiprocessing
import os
import pty
import sqlite3
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import uvloop
from rows import Goal, main, quantile

from edgectl.daemon.control import Control
from edgectl.drivers.bus import BusOwner
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.registry import find
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.host.clock import SystemClock
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import ManualOn, ReadBack
from edgectl.simulate.example import example_site

ROUNDS, PAUSE_S = 150, 0.004
ON = bytes(8)


class Ear:
    """The other end of a pty. `heard` gives the instant at which a frame came, and whether its row was on the disk."""

    def __init__(self, journal: Path | None = None) -> None:
        self._master, self._keep = pty.openpty()
        tty.setraw(self._keep)
        self.port = os.ttyname(self._keep)
        self.told, said = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.get_context("fork").Process(target=self._listen, args=(said, journal))
        self._process.start()
        said.close()

    def heard(self) -> tuple[int, bool]:
        return self.told.recv()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.told.close()
        os.close(self._master)
        os.close(self._keep)

    def _listen(self, said: Connection, journal: Path | None) -> None:
        db: sqlite3.Connection | None = None
        for number in count(1):
            os.read(self._master, 64)
            at, durable = time.monotonic_ns(), True
            if journal is not None:
                db = db or sqlite3.connect(journal)
                durable = db.execute("SELECT count(*) FROM commands").fetchone()[0] >= number
            said.send((at, durable))


async def ours(folder: Path, ear: Ear) -> tuple[list[int], int]:
    """Order an ON; the byte that arrives at the other end of the pty ends the measurement."""
    board = Device(name="board", unit=1, profile=find("waveshare-relay-8ch"))
    bus = Bus(name="b", kind="modbus-rtu", line=SerialLine(port=ear.port, baudrate=115200), devices=(board,))
    site, clock = example_site(), SystemClock()
    writer = JournalWriter(folder / "journal.db")
    stored = await writer.start()
    state = State.begin(site=site, schedules=(), stored=stored, boot_id="b", started=clock.now().mono)
    state.phase, state.unproven = Phase.READY, set()
    owner = BusOwner(bus, site)
    owner._rota._places.clear()  # no polls: the line is free when the order comes
    task = BusTask(owner, link_of(bus), mono=time.monotonic_ns, deliver=lambda _: None)
    control = Control(
        Stepper(state), clock, writer, task.take, on_entries=lambda _: None, storage_errors=(JournalUnwritable,)
    )
    running = [asyncio.create_task(task.run()), asyncio.create_task(control.run())]
    arrived = asyncio.Event()
    asyncio.get_running_loop().add_reader(ear.told.fileno(), arrived.set)
    await asyncio.sleep(0.3)
    for health in owner.health.values():
        health.unverified.clear()
    took, unwritten, tokens = list[int](), 0, count(1)
    for _ in range(ROUNDS):
        owner._control.clear()
        owner._flight = None
        arrived.clear()
        due = time.monotonic_ns()
        control.offer(ManualOn(token=next(tokens), actuator="valve", lease=10**9, who="b"))
        await arrived.wait()
        at, durable = ear.heard()
        took.append(at - due)
        unwritten += not durable
        # Close the debt by hand, so that the next order is allowed.
        state.commands.clear()
        state.outputs.clear()
        control.stepper.offer(ReadBack(actuator="valve", on=False, at=clock.now().mono))
        await asyncio.sleep(PAUSE_S)
    asyncio.get_running_loop().remove_reader(ear.told.fileno())
    for item in running:
        item.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await writer.close()
    return took, unwritten


def commits(folder: Path) -> Callable[[], None]:
    """One FULL commit of one row, again and again."""
    db = sqlite3.connect(folder / "raw.db", isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS t (a TEXT)")

    def commit() -> None:
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (?)", ("x" * 900,))
        db.execute("COMMIT")

    return commit


def raw(folder: Path, ear: Ear) -> list[int]:
    """One FULL commit and one write to a pty, nothing else."""
    commit, took = commits(folder), []
    descriptor = os.open(ear.port, os.O_RDWR | os.O_NOCTTY)
    for _ in range(ROUNDS):
        begin = time.monotonic_ns()
        commit()
        os.write(descriptor, ON)
        took.append(ear.heard()[0] - begin)
        time.sleep(PAUSE_S)
    os.close(descriptor)
    return took


async def threaded(folder: Path, ear: Ear) -> list[int]:
    """The same, but the commit is a thread's, and a loop waits for it."""
    commit, took, loop = commits(folder), list[int](), asyncio.get_running_loop()
    jobs: SimpleQueue[asyncio.Event | None] = SimpleQueue()

    def serve() -> None:
        while (done := jobs.get()) is not None:
            commit()
            loop.call_soon_threadsafe(done.set)

    thread = threading.Thread(target=serve)
    thread.start()
    descriptor = os.open(ear.port, os.O_RDWR | os.O_NOCTTY)
    for _ in range(ROUNDS):
        done, begin = asyncio.Event(), time.monotonic_ns()
        jobs.put(done)
        await done.wait()
        os.write(descriptor, ON)
        took.append(ear.heard()[0] - begin)
        await asyncio.sleep(PAUSE_S)
    jobs.put(None)
    thread.join()
    os.close(descriptor)
    return took


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    mine: list[float] = []
    bare: list[float] = []
    apart: list[float] = []
    unwritten = 0
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
            folder = Path(name)
            ear = Ear(folder / "journal.db")
            took, wrong = uvloop.run(ours(folder, ear))
            ear.end()
            mine += took
            unwritten += wrong
            ear = Ear()
            bare += raw(folder, ear)
            apart += uvloop.run(threaded(folder, ear))
            ear.end()
    numbers = [
        (name, f"p50 {quantile(v, 0.5) / 1e6:.2f} ms  p99 {quantile(v, 0.99) / 1e6:.2f} ms")
        for name, v in (
            ("edgectl: order to byte, committed before", mine),
            ("raw: one FULL commit and one write", bare),
            ("raw: the same, the commit on a thread of its own", apart),
        )
    ]
    middle, late = (quantile(mine, share) / quantile(bare, share) for share in (0.5, 0.99))
    return numbers, [
        Goal(row="P2", what="bytes that left before their row was durable", value=unwritten, limit=0),
        Goal(row="P2", what="p50 against raw", value=middle, limit=1.5),
        Goal(row="P2", what="p99 against raw", value=late, limit=2.0),
    ]


if __name__ == "__main__":
    main("P2 due to bus", measure)
