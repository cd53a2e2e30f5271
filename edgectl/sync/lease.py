"""The lease of a redundant pair in a PostgreSQL on the site: one row, one statement for each step.

A connection that failed, or that did not answer in time, is dropped and made anew at the next step: a half-open line
costs one patience and never the time of the lease.
"""

import asyncio
from functools import cache
from importlib import resources
from typing import Any

import asyncpg

from edgectl.model.lease import LeaseRow, LeaseUnreachable
from edgectl.model.time import SECOND, Nanos

FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError)


class PostgresLease:
    """The row of one site. Used by one task at a time."""

    def __init__(self, dsn: str, site_id: str, *, patience: Nanos) -> None:
        self._dsn, self._site_id = dsn, site_id
        self._patience_s = patience / SECOND
        self._connection: asyncpg.Connection[Any] | None = None

    async def look(self) -> LeaseRow | None:
        """The row, or None."""
        row = await self._ask("look")
        if row is None:
            return None
        return LeaseRow(
            holder=row["holder"],
            epoch=row["epoch"],
            beat=row["beat"],
            ttl=row["ttl_ns"],
            over=row["over"],
            returned=row["returned"],
        )

    async def take(self, seen: LeaseRow | None, holder: str, floor: int, ttl: Nanos) -> int | None:
        """The new epoch, or None."""
        if seen is None:
            row = await self._ask("first", holder, floor, ttl)
        else:
            row = await self._ask("take", holder, floor, ttl, seen.epoch, seen.beat)
        return None if row is None else int(row["epoch"])

    async def renew(self, holder: str, epoch: int, ttl: Nanos) -> bool:
        """True when the sign was taken."""
        return await self._ask("renew", holder, epoch, ttl) is not None

    async def give_back(self, holder: str, epoch: int) -> None:
        """Free for whoever asks next."""
        await self._ask("give_back", holder, epoch)

    async def close(self) -> None:
        """Without ceremony: the other end may be gone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _ask(self, step: str, *values: Any) -> Any:
        try:
            async with asyncio.timeout(self._patience_s):
                connection = self._connection
                if connection is None or connection.is_closed():
                    connection = await self._connect()
                return await connection.fetchrow(_sql(step), self._site_id, *values)
        except FOREIGN as error:
            await self.close()
            raise LeaseUnreachable(_sentence(error)) from error
        except BaseException:
            await self.close()  # an answer that nobody waited for must not meet the next question
            raise

    async def _connect(self) -> "asyncpg.Connection[Any]":
        # The steps are few and alike, and a pooler in front of the server knows no prepared ones.
        connection = await asyncpg.connect(
            self._dsn, statement_cache_size=0, server_settings={"application_name": f"edgectl lease {self._site_id}"}
        )
        self._connection = connection
        if await connection.fetchval("SELECT to_regclass('edgectl_lease')") is None:
            await connection.execute(_sql("001_table"))
        return connection


@cache
def _sql(name: str) -> str:
    return (resources.files("edgectl.sync") / "lease_sql" / f"{name}.sql").read_text()


def _sentence(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the database of the lease does not answer"
    words = str(error).strip().splitlines() or [type(error).__name__]
    return f"the database of the lease: {words[0]}"
