"""What the centre promises, and a planted bug for each way in which it could be broken: with the bug the law fails."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from edgectl.journal import minutes, outbox, sqlite
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.parcel import Parcel
from edgectl.model.task import TaskStatus
from edgectl.model.telemetry import MINUTE, Point
from edgectl.model.timeline import Batch
from edgectl.sync import migrate, parity, postgres, uplink
from edgectl.sync.dsn import address
from edgectl.sync.errors import CentreAway, CentreError, CentreRefuses
from edgectl.sync.postgres import PostgresCentre, PostgresSession
from edgectl.sync.uplink import Pace, Uplink
from edgectl.testing.postgres import PostgresServer
from tests.contract.centre_rows import NOON, NUMBERS, fill, line, task

Patch = pytest.MonkeyPatch
SITE, OTHER = "gh-1", "gh-2"
POINT = Point(sensor="level", unit="%", least=1.0, mean=2.5, most=4.0, last=3.0, samples=30, quality=1.0)
BRISK = Pace(lines=7, gather_s=0.001, first_rest_s=0.001, longest_rest_s=0.001)


@dataclass(frozen=True)
class Place:
    """A database with two sites in it, and a folder for a journal."""

    owner: asyncpg.Connection
    dsn: str
    others: str
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "journal.db"

    def session(self) -> contextlib.AbstractAsyncContextManager[PostgresSession]:
        return PostgresCentre(address(self.dsn), SITE, NUMBERS).session()


@dataclass(frozen=True)
class Ground:
    """The database that is copied for each law, and the connection strings of its sites."""

    server: PostgresServer
    database: str
    dsns: dict[str, str]
    numbers: "count[int]"


@pytest.fixture(scope="module")
def ground(postgres: PostgresServer) -> Ground:
    name = postgres.new_database()
    where = address(postgres.dsn(name))

    async def make() -> dict[str, str]:
        async with migrate.owner(where) as db:
            await migrate.migrate(db, lambda _: None)
            made = {site: await migrate.enrol(db, site, site, "UTC") for site in (SITE, OTHER)}
        return {site: migrate.dsn_of(*pair, where) for site, pair in made.items()}

    return Ground(postgres, name, asyncio.run(make()), count(1))


@asynccontextmanager
async def place(ground: Ground, folder: Path) -> AsyncIterator[Place]:
    own = f"{ground.database}_{next(ground.numbers)}"
    ground.server.run(f"CREATE DATABASE {own} TEMPLATE {ground.database}")
    dsns = {site: dsn.replace(f"/{ground.database}", f"/{own}") for site, dsn in ground.dsns.items()}
    async with migrate.owner(address(ground.server.dsn(own))) as db:
        yield Place(db, dsns[SITE], dsns[OTHER], folder)


# -- the laws: True when what is promised was kept


async def arrives_once(at: Place) -> bool:
    """A line that breaks before and after commits, an uplink that forgets, a journal that begins anew: all is there."""
    with contextlib.closing(SqliteJournal(at.path)) as first:
        fill(first, 1, 60)
    await _lives(at, range(4))
    (at.folder / "journal.db.condemned").write_text("planted\n")
    with contextlib.closing(SqliteJournal(at.path)) as second:
        fill(second, 1, 45)
    await _lives(at, range(4, 30))
    box, gaps, lines = JournalOutbox(at.path), list[parity.Gap](), 0
    async with at.session() as session:
        for shelf in box.shelves_now():
            ours = await box.day_sums(shelf.journal_id)
            gaps += parity.compare(ours, await session.day_sums(shelf.journal_id))
            lines += shelf.head
    return not gaps and lines == await at.owner.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 105


async def _lives(at: Place, lives: range) -> None:
    """Lives of an uplink over a line that breaks at some parcel of each, now before and now after it has arrived."""
    for life in lives:
        writer = JournalWriter(at.path)
        await writer.start()
        box = JournalOutbox(at.path, writer)
        one = Uplink(box, _Frail(at, life), mono=time.monotonic_ns, random=Random(life), pace=BRISK)
        one.shelves = tuple(await box.shelves())
        with contextlib.suppress(CentreError):
            async with one._centre.session() as session:
                for shelf in one.shelves:
                    await one._agree(session, shelf)
                await one.drain(session)
        await writer.close()


class _Frail:
    """A centre whose line breaks at the second or third parcel."""

    def __init__(self, at: Place, life: int) -> None:
        self._at, self._life = at, life

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        async with self._at.session() as session:
            left = [2 + self._life % 2]

            async def push(parcel: Parcel) -> tuple[int, int]:
                left[0] -= 1
                if not left[0] and self._life % 3:
                    raise CentreAway("cut before it arrived", "")
                told = await session.push(parcel)
                if not left[0]:
                    raise CentreAway("cut after it arrived", "")
                return told

            yield SimpleNamespace(push=push, arrived=session.arrived)


async def waits_for_its_predecessors(at: Place) -> bool:
    """Nothing is acknowledged past a gap."""
    parcel = _parcel(at, 9)
    async with at.session() as session:
        return await session.push(replace(parcel, after=5, lines=parcel.lines[5:])) == (0, 0)


async def tells_other_lines(at: Place) -> bool:
    """The same key with another hash is refused."""
    parcel = _parcel(at, 9)
    async with at.session() as session:
        await session.push(parcel)
        with contextlib.suppress(CentreRefuses):
            await session.push(replace(parcel, lines=tuple(replace(x, hash=b"x" * 32) for x in parcel.lines)))
            return False
    return True


async def keeps_sites_apart(at: Place) -> bool:
    """A second site neither reads nor writes what is the first's."""
    async with at.session() as session:
        await session.push(_parcel(at, 5))
    tries = (
        "INSERT INTO edgectl.edge_outputs (site_id, output, journal_id, seq, owed_off, updated_at)"
        f" VALUES ('{SITE}', 'pump', gen_random_uuid(), 1, false, now())",
        f"SELECT edgectl.take_lines('{SITE}', gen_random_uuid(), 0, '{{1}}', array[now()], '{{X}}', '{{null}}',"
        " '{null}', '{null}', array['{}'::json], array[''::bytea])",
    )
    async with migrate.owner(address(at.others)) as db:
        seen = await db.fetchval("SELECT count(*) FROM edgectl.edge_entries")
        for sql in tries:
            with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
                await db.execute(sql)
                return False
    return bool(seen == 0)


