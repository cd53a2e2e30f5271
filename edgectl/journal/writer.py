"""The one writer: a thread that owns the connection and runs one function per transaction.

A transaction is never spread over awaits, so no cancelled task can cut it in two and no other task can roll it back.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from edgectl.journal.ballast import Ballast
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Batch, Stored

T = TypeVar("T")
_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class JournalWriter:
    """The journal as the event loop sees it. One commit at a time is the caller's rule."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ballast = Ballast(path.with_name("ballast"))
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._journal: SqliteJournal | None = None
        self._busy = False

    async def start(self) -> Stored:
        """Open the file and give back what is open in it. Raises JournalError; may be called again then."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
            self._thread.start()
        return await self._run(self._open)

    async def commit(self, batch: Batch) -> None:
        """The batch is on the disk when this returns. Raises JournalError; nothing of the batch is kept then."""
        assert not self._busy, "one commit in flight"
        self._busy = True
        try:
            await self._run(lambda: self._put(batch))
        finally:
            self._busy = False

    async def close(self) -> None:
        """Finish what waits, close the file, end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._thread is None or not self._thread.is_alive():
            raise JournalUnwritable("the thread that writes the journal is gone", "restart edgectl; nothing was lost")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, loop, done))
        # Shielded by construction: the thread finishes its transaction whether or not anyone still waits.
        return await done

    # -- on the thread

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, loop, done = job
            try:
                result, error = work(), None
            except Exception as raised:  # noqa: BLE001  whatever it is, it belongs to whoever waits
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, done, result, error)
            except RuntimeError:
                break  # the loop is closed: nobody waits any more
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _open(self) -> Stored:
        if self._journal is None:
            self._journal = SqliteJournal(self.path)
            self.ballast.lay()
        return self._journal.load()

    def _put(self, batch: Batch) -> None:
        assert self._journal is not None, "start first"
        try:
            self._journal.commit(batch)
        except JournalUnwritable:
            if not self.ballast.drop():
                raise
            self._journal.commit(batch)  # the room that was kept for exactly this
            return
        self.ballast.restore()


def _settle(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
