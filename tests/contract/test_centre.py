"""The centre on a real PostgreSQL: each line once, in order, whole; nobody sees or touches what is another's."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import asyncpg
import pytest

from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.parcel import Contact, Parcel
from edgectl.model.task import TaskStatus
from edgectl.model.telemetry import MINUTE, Minute, Point, Raw, Reel
from edgectl.model.time import SECOND, to_datetime
from edgectl.model.timeline import Batch
from edgectl.sync import migrate
from edgectl.sync.dsn import address
from edgectl.sync.errors import CentreAway, CentreRefuses
from edgectl.sync.parity import compare, narrow
from edgectl.sync.postgres import PostgresCentre, PostgresSession
from edgectl.sync.steps import steps
from edgectl.sync.uplink import Uplink
from edgectl.testing.centre import wheel
from edgectl.testing.postgres import PostgresServer
from tests.contract.centre_rows import (
    NOON,
    NUMBERS,
    Enrolled,
    alarm,
    answered,
    command,
    enrolled,
    fill,
    line,
    output,
    task,
)

SITE = "gh-1"


@pytest.fixture(scope="module", params=["installed", "wheel"])
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The server of this machine, and a newer one that comes as a Python package."""
    with PostgresServer(wheel() if request.param == "wheel" else None) as server:
        yield server


@pytest.fixture
async def site(database: str) -> Enrolled:
    return await enrolled(database, SITE)


@pytest.fixture
async def session(site: Enrolled) -> AsyncIterator[PostgresSession]:
    async with PostgresCentre(address(site.dsn), SITE, NUMBERS).session() as session:
        yield session


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    async with migrate.owner(address(database)) as db:
        yield db


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db")


async def everything(journal: SqliteJournal, *, lines: int = 10_000) -> tuple[JournalOutbox, Parcel]:
    outbox = JournalOutbox(journal.path)
    shelf = (await outbox.shelves())[-1]
    parcel = await outbox.parcel(shelf.journal_id, 0, lines=lines, size=1 << 30)
    assert parcel is not None
    return outbox, parcel


