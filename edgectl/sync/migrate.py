"""`edgectl central migrate`: bring the centre's schema to this version, make months ahead, and enrol sites.

This runs as the owner of the database, never as a site. Each step is one transaction under one lock, so two people who
migrate at once do not meet.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import asyncpg

from edgectl.sync.dsn import Address
from edgectl.sync.errors import CentreRefuses
from edgectl.sync.steps import steps
from edgectl.sync.translate import translate

_BEGIN = """
CREATE SCHEMA IF NOT EXISTS edgectl;
CREATE TABLE IF NOT EXISTS edgectl.schema_steps (
  number integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  needs integer NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
"""
_APPLIED = "INSERT INTO edgectl.schema_steps (number, name, checksum, needs) VALUES ($1, $2, $3, $4)"
_LOCK = 0x65646765  # one migration at a time
# The oldest schema an edgectl may know to write into this one. Steps only add, so the first is enough.
NEEDS = 1


async def migrate(db: asyncpg.Connection, tell: Callable[[str], None]) -> int:
    """Apply what is missing. Returns how many steps that were. Raises CentreRefuses when an old step was changed."""
    done = 0
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await db.execute(_BEGIN)
        known = {
            row["number"]: row for row in await db.fetch("SELECT number, name, checksum FROM edgectl.schema_steps")
        }
    for step in steps():
        if (before := known.get(step.number)) is not None:
            if before["checksum"] != step.checksum:
                raise CentreRefuses(
                    f"step {step.number} of the schema was applied as {before['name']} with another text",
                    "another edgectl made this database: migrate it with that one, or with a newer one",
                )
            continue
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if await db.fetchval("SELECT 1 FROM edgectl.schema_steps WHERE number = $1", step.number):
                continue  # somebody else was faster
            tell(f"step {step.number}: {step.name}")
            await db.execute(step.text)
            row = step.number, step.name, step.checksum, NEEDS
            await db.execute(_APPLIED, *row)
        done += 1
    return done


async def keep_partitions(
    db: asyncpg.Connection, ahead: int, keep: int | None, keep_minutes: int | None = None, keep_raw: int | None = None
) -> list[str]:
    """Make months ahead and let old ones go: of the lines, of the readings, of the samples as they were read. Readings
    are kept for as long as the lines unless told otherwise. Returns what was done."""
    minutes = keep if keep_minutes is None else keep_minutes
    months = ahead, keep, minutes, minutes if keep_raw is None else keep_raw
    return [row[0] for row in await db.fetch("SELECT edgectl.keep_partitions($1, $2, $3, $4)", *months)]


async def enrol(db: asyncpg.Connection, site_id: str, name: str, timezone: str) -> tuple[str, str]:
    """Make a site known, with a role of its own and a new password. Returns both; the password is told once."""
    role, password = f"edgectl_site_{site_id}", secrets.token_urlsafe(24)
    async with db.transaction():
        there = await db.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if there else "CREATE"
        make = f"SELECT format('{verb} ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)"
        await db.execute(await db.fetchval(make, role, password))
        for rule in (
            "GRANT edgectl_site TO %I",
            # What a site that has gone silent in the middle of something holds, it holds for half a minute.
            "ALTER ROLE %I SET idle_in_transaction_session_timeout = '30s'",
            "ALTER ROLE %I SET statement_timeout = '60s'",
            "ALTER ROLE %I CONNECTION LIMIT 6",
        ):
            await db.execute(await db.fetchval("SELECT format($1::text, $2::text)", rule, role))
        await db.execute(
            "INSERT INTO edgectl.sites (site_id, name, timezone, role_name) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, timezone = excluded.timezone,"
            " role_name = excluded.role_name",
            site_id,
            name,
            timezone,
            role,
        )
    return role, password


@asynccontextmanager
async def owner(where: Address) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the database. Whatever goes wrong on it becomes a CentreError."""
    try:
        db = await asyncpg.connect(
            host=where.host,
            port=where.port,
            user=where.user,
            password=where.password,
            database=where.database,
            ssl=where.line(),
            timeout=10,
        )
        try:
            yield db
        finally:
            await db.close(timeout=5)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise translate(error, where) from error


def dsn_of(role: str, password: str, where: Address) -> str:
    """The connection string that goes into the site's credential file."""
    secure = f"?sslmode=verify-full&sslrootcert={quote(str(where.authorities))}" if where.authorities else ""
    return f"postgresql://{quote(role)}:{quote(password)}@{where.host}:{where.port}/{quote(where.database)}{secure}"
