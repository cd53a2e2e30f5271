"""Readings for the centre: folded as they come, kept a minute at a time, within a budget of bytes."""

import asyncio
import logging
from collections.abc import Callable

from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.writer import JournalWriter
from edgectl.model.inputs import Input, Samples, TelemetryDropped
from edgectl.model.ports import Clock
from edgectl.model.site import Site
from edgectl.model.telemetry import MINUTE
from edgectl.model.time import SECOND
from edgectl.sync.rollup import Fold

LOG = logging.getLogger("edgectl")


class Telemetry:
    """Folds every sample; a minute that was folded is on the disk within a second. What a kill takes is one minute."""

    def __init__(
        self, site: Site, writer: JournalWriter, clock: Clock, *, budget: int, offer: Callable[[Input], None]
    ) -> None:
        self._fold = Fold(site.sensors.values())
        self._writer, self._clock, self._budget, self._offer = writer, clock, budget, offer
        self.dropped = 0  # minutes since the start

    def take(self, item: Samples) -> None:
        """What a bus has read."""
        self._fold.add(item.block)

    async def run(self) -> None:
        """Keep each minute at its end, until cancelled. The minute in which the daemon ends is not kept."""
        while True:
            now = self._clock.now().wall
            began = now // MINUTE * MINUTE
            await asyncio.sleep((began + MINUTE - now) / SECOND + 0.01)
            points = self._fold.close()
            if not points:
                continue
            try:
                dropped = await self._writer.keep_minute(began, points, self._budget)
            except JournalUnwritable as error:
                dropped = 1
                LOG.warning("a minute of readings could not be kept: %s", error)
            if dropped:
                self.dropped += dropped
                self._offer(TelemetryDropped(minutes=dropped, budget=self._budget))
