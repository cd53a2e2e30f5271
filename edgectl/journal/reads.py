"""The read side: aiosqlite on a connection of its own that cannot write."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from edgectl.journal import rows, still
from edgectl.journal.errors import JournalError, JournalUnreadable, no_journal
from edgectl.model.command import Command
from edgectl.model.task import Task
from edgectl.model.time import Nanos, iso
from edgectl.model.timeline import Entry

T = TypeVar("T")
BUSY_MS = 2000
AT_ONCE = 5  # rows that are understood in one piece
LOOKED_BACK = 20_000  # lines: some days of a busy house, and a few milliseconds

_TOTAL, _CONFIRMED = (f"json_extract(body, '$.outcome.commands_{name}')" for name in ("total", "effect_confirmed"))
_PRESETS = {
    "all": "1",
    "failed": "status IN ('failed', 'rejected', 'expired')",
    "open": "open = 1",
    "deadline": "status IN ('rejected', 'expired')",
    "done_confirmed": f"{_TOTAL} > 0 AND {_CONFIRMED} = {_TOTAL}",
    "done_unconfirmed": f"{_TOTAL} > 0 AND {_CONFIRMED} < {_TOTAL}",
}
_ENDED = """
id, zone, json_extract(body, '$.task_type'), status, created_at, json_extract(body, '$.scheduled_for'),
json_extract(body, '$.due_at'), json_extract(body, '$.updated_at'), json_extract(body, '$.started'),
json_extract(body, '$.due'), json_extract(body, '$.outcome.reason_code'),
json_extract(body, '$.outcome.commands_total'), json_extract(body, '$.outcome.commands_effect_confirmed'),
json_extract(body, '$.outcome.physical_effect'), json_extract(body, '$.payload.duration_s')
"""
_LEFT_OUT = """
SELECT line.body, tasks.body FROM timeline AS line LEFT JOIN tasks ON tasks.id = line.task_id
WHERE line.seq > (SELECT max(seq) FROM timeline) - ? AND (line.event_type = 'SCHEDULE_SKIPPED' OR (
  line.event_type = 'TASK_FINISHED' AND tasks.status IN ('rejected', 'expired')
  AND json_extract(tasks.body, '$.schedule') IS NOT NULL
)) ORDER BY line.seq DESC
"""
SEARCHED = 5000  # tasks: a search looks no further back


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A run of a schedule that never began: when it was to begin, and when and why it was given up."""

    schedule: str
    scheduled_for: str
    reason: str
    why: str
    at: Nanos
    who: str = ""  # the person who had put on what kept it


def _left_out(line: Entry, task: Task | None) -> LeftOut:
    details = line.details
    if task is None:
        schedule, planned, why = details.get("schedule"), str(details["scheduled_for"]), str(details.get("why", ""))
    else:
        # What held it up last is the best that anybody can say, also of a task that only waited.
        schedule, planned = task.schedule, iso(task.scheduled_for)
        why = task.vetoes[-1].why if task.vetoes else f"its task was {task.status.value}"
    return LeftOut(
        schedule=str(schedule),
        scheduled_for=planned,
        reason=str(details["reason_code"]),
        why=why,
        at=line.wall,
        who=str(details.get("who", "")),
    )


