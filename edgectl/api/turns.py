"""The places of those who look at one door. They are given in rounds: whoever asks fiftyfold waits behind themselves,
and a phone that asks once is the next but one."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """So many places; who waits for one is held by the connection it asks on, and there are not many of those."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, asker: str) -> AsyncIterator[None]:
        """A place for one who asks, until it is answered."""
        await self._come(asker)
        try:
            yield
        finally:
            self._leave()

    async def _come(self, asker: str) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker, deque()).append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._leave()  # it was its turn, and it does not take it
            raise

    def _leave(self) -> None:
        self._free += 1
        while self._waiting and self._free:
            asker, theirs = self._waiting.popitem(last=False)
            called = theirs.popleft()
            if theirs:
                self._waiting[asker] = theirs  # behind everybody else
            if not called.done():  # who has gone meanwhile is not called
                called.set_result(None)
                self._free -= 1
