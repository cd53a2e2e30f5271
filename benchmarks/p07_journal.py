"""P7: one awaited FULL commit and rows per second, against direct sqlite3 and against aiosqlite, interleaved."""

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import aiosqlite
import uvloop
from rows import Goal, main, quantile, spread

from edgectl.journal import rows as model_rows
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.timeline import Batch, Entry

SIZES = {1: 300, 10: 120, 100: 40}


def batch(begin: int, size: int) -> Batch:
    """So many lines of the timeline."""
    entries = tuple(
        Entry(seq=begin + n, event_type="T", wall=1, mono=1, boot_id="b", details={"n": n}) for n in range(size)
    )
    return Batch(changes=(), entries=entries)


async def ours(path: Path, size: int, commits: int) -> tuple[float, list[float]]:
    writer = JournalWriter(path)
    await writer.start()
    batches = [batch(1 + n * size, size) for n in range(commits)]
    took = []
    begin = time.perf_counter()
    for one in batches:
        at = time.perf_counter()
        await writer.commit(one)
        took.append(time.perf_counter() - at)
    rate = commits * size / (time.perf_counter() - begin)
    await writer.close()
    return rate, took


INSERT = "INSERT INTO timeline (seq, event_type, wall, task_id, body) VALUES (?,?,?,?,?)"


def direct(path: Path, size: int, commits: int) -> tuple[float, list[float]]:
    SqliteJournal(path).close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    batches = [batch(1 + n * size, size) for n in range(commits)]
    took = []
    begin = time.perf_counter()
    for one in batches:
        at = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.executemany(INSERT, [model_rows.entry_row(entry) for entry in one.entries])
        db.execute("COMMIT")
        took.append(time.perf_counter() - at)
    rate = commits * size / (time.perf_counter() - begin)
    db.close()
    return rate, took


async def theirs(path: Path, size: int, commits: int) -> tuple[float, list[float]]:
    SqliteJournal(path).close()
    db = await aiosqlite.connect(path, isolation_level=None)
    await db.execute("PRAGMA synchronous = FULL")
    batches = [batch(1 + n * size, size) for n in range(commits)]
    took = []
    begin = time.perf_counter()
    for one in batches:
        at = time.perf_counter()
        await db.execute("BEGIN IMMEDIATE")
        await db.executemany(INSERT, [model_rows.entry_row(entry) for entry in one.entries])
        await db.execute("COMMIT")
        took.append(time.perf_counter() - at)
    rate = commits * size / (time.perf_counter() - begin)
    await db.close()
    return rate, took


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    rates: dict[tuple[str, int], list[float]] = {}
    waits: dict[str, list[float]] = {"edgectl": [], "sqlite3": [], "aiosqlite": []}
    for _ in range(3):
        for size, commits in SIZES.items():
            with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
                folder = Path(name)
                for who, result in (
                    ("edgectl", uvloop.run(ours(folder / "a.db", size, commits))),
                    ("sqlite3", direct(folder / "b.db", size, commits)),
                    ("aiosqlite", uvloop.run(theirs(folder / "c.db", size, commits))),
                ):
                    rates.setdefault((who, size), []).append(result[0])
                    if size == 1:
                        waits[who] += result[1]
    numbers = [(f"{who}, {size} a commit, rows/s", spread(values)) for (who, size), values in rates.items()]
    median = {key: statistics.median(values) for key, values in rates.items()}
    wait = quantile(waits["edgectl"], 0.5) / quantile(waits["sqlite3"], 0.5)
    return numbers, [
        Goal(row="P7", what="one awaited commit, p50 against sqlite3", value=wait, limit=1.5),
        *(
            Goal(
                row="P7",
                what=f"rows/s at {size} a commit against sqlite3",
                value=median["edgectl", size] / median["sqlite3", size],
                limit=0.85,
                at_most=False,
            )
            for size in (10, 100)
        ),
        Goal(
            row="P7",
            what="rows/s at 1 a commit against aiosqlite",
            value=median["edgectl", 1] / median["aiosqlite", 1],
            limit=2.0,
            at_most=False,
        ),
    ]


if __name__ == "__main__":
    main("P7 journal", measure)
