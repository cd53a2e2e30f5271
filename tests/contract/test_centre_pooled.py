"""Behind a real pgbouncer in transaction mode: more sites than sessions, each line once, requests seen at the beat."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from random import Random

from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.ask import Ask
from edgectl.model.parcel import Contact
from edgectl.model.telemetry import MINUTE, Point
from edgectl.model.timeline import Batch
from edgectl.sync import migrate
from edgectl.sync.dsn import Address, address
from edgectl.sync.parity import compare
from edgectl.sync.postgres import PostgresCentre
from edgectl.sync.uplink import Pace, Uplink
from edgectl.testing.pooler import Pooler
from tests.contract.centre_rows import NOON, NUMBERS, Enrolled, enrolled, fill, line, task

SITES = ("gh-1", "gh-2", "gh-3", "gh-4")
SESSIONS = 2
POINT = Point(sensor="level", unit="%", least=1.0, mean=2.5, most=4.0, last=3.0, samples=30, quality=1.0)
PACE = Pace(lines=100, minutes=10, beat_s=0.5, gather_s=0.01)


class Desk:
    """Where requests are answered: here it only remembers them."""

    def __init__(self) -> None:
        self.heard: set[str] = set()

    async def answer(self, ask: Ask) -> bool:
        self.heard.add(ask.request_id)
        return True


def house(folder: Path) -> Path:
    """A journal with lines, values and readings in it."""
    folder.mkdir()
    journal = SqliteJournal(folder / "journal.db")
    journal.commit(Batch(changes=(task(1),), entries=(replace(line(1), task_id="st-task-1"),)))
    fill(journal, 2, 200)
    for number in range(20):
        journal.keep_minute(NOON + number * MINUTE, (POINT,), 1 << 20)
    journal.close()
    return folder / "journal.db"


async def comes_up(site: str, where: Address, path: Path) -> None:
    """One site sends all it has, hears what is asked, and both sides add up."""
    writer, desk = JournalWriter(path), Desk()
    await writer.start()
    box = JournalOutbox(path, writer)
    centre = PostgresCentre(where, site, NUMBERS, pooled=True)
    stood = list[Contact]()
    tell = lambda uplink: stood.append(uplink.standing.contact)  # noqa: E731  how it stood on the way
    uplink = Uplink(box, centre, desk=desk, mono=time.monotonic_ns, random=Random(1), pace=PACE, tell=tell)
    work = asyncio.create_task(uplink.run())
    async with asyncio.timeout(60):
        while uplink.standing.sent < 200 or desk.heard != {f"request-{site}"} or await box.minutes(1):
            assert not work.done(), work.result()
            await asyncio.sleep(0.02)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert Contact.OFFLINE not in stood, uplink.standing.why
    async with centre.session() as session:
        (shelf,) = await box.shelves()
        assert compare(await box.day_sums(shelf.journal_id), await session.day_sums(shelf.journal_id)) == []
    await writer.close()


async def test_four_sites_take_turns_at_two_sessions(database: str, tmp_path: Path) -> None:
    known: dict[str, Enrolled] = {site: await enrolled(database, site) for site in SITES}
    roles = {site: address(one.dsn) for site, one in known.items()}
    async with migrate.owner(address(database)) as db:
        with Pooler(list(roles.values()), sessions=SESSIONS) as pooler:
            ask = "INSERT INTO edgectl.edge_requests (site_id, request_id, kind, due_at, expires_at)"
            await db.executemany(
                f"{ask} VALUES ($1, 'request-' || $1, 'hold', now(), now() + interval '1 h')", [(s,) for s in SITES]
            )
            paths = {site: house(tmp_path / site) for site in SITES}
            through = {site: replace(role, port=pooler.port) for site, role in roles.items()}
            await asyncio.gather(*(comes_up(site, through[site], paths[site]) for site in SITES))
            count = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'edgectl_site_gh%' AND datname = $1"
            assert await db.fetchval(count, roles["gh-1"].database) <= SESSIONS
            assert "ERROR" not in pooler.said()
        assert await db.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 200 * len(SITES)
        assert await db.fetchval("SELECT count(*) FROM edgectl.edge_tasks") == len(SITES)
        assert await db.fetchval("SELECT count(*) FROM edgectl.edge_telemetry_1m") == 20 * len(SITES)
