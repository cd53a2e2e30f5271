"""P11d: thirty days without a centre, and then all of it at once: how long one site takes, and what its bytes are."""

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random

from p11b_reconnect import SENSORS, readings
from rows import Goal, main

from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.telemetry import MINUTE
from edgectl.model.timeline import Batch
from edgectl.scheduler.schedule import Cron
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, EPOCH, World
from edgectl.sync import migrate
from edgectl.sync.dsn import Address, address
from edgectl.sync.parity import compare
from edgectl.sync.postgres import PostgresCentre
from edgectl.sync.uplink import Uplink
from edgectl.testing.postgres import PostgresServer

DAYS = 30
BUDGET = 64 << 20
AT_ONCE = 500  # lines in one commit of what the simulated house has done


def live(path: Path) -> int:
    """Thirty days of a house that waters every half hour and folds eight sensors. Returns how many lines that made."""
    often = (replace(example_schedules()[0], cadence=Cron(expression="*/30 * * * *")), example_schedules()[1])
    house = World(example_site(), often, 11)
    house.run(DAYS * DAY)
    journal, timeline = SqliteJournal(path), house.journal.timeline
    journal.commit(Batch(changes=tuple(house.journal.values.values()), entries=()))
    for begin in range(0, len(timeline), AT_ONCE):
        journal.commit(Batch(changes=(), entries=tuple(timeline[begin : begin + AT_ONCE])))
    points = readings()[0].points
    for minute in range(DAYS * DAY // MINUTE):
        journal.keep_minute(EPOCH + minute * MINUTE, points, BUDGET)
    journal.close()
    return len(timeline)


async def drain(path: Path, own: Address, lines: int) -> tuple[float, float, int]:
    """Until all lines are there, until all readings are, and how many days differ then."""
    writer = JournalWriter(path)
    await writer.start()
    outbox, centre = JournalOutbox(path, writer), PostgresCentre(own, "gh-1", {"zone-1": 1}, patience_s=120)
    uplink = Uplink(outbox, centre, mono=time.monotonic_ns, random=Random(1))
    begin = time.perf_counter()
    work = asyncio.create_task(uplink.run())
    while uplink.standing.sent < lines:  # noqa: ASYNC110  it is looked at from outside, as a person does
        await asyncio.sleep(0.02)
    whole = time.perf_counter() - begin
    while await outbox.minutes(1):  # noqa: ASYNC110  the same
        await asyncio.sleep(0.1)
    all_there = time.perf_counter() - begin
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    async with centre.session() as session:
        (shelf,) = await outbox.shelves()
        gaps = compare(await outbox.day_sums(shelf.journal_id), await session.day_sums(shelf.journal_id))
    await writer.close()
    return whole, all_there, len(gaps)


async def measure_all(folder: Path, server: PostgresServer) -> tuple[list[tuple[str, str]], list[Goal]]:
    where = address(server.dsn(server.new_database()))
    lines = await asyncio.to_thread(live, folder / "journal.db")
    held = (folder / "journal.db").stat().st_size
    points = DAYS * DAY // MINUTE * SENSORS
    async with migrate.owner(where) as db:
        await migrate.migrate(db, lambda _: None)
        role, password = await migrate.enrol(db, "gh-1", "gh-1", "UTC")
        own = address(migrate.dsn_of(role, password, where))
        whole, all_there, gaps = await drain(folder / "journal.db", own, lines)
        arrived = await db.fetchval("SELECT count(*) FROM edgectl.edge_telemetry_1m")
    numbers = [
        ("lines and readings of thirty days", f"{lines}, {points}"),
        ("MB at the site, with the readings", f"{held / (1 << 20):.0f}"),
        ("until every line was there, s", f"{whole:.1f}"),
        ("until every reading was there, s", f"{all_there:.1f}"),
        ("lines a second with their tasks and commands", f"{lines / whole:.0f}"),
        ("readings a second", f"{points / (all_there - whole):.0f}"),
    ]
    return numbers, [
        Goal(row="P11d", what="days that differ afterwards", value=gaps, limit=0),
        Goal(row="P11d", what="readings missing or doubled", value=abs(arrived - points), limit=0),
    ]


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as server:
        return asyncio.run(measure_all(Path(folder), server))


if __name__ == "__main__":
    main("P11d thirty days of backlog", measure)
