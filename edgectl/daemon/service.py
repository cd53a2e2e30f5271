"""The numbers of the service: what the journal holds of tasks that ended, folded when somebody asks for metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from edgectl.api.house import Unavailable
from edgectl.model.ports import Clock
from edgectl.model.time import Nanos
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Gauge, Histogram
from edgectl.observe.service import DAY, REMEMBERED, Service

AT_ONCE = 500


class EndedReads(Protocol):
    """The read side of the journal, for tasks that ended."""

    async def ended(self, ids: Sequence[str] | None, limit: int) -> list[tuple[Any, ...]]:
        """Of these ids, or the newest; the oldest first."""

    async def entries_between(self, event_type: str, begin: Nanos, end: Nanos, limit: int) -> list[Entry]:
        """Lines of a type between two instants."""


class ServiceDesk:
    """Reads what has ended since it was asked last. The first time it reads what ended before this life."""

    def __init__(self, reads: EndedReads, clock: Clock, guarded: Callable[[Awaitable[Any]], Awaitable[Any]]) -> None:
        self._reads, self._clock, self._guarded = reads, clock, guarded
        self._service = Service()
        self._begun = False
        self._asking = asyncio.Lock()

    def read(self, entries: Sequence[Entry]) -> None:
        """Committed lines."""
        if self._begun:
            self._service.read(entries)

    async def numbers(self) -> list[Gauge | Histogram]:
        """All of it. A journal that cannot be read now leaves out nothing but the newest."""
        async with self._asking:
            try:
                if not self._begun:
                    await self._begin()
                await self._go_on()
            except Unavailable:
                pass  # readiness says what is wrong with the journal
            return await asyncio.to_thread(self._service.numbers, self._clock.now().wall)

    async def _begin(self) -> None:
        wall = self._clock.now().wall
        self._begun = True  # what ends from here on is noted by its line
        rows = await self._guarded(self._reads.ended(None, REMEMBERED))
        skips = await self._guarded(self._reads.entries_between("SCHEDULE_SKIPPED", wall - DAY, wall, REMEMBERED))
        known = set(self._service.ended)
        await asyncio.to_thread(self._service.fold, [row[1:] for row in rows if row[0] not in known])
        for entry in skips:
            self._service.skip(entry)

    async def _go_on(self) -> None:
        ended = self._service.ended
        while ended:
            ids = [ended.popleft() for _ in range(min(AT_ONCE, len(ended)))]
            rows = await self._guarded(self._reads.ended(ids, AT_ONCE))
            await asyncio.to_thread(self._service.fold, [row[1:] for row in rows])