async def never_goes_back(at: Place) -> bool:
    """An older value does not replace a newer one."""
    with contextlib.closing(SqliteJournal(at.path)) as journal:
        journal.commit(Batch(changes=(task(1),), entries=(replace(line(1), task_id="st-task-1"),)))
    parcel = _parcel(at, 1)
    async with at.session() as session:
        await session.push(replace(parcel, head=5, tasks=(task(1, TaskStatus.FAILED),)))
        await session.push(parcel)
    return bool(await at.owner.fetchval("SELECT status FROM edgectl.edge_tasks") == "failed")


async def parity_sees_a_lie(at: Place) -> bool:
    """A line that says something else at the centre is a gap, and one that vanished is one."""
    parcel, box = _parcel(at, 9), JournalOutbox(at.path)
    box.shelves_now()
    found = []
    async with at.session() as session:
        await session.push(parcel)
        for harm in ("UPDATE edgectl.edge_entries SET body = '{}' WHERE seq = 4", "DELETE FROM edgectl.edge_entries"):
            await at.owner.execute(harm)
            ours = await box.day_sums(parcel.journal_id)
            found.append(parity.compare(ours, await session.day_sums(parcel.journal_id)))
    return all(found)


async def counts_what_it_drops(at: Place) -> bool:
    """Readings that had no room are counted, each."""
    with contextlib.closing(SqliteJournal(at.path)) as journal:
        dropped = sum(journal.keep_minute(NOON + n * MINUTE, (POINT,), budget=900) for n in range(60))
    return 0 < dropped == 60 - len(await JournalOutbox(at.path).minutes(100))


async def passes_a_poisoned_line(at: Place) -> bool:
    """A line that no database takes holds up nothing behind it."""
    with contextlib.closing(SqliteJournal(at.path)) as journal:
        fill(journal, 1, 9)
        journal._db.execute("UPDATE timeline SET body = '{\"zone\": NaN' WHERE seq = 4")
    parcel = _parcel(at, 9)
    with contextlib.suppress(CentreError):
        async with at.session() as session:
            return await session.push(parcel) == (9, 0)
    return False


def _parcel(at: Place, lines: int) -> Parcel:
    if not at.path.exists():
        with contextlib.closing(SqliteJournal(at.path)) as journal:
            fill(journal, 1, lines)
    box = JournalOutbox(at.path)
    parcel = box.parcel_now(box.shelves_now()[-1].journal_id, 0, lines, 1 << 30)
    assert parcel is not None
    return parcel


# -- the bugs

Law = Callable[[Place], Awaitable[bool]]
Bug = Callable[[Place, Patch], Awaitable[None]]


def in_function(name: str, old: str, new: str) -> Bug:
    """Another line in a function of the centre."""

    async def plant(at: Place, _: Patch) -> None:
        text = await at.owner.fetchval(f"SELECT pg_get_functiondef('edgectl.{name}'::regproc)")
        assert old in text, f"{name} no longer says {old!r}"
        await at.owner.execute(text.replace(old, new))

    return plant


