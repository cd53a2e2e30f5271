"""The one writer: a thread that owns the connection and runs one function per transaction.

Two rules. A transaction is never spread over awaits, so no cancelled task can cut it in two and no other task can roll
it back. And nobody waits for ever: when the thread ends, whoever waits is told, and so is whoever comes later.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from edgectl.journal import quarantine
from edgectl.journal.ballast import Ballast
from edgectl.journal.check import LateCheck
from edgectl.journal.errors import (
    JournalFull,
    JournalThreadEnded,
    JournalUnreadable,
    JournalUnwritable,
)
from edgectl.journal.sqlite import CHECKED_AT_OPEN, SqliteJournal
from edgectl.model.telemetry import Point, Raw
from edgectl.model.time import Nanos
from edgectl.model.timeline import Batch, Stored

T = TypeVar("T")
_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The batch is on the disk. `ballast_freed`: only because the reserve was given up, so a person must make room;
    `ballast_back`: the reserve was looked at and is there."""

    ballast_freed: bool = False
    ballast_back: bool = False


class JournalWriter:
    """The journal as the event loop sees it. One commit at a time is the caller's rule."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ballast = Ballast(path.with_name("ballast"))
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()  # a job that is put behind the end of the thread would wait for ever
        self._ended: str | None = None
        self._journal: SqliteJournal | None = None
        self._check: LateCheck | None = None
        self._damage: str | None = None
        self._commit: asyncio.Future[Committed] | None = None
        self.journal_id = ""  # known once it is open

    async def start(self) -> Stored:
        """Open the file and give back what is open in it. Raises JournalError; may be called again then."""
        if self._thread is None:
            self._ended = None
            self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
            self._thread.start()
        stored = await self._run(self._open)
        self.journal_id = stored.journal_id
        return stored

    def commit(self, batch: Batch) -> Coroutine[Any, Any, Committed]:
        """The thread has the batch when this returns, and it is on the disk when what it gives back has been awaited:
        an ON waits for this, so no round of the loop lies between. Nothing of the batch is kept when that raises.

        Raises JournalUnwritable (try again later), JournalUnreadable (the file is damaged, the next start puts it
        aside), JournalThreadEnded. A caller that is cancelled meanwhile does not cut the transaction: it ends as it
        would have ended, and the next commit comes after it.
        """
        assert self._commit is None or self._commit.done(), "one commit in flight"
        self._commit = written = self._hand_over(lambda: self._put(batch))
        return _end_of(written)

    async def acknowledge(self, journal_id: str, seq: int) -> None:
        """Note how far a journal has arrived at the centre. It waits behind a commit, and no commit waits for the disk
        because of it. Raises as `commit` does."""
        await self._run(lambda: self._sound().acknowledge(journal_id, seq))

    async def keep_minute(self, at: Nanos, points: tuple[Point, ...], budget: int) -> int:
        """Keep a minute of readings. Returns how many older ones had to go for it. Raises as `commit` does."""
        return await self._run(lambda: self._sound().keep_minute(at, points, budget))

    async def keep_reel(self, at: Nanos, samples: tuple[Raw, ...], budget: int) -> int:
        """Keep samples as they were read. Returns how many older ones had to go for them. Raises as `commit` does."""
        return await self._run(lambda: self._sound().keep_reel(at, samples, budget))

    async def forget_reels(self, upto: int) -> None:
        """The centre has these samples. Raises as `commit` does."""
        await self._run(lambda: self._sound().forget_reels(upto))

    async def forget_minutes(self, upto: int) -> None:
        """The centre has these. Raises as `commit` does."""
        await self._run(lambda: self._sound().forget_minutes(upto))

    async def keep_curves(self, at: int, body: str, oldest: int) -> None:
        """Keep a stretch of the curves, and none that began before the oldest. Raises as `commit` does."""
        await self._run(lambda: self._sound().keep_curves(at, body, oldest))

    async def close(self) -> None:
        """Finish what waits, close the file, end the thread."""
        with self._gate:
            thread, self._thread = self._thread, None
            self._jobs.put(None)
        if thread is not None:
            await asyncio.to_thread(thread.join)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._hand_over(work)

    def _hand_over(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        with self._gate:
            if self._ended is not None:
                done.set_exception(_ended(self._ended))
            elif self._thread is None:
                closed = "the thread that writes the journal was closed"
                done.set_exception(JournalUnwritable(closed, "start it again first"))
            else:
                self._jobs.put((work, loop, done))
        return done

    # -- on the thread

    def _serve(self) -> None:
        why: str | None = None  # why it ended without being asked to
        try:
            while (job := self._jobs.get()) is not None:
                work, loop, done = job
                try:
                    result, error = work(), None
                except Exception as raised:  # noqa: BLE001  whatever it is, it belongs to whoever waits
                    result, error = None, raised
                except BaseException as raised:  # noqa: BLE001  the thread ends with it, and says so
                    why = f"{type(raised).__name__}: {raised}"
                    self._jobs.put(job)  # whoever waits for it is told with the others
                    break
                if not _tell(loop, done, result, error):
                    why = "its event loop was closed"
                    break
        finally:
            self._end(why)

    def _end(self, why: str | None) -> None:
        """Close the file, then tell everyone who still waits."""
        if self._check is not None:
            self._check.stop()
            self._check = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        with self._gate:
            self._ended, self._thread = why, None
            jobs, self._jobs = self._jobs, SimpleQueue()
        while not jobs.empty():
            if (job := jobs.get()) is not None:
                _tell(job[1], job[2], None, _ended(why or "it was closed"))

    def _open(self) -> Stored:
        if self._journal is None:
            try:
                self._journal = SqliteJournal(self.path)
            except JournalFull:
                if not self.ballast.drop():
                    raise
                self._journal = SqliteJournal(self.path)
            self.ballast.lay()
            self._damage = None
            if self.path.stat().st_size > CHECKED_AT_OPEN:
                self._check = LateCheck(self.path, self.found)
                self._check.start()
        return self._journal.load()

    def _put(self, batch: Batch) -> Committed:
        journal = self._sound()
        try:
            journal.commit(batch)
        except JournalFull:
            if not self.ballast.drop():
                raise
            journal.commit(batch)  # the room that was kept for exactly this
            return Committed(ballast_freed=True)
        return Committed(ballast_back=self.ballast.restore())

    def _sound(self) -> SqliteJournal:
        assert self._journal is not None, "start first"
        if self._damage is not None:
            raise JournalUnreadable(
                f"the journal {self.path} is damaged: {self._damage}", "it is put aside at the next start"
            )
        return self._journal

    def found(self, verdict: str) -> None:
        """Somebody who read the file found it damaged. The next commit says so, and the next start puts it aside."""
        quarantine.condemn(self.path, verdict)
        self._damage = verdict


async def _end_of(job: "asyncio.Future[T]") -> T:
    return await job


def _ended(why: str) -> JournalThreadEnded:
    return JournalThreadEnded(
        f"the thread that writes the journal has ended: {why}", "restart edgectl; what was acknowledged is on the disk"
    )


def _tell(
    loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]", result: Any, error: BaseException | None
) -> bool:
    """Hand the end of a job to its loop. False when that loop is closed: nobody waits any more."""
    try:
        loop.call_soon_threadsafe(_settle, done, result, error)
    except RuntimeError:
        return False
    return True


def _settle(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
