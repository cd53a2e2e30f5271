"""The read side: aiosqlite on a connection of its own that cannot write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from edgectl.journal import rows
from edgectl.journal.errors import JournalError, JournalUnreadable
from edgectl.model.command import Command
from edgectl.model.task import Task
from edgectl.model.timeline import Entry

_PRESETS = {
    "all": "1",
    "failed": "status IN ('failed', 'rejected', 'expired')",
    "open": "open = 1",
}


class JournalReads:
    """Questions of the doors. Each opens the file for itself: they are rare, and none may hold a snapshot for long."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def tasks(self, *, preset: str = "all", zone: str | None = None, limit: int = 20) -> list[Task]:
        """Tasks, the newest first."""
        where = f"{_PRESETS[preset]} AND (?1 IS NULL OR zone = ?1)"
        query = f"SELECT body FROM tasks WHERE {where} ORDER BY created_at DESC, id LIMIT ?2"
        return [rows.task(body) for (body,) in await self._all(query, (zone, limit))]

    async def task(self, task_id: str) -> Task | None:
        """One task."""
        found = await self._all("SELECT body FROM tasks WHERE id = ?", (task_id,))
        return rows.task(found[0][0]) if found else None

    async def task_by_correlation(self, correlation_id: str) -> Task | None:
        """The task that bears a correlation id."""
        found = await self._all("SELECT body FROM tasks WHERE correlation_id = ?", (correlation_id,))
        return rows.task(found[0][0]) if found else None

    async def commands(self, task_id: str) -> list[Command]:
        """The orders of a task, in the order in which they were given."""
        found = [rows.command(b) for (b,) in await self._all("SELECT body FROM commands WHERE task_id = ?", (task_id,))]
        return sorted(found, key=lambda command: command.queued_at)

    async def timeline(self, task_id: str, limit: int = 500) -> list[Entry]:
        """The lines of a task, in order."""
        query = "SELECT body FROM timeline WHERE task_id = ? ORDER BY seq LIMIT ?"
        return [rows.entry(body) for (body,) in await self._all(query, (task_id, limit))]

    async def last_entries(self, limit: int = 50) -> list[Entry]:
        """The newest lines, in order."""
        found = await self._all("SELECT body FROM timeline ORDER BY seq DESC LIMIT ?", (limit,))
        return [rows.entry(body) for (body,) in reversed(found)]

    async def _all(self, query: str, values: tuple[object, ...]) -> list[tuple[str]]:
        async with self._connection() as db:
            try:
                return [(str(row[0]),) for row in await db.execute_fetchall(query, values)]
            except aiosqlite.Error as error:
                raise JournalUnreadable(f"the journal {self.path} cannot be read: {error}", "edgectl status") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosqlite.Connection]:
        hint = "has the daemon run here? --state names its folder"
        if not self.path.exists():
            raise JournalError(f"the journal {self.path} cannot be opened: there is none", hint)
        try:
            db = await aiosqlite.connect(f"file:{self.path}?mode=ro", uri=True)
        except aiosqlite.Error as error:
            raise JournalError(f"the journal {self.path} cannot be opened: {error}", hint) from error
        try:
            yield db
        finally:
            await db.close()