async def test_lines_and_values_arrive_as_they_are(
    site: Enrolled, session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    entries = (line(1, why="dry"), replace(line(2, alarm="biz_no_flow:pump"), event_type="ALARM_RAISED"))
    received = replace(line(3), event_type="TASK_RECEIVED", task_id="st-task-1")
    journal.commit(Batch(changes=(task(1), alarm()), entries=(*entries, received)))
    _, parcel = await everything(journal)
    assert await session.push(parcel) == (3, 0)
    rows = await owner.fetch("SELECT seq, event_type, zone_id, body, hash FROM edgectl.edge_entries ORDER BY seq")
    assert [tuple(row) for row in rows] == [(x.seq, x.event_type, 1, x.body, x.hash) for x in parcel.lines]
    kept = await owner.fetchrow("SELECT status, correlation_id, payload FROM edgectl.edge_tasks")
    assert tuple(kept) == ("accepted", "sch:z1:irrigation:1", '{"duration_s": 6}')
    assert await owner.fetchval("SELECT active FROM edgectl.edge_alarms")
    assert await session.arrived(parcel.journal_id) == (3, parcel.lines[-1].hash)


async def test_what_was_sent_twice_is_there_once_and_changes_nothing(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    journal.commit(Batch(changes=(task(1),), entries=(replace(line(1), task_id="st-task-1"),)))
    fill(journal, 2, 400)
    _, parcel = await everything(journal)
    await session.push(parcel)
    before = await owner.fetchrow("SELECT count(*), max(xmin::text::bigint) FROM edgectl.edge_entries")
    changed = await owner.fetchrow("SELECT xmin::text, ctid::text FROM edgectl.edge_tasks")
    for again in (parcel, replace(parcel, lines=parcel.lines[:7]), replace(parcel, after=40, lines=parcel.lines[40:])):
        assert (await session.push(again))[0] == 400
    assert await owner.fetchrow("SELECT count(*), max(xmin::text::bigint) FROM edgectl.edge_entries") == before
    assert await owner.fetchrow("SELECT xmin::text, ctid::text FROM edgectl.edge_tasks") == changed


async def test_an_older_value_never_replaces_a_newer_one(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    journal.commit(Batch(changes=(task(1),), entries=(replace(line(1), task_id="st-task-1"),)))
    _, early = await everything(journal)
    late = replace(early, head=5, tasks=(task(1, TaskStatus.FAILED),))
    await session.push(late)
    await session.push(early)
    assert await owner.fetchval("SELECT status FROM edgectl.edge_tasks") == "failed"


async def test_lines_that_come_before_their_predecessors_wait(session: PostgresSession, journal: SqliteJournal) -> None:
    fill(journal, 1, 9)
    _, parcel = await everything(journal)
    assert await session.push(replace(parcel, after=5, lines=parcel.lines[5:])) == (0, 0)
    assert await session.push(replace(parcel, lines=parcel.lines[:5])) == (5, 0)
    assert await session.push(replace(parcel, after=5, lines=parcel.lines[5:])) == (9, 0)


async def test_the_same_key_with_another_hash_is_refused_in_words(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    fill(journal, 1, 9)
    _, parcel = await everything(journal)
    await session.push(parcel)
    forged = tuple(replace(x, hash=b"x" * 32) if x.seq == 4 else x for x in parcel.lines)
    with pytest.raises(CentreRefuses, match=r"holds other lines of journal .* between 1 and 9 .*: 1 differ"):
        await session.push(replace(parcel, lines=forged))
    # A clock that was set back gives the line another month, and so another partition: it is seen all the same.
    moved = tuple(replace(x, wall=x.wall - NOON // 4) if x.seq == 4 else x for x in parcel.lines)
    with pytest.raises(CentreRefuses, match="-1 differ"):
        await session.push(replace(parcel, lines=moved))
    assert await owner.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 9


async def test_a_line_that_no_database_takes_travels_in_an_envelope(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    fill(journal, 1, 20)
    journal._db.execute("UPDATE timeline SET body = CAST(x'7b22ff7722' AS TEXT) WHERE seq = 7")
    journal._db.execute("UPDATE timeline SET body = '{\"zone\": NaN' WHERE seq = 20")
    outbox, parcel = await everything(journal)
    assert await session.push(parcel) == (20, 0)
    found = await owner.fetch("SELECT seq, body->>'base64' FROM edgectl.edge_entries WHERE event_type = 'UNREADABLE'")
    assert [row[0] for row in found] == [7, 20]
    assert found[0][1] == "eyL/dyI="
    ours = await outbox.day_sums(parcel.journal_id)
    assert compare(ours, await session.day_sums(parcel.journal_id)) == []


async def test_a_value_that_the_centre_does_not_take_holds_up_no_line(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    journal.commit(
        Batch(changes=(task(1), alarm()), entries=(replace(line(1, alarm="biz_no_flow:pump"), task_id="st-task-1"),))
    )
    _, parcel = await everything(journal)
    await owner.execute("ALTER TABLE edgectl.edge_tasks ADD CHECK (task_type <> 'irrigation')")
    assert await session.push(parcel) == (1, 1)
    assert await owner.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 1
    assert await owner.fetchval("SELECT count(*) FROM edgectl.edge_alarms") == 1


# What is generated nobody can write at all.
_WRITTEN = "FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''"
COLUMNS = f"SELECT attname {_WRITTEN} ORDER BY attnum"
KINDS = f"SELECT attname, format_type(atttypid, atttypmod) {_WRITTEN} ORDER BY attnum"


async def seen(db: asyncpg.Connection, table: str) -> int:
    """How many rows of the first site somebody sees; none when he may not look at all."""
    try:
        return int(await db.fetchval(f"SELECT count(*) FROM edgectl.{table} WHERE site_id = $1", SITE))
    except asyncpg.InsufficientPrivilegeError:
        return 0


async def test_a_request_that_nobody_can_read_holds_up_none_behind_it(
    session: PostgresSession, owner: asyncpg.Connection
) -> None:
    ask = "INSERT INTO edgectl.edge_requests (site_id, request_id, kind, payload, due_at, expires_at) VALUES ($1, $2,"
    ask += " 'hold', $3, $4::text::timestamptz, $5::text::timestamptz)"
    good, deep = '{"zone": "zone-1", "seconds": 60}', "[" * 5000 + "]" * 5000
    for name, payload, due, ends in (
        ("for-ever-1", good, "2026-06-01 06:00:00.123456+00", "infinity"),
        ("too-deep-1", deep, "2026-06-01 06:00+00", "2026-06-01 07:00+00"),
        ("long-ago-1", good, "4713-01-01 BC", "4712-01-01 BC"),
        ("as-usual-1", good, "2026-06-01 06:00+00", "2026-06-01 07:00+00"),
    ):
        await owner.execute(ask, SITE, name, payload, due, ends)
    asks = {one.request_id: one for one in await session.asks()}
    assert [name for name, one in asks.items() if one.flaw] == ["too-deep-1"]
    assert list(asks)[-1] == "as-usual-1"
    assert asks["for-ever-1"].due_at == 1_780_293_600_123_456_000
    assert asks["for-ever-1"].expires_at > asks["as-usual-1"].expires_at == 1_780_297_200_000_000_000
    assert asks["long-ago-1"].expires_at == 0


async def one_row_of_everything(session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal) -> None:
    """A row of the first site in each table that a site may have rows in."""
    changes = (task(1), alarm(), command(), output())
    touched = {"alarm": "biz_no_flow:pump", "cmd_id": "st-task-1-water-pump", "actuator": "pump"}
    entries = (replace(line(1, **touched), task_id="st-task-1"), answered(2))
    journal.commit(Batch(changes=changes, entries=entries))
    outbox, parcel = await everything(journal)
    assert await session.push(parcel) == (2, 0)
    await session.push_minutes([Minute(number=1, at=NOON, points=(POINT,))])
    await session.push_reels([Reel(number=1, samples=(SAMPLE,))])
    await session.state_days(await outbox.day_sums(parcel.journal_id))
    await owner.execute(
        "INSERT INTO edgectl.edge_requests (site_id, request_id, kind, due_at, expires_at)"
        f" VALUES ('{SITE}', 'request-1', 'hold', now(), now() + interval '1 h')"
    )


async def contents(owner: asyncpg.Connection) -> dict[str, list[str]]:
    """Every row of every table, as the owner of the database sees them."""
    names = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'edgectl' ORDER BY 1")
    return {
        name: sorted(str(row[0]) for row in await owner.fetch(f"SELECT t::text FROM edgectl.{name} t"))
        for (name,) in names
    }


async def test_a_second_site_neither_reads_nor_writes_what_is_the_firsts(
    database: str, session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    """Each table and each view that there is, by the catalogue: one that is added later is tried too."""
    await one_row_of_everything(session, owner, journal)
    other = await enrolled(database, "gh-2")
    public = {"schema_steps"}
    for table in set(await contents(owner)) - public:
        assert await seen(owner, table), f"no row of the first site in {table}: nothing would be proven"
    async with migrate.owner(address(other.dsn)) as db:
        own = "INSERT INTO edgectl.edge_outputs (site_id, output, journal_id, seq, owed_off, updated_at) VALUES"
        await db.execute(f"{own} ('gh-2', 'pump', gen_random_uuid(), 1, false, now())")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"UPDATE edgectl.edge_outputs SET site_id = '{SITE}'")
        before = await contents(owner)
        for table in before:
            assert table in public or await seen(db, table) == 0, table
            columns = [str(row[0]) for row in await owner.fetch(COLUMNS, f"edgectl.{table}")]
            firsts = "" if table in public else f" WHERE site_id = '{SITE}'"
            row = await owner.fetchval(f"SELECT row_to_json(t)::text FROM edgectl.{table} t{firsts} LIMIT 1")
            kinds = ", ".join(f"{name} {kind}" for name, kind in await owner.fetch(KINDS, f"edgectl.{table}"))
            copy = f"SELECT {', '.join(columns)} FROM json_to_record($1::json) AS r ({kinds})"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"INSERT INTO edgectl.{table} ({', '.join(columns)}) {copy}", row)
            for verb in (f"UPDATE edgectl.{table} SET {columns[0]} = {columns[0]}", f"DELETE FROM edgectl.{table}"):
                with contextlib.suppress(asyncpg.InsufficientPrivilegeError):  # refused is as good as without effect
                    assert (await db.execute(verb + firsts)).endswith(" 0"), verb
        views = await owner.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'edgectl_views'")
        assert len(views) >= 4
        for (view,) in views:
            assert await owner.fetchval(f"SELECT count(*) FROM edgectl_views.{view}") > 0, view
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"SELECT * FROM edgectl_views.{view}")
        for sql in (
            f"SELECT edgectl.take_lines('{SITE}', gen_random_uuid(), 0, '{{1}}', array[now()], '{{X}}', '{{null}}',"
            " '{null}', '{null}', array['{}'::json], array[''::bytea])",
            "SELECT edgectl.keep_partitions(1, NULL)",
            "SELECT edgectl.keep_partitions(1, NULL, NULL, NULL)",
            "CREATE TABLE edgectl.mine (x int)",
            "SET ROLE edgectl_desk",
            f'SET ROLE "edgectl_site_{SITE}"',
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(sql)
        assert await db.fetch("SELECT * FROM edgectl.day_sums($1, $2, '0001-01-01')", SITE, "0" * 32) == []
    assert await contents(owner) == before, "and nothing has moved"
    with pytest.raises(CentreRefuses, match="belongs to site gh-2 at the centre, this is gh-1"):
        async with PostgresCentre(address(other.dsn), SITE, NUMBERS).session():
            pass


async def test_a_view_shows_no_more_than_whoever_looks_may_see(
    database: str,
    site: Enrolled,
    session: PostgresSession,
    owner: asyncpg.Connection,
    journal: SqliteJournal,
) -> None:
    """Even where somebody lets sites into the views, each sees its own rows through them."""
    await one_row_of_everything(session, owner, journal)
    other = await enrolled(database, "gh-2")
    await owner.execute("GRANT USAGE ON SCHEMA edgectl_views TO edgectl_site")
    await owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA edgectl_views TO edgectl_site")
    for (view,) in await owner.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'edgectl_views'"):
        for dsn, more in ((site.dsn, True), (other.dsn, False)):
            async with migrate.owner(address(dsn)) as db:
                assert (await db.fetchval(f"SELECT count(*) FROM edgectl_views.{view}") > 0) is more, view


async def test_each_step_of_the_schema_is_applied_once_and_never_changed(
    database: str, site: Enrolled, owner: asyncpg.Connection
) -> None:
    told: list[str] = []
    assert await migrate.migrate(owner, told.append) == 0
    assert not told
    await owner.execute("UPDATE edgectl.schema_steps SET checksum = 'other' WHERE number = 2")
    with pytest.raises(CentreRefuses, match="step 2 of the schema was applied as 002_rights with another text"):
        await migrate.migrate(owner, told.append)


async def test_a_schema_behind_or_too_far_ahead_is_said_in_words(
    database: str, site: Enrolled, owner: asyncpg.Connection
) -> None:
    centre = PostgresCentre(address(site.dsn), SITE, NUMBERS)
    add = "INSERT INTO edgectl.schema_steps (number, name, checksum, needs) VALUES (99, 'later', '', $1)"
    await owner.execute(add, 1)
    async with centre.session() as session:
        await session.ping()  # further on, and still content with what this edgectl writes
    await owner.execute("UPDATE edgectl.schema_steps SET needs = 99 WHERE number = 99")
    with pytest.raises(CentreRefuses, match="wants step 99 to be written"):
        async with centre.session():
            pass
    await owner.execute("DELETE FROM edgectl.schema_steps WHERE number > 1")
    with pytest.raises(CentreRefuses, match=f"is at step 1, this edgectl writes step {steps()[-1].number}"):
        async with centre.session():
            pass
    await owner.execute("DROP SCHEMA edgectl CASCADE")
    with pytest.raises(CentreRefuses, match=r"the schema of the centre .* is not ready"):
        async with centre.session():
            pass


async def test_months_are_made_ahead_filled_and_let_go(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    month = "extract(epoch FROM date_trunc('month', now() {0}))::bigint, to_char(now() {0}, 'YYYY_MM')"
    now, this = await owner.fetchrow(f"SELECT {month.format('')}")
    old, past = await owner.fetchrow("SELECT " + month.format("- interval '14 months'"))
    fill(journal, 1, 3, at=now * SECOND)
    fill(journal, 4, 6, at=old * SECOND)
    fill(journal, 7, 8, at=5 * SECOND)  # a clock that began in 1970
    _, parcel = await everything(journal)
    await session.push(parcel)
    made = await migrate.keep_partitions(owner, 2, None)
    assert {f"made edge_entries_{past}", f"made edge_entries_{this}"} <= set(made)
    where = "SELECT relname, count(*) FROM edgectl.edge_entries e JOIN pg_class c ON c.oid = e.tableoid GROUP BY 1"
    assert dict(await owner.fetch(where)) == {
        f"edge_entries_{past}": 3,
        f"edge_entries_{this}": 3,
        "edge_entries_default": 2,
    }
    assert await migrate.keep_partitions(owner, 2, None) == []
    fill(journal, 9, 9, at=now * SECOND)
    outbox = JournalOutbox(journal.path)
    await outbox.shelves()
    parcel = await outbox.parcel(parcel.journal_id, 8, lines=10, size=1 << 20)
    assert parcel is not None
    assert await session.push(parcel) == (9, 0)
    assert f"let go edge_entries_{past}" in await migrate.keep_partitions(owner, 2, 6)
    assert await owner.fetchval(f"SELECT count(*) FROM edgectl.edge_entries_{past}") == 3
    assert await owner.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 6


async def test_the_views_of_the_page_before_tell_the_life_of_a_task(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    began = replace(line(1), event_type="TASK_STARTED", task_id="st-task-1")
    journal.commit(Batch(changes=(task(1, TaskStatus.COMPLETED),), entries=(began,)))
    _, parcel = await everything(journal)
    await session.push(parcel)
    await owner.execute("SET search_path TO edgectl_views")
    logs = await owner.fetch("SELECT task_name, status, details->>'zone_id' FROM scheduler_logs ORDER BY created_at")
    assert [tuple(row) for row in logs] == [
        ("ae_scheduler_task_st-task-1", status, "1") for status in ("accepted", "running", "completed")
    ]
    assert await owner.fetchval("SELECT type FROM zone_events WHERE zone_id = 1") == "TASK_STARTED"
    assert await owner.fetch("SELECT status FROM commands") == []
    assert await owner.fetch("SELECT last_value FROM telemetry_last") == []


POINT = Point(sensor="level", unit="%", least=1.0, mean=2.5, most=4.0, last=3.0, samples=30, quality=1.0)


async def test_readings_arrive_once_and_the_oldest_go_first_when_there_is_no_room(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    dropped = [journal.keep_minute(NOON + n * MINUTE, (POINT,), budget=2000) for n in range(60)]
    outbox = JournalOutbox(journal.path)
    kept = await outbox.minutes(100)
    assert sum(dropped) + len(kept) == 60
    assert sum(bool(count) for count in dropped) < 15, "it is not told every minute"
    assert [minute.at for minute in kept] == [NOON + n * MINUTE for n in range(sum(dropped), 60)]
    for _ in range(2):
        await session.push_minutes(kept)
    rows = "SELECT count(*), min(mean), max(last), min(unit) FROM edgectl.edge_telemetry_1m"
    assert tuple(await owner.fetchrow(rows)) == (len(kept), 2.5, 3.0, "%")
    last = await owner.fetchrow("SELECT sensor, last_value, last_quality FROM edgectl_views.telemetry_last")
    assert tuple(last) == ("level", 3.0, "GOOD")
    journal.forget_minutes(kept[-1].number)
    assert await outbox.minutes(100) == []
    journal.keep_minute(NOON, (POINT,), budget=2000)
    assert (await outbox.minutes(100))[0].number > kept[-1].number, "a number that was forgotten is not used again"


SAMPLE = Raw(sensor="level", channel="probe.level", at=NOON, value=2.5, good=True)


async def test_samples_as_they_were_read_arrive_once_and_have_months_of_their_own(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    some = tuple(replace(SAMPLE, at=NOON + n * SECOND, value=None if n == 3 else n / 4) for n in range(60))
    both = (*some, *(replace(one, channel="other.level") for one in some))
    assert journal.keep_reel(NOON, both, budget=100_000) == 0
    outbox = JournalOutbox(journal.path)
    for _ in range(2):
        await session.push_reels(await outbox.reels(10))
    rows = "SELECT count(*), count(value), count(DISTINCT channel), min(at) FROM edgectl.edge_telemetry_raw"
    assert tuple(await owner.fetchrow(rows)) == (120, 118, 2, to_datetime(NOON))
    begin = "date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '3 months'"
    await owner.execute(
        f"UPDATE edgectl.edge_telemetry_raw SET at = {begin} + (at - $1::timestamptz)", to_datetime(NOON)
    )
    past = await owner.fetchval("SELECT to_char(min(at) AT TIME ZONE 'UTC', 'YYYY_MM') FROM edgectl.edge_telemetry_raw")
    assert f"made edge_telemetry_raw_{past}" in await migrate.keep_partitions(owner, 1, None)
    assert await migrate.keep_partitions(owner, 1, 24, 6) == []
    assert await migrate.keep_partitions(owner, 1, 24, 6, 1) == [f"let go edge_telemetry_raw_{past}"]
    assert await owner.fetchval(f"SELECT count(*) FROM edgectl.edge_telemetry_raw_{past}") == 120


async def test_a_gap_is_named_line_by_line(
    session: PostgresSession, owner: asyncpg.Connection, journal: SqliteJournal
) -> None:
    fill(journal, 1, 30)
    outbox, parcel = await everything(journal)
    await session.push(parcel)
    assert compare(await outbox.day_sums(parcel.journal_id), await session.day_sums(parcel.journal_id)) == []
    await owner.execute("DELETE FROM edgectl.edge_entries WHERE seq IN (4, 11, 12)")
    await owner.execute('UPDATE edgectl.edge_entries SET body = \'{"details": "a lie"}\' WHERE seq = 20')
    (gap,) = compare(await outbox.day_sums(parcel.journal_id), await session.day_sums(parcel.journal_id))
    here = await outbox.payloads_of(parcel.journal_id, gap.day)
    told = narrow(gap, here, await session.payloads_of(parcel.journal_id, gap.day)).words()
    assert told.endswith("30 lines here, 27 there; missing there: 4, 11-12; not the same: 20")


async def test_a_journal_that_began_anew_never_hides_behind_the_old_one(
    site: Enrolled, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    first = SqliteJournal(path)
    fill(first, 1, 40)
    first.close()
    (tmp_path / "journal.db.condemned").write_text("planted\n")
    second = SqliteJournal(path)
    fill(second, 1, 25)
    outbox = JournalOutbox(path)
    uplink = Uplink(outbox, PostgresCentre(address(site.dsn), SITE, NUMBERS), mono=lambda: 0, random=Random(1))
    uplink.shelves = tuple(await outbox.shelves())
    async with PostgresCentre(address(site.dsn), SITE, NUMBERS).session() as session:
        assert await uplink.drain(session) == 65
        assert [shelf.acknowledged for shelf in uplink.shelves] == [40, 25]
        for shelf in uplink.shelves:
            ours = await outbox.day_sums(shelf.journal_id)
            assert compare(ours, await session.day_sums(shelf.journal_id)) == []
    assert await owner.fetchval("SELECT count(*) FROM edgectl.edge_entries") == 65


@pytest.mark.parametrize("kept", [True, False], ids=["the one before is kept", "the one before is lost"])
@pytest.mark.parametrize("arrived", [30, 20, 5], ids=["all of it", "more than the copy", "less than the copy"])
async def test_a_copy_that_was_put_back_goes_on_under_a_name_of_its_own(
    site: Enrolled, owner: asyncpg.Connection, journal: SqliteJournal, arrived: int, kept: bool
) -> None:
    """Whatever the centre knows of the journal before: no line is refused, none hides another, each is there once."""
    fill(journal, 1, 12)
    former = journal.load().journal_id
    copy = journal.path.with_name("copy.db")
    with contextlib.closing(sqlite3.connect(copy)) as there:
        journal._db.backup(there)
    fill(journal, 13, 30)
    journal.close()
    outbox, centre = JournalOutbox(journal.path), PostgresCentre(address(site.dsn), SITE, NUMBERS)
    async with centre.session() as session:
        (shelf,) = await outbox.shelves()
        parcel = await outbox.parcel(shelf.journal_id, 0, lines=arrived, size=1 << 20)
        assert parcel is not None
        await session.push(parcel)
    went = journal.path.rename(journal.path.with_name("journal.db.replaced-20260601T060000Z"))
    if not kept:
        went.unlink()
    copy.rename(journal.path)
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as db:
        db.execute("INSERT INTO formers (id, upto, newest, at, who) VALUES (?, 12, 1, 1, 'Ana')", (former,))
        db.execute("UPDATE meta SET value = ? WHERE name = 'journal_id'", ("c" * 32,))
    second = SqliteJournal(journal.path)
    fill(second, 13, 17)
    uplink = Uplink(outbox, centre, mono=lambda: 0, random=Random(1))
    async with centre.session() as session:
        await uplink.agree(session)
        await uplink.drain(session)
        assert uplink.waiting == 0
        for shelf in uplink.shelves:
            ours = await outbox.day_sums(shelf.journal_id, upto=shelf.acknowledged)
            assert compare(ours, await session.day_sums(shelf.journal_id)) == []
    second.close()
    found = await owner.fetch("SELECT journal_id, count(*), max(seq) FROM edgectl.edge_entries GROUP BY 1")
    most = 30 if kept else max(arrived, 12)
    assert {(row[0].hex, row[1], row[2]) for row in found} == {("c" * 32, 5, 17), (former, most, most)}


async def test_a_centre_that_is_not_there_says_so(postgres: PostgresServer, site: Enrolled) -> None:
    nowhere = replace(address(site.dsn), port=1)
    with pytest.raises(CentreAway, match="cannot be reached"):
        async with PostgresCentre(nowhere, SITE, NUMBERS).session():
            pass
    nothing = replace(address(site.dsn), database="nothing")
    with pytest.raises(CentreRefuses, match="there is no such database"):
        async with PostgresCentre(nothing, SITE, NUMBERS).session():
            pass
    assert Contact.OFFLINE.value == "offline"
