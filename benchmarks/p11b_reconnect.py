"""P11b: a thousand sites come back in the same minute, each with a backlog and a role of its own, to one PostgreSQL."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from p11_upload import NUMBERS, parcels
from rows import Goal, main, quantile

from edgectl.model.telemetry import MINUTE, Minute, Point
from edgectl.sync import migrate
from edgectl.sync.dsn import Address, address
from edgectl.sync.postgres import PostgresCentre
from edgectl.testing.postgres import PostgresServer

SITES = 1000
LINES = 300  # of each site: about six hours of a house that waters every half hour
HOURS = 1
SENSORS = 8
AT_ONCE = 40  # connections: what a pooler lets through, or what the back-off with its jitter spreads


def readings() -> list[Minute]:
    points = tuple(
        Point(sensor=f"sensor_{n}", unit="%", least=1.0, mean=2.5, most=4.0, last=3.0, samples=30, quality=1.0)
        for n in range(SENSORS)
    )
    return [Minute(number=n, at=n * MINUTE, points=points) for n in range(HOURS * 60)]


async def enrol_all(where: Address) -> list[Address]:
    async with migrate.owner(where) as db:
        await migrate.migrate(db, lambda _: None)
        made = [await migrate.enrol(db, f"site-{n}", f"site {n}", "UTC") for n in range(SITES)]
    return [address(migrate.dsn_of(role, password, where)) for role, password in made]


async def storm(folder: Path, server: PostgresServer) -> tuple[list[tuple[str, str]], list[Goal]]:
    where = address(server.dsn(server.new_database()))
    sites = await enrol_all(where)
    backlog, minutes = parcels(folder, LINES, 250), readings()
    gate, took = asyncio.Semaphore(AT_ONCE), []

    async def come_back(number: int, own: Address) -> None:
        begin = time.perf_counter()
        async with gate, PostgresCentre(own, f"site-{number}", NUMBERS, patience_s=120).session() as session:
            for parcel in backlog:
                await session.push(parcel)
            for first in range(0, len(minutes), 60):
                await session.push_minutes(minutes[first : first + 60])
        took.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(come_back(n, own) for n, own in enumerate(sites)))
    whole = time.perf_counter() - begin
    async with migrate.owner(where) as db:
        lines = await db.fetchval("SELECT count(*) FROM edgectl.edge_entries")
        points = await db.fetchval("SELECT count(*) FROM edgectl.edge_telemetry_1m")
        size = "SELECT pg_total_relation_size('edgectl.{}_default')".format
        line_bytes = await db.fetchval(size("edge_entries")) / lines
        point_bytes = await db.fetchval(size("edge_telemetry_1m")) / points
    numbers = [
        ("sites, lines of each, points of each", f"{SITES}, {LINES}, {SENSORS * HOURS * 60}"),
        ("until the last site was done, s", f"{whole:.1f}"),
        ("until a site was done, median and p99, s", f"{statistics.median(took):.1f}, {quantile(took, 0.99):.1f}"),
        ("rows a second, lines and points together", f"{(lines + points) / whole:.0f}"),
        ("bytes at rest, a line and a point, with their indexes", f"{line_bytes:.0f}, {point_bytes:.0f}"),
    ]
    return numbers, [
        Goal(row="P11b", what="lines missing or doubled", value=abs(lines - SITES * LINES), limit=0),
        Goal(row="P11b", what="points missing or doubled", value=abs(points - SITES * SENSORS * HOURS * 60), limit=0),
    ]


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        return asyncio.run(storm(Path(folder), server))


if __name__ == "__main__":
    main("P11b a thousand sites come back at once", measure)
