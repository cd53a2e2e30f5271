"""The numbers of the service: what the journal holds of tasks that ended, folded when somebody asks for metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from edgectl.api.house import Unavailable
from edgectl.daemon.aside import Aside
from edgectl.model.ports import Clock
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Gauge, Histogram
from edgectl.observe.service import DAY, REMEMBERED, Service

AT_ONCE = 500
MOST_LINES = 20_000  # when nobody has asked for longer than that, the counters begin with the newest tasks
KEPT_EVERY: Nanos = 60 * SECOND


class EndedReads(Protocol):
    """The read side of the journal, for tasks that ended."""

    async def ended(self, ids: Sequence[str] | None, limit: int) -> list[tuple[Any, ...]]:
        """Of these ids, or the newest; the oldest first."""

    async def entries_after(self, seq: int, limit: int) -> list[Entry]:
        """Lines behind a line, in order."""

    async def entries_between(self, event_type: str, begin: Nanos, end: Nanos, limit: int) -> list[Entry]:
        """Lines of a type between two instants."""


class ServiceDesk:
    """Reads what has ended since it was asked last. The first time it goes on from what was kept aside before this
    life, so that no counter of a life is lower than it was in the one before. `last` is the newest line."""

    def __init__(
        self,
        reads: EndedReads,
        clock: Clock,
        guarded: Callable[[Awaitable[Any]], Awaitable[Any]],
        aside: Aside,
        last: int,
    ) -> None:
        self._reads, self._clock, self._guarded, self._aside, self._last = reads, clock, guarded, aside, last
        self._kept_at: Nanos | None = None
        self._service = Service()
        self._begun = False
        self._asking = asyncio.Lock()

    def read(self, entries: Sequence[Entry]) -> None:
        """Committed lines."""
        if entries:
            self._last = entries[-1].seq
        if self._begun:
            self._service.read(entries)

    async def numbers(self) -> list[Gauge | Histogram]:
        """All of it. A journal that cannot be read now leaves out nothing but the newest. Whoever goes away meanwhile
        leaves nothing half counted: what was begun is done to its end."""
        return await asyncio.shield(self._numbers())

    async def _numbers(self) -> list[Gauge | Histogram]:
        async with self._asking:
            try:
                if not self._begun:
                    await self._begin()
                await self._go_on()
                await self._keep()
            except Unavailable:
                pass  # readiness says what is wrong with the journal
            return await asyncio.to_thread(self._service.numbers, self._clock.now().wall)

    async def _begin(self) -> None:
        upto = self._last
        self._begun = True  # what ends from here on is noted by its line
        try:
            kept = await asyncio.to_thread(self._aside.read)
            if kept is None or not 0 <= upto - kept[0] <= MOST_LINES:
                await self._begin_with_the_newest()
            else:
                await self._begin_behind(kept[0], upto, kept[1])
        except BaseException:  # whatever it was: half of the counts are none
            self._service, self._begun = Service(), False
            raise

    async def _begin_behind(self, seq: int, upto: int, before: Service) -> None:
        """Counts up to a line, and what came between that and this life."""
        counted, ids = Service(), list[str]()
        while seq < upto and (page := await self._guarded(self._reads.entries_after(seq, AT_ONCE))):
            counted.read([entry for entry in page if entry.seq <= upto])
            ids += [counted.ended.popleft() for _ in range(len(counted.ended))]
            seq = page[-1].seq
        rows = await self._guarded(self._reads.ended(None, REMEMBERED))
        late, live = set(ids), set(self._service.ended)
        self._service.join(before, counted)
        await asyncio.to_thread(self._service.remember, [row[1:] for row in rows if row[0] not in late | live])
        await self._fold(ids)

    async def _begin_with_the_newest(self) -> None:
        wall = self._clock.now().wall
        rows = await self._guarded(self._reads.ended(None, REMEMBERED))
        skips = await self._guarded(self._reads.entries_between("SCHEDULE_SKIPPED", wall - DAY, wall, REMEMBERED))
        live = set(self._service.ended)
        await asyncio.to_thread(self._service.fold, [row[1:] for row in rows if row[0] not in live])
        for entry in skips:
            self._service.skip(entry)

    async def _go_on(self) -> None:
        ended = self._service.ended
        while ended:
            ids = [ended.popleft() for _ in range(min(AT_ONCE, len(ended)))]
            try:
                await self._fold(ids)
            except Unavailable:
                ended.extendleft(reversed(ids))  # the next one who asks finds them
                raise

    async def _fold(self, ids: Sequence[str]) -> None:
        for begin in range(0, len(ids), AT_ONCE):
            rows = await self._guarded(self._reads.ended(ids[begin : begin + AT_ONCE], AT_ONCE))
            await asyncio.to_thread(self._service.fold, [row[1:] for row in rows])

    async def _keep(self) -> None:
        """Once a minute, and when nothing waits to be counted: what is kept is exactly so far."""
        now = self._clock.now().mono
        if self._service.ended or (self._kept_at is not None and now - self._kept_at < KEPT_EVERY):
            return
        self._kept_at = now
        await asyncio.to_thread(self._aside.write, self._last, self._service.counts())
