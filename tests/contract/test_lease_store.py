"""The place of the lease: what it must guarantee, on the real database and on the fake beside it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from edgectl.model.lease import LeaseRow, LeaseStore, LeaseUnreachable
from edgectl.model.time import MS, SECOND
from edgectl.simulate.leases import LeaseTable, MemoryLease
from edgectl.sync.lease import PostgresLease
from edgectl.testing.postgres import PostgresServer
from edgectl.testing.proxy import TcpProxy

LONG, SHORT = 600 * SECOND, 50 * MS


@pytest.fixture(params=["postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[tuple[LeaseStore, LeaseStore]]:
    """The ways of two controllers to one row."""
    if request.param == "memory":
        loop = asyncio.get_running_loop()
        table = LeaseTable(lambda: round(loop.time() * SECOND))
        yield MemoryLease(table), MemoryLease(table)
        return
    dsn = request.getfixturevalue("database")
    pair = PostgresLease(dsn, "gh-1", patience=20 * SECOND), PostgresLease(dsn, "gh-1", patience=20 * SECOND)
    yield pair
    for store in pair:
        await store.close()


async def over(store: LeaseStore) -> LeaseRow:
    """Wait until the time of the row has passed by the clock that counts."""
    async with asyncio.timeout(60):
        while True:
            row = await store.look()
            if row is not None and row.over:
                return row
            await asyncio.sleep(0.01)


async def test_the_first_one_takes_it_and_the_second_does_not(stores: tuple[LeaseStore, LeaseStore]) -> None:
    one, two = stores
    assert await one.look() is None
    assert await one.take(None, "one", 0, LONG) == 1
    assert await two.take(None, "two", 0, LONG) is None
    row = await two.look()
    assert row is not None
    assert (row.holder, row.epoch, row.ttl, row.over, row.returned) == ("one", 1, LONG, False, False)
    assert await two.take(row, "two", 0, LONG) is None, "its time has not passed"


async def test_a_sign_of_life_makes_what_was_seen_old(stores: tuple[LeaseStore, LeaseStore]) -> None:
    one, two = stores
    await one.take(None, "one", 0, SHORT)
    row = await over(two)
    assert await one.renew("one", 1, LONG)
    assert await two.take(row, "two", 0, LONG) is None, "it was seen dead and is alive"
    assert await two.take(replace(row, beat=row.beat + 1), "two", 0, LONG) is None


async def test_a_dead_one_is_followed_in_a_higher_epoch_and_cannot_come_back(
    stores: tuple[LeaseStore, LeaseStore],
) -> None:
    one, two = stores
    await one.take(None, "one", 0, SHORT)
    assert await two.take(await over(two), "two", 0, LONG) == 2
    assert not await one.renew("one", 1, LONG)
    await one.give_back("one", 1)
    row = await two.look()
    assert row is not None
    assert (row.holder, row.epoch, row.returned) == ("two", 2, False)


async def test_what_was_given_back_is_free_at_once(stores: tuple[LeaseStore, LeaseStore]) -> None:
    one, two = stores
    await one.take(None, "one", 0, LONG)
    await one.give_back("one", 1)
    assert not await one.renew("one", 1, LONG), "what was given back is not renewed"
    row = await two.look()
    assert row is not None
    assert row.returned
    assert await two.take(row, "two", 0, LONG) == 2


async def test_a_former_life_of_ours_need_not_be_waited_for(stores: tuple[LeaseStore, LeaseStore]) -> None:
    one, _ = stores
    await one.take(None, "one", 0, LONG)
    assert await one.take(await one.look(), "one", 1, LONG) == 2


async def test_a_database_that_lost_its_row_does_not_take_the_epoch_back(
    stores: tuple[LeaseStore, LeaseStore],
) -> None:
    one, two = stores
    assert await one.take(None, "one", 41, SHORT) == 42
    assert await two.take(await over(two), "two", 77, LONG) == 78


async def test_of_two_that_take_it_at_once_one_leads(stores: tuple[LeaseStore, LeaseStore]) -> None:
    one, two = stores
    for _ in range(3):
        row = await one.look()
        row = row if row is None else await over(one)
        taken = await asyncio.gather(one.take(row, "one", 0, SHORT), two.take(row, "two", 0, SHORT))
        assert sum(epoch is not None for epoch in taken) == 1


async def test_not_even_a_hand_takes_the_epoch_back(database: str) -> None:
    store = PostgresLease(database, "gh-1", patience=20 * SECOND)
    await store.take(None, "one", 6, LONG)
    await store.close()
    connection = await asyncpg.connect(database)
    with pytest.raises(asyncpg.RaiseError, match="only grows: 7 to 3"):
        await connection.execute("UPDATE edgectl_lease SET epoch = 3")
    await connection.close()


async def test_a_database_that_hangs_up_or_says_nothing_is_told_and_asked_anew(
    postgres: PostgresServer, database: str
) -> None:
    with TcpProxy(postgres.port) as line:
        dsn = postgres.dsn(database.rpartition("/")[2], port=line.port)
        store = PostgresLease(dsn, "gh-1", patience=10 * SECOND)
        await store.take(None, "one", 0, LONG)
        line.cut()
        with pytest.raises(LeaseUnreachable):
            await store.renew("one", 1, LONG)
        assert await store.renew("one", 1, LONG), "the next step makes a new connection"
        store._patience_s = 0.5
        line.stall()
        with pytest.raises(LeaseUnreachable, match="does not answer"):
            await store.renew("one", 1, LONG)
        line.flow()
        store._patience_s = 20.0
        assert await store.renew("one", 1, LONG)
        await store.close()
    missing = PostgresLease(postgres.dsn("nowhere"), "gh-1", patience=20 * SECOND)
    with pytest.raises(LeaseUnreachable, match='database "nowhere" does not exist'):
        await missing.look()
