"""P9: a start after kill -9 with a long past: 1,000,000 tasks in the journal, 200 of them in flight; and the same with
10,000 schedules in the site file."""

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Goal, main, spread

from edgectl.engine.rules.admission import fingerprint
from edgectl.journal import rows as model_rows
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.command import Command, Order
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.model.timeline import Batch, Entry
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

MANY, FEW, FLYING = 1_000_000, 10_000, 200
CROWD, PATIENCE_S = 10_000, 300
ROUNDS = 5
BEGIN = 1_780_272_000 * SECOND
PIECE = 20_000
# What the daemon has loaded when it is ready, and what it needs for the first OFF.
FIRST = "uvloop, pydantic, ruamel.yaml, pymodbus.framer, serial, cronsim, astral"
WHOLE = f"{FIRST}, aiosqlite, starlette.applications, uvicorn"


def task(n: int, status: TaskStatus) -> Task:
    name = f"sch:z1:irrigation:{n:020d}"
    return Task(
        task_id=f"st-{n:020d}",
        zone="beds",
        task_type="irrigation",
        source="schedule",
        correlation_id=name,
        payload={"duration_s": 90.0},
        fingerprint=fingerprint("beds", "irrigation", {"duration_s": 90.0}, BEGIN, BEGIN, BEGIN),
        scheduled_for=BEGIN,
        due_at=BEGIN,
        expires_at=BEGIN + SECOND,
        created_at=BEGIN - (MANY - n) * SECOND,
        due=0,
        expires=0,
        schedule="watering",
        status=status,
    )


def past(path: Path, many: int) -> None:
    """A journal with so many tasks that have ended."""
    SqliteJournal(path).close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    for begin in range(0, many, PIECE):
        done = [model_rows.statement(task(n, TaskStatus.COMPLETED)) for n in range(begin, min(many, begin + PIECE))]
        db.execute("BEGIN")
        db.executemany(done[0][0], [values for _, values in done])
        db.execute("COMMIT")
        print(f"\r  {path.name}: {min(many, begin + PIECE):,} of {many:,} tasks", end="", file=sys.stderr)
    print(file=sys.stderr)
    db.close()


def fly(path: Path, many: int) -> None:
    """200 tasks begin, each with one order, and the process is killed: everything new lies in the write-ahead log."""
    child = os.fork()
    if child == 0:
        journal = SqliteJournal(path)
        seq = journal.load().last_seq
        flying = [task(many + n, TaskStatus.RUNNING) for n in range(FLYING)]
        orders = [
            Command(
                cmd_id=f"{one.task_id}-water-pump",
                actuator="pump",
                order=Order.ON,
                lease=90 * SECOND,
                stage="water",
                task_id=one.task_id,
                zone="beds",
                queued_at=0,
                not_after=0,
            )
            for one in flying
        ]
        entry = Entry(seq=seq + 1, event_type="TASK_STARTED", wall=BEGIN, mono=1, boot_id="b", details={})
        journal.commit(Batch(changes=(*flying, *orders), entries=(entry,)))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def ours(path: Path) -> float:
    begin = time.perf_counter()
    journal = SqliteJournal(path)
    stored = journal.load()
    took = time.perf_counter() - begin
    assert len(stored.tasks) == FLYING, len(stored.tasks)
    journal.close()
    return took


def bare(path: Path) -> float:
    """The file opened, its log taken in, and the open rows read by their index, as text."""
    begin = time.perf_counter()
    db = sqlite3.connect(path)
    tasks = db.execute("SELECT body FROM tasks WHERE open = 1").fetchall()
    commands = db.execute("SELECT body FROM commands WHERE open = 1").fetchall()
    took = time.perf_counter() - begin
    assert len(tasks) == len(commands) == FLYING
    db.close()
    return took


def read_only_json(path: Path) -> float:
    """The same and each row read as JSON: what nobody who needs the values can leave out."""
    begin = time.perf_counter()
    db = sqlite3.connect(path)
    for table in ("tasks", "commands"):
        for (body,) in db.execute(f"SELECT body FROM {table} WHERE open = 1"):
            json.loads(body)
    took = time.perf_counter() - begin
    db.close()
    return took


def imports(names: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True)
    return time.perf_counter() - begin


