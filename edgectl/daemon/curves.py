"""The curves of the page: a point a minute in memory, and ten minutes of them at a time in the journal."""

import asyncio
import contextlib
import logging
from typing import Protocol

from edgectl.api.leisure import Leisure
from edgectl.daemon.control import Control
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.journal.errors import JournalError
from edgectl.model.channel import Reading
from edgectl.model.ports import Clock
from edgectl.model.time import SECOND
from edgectl.observe.history import EVERY, History

LOG = logging.getLogger("edgectl")
STRETCH = 10  # minutes; so much of a curve is lost by a kill
AT_ONCE = 40  # sensors: then whatever else is due has its turn
KEPT_WITHIN_S = 2.0  # at the end of the daemon


class Reads(Protocol):
    """The read side of the journal."""

    async def curves(self, begin: int, end: int) -> list[str]:
        """The stretches that begin between two minutes, in order."""


class Writer(Protocol):
    """The write side of the journal."""

    async def keep_curves(self, at: int, body: str, oldest: int) -> None:
        """Keep a stretch, and none that began before the oldest."""


class Curves:
    """One life of them."""

    def __init__(self, history: History, control: Control, clock: Clock, reads: Reads, writer: Writer) -> None:
        self._history, self._control, self._clock = history, control, clock
        self._reads, self._writer = reads, writer
        self._written: int | None = None  # the last minute that is in the journal

    async def run(self) -> None:
        """A point a minute, on the minute, until cancelled."""
        if self._written is None:
            await self._take_back()
        try:
            while True:
                now = self._clock.now()
                self._history.note(now.wall, await values(self._control.stepper.state, self._clock))
                if now.wall // EVERY % STRETCH == 0:
                    await self._write_down()
                await asyncio.sleep((EVERY - now.wall % EVERY) / SECOND + 0.01)
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEPT_WITHIN_S):
                    await self._write_down()
            raise

    async def _take_back(self) -> None:
        now = self._clock.now().wall // EVERY
        try:
            self._history.take_back(await self._reads.curves(now - self._history.kept, now), now)
        except (JournalError, ValueError, TypeError, KeyError, IndexError) as error:
            LOG.warning("the curves of before cannot be read, they begin anew: %s", str(error).splitlines()[:1])
        self._written = now - 1

    async def _write_down(self) -> None:
        """What is not in the journal yet. A disk that takes nothing costs a piece of a curve; control says the rest."""
        assert self._written is not None
        found = await asyncio.to_thread(self._history.stretch, self._written)  # of 1,500 channels it is long
        if found is None:
            return
        first, last, body = found
        try:
            await self._writer.keep_curves(first, body, first - self._history.kept)
            self._written = last
        except JournalError as error:
            LOG.warning("a piece of the curves could not be kept: %s", error)


async def values(state: State, clock: Clock) -> dict[str, float]:
    """What every sensor shows now, as far as it can be believed."""
    found: dict[str, float] = {}
    async for names in Leisure().pieces(tuple(state.site.sensors), AT_ONCE):
        draft = Draft(state, clock.now())
        readings = ((name, draft.read(name)) for name in names)
        found |= {name: reading.value for name, reading in readings if isinstance(reading, Reading)}
    return found
