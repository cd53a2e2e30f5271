"""A conversation with the centre's Postgres.

Two rules. A parcel is one transaction, so a kill at any byte leaves all of it or nothing. And nobody is waited for
without end: each statement has its time, and a connection that failed is dropped, not closed with ceremony.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TypeVar

import asyncpg

from edgectl.model.ask import Ask
from edgectl.model.parcel import EVER, DaySum, Line, Parcel
from edgectl.model.telemetry import Minute, Reel
from edgectl.sync import rows
from edgectl.sync.asked import asked
from edgectl.sync.dsn import Address
from edgectl.sync.errors import CentreRefuses, RowRefused
from edgectl.sync.queries import query
from edgectl.sync.steps import WRITES
from edgectl.sync.translate import translate

VALUE_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
T = TypeVar("T")
_SET = {"jit": "off"}
OTHER_LINES = "EDG01"  # what take_lines says when the same key is there with another hash
FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, UnicodeError)


class PostgresCentre:
    """One centre for one site."""

    def __init__(
        self,
        where: Address,
        site_id: str,
        numbers: Mapping[str, int],
        *,
        pooled: bool = False,
        patience_s: float = 20.0,
    ) -> None:
        self.where, self._site_id, self._numbers, self._pooled = where, site_id, numbers, pooled
        self._patience_s = patience_s

    @asynccontextmanager
    async def session(self) -> AsyncIterator["PostgresSession"]:
        """Connect, and look whether the schema fits and who we are there. Raises CentreError."""
        db = await self._connect()
        try:
            session = PostgresSession(db, self.where, self._site_id, self._numbers, pooled=self._pooled)
            await session.greet()
            yield session
        finally:
            db.terminate()

    async def _connect(self) -> asyncpg.Connection:
        line = await asyncio.to_thread(self.where.line)
        try:
            # The library's own time-out does not cover a name server that says nothing.
            async with asyncio.timeout(self._patience_s):
                return await asyncpg.connect(
                    host=self.where.host,
                    port=self.where.port,
                    user=self.where.user,
                    password=self.where.password,
                    database=self.where.database,
                    ssl=line,
                    command_timeout=self._patience_s,
                    # A pooler hands each transaction to another session, which knows no statement of this one, and it
                    # takes no setting that it does not know.
                    statement_cache_size=0 if self._pooled else 100,
                    server_settings={"application_name": f"edgectl {self._site_id}", **({} if self._pooled else _SET)},
                )
        except FOREIGN as error:
            raise translate(error, self.where) from error


class PostgresSession:
    """One connection. The first error ends it."""

    def __init__(
        self, db: asyncpg.Connection, where: Address, site_id: str, numbers: Mapping[str, int], *, pooled: bool = False
    ) -> None:
        self._db, self._where, self._site_id, self._numbers, self._pooled = db, where, site_id, numbers, pooled

    async def greet(self) -> None:
        """Do schema and role fit? Raises CentreRefuses."""
        step = await self._ask(self._db.fetchrow(query("schema")))
        there, needs = (0, 0) if step is None else (step["number"], step["needs"])
        if there < WRITES:
            raise CentreRefuses(
                f"the schema of the centre at {self._where} is at step {there}, this edgectl writes step {WRITES}",
                "edgectl central migrate brings it there; nothing is lost meanwhile",
            )
        if needs > WRITES:
            raise CentreRefuses(
                f"the centre at {self._where} wants step {needs} to be written; this edgectl writes {WRITES}",
                "install a newer edgectl here; nothing is lost meanwhile",
            )
        if (own := await self._ask(self._db.fetchval(query("own_site")))) != self._site_id:
            whose = "no site" if own is None else f"site {own}"
            raise CentreRefuses(
                f"the role {self._where.user} belongs to {whose} at the centre, this is {self._site_id}",
                f"edgectl central enrol {self._site_id} makes a role for it",
            )

    async def arrived(self, journal_id: str) -> tuple[int, bytes | None]:
        """How far this journal has arrived, and the hash of its newest line there."""
        row = await self._ask(self._db.fetchrow(query("arrived"), self._site_id, journal_id))
        return (0, None) if row is None else (row["acknowledged"], row["last_hash"])

    async def push(self, parcel: Parcel) -> tuple[int, int]:
        """Everything in it is at the centre when this returns, once."""
        try:
            return await self._push(parcel)
        except RowRefused:
            if len(parcel.lines) == 1:
                return await self._push(replace(parcel, lines=(rows.enveloped(parcel.lines[0]),)))
            half = len(parcel.lines) // 2
            early = replace(parcel, lines=parcel.lines[:half], tasks=(), commands=(), outputs=(), alarms=())
            _, refused = await self.push(early)
            arrived, more = await self.push(replace(parcel, after=early.last, lines=parcel.lines[half:]))
            return arrived, refused + more

    async def push_minutes(self, minutes: list[Minute]) -> None:
        """These readings are at the centre when this returns, once."""
        await self._ask(self._db.execute(query("add_minutes"), self._site_id, *rows.minutes(minutes)))

    async def push_reels(self, reels: list[Reel]) -> None:
        """These samples are at the centre when this returns, once."""
        await self._ask(self._db.execute(query("add_reels"), self._site_id, *rows.reels(reels)))

    async def day_sums(self, journal_id: str, *, since: str = EVER) -> list[DaySum]:
        """What has arrived, day by day from that one on."""
        found = await self._ask(self._db.fetch(query("day_sums"), self._site_id, journal_id, date.fromisoformat(since)))
        return [DaySum(journal_id=journal_id, **dict(zip(_DAY, row.values(), strict=True))) for row in found]

    async def payloads_of(self, journal_id: str, day: str) -> dict[int, bytes]:
        """Each line of a day with the hash of what it says."""
        asked = date.fromisoformat(day)
        found = await self._ask(self._db.fetch(query("lines_of_day"), self._site_id, journal_id, asked))
        return {row[0]: row[1] for row in found}

    async def state_days(self, sums: list[DaySum]) -> None:
        """Leave at the centre what this side says each day held."""
        for journal_id in {one.journal_id for one in sums}:
            own = [one for one in sums if one.journal_id == journal_id]
            days = [date.fromisoformat(one.day) for one in own]
            columns = [[getattr(one, name) for one in own] for name in _DAY[1:]]
            await self._ask(self._db.execute(query("state_days"), self._site_id, journal_id, days, *columns))

    async def asks(self) -> list[Ask]:
        """What waits there for an answer of this site, in the order in which it was asked."""
        found = await self._ask(self._db.fetch(query("asks"), self._site_id))
        return [asked(dict(row)) for row in found]

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call back when something new is asked. A pooler passes no notice on, and to listen there would bind a session
        that belongs to whoever comes next: then the beat has to do."""
        if self._pooled:
            return
        channel = f"edgectl_{hashlib.md5(self._site_id.encode(), usedforsecurity=False).hexdigest()}"
        await self._ask(self._db.add_listener(channel, lambda *_: wake()))

    async def ping(self) -> None:
        """Is it still there?"""
        await self._ask(self._db.fetchval("SELECT 1"))

    async def _push(self, parcel: Parcel, *, one_by_one: bool = False) -> tuple[int, int]:
        key, lines = (self._site_id, parcel.journal_id), rows.columns(parcel.lines, self._numbers)
        take = query("take_lines")
        refused = 0
        try:
            if not _speaks(parcel):
                there = await self._db.fetchval(take, *key, parcel.after, *lines)  # a transaction of its own
            else:
                async with self._db.transaction():
                    there = await self._db.fetchval(take, *key, parcel.after, *lines)
                    if there >= parcel.last:
                        refused = await self._project(parcel, one_by_one=one_by_one)
        except FOREIGN as error:
            if isinstance(error, VALUE_REFUSED) and _speaks(parcel) and not one_by_one:
                # Rare, and it took the whole transaction with it: now each table is guarded, at two more messages each.
                return await self._push(parcel, one_by_one=True)
            if getattr(error, "sqlstate", "") == OTHER_LINES:
                raise CentreRefuses(
                    f"the centre at {self._where} holds other lines of journal {parcel.journal_id} between"
                    f" {parcel.first} and {parcel.last} than this site: {error}",
                    "edgectl central parity names them; edgectl journal verify says whether this side was changed",
                ) from error
            raise translate(error, self._where) from error
        return there, refused

    async def _project(self, parcel: Parcel, *, one_by_one: bool) -> int:
        """Tasks, commands, outputs and alarms as they are now. One that is not taken holds up no line: table by table
        when somebody has to know which."""
        refused = 0
        for name, values, body in (
            ("put_tasks", parcel.tasks, rows.tasks(parcel, self._numbers)),
            ("put_commands", parcel.commands, rows.commands(parcel, self._numbers)),
            ("put_outputs", parcel.outputs, rows.outputs(parcel)),
            ("put_alarms", parcel.alarms, rows.alarms(parcel)),
            ("put_answers", _answers(parcel), rows.answers(parcel)),
        ):
            if not values:
                continue
            put = partial(self._db.execute, query(name), self._site_id, parcel.journal_id, parcel.head, body)
            if not one_by_one:
                await put()
                continue
            try:
                async with self._db.transaction():
                    await put()
            except VALUE_REFUSED:
                refused += len(values)
        return refused

    async def _ask(self, asking: Awaitable[T]) -> T:
        try:
            return await asking
        except FOREIGN as error:
            raise translate(error, self._where) from error


def _answers(parcel: Parcel) -> list[Line]:
    return [line for line in parcel.lines if line.event_type == rows.ANSWERED]


def _speaks(parcel: Parcel) -> bool:
    return bool(parcel.tasks or parcel.commands or parcel.outputs or parcel.alarms or _answers(parcel))


_DAY = ("day", "lines", "first", "last", "digest")