def crowded(site: Path) -> None:
    """10,000 more schedules in the site file, each at a minute of its own within the week."""
    rows = "".join(
        f'  s{n}: {{zone: beds, task: irrigation, cron: "{n % 60} {n // 60 % 24} * * {n // 1440}", duration: 1s}}\n'
        for n in range(CROWD)
    )
    head, tail = site.read_text().split("schedules:\n")
    site.write_text(f"{head}schedules:\n{rows}{tail}")


def started(folder: Path, journal: Path, *, crowd: bool = False) -> tuple[float, float]:
    """Seconds from the start of the process to its first words on the bus, and until it is ready, after a life that
    was killed: its plan stands beside the journal."""
    with SimulatedField(folder / "field") as field:
        daemon = DaemonProcess(folder, write_site(folder, field, every="1h", duration="1s", travel="100ms"))
        if crowd:
            crowded(daemon.site)
        with daemon:
            daemon.wait_ready(PATIENCE_S)
        for part in daemon.state.glob("journal.db*"):
            part.unlink()
        for part in (journal, journal.with_name(f"{journal.name}-wal")):
            if part.exists():
                os.replace(part, daemon.state / part.name.replace(journal.name, "journal.db"))
        before = field.control("state")["requests"]
        begin = time.monotonic()
        with daemon:
            while field.control("state")["requests"] == before:
                time.sleep(0.01)  # whoever asks more often slows down what it measures
            first = time.monotonic() - begin
            daemon.wait_ready(PATIENCE_S)
            ready = time.monotonic() - begin
        os.replace(daemon.state / "journal.db", journal)
        return first, ready


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    took: dict[str, list[float]] = {"many": [], "few": [], "bare": [], "json": [], "whole": [], "need": []}
    firsts, readies, crowds = [], [], []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        paths = {"many": folder / "many.db", "few": folder / "few.db"}
        past(paths["many"], MANY)
        past(paths["few"], FEW)
        for _ in range(ROUNDS):
            for kind, path in paths.items():
                fly(path, MANY)
                took[kind].append(ours(path))
            fly(paths["many"], MANY)
            took["bare"].append(bare(paths["many"]))
            fly(paths["many"], MANY)
            took["json"].append(read_only_json(paths["many"]))
        for number in range(3):
            fly(paths["many"], MANY)
            room = folder / f"start-{number}"
            room.mkdir()
            first, ready = started(room, paths["many"])
            firsts.append(first)
            readies.append(ready)
            fly(paths["many"], MANY)
            room = folder / f"crowd-{number}"
            room.mkdir()
            crowds.append(started(room, paths["many"], crowd=True))
            took["whole"].append(imports(WHOLE))
            took["need"].append(imports(FIRST))
    middle = {kind: statistics.median(values) for kind, values in took.items()}
    milli = {kind: spread([1000 * value for value in values]) for kind, values in took.items()}
    return [
        ("1,000,000 tasks: opened, log taken in, 200 open ones as values, ms", milli["many"]),
        ("10,000 tasks: the same, ms", milli["few"]),
        ("bare sqlite3: opened and the open rows as text, ms", milli["bare"]),
        ("bare sqlite3 and json.loads of each row, ms", milli["json"]),
        ("process start to the first words on the bus, s", spread(firsts)),
        ("process start to ready, s", spread(readies)),
        ("the same with 10,000 schedules: to the first words, s", spread([first for first, _ in crowds])),
        ("the same with 10,000 schedules: to ready, s", spread([ready for _, ready in crowds])),
        ("the packages alone: for the first words, s", spread(took["need"])),
        ("the packages alone: for everything, s", spread(took["whole"])),
    ], [
        Goal(
            row="P9", what="open set against bare open and index scan", value=middle["many"] / middle["bare"], limit=1.3
        ),
        Goal(row="P9", what="1,000,000 tasks against 10,000", value=middle["many"] / middle["few"], limit=1.2),
        Goal(
            row="P9",
            what="process start to ready against its imports",
            value=statistics.median(readies) / middle["whole"],
            limit=2,
        ),
        Goal(
            row="P9",
            what="process start to first safe write against its imports",
            value=statistics.median(firsts) / middle["need"],
            limit=1.2,
        ),
        Goal(
            row="P9",
            what="first safe write with 10,000 schedules against with two",
            value=statistics.median(first for first, _ in crowds) / statistics.median(firsts),
            limit=1.2,
        ),
    ]


if __name__ == "__main__":
    main("P9 restart", measure)
