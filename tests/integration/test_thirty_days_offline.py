"""Thirty days without a centre on a small real disk: what happened is kept, readings go by rule and are counted.

Afterwards a real PostgreSQL holds all of it.
"""

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import asyncpg

from edgectl.journal.memory import MemoryJournal
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import TelemetryDropped
from edgectl.model.parcel import Contact
from edgectl.model.telemetry import MINUTE, Point
from edgectl.model.time import SECOND
from edgectl.model.timeline import Batch
from edgectl.scheduler.schedule import Cron
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import DAY, EPOCH, World
from edgectl.sync import migrate
from edgectl.sync.dsn import address
from edgectl.sync.parity import compare
from edgectl.sync.postgres import PostgresCentre
from edgectl.sync.uplink import Uplink
from tests.contract.centre_rows import enrolled
from tests.contract.test_journal_disk import small_disk

DAYS = 30
SENSORS = 10
DISK = 48 << 20
READINGS = 4 << 20  # their budget; thirty days would need five times as much
JOURNAL = 32 << 20  # what the journal may come to with them: a watering every half hour for thirty days
NUMBERS = {"zone-1": 1}


class OnDisk(MemoryJournal):
    """What the simulated house commits, on a real disk as well."""

    def __init__(self, journal: SqliteJournal) -> None:
        super().__init__()
        self._disk = journal

    def commit(self, batch: Batch) -> None:
        super().commit(batch)
        self._disk.commit(batch)


def points(random: Random) -> tuple[Point, ...]:
    """What ten sensors have to say of a minute."""
    return tuple(
        Point(
            sensor=f"sensor_{number}",
            unit="mS/cm",
            least=round(random.uniform(1, 2), 3),
            mean=round(random.uniform(2, 3), 3),
            most=round(random.uniform(3, 4), 3),
            last=2.5,
            samples=30,
            quality=1.0,
        )
        for number in range(SENSORS)
    )


def lived(disk: Path) -> tuple[World, int]:
    """Thirty days of a house with crashes in it. Returns it, and how many minutes of readings had to go."""
    with closing(SqliteJournal(disk / "journal.db")) as journal:
        return live(journal, disk)


def live(journal: SqliteJournal, disk: Path) -> tuple[World, int]:
    """The same, in a journal that is open."""
    often = (replace(example_schedules()[0], cadence=Cron(expression="*/30 * * * *")), example_schedules()[1])
    house = World(example_site(), often, 30, faults=Faults(), crash=0.0002)
    house.journal = OnDisk(journal)
    house._begin()
    random, dropped = Random(30), 0
    said = [points(random) for _ in range(60)]
    for day in range(DAYS):
        house.run((day + 1) * DAY)
        gone = 0
        for minute in range(DAY // MINUTE):
            gone += journal.keep_minute(EPOCH + day * DAY + minute * MINUTE, said[minute % 60], READINGS)
        if gone:
            house.offer(TelemetryDropped(minutes=gone, budget=READINGS))
            dropped += gone
        held = sum(path.stat().st_size for path in disk.iterdir())
        assert held <= JOURNAL, f"{held >> 20} MB on day {day}"
    house.run(DAYS * DAY + 60 * SECOND)
    assert house.report.crashes > 5
    return house, dropped


async def drained(path: Path, dsn: str) -> list[str]:
    """Everything goes to the centre, as the daemon sends it. Returns the gaps that are left."""
    writer = JournalWriter(path)
    await writer.start()
    outbox, centre = JournalOutbox(path, writer), PostgresCentre(address(dsn), "gh-1", NUMBERS)
    uplink = Uplink(outbox, centre, mono=time.monotonic_ns, random=Random(1))
    work = asyncio.create_task(uplink.run())
    async with asyncio.timeout(100):
        while uplink.waiting or uplink.standing.contact is not Contact.ONLINE or await outbox.minutes(1):
            assert not work.done(), work.result()
            await asyncio.sleep(0.05)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    async with centre.session() as session:
        (shelf,) = await outbox.shelves()
        ours = await outbox.day_sums(shelf.journal_id)
        assert len(ours) >= DAYS
        gaps = compare(ours, await session.day_sums(shelf.journal_id))
    await writer.close()
    return [gap.words() for gap in gaps]


async def test_thirty_days_offline_on_a_small_disk(tmp_path: Path, database: str) -> None:
    site = await enrolled(database, "gh-1")
    with small_disk(tmp_path / "disk", str(DISK)) as disk:
        house, dropped = await asyncio.to_thread(lived, disk)
        assert await drained(disk / "journal.db", site.dsn) == []
    timeline = house.journal.timeline
    tasks = {entry.task_id for entry in timeline if entry.task_id is not None}
    assert len(tasks) > DAYS * 40
    async with migrate.owner(address(database)) as db:
        assert await count(db, "edge_entries") == len(timeline)
        assert await count(db, "edge_tasks") == len(tasks)
        minutes, sensors = await db.fetchrow("SELECT count(DISTINCT minute), count(*) FROM edgectl.edge_telemetry_1m")
        assert (minutes + dropped, sensors) == (DAYS * DAY // MINUTE, minutes * SENSORS)
        told = "SELECT sum((body->'details'->>'minutes')::bigint) FROM edgectl.edge_entries"
        assert await db.fetchval(f"{told} WHERE event_type = 'TELEMETRY_DROPPED'") == dropped > 0
        newest = await db.fetchval("SELECT max(minute) FROM edgectl.edge_telemetry_1m")
        assert newest.timestamp() * SECOND == EPOCH + DAYS * DAY - MINUTE, "the oldest went, never the newest"


async def count(db: asyncpg.Connection, table: str) -> int:
    """How many rows there are."""
    return int(await db.fetchval(f"SELECT count(*) FROM edgectl.{table}"))
