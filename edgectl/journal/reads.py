"""The read side: aiosqlite on a connection of its own that cannot write."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosqlite

from edgectl.journal import rows
from edgectl.journal.errors import JournalError, JournalUnreadable
from edgectl.model.command import Command
from edgectl.model.task import Task
from edgectl.model.timeline import Entry

T = TypeVar("T")
BUSY_MS = 2000

_PRESETS = {
    "all": "1",
    "failed": "status IN ('failed', 'rejected', 'expired')",
    "open": "open = 1",
}


class JournalReads:
    """Questions of the doors. Each opens the file for itself: they are rare, and none may hold a snapshot for long.

    All raise JournalError when there is no journal, JournalUnreadable when it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def tasks(self, *, preset: str = "all", zone: str | None = None, limit: int = 20) -> list[Task]:
        """Tasks, the newest first. Presets: "all", "failed" (also rejected and expired), "open"."""
        where = f"{_PRESETS[preset]} AND (?1 IS NULL OR zone = ?1)"
        query = f"SELECT body FROM tasks WHERE {where} ORDER BY created_at DESC, id LIMIT ?2"
        return await self._all(rows.task, query, (zone, limit))

    async def task(self, task_id: str) -> Task | None:
        """One task."""
        return await self._one(rows.task, "SELECT body FROM tasks WHERE id = ?", (task_id,))

    async def task_by_correlation(self, correlation_id: str) -> Task | None:
        """The task that bears a correlation id."""
        return await self._one(rows.task, "SELECT body FROM tasks WHERE correlation_id = ?", (correlation_id,))

    async def commands(self, task_id: str) -> list[Command]:
        """The orders of a task, in the order in which they were given."""
        found = await self._all(rows.command, "SELECT body FROM commands WHERE task_id = ?", (task_id,))
        return sorted(found, key=lambda command: command.queued_at)

    async def timeline(self, task_id: str, limit: int = 500) -> list[Entry]:
        """The lines of a task, in order."""
        query = "SELECT body FROM timeline WHERE task_id = ? ORDER BY seq LIMIT ?"
        return await self._all(rows.entry, query, (task_id, limit))

    async def last_entries(self, limit: int = 50) -> list[Entry]:
        """The newest lines, in order."""
        newest = await self._all(rows.entry, "SELECT body FROM timeline ORDER BY seq DESC LIMIT ?", (limit,))
        return newest[::-1]

    async def _one(self, make: Callable[[str], T], query: str, values: tuple[object, ...]) -> T | None:
        found = await self._all(make, query, values)
        return found[0] if found else None

    async def _all(self, make: Callable[[str], T], query: str, values: tuple[object, ...]) -> list[T]:
        async with self._connection() as db:
            return [make(str(body)) for (body,) in await db.execute_fetchall(query, values)]

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosqlite.Connection]:
        hint = "has the daemon run here? --state names its folder"
        if not self.path.exists():
            raise JournalError(f"the journal {self.path} cannot be opened: there is none", hint)
        try:
            # As a URI with everything quoted: a folder may be called "50% shade?".
            db = await aiosqlite.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_MS / 1000)
        except sqlite3.Error as error:
            raise JournalError(f"the journal {self.path} cannot be opened: {error}", hint) from error
        try:
            await db.execute("PRAGMA query_only = 1")
            yield db
        except UnicodeEncodeError as error:
            raise JournalError("the question holds bytes that are no text", "is the terminal set to UTF-8?") from error
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                raise _damaged(self.path, error) from error
            raise JournalError(
                f"the journal {self.path} cannot be read now: {error}",
                "a stopped daemon's journal can be read only by its own user: try again with sudo",
            ) from error
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            raise _damaged(self.path, error) from error
        finally:
            await db.close()


def _damaged(path: Path, error: Exception) -> JournalUnreadable:
    return JournalUnreadable(
        f"the journal {path} is damaged: {error}",
        "restart the daemon: it puts a damaged journal aside, keeps it and begins a new one",
    )
