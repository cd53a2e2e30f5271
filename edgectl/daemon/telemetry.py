"""Readings for the centre: folded as they come, kept a minute at a time, within a budget of bytes.

In the hours in which somebody wants them so, the samples themselves are kept beside that, within their own budget.
"""

import asyncio
import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import Input, Samples, TelemetryDropped
from edgectl.model.ports import Clock
from edgectl.model.site import Central, Site
from edgectl.model.telemetry import MINUTE
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.scheduler.cadence import window_state
from edgectl.scheduler.schedule import Window
from edgectl.sync.raw import Tape
from edgectl.sync.rollup import Fold

LOG = logging.getLogger("edgectl")
KEPT_WITHIN_S = 2.0  # at the end of the daemon


class Telemetry:
    """Folds every sample; a minute that was folded is on the disk within a second. What a kill takes is one minute.

    `asked` names the sensors whose samples the centre wants as they are read, request by request.
    """

    def __init__(
        self,
        site: Site,
        central: Central,
        writer: JournalWriter,
        clock: Clock,
        *,
        offer: Callable[[Input], None],
        asked: Callable[[], list[tuple[str, ...]]],
    ) -> None:
        self._site, self._central, self._writer, self._clock = site, central, writer, clock
        self._offer, self._asked = offer, asked
        self._fold, self._tape = Fold(site.sensors.values()), Tape(site.sensors.values())
        self._zone = ZoneInfo(site.timezone)
        self._wanted, self._looked = frozenset[str](), -SECOND
        self.dropped = 0  # minutes since the start
        self.dropped_samples = 0

    def take(self, item: Samples) -> None:
        """What a bus has read."""
        self._fold.add(item.block)
        if self._central.raw or self._asked():
            now = self._clock.now()
            if wanted := self.wanted(now):
                self._tape.add(item.block, wanted, now)

    def wanted(self, now: Now) -> frozenset[str]:
        """The sensors whose samples travel as they are read: by the hours of the site file, and by request."""
        if now.mono - self._looked < SECOND:
            return self._wanted
        open_ = [
            hours.sensors
            for hours in self._central.raw
            if window_state(Window(start_minute=hours.start_minute, length=hours.length), now.wall, self._zone)
        ]
        every = frozenset(self._site.sensors)
        named = [frozenset(some) & every if some else every for some in (*open_, *self._asked())]
        self._wanted, self._looked = frozenset().union(*named), now.mono
        return self._wanted

    async def run(self) -> None:
        """Keep each minute at its end, until cancelled. The minute in which the daemon ends is not kept; one that is on
        its way to the disk by then arrives there."""
        while True:
            now = self._clock.now().wall
            began = now // MINUTE * MINUTE
            await asyncio.sleep((began + MINUTE - now) / SECOND + 0.01)
            keeping = asyncio.ensure_future(self.keep(began))
            try:
                await asyncio.shield(keeping)
            except asyncio.CancelledError:
                await asyncio.wait([keeping], timeout=KEPT_WITHIN_S)
                raise

    async def keep(self, began: Nanos) -> None:
        """The minute is over: what it held goes to the disk, and what had to go for it is told."""
        sums, (samples, lost) = self._fold.cut(), self._tape.cut()
        points = await asyncio.to_thread(self._fold.points, sums)
        if points:
            budget = self._central.telemetry_budget
            try:
                minutes = await self._writer.keep_minute(began, points, budget)
            except JournalUnwritable as error:
                minutes = 1
                LOG.warning("a minute of readings could not be kept: %s", error)
            if minutes:
                self.dropped += minutes
                self._offer(TelemetryDropped(minutes=minutes, budget=budget))
        if samples:
            budget = self._central.raw_budget
            try:
                lost += await self._writer.keep_reel(began, samples, budget)
            except JournalUnwritable as error:
                lost += len(samples)
                LOG.warning("%d samples could not be kept: %s", len(samples), error)
            if lost:
                self.dropped_samples += lost
                self._offer(TelemetryDropped(samples=lost, budget=budget))
