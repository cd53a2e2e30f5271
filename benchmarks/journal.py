"""P7: what an awaited commit costs, against the bare sqlite3 module and against aiosqlite, in one run.

    python benchmarks/journal.py [--folder DIR] [--rounds N] [--json FILE]

All put the same rows into the same schema, in WAL mode with synchronous=FULL, each into a file of its own on the same
disk. The journal is given values and makes the rows itself. The sqlite3 module is measured twice: given the same
values, which it has to make into rows as well, and given the rows ready to bind, which is the stricter opponent.
aiosqlite gets them ready. Rounds are interleaved in an order that changes, because disks and hypervisors have moods:
each figure is a ratio within one round, and its median and range over the rounds are shown. One change is one command
and the line that tells of it.
"""

import argparse
import gc
import json
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import aiosqlite
import uvloop

from edgectl.journal import rows
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.command import Command, Order
from edgectl.model.timeline import Batch, Entry

SIZES = {1: 120, 10: 60, 100: 20}  # changes in a turn: turns in a round
LINE = "INSERT INTO timeline (seq, event_type, wall, task_id, body) VALUES (?,?,?,?,?)"
SUBJECTS = ("journal", "sqlite3", "sqlite3, ready rows", "aiosqlite")
Ready = tuple[list[rows.Row], str, list[rows.Row]]


def turn(seq: int, size: int) -> Batch:
    """A turn as the engine makes it: `size` commands, each with its line."""
    numbers = range(seq, seq + size)
    return Batch(
        changes=tuple(
            Command(
                cmd_id=f"cmd-{number:012}",
                task_id=f"st-{number // 4:012}",
                zone="bed-1",
                stage="water",
                actuator="main_pump",
                order=Order.ON,
                lease=30_000_000_000,
                queued_at=number * 1_000_000,
                not_after=number * 1_000_000 + 5_000_000_000,
            )
            for number in numbers
        ),
        entries=tuple(
            Entry(
                seq=number,
                event_type="COMMAND_QUEUED",
                wall=1_800_000_000_000_000_000 + number,
                mono=number,
                boot_id="7d1c3a52-8d0f-4a53-9c7b-0d6d1c7d9b11",
                task_id=f"st-{number // 4:012}",
                zone="bed-1",
                details={"cmd_id": f"cmd-{number:012}", "actuator": "main_pump", "order": "on", "lease_s": 30.0},
            )
            for number in numbers
        ),
    )


def ready(batch: Batch) -> Ready:
    """The rows of a turn, ready to bind."""
    puts = [rows.statement(change) for change in batch.changes]
    return [rows.entry_row(entry) for entry in batch.entries], puts[0][0], [values for _, values in puts]


class Round:
    """One subject's turns of one round: seconds for each."""

    def __init__(self, spans: list[float], changes: int) -> None:
        self.p50_ms = median(spans) * 1000
        self.rows_per_s = 2 * changes * len(spans) / sum(spans)


Results = dict[int, dict[str, list[Round]]]  # changes in a turn: subject: its rounds


async def through_the_journal(writer: JournalWriter, batches: list[Batch]) -> list[float]:
    """Awaited commits of the subject."""
    spans = []
    for batch in batches:
        start = time.perf_counter()
        await writer.commit(batch)
        spans.append(time.perf_counter() - start)
    return spans


def directly(db: sqlite3.Connection, batches: list[Any], make: Callable[[Any], Ready]) -> list[float]:
    """The same by the sqlite3 module, in this thread: nothing can be cheaper and as durable."""
    spans = []
    for batch in batches:
        start = time.perf_counter()
        lines, put, values = make(batch)
        db.execute("BEGIN IMMEDIATE")
        db.executemany(LINE, lines)
        db.executemany(put, values)
        db.execute("COMMIT")
        spans.append(time.perf_counter() - start)
    return spans


async def through_aiosqlite(db: aiosqlite.Connection, batches: list[Ready]) -> list[float]:
    """The same as the documentation of aiosqlite shows it: each row awaited, then the commit."""
    spans = []
    for lines, put, values in batches:
        start = time.perf_counter()
        for line in lines:
            await db.execute(LINE, line)
        for value in values:
            await db.execute(put, value)
        await db.commit()
        spans.append(time.perf_counter() - start)
    return spans