def at_the_centre(sql: str) -> Bug:
    """Something else in the schema."""

    async def plant(at: Place, _: Patch) -> None:
        await at.owner.execute(sql)

    return plant


def here(where: Any, name: str, what: Any) -> Bug:
    """Another function at the site."""

    async def plant(_: Place, patch: Patch) -> None:
        patch.setattr(where, name, what)

    return plant


async def what_was_sent_is_believed(_: Place, patch: Patch) -> None:
    """What was sent is taken for what has arrived, and is noted before: the centre is not asked and not listened to.
    To believe the note alone changes nothing: the centre takes no line before its predecessors, and says so."""
    send = uplink.Uplink._empty

    async def early(self: Uplink, session: Any, journal_id: str) -> int:
        async def push(parcel: Parcel) -> tuple[int, int]:
            await self._outbox.acknowledge(journal_id, parcel.last)
            await session.push(parcel)
            return parcel.last, 0

        return await send(self, SimpleNamespace(push=push), journal_id)  # type: ignore[arg-type]

    async def agreed(*_: Any) -> None:
        return None

    patch.setattr(uplink.Uplink, "_empty", early)
    patch.setattr(uplink.Uplink, "_agree", agreed)


def by_counts(here: Any, there: Any) -> list[parity.Gap]:
    """Days are held against each other by how many lines they have."""
    theirs = {one.day: one.lines for one in there}
    odd = [one for one in here if theirs.get(one.day, 0) != one.lines]
    return [parity.Gap(journal_id=one.journal_id, day=one.day, here=one.lines, there=0) for one in odd]


def without_its_order(name: str) -> str:
    return _query(name).partition("WHERE kept.")[0]


def nothing_counted(self: minutes.Kept, db: Any, more: int, budget: int) -> int:
    _make_room(self, db, more, budget)
    return 0


_query, _make_room = postgres.query, minutes.Kept.make_room
LATER = outbox._LINES.replace("seq > ?", "seq > ? + 1", 1)

BUGS: dict[str, tuple[Law, Bug]] = {
    "acknowledged before it arrived": (arrives_once, what_was_sent_is_believed),
    "a gap is skipped at the site": (arrives_once, here(outbox, "_LINES", LATER)),
    "a seq that begins again under the old name": (
        arrives_once,
        here(sqlite, "uuid4", lambda: SimpleNamespace(hex="0" * 32)),
    ),
    "a journal that was put aside is forgotten": (arrives_once, here(outbox, "_put_aside", lambda _: [])),
    "a gap is skipped at the centre": (
        waits_for_its_predecessors,
        in_function("take_lines", "IF follows > there THEN", "IF false THEN"),
    ),
    "hashes are not compared": (tells_other_lines, in_function("take_lines", "AND here.hash = sent.hash", "")),
    "row-level security is off": (
        keeps_sites_apart,
        at_the_centre("ALTER TABLE edgectl.edge_entries DISABLE ROW LEVEL SECURITY"),
    ),
    "a site may write as another": (
        keeps_sites_apart,
        at_the_centre("ALTER POLICY own_added ON edgectl.edge_outputs WITH CHECK (true)"),
    ),
    "nobody looks whose lines they are": (
        keeps_sites_apart,
        in_function("take_lines", "AND role_name = session_user", ""),
    ),
    "an older value replaces a newer one": (never_goes_back, here(postgres, "query", without_its_order)),
    "parity counts and does not compare": (parity_sees_a_lie, here(parity, "compare", by_counts)),
    "drops are not counted": (counts_what_it_drops, here(minutes.Kept, "make_room", nothing_counted)),
    "a poisoned line is sent again and again": (
        passes_a_poisoned_line,
        here(postgres.rows, "enveloped", lambda line: line),
    ),
}


@pytest.mark.parametrize("law", sorted({law.__name__ for law, _ in BUGS.values()}))
async def test_the_law_holds(ground: Ground, tmp_path: Path, law: str) -> None:
    async with place(ground, tmp_path) as at:
        assert await globals()[law](at)


@pytest.mark.parametrize("bug", BUGS)
async def test_the_bug_is_seen(ground: Ground, tmp_path: Path, monkeypatch: Patch, bug: str) -> None:
    law, plant = BUGS[bug]
    async with place(ground, tmp_path) as at:
        await plant(at, monkeypatch)
        try:
            kept = await law(at)
        except CentreRefuses:
            kept = False  # it is seen by the centre itself
        assert not kept, f"{law.__name__} holds although {bug}"
