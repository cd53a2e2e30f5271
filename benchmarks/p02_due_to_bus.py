"""P2: from a due instant to the first byte on a pty, its row committed before it, against raw write plus commit."""

import asyncio
import os
import pty
import sqlite3
import tempfile
import time
import tty
from itertools import count
from pathlib import Path

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

ROUNDS = 150


async def ours(folder: Path) -> tuple[list[int], int]:
    """Order an ON; the byte that arrives at the other end of the pty ends the measurement."""
    loop = asyncio.get_running_loop()
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    board = Device(name="board", unit=1, profile=find("waveshare-relay-8ch"))
    bus = Bus(name="b", kind="modbus-rtu", line=SerialLine(port=os.ttyname(slave), baudrate=115200), devices=(board,))
    site, clock = example_site(), SystemClock()
    writer = JournalWriter(folder / "journal.db")
    stored = await writer.start()
    state = State.begin(site=site, schedules=(), stored=stored, boot_id="b", started=clock.now().mono)
    state.phase, state.unproven = Phase.READY, set()
    owner = BusOwner(bus, site)
    owner._rota._places.clear()  # no polls: the line is free when the order comes
    for health in owner.health.values():
        health.unverified.clear()
    task = BusTask(owner, link_of(bus), mono=lambda: clock.now().mono, deliver=lambda _: None)
    control = Control(
        Stepper(state), clock, writer, task.take, on_entries=lambda _: None, storage_errors=(JournalUnwritable,)
    )
    running = [asyncio.create_task(task.run()), asyncio.create_task(control.run())]
    arrived = asyncio.Event()
    at: list[int] = []
    unwritten = 0
    db = sqlite3.connect(folder / "journal.db")

    def readable() -> None:
        nonlocal unwritten
        at.append(time.monotonic_ns())
        frame = os.read(master, 64)
        if frame[1] == 5:
            unwritten += db.execute("SELECT count(*) FROM commands WHERE open = 1").fetchone()[0] == 0
        arrived.set()

    loop.add_reader(master, readable)
    await asyncio.sleep(0.3)
    for health in owner.health.values():
        health.unverified.clear()
    took = []
    tokens = count(1)
    for _ in range(ROUNDS):
        owner._control.clear()
        owner._flight = None
        due = time.monotonic_ns()
        control.offer(ManualOn(token=next(tokens), actuator="valve", lease=10**9, who="b"))
        await arrived.wait()
        took.append(at[-1] - due)
        arrived.clear()
        # Close the debt by hand, so that the next order is allowed.
        now = clock.now().mono
        state.commands.clear()
        state.outputs.clear()
        control.stepper.offer(ReadBack(actuator="valve", on=False, at=now))
        await asyncio.sleep(0.004)
    for item in running:
        item.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await writer.close()
    db.close()
    loop.remove_reader(master)
    return took, unwritten


def raw(folder: Path) -> list[int]:
    """One FULL commit and one write to a pty, nothing else."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    db = sqlite3.connect(folder / "raw.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (a TEXT)")
    frame, took = bytes(8), []
    for _ in range(ROUNDS):
        begin = time.monotonic_ns()
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (?)", ("x" * 900,))
        db.execute("COMMIT")
        os.write(slave, frame)
        os.read(master, 8)
        took.append(time.monotonic_ns() - begin)
        time.sleep(0.004)
    db.close()
    return took


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    mine: list[float] = []
    bare: list[float] = []
    unwritten = 0
    for _ in range(3):
        folder = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix=".bench-"))
        took, wrong = uvloop.run(ours(folder))
        mine += took
        unwritten += wrong
        bare += raw(folder)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    numbers = [
        (name, f"p50 {quantile(v, 0.5) / 1e6:.2f} ms  p99 {quantile(v, 0.99) / 1e6:.2f} ms")
        for name, v in (
            ("edgectl: order to byte, committed before", mine),
            ("raw: one FULL commit and one write", bare),
        )
    ]
    return numbers, [
        Goal(row="P2", what="bytes that left before their row was durable", value=unwritten, limit=0),
        Goal(row="P2", what="p50 against raw", value=quantile(mine, 0.5) / quantile(bare, 0.5), limit=1.5),
        Goal(row="P2", what="p99 against raw", value=quantile(mine, 0.99) / quantile(bare, 0.99), limit=2.0),
    ]


if __name__ == "__main__":
    main("P2 due to bus", measure)
