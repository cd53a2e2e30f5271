"""P11: lines per second into a real PostgreSQL, against plain COPY, a plain INSERT of arrays, and COPY with a merge."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import asyncpg
from rows import Goal, main, spread

from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.parcel import Parcel
from edgectl.model.time import SECOND
from edgectl.model.timeline import Batch, Entry
from edgectl.sync import migrate, rows
from edgectl.sync.dsn import address
from edgectl.sync.postgres import PostgresCentre, PostgresSession
from edgectl.testing.postgres import PostgresServer

NUMBERS = {"beds": 1}
SIZES = (100, 1000)
LINES = 10_000
AGAIN = 100_000
ROUNDS = 8
COLUMNS = ["site_id", "journal_id", "seq", "occurred_at", "event_type", "task_id", "zone", "zone_id", "body", "hash"]
NAMES = ", ".join(COLUMNS)
TYPES = ["bigint", "timestamptz", "text", "text", "text", "integer", "json", "bytea"]
ARRAYS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(TYPES, 3))
# Each opponent writes into a table of the same columns and keys that nobody guards.
MAKE = """
CREATE TABLE IF NOT EXISTS public.{0} (LIKE edgectl.edge_entries INCLUDING ALL) PARTITION BY RANGE (occurred_at);
CREATE TABLE IF NOT EXISTS public.{0}_all PARTITION OF public.{0} DEFAULT;
TRUNCATE public.{0}
"""


def parcels(folder: Path, lines: int, size: int) -> list[Parcel]:
    """A journal as a house writes it, in parcels of a size."""
    path = folder / f"{lines}-{size}.db"
    journal = SqliteJournal(path)
    entries = tuple(
        Entry(
            seq=seq,
            event_type="COMMAND_CONFIRMED",
            wall=1_780_000_000 * SECOND + seq * SECOND,
            mono=seq,
            boot_id="6a1c7c4e-7a4b-4c63-9a57-0a6a5ce2b2f4",
            task_id=f"st-{seq // 12:020x}",
            zone="beds",
            details={"cmd_id": f"st-{seq // 12:020x}-water-pump", "actuator": "pump", "terminal_status": "DONE"},
        )
        for seq in range(1, lines + 1)
    )
    journal.commit(Batch(changes=(), entries=entries))
    journal.close()
    outbox = JournalOutbox(path)
    (shelf,) = outbox.shelves_now()

    found = [outbox.parcel_now(shelf.journal_id, after, size, 1 << 30) for after in range(0, lines, size)]
    return [parcel for parcel in found if parcel is not None]


def records(parcel: Parcel) -> list[tuple]:
    columns = rows.columns(parcel.lines, NUMBERS)
    return [("bench", parcel.journal_id, *line) for line in zip(*columns, strict=True)]


async def ours(session: PostgresSession, db: asyncpg.Connection, some: list[Parcel]) -> float:
    await db.execute("TRUNCATE edgectl.edge_entries, edgectl.edge_journals")
    return await sent(session, some)


async def sent(session: PostgresSession, some: list[Parcel]) -> float:
    begin = time.perf_counter()
    for parcel in some:
        await session.push(parcel)
    return time.perf_counter() - begin


async def copied(db: asyncpg.Connection, some: list[Parcel]) -> float:
    await db.execute(MAKE.format("copied"))
    begin = time.perf_counter()
    for parcel in some:
        await db.copy_records_to_table("copied", records=records(parcel), columns=COLUMNS)
    return time.perf_counter() - begin


async def inserted(db: asyncpg.Connection, some: list[Parcel]) -> float:
    await db.execute(MAKE.format("inserted"))
    insert = f"INSERT INTO inserted ({NAMES}) SELECT $1, $2, x.* FROM unnest({ARRAYS}) x ON CONFLICT DO NOTHING"
    begin = time.perf_counter()
    for parcel in some:
        await db.execute(insert, "bench", parcel.journal_id, *rows.columns(parcel.lines, NUMBERS))
    return time.perf_counter() - begin


async def merged(db: asyncpg.Connection, some: list[Parcel]) -> float:
    await db.execute(MAKE.format("merged"))
    await db.execute("CREATE TEMP TABLE IF NOT EXISTS staged (LIKE edgectl.edge_entries INCLUDING DEFAULTS)")
    begin = time.perf_counter()
    for parcel in some:
        async with db.transaction():
            await db.copy_records_to_table("staged", records=records(parcel), columns=COLUMNS)
            await db.execute(f"INSERT INTO merged ({NAMES}) SELECT {NAMES} FROM staged ON CONFLICT DO NOTHING")
            await db.execute("TRUNCATE staged")
    return time.perf_counter() - begin


async def measure_all(folder: Path, server: PostgresServer) -> tuple[list[tuple[str, str]], list[Goal]]:
    where = address(server.dsn(server.new_database()))
    rates: dict[tuple[str, int], list[float]] = {}
    async with migrate.owner(where) as db:
        await migrate.migrate(db, lambda _: None)
        role, password = await migrate.enrol(db, "bench", "bench", "UTC")
        centre = PostgresCentre(address(migrate.dsn_of(role, password, where)), "bench", NUMBERS, patience_s=120)
        # One long conversation for everybody: what a new session of the server has to learn first is nobody's speed.
        async with centre.session() as session:
            runs = {
                "edgectl": lambda some: ours(session, db, some),
                "COPY": lambda some: copied(db, some),
                "INSERT of arrays": lambda some: inserted(db, some),
                "COPY and merge": lambda some: merged(db, some),
            }
            for number in range(ROUNDS + 1):
                for size in SIZES:
                    some = parcels(Path(tempfile.mkdtemp(dir=folder)), LINES, size)
                    plain = [replace(parcel, tasks=(), commands=()) for parcel in some]
                    names = list(runs)
                    for who in names[number % len(names) :] + names[: number % len(names)]:
                        seconds = await runs[who](plain)
                        if number:  # the first round is for warming up
                            rates.setdefault((who, size), []).append(LINES / seconds)
        again = await send_again(folder, db, centre)
    return report({key: rates[key] for key in sorted(rates, key=lambda key: (key[1], list(runs).index(key[0])))}, again)


async def send_again(folder: Path, db: asyncpg.Connection, centre: PostgresCentre) -> tuple[int, int, float, float]:
    """Everything once more: how many rows changed, how many are dead, bytes a line on the disk and on the wire."""
    some = parcels(Path(tempfile.mkdtemp(dir=folder)), AGAIN, 1000)
    journal = some[0].journal_id
    changed = "SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM edgectl.edge_entries WHERE journal_id = $1"
    async with centre.session() as session:
        await sent(session, some)
        before = await db.fetchrow(changed, journal)
        await sent(session, some)
    after = await db.fetchrow(changed, journal)
    await db.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")
    dead = await db.fetchval("SELECT dead_tuple_count FROM pgstattuple('edgectl.edge_entries_default')")
    size = await db.fetchval("SELECT pg_total_relation_size('edgectl.edge_entries_default')")
    total = await db.fetchval("SELECT count(*) FROM edgectl.edge_entries_default")
    wire = sum(len(line.body) + len(line.hash) + len(line.event_type) + 60 for line in some[0].lines) / 1000
    return int(before != after), dead, size / total, wire


def report(
    rates: dict[tuple[str, int], list[float]], again: tuple[int, int, float, float]
) -> tuple[list[tuple[str, str]], list[Goal]]:
    changed, dead, stored, wire = again
    numbers = [(f"{who}, {size} a parcel, lines/s", spread(values)) for (who, size), values in rates.items()]
    numbers += [
        ("bytes a line at rest, with its indexes", f"{stored:.0f}"),
        ("bytes a line sent, about", f"{wire:.0f}"),
    ]
    goals = []
    for size in SIZES:
        # The better peer is the one that is better over all rounds; it is held against ours round by round, because the
        # machine is noisy. The better of each round would be whoever was luckier in it.
        peer = max(("INSERT of arrays", "COPY and merge"), key=lambda who: statistics.median(rates[who, size]))
        best, copy = (
            statistics.median(own / other for own, other in zip(rates["edgectl", size], rates[who, size], strict=True))
            for who in (peer, "COPY")
        )
        what = f"lines/s at {size} a parcel against"
        goals.append(
            Goal(row="P11", what=f"{what} the better of INSERT and merge", value=best, limit=0.95, at_most=False)
        )
        if size == max(SIZES):
            goals.append(Goal(row="P11", what=f"{what} plain COPY", value=copy, limit=0.6, at_most=False))
    goals.append(Goal(row="P11", what=f"rows changed when {AGAIN} lines are sent again", value=changed, limit=0))
    goals.append(Goal(row="P11", what="dead rows left by it", value=dead, limit=0))
    return numbers, goals


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        return asyncio.run(measure_all(Path(folder), server))


if __name__ == "__main__":
    main("P11 upload", measure)
