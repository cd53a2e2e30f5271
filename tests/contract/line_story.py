"""One device on a bus of its own, driven by the real owner over a real port, and everything that came of it."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.wiring import Bus
from edgectl.model.inputs import Input, Samples
from edgectl.model.site import Site
from edgectl.model.time import Nanos
from edgectl.testing.field import SimulatedField


@dataclass
class LineStory:
    """What is lived on the line. `rows` are what the device itself wrote down."""

    name: str
    kind: str
    sim: SimulatedField
    news: list[Input] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    rows: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False
    task: BusTask = field(init=False)

    def wire(self, bus: Bus, site: Site) -> None:
        """Give it its bus."""
        self.task = BusTask(BusOwner(bus, site), link_of(bus), mono=time.monotonic_ns, deliver=self._deliver)

    def _deliver(self, item: Input) -> None:
        self.news.append(item)
        self.came.set()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait for news that satisfy."""
        async with asyncio.timeout(60):
            while not seen():
                self.came.clear()
                await self.came.wait()

    def of(self, kind: type) -> list[Any]:
        """The news of one kind."""
        return [item for item in self.news if isinstance(item, kind)]

    def values(self) -> list[tuple[Nanos, float]]:
        """Each value with the instant at which its question left, or its listening began."""
        return [(s.at, s.value) for item in self.of(Samples) for s in item.block if not math.isnan(s.value)]
