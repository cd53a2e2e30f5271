"""While a task is at work in a zone, the sensors of that zone are noted every few seconds, for the curves.

Nothing is looked at while nothing works: a line of the timeline wakes it.
"""

import asyncio
from collections.abc import Sequence

from edgectl.daemon.control import Control
from edgectl.daemon.zone_views import MOST_WIDE, sensors_of
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.model.channel import Reading
from edgectl.model.ports import Clock
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Now
from edgectl.model.timeline import Entry
from edgectl.observe.history import History

EVERY_S, LATER_EVERY_S = 2.0, 20.0
SOON_S = 600.0  # so long closely; what lasts hours needs no point every two seconds
AFTER_S = 10.0  # what moved comes to rest
WAKES = frozenset({"STAGE_ENTERED", "STAGE_RESUMED"})


class CloseLook:
    """One life of it."""

    def __init__(self, history: History, control: Control, clock: Clock) -> None:
        self._history, self._control, self._clock = history, control, clock
        self._stirred = asyncio.Event()

    def read(self, entries: Sequence[Entry]) -> None:
        """Lines were committed."""
        if any(entry.event_type in WAKES for entry in entries):
            self._stirred.set()

    async def run(self) -> None:
        """Look while somebody works, until cancelled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            begun = last = self._clock.now().mono
            names: tuple[str, ...] = ()
            while True:
                now, state = self._clock.now(), self._control.stepper.state
                if found := at_work(state):
                    names, last = found, now.mono
                elif now.mono - last > AFTER_S * SECOND:
                    break
                self._history.look_closely(now.wall, seen(state, now, names))
                soon = now.mono - begun < SOON_S * SECOND or self._stirred.is_set()
                if self._stirred.is_set():
                    self._stirred.clear()
                    begun = now.mono
                await asyncio.sleep(EVERY_S if soon else LATER_EVERY_S)


def at_work(state: State) -> tuple[str, ...]:
    """The sensors of the zones in which a task has a stage. Light changes nothing that is measured there."""
    busy = {
        task.zone
        for task in state.tasks.values()
        if task.status is TaskStatus.RUNNING and task.stage and task.task_type != "lighting"
    }
    zones = (state.site.zones[name] for name in sorted(busy) if name in state.site.zones)
    named = dict.fromkeys(name for zone in zones for name in sensors_of(zone)[:MOST_WIDE])
    return tuple(name for name in named if name in state.site.sensors)


def seen(state: State, now: Now, names: Sequence[str]) -> dict[str, float]:
    """What these sensors show, as far as it can be believed."""
    draft = Draft(state, now)
    readings = {name: draft.read(name) for name in names}
    return {name: reading.value for name, reading in readings.items() if isinstance(reading, Reading)}