async def measure(folder: Path, rounds: int) -> Results:
    """Every subject, every size, interleaved."""
    writer = JournalWriter(folder / "journal.db")
    await writer.start()
    for name in ("direct.db", "aiosqlite.db"):
        SqliteJournal(folder / name).close()  # the same schema
    direct = sqlite3.connect(folder / "direct.db", isolation_level=None)
    direct.execute("PRAGMA synchronous = FULL")
    other = await aiosqlite.connect(folder / "aiosqlite.db")
    await other.execute("PRAGMA synchronous = FULL")
    results: Results = {size: {name: [] for name in SUBJECTS} for size in SIZES}
    random, seq = Random(1), 1
    for number in range(rounds + 1):  # the first one warms up and is thrown away
        for size, turns in SIZES.items():
            for name in random.sample(SUBJECTS, len(SUBJECTS)):
                batches = [turn(seq + size * step, size) for step in range(turns)]
                seq += size * turns
                bound = [ready(batch) for batch in batches]
                gc.collect()
                if name == "journal":
                    spans = await through_the_journal(writer, batches)
                elif name == "sqlite3":
                    spans = directly(direct, batches, ready)
                elif name == "sqlite3, ready rows":
                    spans = directly(direct, bound, lambda rows_of: rows_of)
                else:
                    spans = await through_aiosqlite(other, bound)
                if number:
                    results[size][name].append(Round(spans, size))
    direct.close()
    await other.close()
    await writer.close()
    return results


def ratios(found: dict[str, list[Round]], figure: str, subject: str, opponent: str) -> list[float]:
    """One ratio for each round."""
    pairs = zip(found[subject], found[opponent], strict=True)
    return [getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in pairs]


def judge(results: Results) -> list[dict[str, Any]]:
    """The goals, each with what was measured."""
    goals = []
    for opponent in ("sqlite3", "sqlite3, ready rows"):
        goals.append((f"awaited commit of 1 change, p50 / {opponent}", 1, "p50_ms", opponent, "<=", 1.5))
        for size in (10, 100):
            goals.append((f"rows/s at {size} changes / {opponent}", size, "rows_per_s", opponent, ">=", 0.85))
    goals.append(("rows/s at 1 change / aiosqlite", 1, "rows_per_s", "aiosqlite", ">=", 2.0))
    judged = []
    for words, size, figure, opponent, sign, bound in goals:
        found = ratios(results[size], figure, "journal", opponent)
        middle = median(found)
        reached = middle <= bound if sign == "<=" else middle >= bound
        row = {"goal": words, "bound": f"{sign} {bound:g}", "median": middle, "low": min(found), "high": max(found)}
        judged.append({**row, "reached": reached})
    return judged


def show(results: Results, judged: list[dict[str, Any]]) -> None:
    """Two tables: the bare figures, then the goals."""
    print(f"{'changes':>7}  {'':<20}{'p50 ms':>8}  {'range':<16}{'rows/s':>8}")
    for size, found in results.items():
        for name, done in found.items():
            spans = [one.p50_ms for one in done]
            rate = median(one.rows_per_s for one in done)
            print(f"{size:>7}  {name:<20}{median(spans):>8.2f}  {min(spans):.2f} .. {max(spans):<8.2f}{rate:>8.0f}")
    print()
    for row in judged:
        word = "reached" if row["reached"] else "not reached"
        print(
            f"{row['goal']:<48} {row['median']:>5.2f} ({row['low']:.2f} .. {row['high']:.2f})  {row['bound']:<8} {word}"
        )


def main() -> None:
    """Measure, show, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="where the files are made: choose the disk that is asked about")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = uvloop.run(measure(Path(folder), options.rounds))
    judged = judge(results)
    show(results, judged)
    if options.json:
        figures = {
            size: {
                name: [{"p50_ms": one.p50_ms, "rows_per_s": one.rows_per_s} for one in done]
                for name, done in found.items()
            }
            for size, found in results.items()
        }
        machine = {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "aiosqlite": version("aiosqlite"),
            "machine": platform.machine(),
            "kernel": platform.release(),
        }
        body = {"command": " ".join(sys.argv), "machine": machine, "goals": judged, "rounds": figures}
        options.json.write_text(json.dumps(body, indent=2) + "\n")


if __name__ == "__main__":
    main()