class JournalReads:
    """Questions of the doors. Each opens the file for itself: they are rare, and none may hold a snapshot for long.

    All raise JournalError when there is no journal, JournalUnreadable when it is damaged.
    """

    def __init__(self, path: Path, *, still: bool = False) -> None:
        """`still`: nobody holds the lock of its folder, and so nobody writes."""
        self.path, self._still = path, still

    async def tasks(self, *, preset: str = "all", zone: str | None = None, limit: int = 20) -> list[Task]:
        """Tasks, the newest first. Presets: "all", "failed" (also rejected and expired), "open"."""
        where = f"{_PRESETS[preset]} AND (?1 IS NULL OR zone = ?1)"
        query = f"SELECT body FROM tasks WHERE {where} ORDER BY created_at DESC, id LIMIT ?2"
        return await self._all(rows.task, query, (zone, limit))

    async def search(
        self, words: str, codes: Collection[str], *, preset: str, zone: str | None, limit: int
    ) -> list[Task]:
        """The same, of those that hold the words or one of the codes, among the newest."""
        where = f"{_PRESETS[preset]} AND (?1 IS NULL OR zone = ?1)"
        among = f"SELECT * FROM tasks ORDER BY created_at DESC LIMIT {SEARCHED}"
        code = "json_extract(body, '$.outcome.reason_code')"
        error = "json_extract(body, '$.outcome.error_code')"
        held = f"(instr(lower(body), ?3) OR {code} IN (SELECT value FROM json_each(?4))"
        held += f" OR {error} IN (SELECT value FROM json_each(?4)))"
        query = f"SELECT body FROM ({among}) WHERE {where} AND {held} ORDER BY created_at DESC, id LIMIT ?2"
        return await self._all(rows.task, query, (zone, limit, words.lower(), json.dumps(sorted(codes))))

    async def tasks_between(self, begin: Nanos, end: Nanos, limit: int) -> list[Task]:
        """Tasks that were accepted between two wall instants, in order; of too many the newest."""
        query = (
            "SELECT body FROM tasks WHERE created_at >= ? AND created_at < ? ORDER BY created_at DESC, id DESC LIMIT ?"
        )
        return (await self._all(rows.task, query, (begin, end, limit)))[::-1]

    async def task(self, task_id: str) -> Task | None:
        """One task."""
        return await self._one(rows.task, "SELECT body FROM tasks WHERE id = ?", (task_id,))

    async def task_by_correlation(self, correlation_id: str) -> Task | None:
        """The task that bears a correlation id."""
        return await self._one(rows.task, "SELECT body FROM tasks WHERE correlation_id = ?", (correlation_id,))

    async def answered(self, request_id: str) -> bool:
        """Was this request of the centre answered already?"""
        query = "SELECT seq FROM timeline WHERE event_type = 'CENTRE_REQUEST_ANSWERED'"
        query += " AND json_extract(body, '$.details.request_id') = ?"
        return bool(await self._all(str, query, (request_id,)))

    async def commands(self, task_id: str) -> list[Command]:
        """The orders of a task, in the order in which they were given."""
        found = await self._all(rows.command, "SELECT body FROM commands WHERE task_id = ?", (task_id,))
        return sorted(found, key=lambda command: command.queued_at)

    async def timeline(self, task_id: str, limit: int = 500) -> list[Entry]:
        """The lines of a task, in order."""
        query = "SELECT body FROM timeline WHERE task_id = ? ORDER BY seq LIMIT ?"
        return await self._all(rows.entry, query, (task_id, limit))

    async def links(self, task_id: str, limit: int = 500) -> dict[int, str]:
        """What each line of a task follows: the hash of the line before it, in hex, by the number of the line. Lines
        that are older than the chain have none."""
        query = """SELECT line.seq, hex(before.hash) FROM timeline AS line JOIN timeline AS before
            ON before.seq = line.seq - 1 WHERE line.task_id = ? AND before.hash IS NOT NULL ORDER BY line.seq LIMIT ?"""
        async with self._connection() as db:
            return {int(seq): str(hash_).lower() for seq, hash_ in await db.execute_fetchall(query, (task_id, limit))}

    async def last_entries(self, limit: int = 50) -> list[Entry]:
        """The newest lines, in order."""
        newest = await self._all(rows.entry, "SELECT body FROM timeline ORDER BY seq DESC LIMIT ?", (limit,))
        return newest[::-1]

    async def ended(self, ids: Sequence[str] | None, limit: int) -> list[tuple[Any, ...]]:
        """Tasks that ended, of these ids or the newest, the oldest first: id and what tells how well it went."""
        where, values = "open = 0", list[object]()
        if ids is not None:
            where, values = f"{where} AND id IN (SELECT value FROM json_each(?))", [json.dumps(ids)]
        query = f"SELECT {_ENDED} FROM tasks WHERE {where} ORDER BY created_at DESC LIMIT ?"
        async with self._connection() as db:
            return [tuple(row) for row in await db.execute_fetchall(query, [*values, limit])][::-1]

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """Lines behind a line, in order."""
        return await self._all(rows.entry, "SELECT body FROM timeline WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))

    async def entries_between(self, event_type: str, begin: Nanos, end: Nanos, limit: int) -> list[Entry]:
        """Lines of one type between two wall instants, in order; of too many the newest.

        There is no index on the instants, and none is needed: lines are written in the order of time, so the place of
        the first one is found by halving. Where the clock was set back in between, a few may be missed.
        """
        async with self._connection() as db:
            first, last = await _place(db, begin), await _place(db, end)
            query = "SELECT body FROM timeline WHERE seq >= ? AND seq < ? AND event_type = ? ORDER BY seq DESC LIMIT ?"
            found = await db.execute_fetchall(query, (first, last, event_type, limit))
            return [rows.entry(str(body)) for (body,) in found][::-1]

    async def curves(self, begin: int, end: int) -> list[str]:
        """The stretches of the curves that begin between two minutes, in order."""
        return await self._all(str, "SELECT body FROM curves WHERE at >= ? AND at <= ? ORDER BY at", (begin, end))

    async def left_out(self) -> list[LeftOut]:
        """Runs of schedules that never began, the newest first, as far as a short look reaches: those that were left
        out, and those that were accepted and could not begin in time."""
        async with self._connection() as db:
            found = await db.execute_fetchall(_LEFT_OUT, (LOOKED_BACK,))
        return [
            _left_out(rows.entry(str(line)), None if task is None else rows.task(str(task))) for line, task in found
        ]

    async def _one(self, make: Callable[[str], T], query: str, values: tuple[object, ...]) -> T | None:
        found = await self._all(make, query, values)
        return found[0] if found else None

    async def _all(self, make: Callable[[str], T], query: str, values: tuple[object, ...]) -> list[T]:
        async with self._connection() as db:
            found: list[T] = []
            for (body,) in await db.execute_fetchall(query, values):
                found.append(make(str(body)))
                if len(found) % AT_ONCE == 0:
                    await asyncio.sleep(0)  # five hundred tasks keep no order waiting
            return found

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosqlite.Connection]:
        if not self.path.exists():
            raise no_journal(self.path.parent)
        try:
            # As a URI with everything quoted: a folder may be called "50% shade?".
            place = still.address(self.path) if self._still else f"{self.path.absolute().as_uri()}?mode=ro"
            db = await aiosqlite.connect(place, uri=True, timeout=BUSY_MS / 1000)
        except sqlite3.Error as error:
            raise JournalError(
                f"the journal {self.path} cannot be opened: {error}", "is it a file that you may read?"
            ) from error
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


async def _place(db: aiosqlite.Connection, wall: Nanos) -> int:
    """The number of the first line that is not older than an instant."""
    ((low, high),) = await db.execute_fetchall("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 FROM timeline")
    while low < high:
        middle = (low + high) // 2
        query = "SELECT seq, wall FROM timeline WHERE seq >= ? ORDER BY seq LIMIT 1"
        found = list(await db.execute_fetchall(query, (middle,)))
        if not found or found[0][1] >= wall:
            high = middle
        else:
            low = int(found[0][0]) + 1
    return int(low)


def _damaged(path: Path, error: Exception) -> JournalUnreadable:
    return JournalUnreadable(
        f"the journal {path} is damaged: {error}",
        "restart the daemon: it puts a damaged journal aside, keeps it and begins a new one",
    )
