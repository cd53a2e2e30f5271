"""The house as its journal tells it while nobody drives it from here: the reads of the doors, without a daemon.

Two rules. It is read while nobody holds the lock of the state folder, and nothing is written. And
what only a running controller knows, readings, outputs as they are seen, buses, is not there and never guessed.
"""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from edgectl.api.house import Body, Unavailable
from edgectl.daemon import views
from edgectl.daemon.looks import DaemonLooks
from edgectl.daemon.schedules import listed
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.host.clock import SystemClock, boot_id
from edgectl.journal.reads import JournalReads
from edgectl.journal.still import look
from edgectl.model.site import Site
from edgectl.model.time import Nanos, iso
from edgectl.observe.history import History
from edgectl.scheduler.schedule import Schedule

WHY = "no daemon drives the house from here"
HINT = "it can be asked of a running daemon only: leave --offline out"


class OfflineHouse:
    """What the journal of a folder says. `site` is None where the site file cannot be read: then nothing has more of a
    name than the journal gives it."""

    def __init__(self, folder: Path, site: Site | None, schedules: tuple[Schedule, ...]) -> None:
        """Raises JournalError."""
        journal = folder / "journal.db"
        found = look(journal)
        self.named = site is not None
        self.last: Nanos = found.newest
        self._clock = SystemClock()
        self._clock.remember(found.stored.wall_high_water)
        self.now = self._clock.now()
        state = State.begin(
            site=site or _nameless(),
            schedules=schedules,
            stored=found.stored,
            boot_id=boot_id(),
            started=self.now.mono,
        )
        self.stepper = Stepper(state)
        self._reads = JournalReads(journal, still=True)
        self._looks = DaemonLooks(self, self._reads, self._clock, History(()), _plainly)

    async def get(self, path: str) -> Any:
        """What a door answers under this path. Raises Unavailable and JournalError."""
        asked = urlsplit(path)
        query = dict(parse_qsl(asked.query))
        match asked.path.strip("/").split("/"):
            case ["status"]:
                return self._status()
            case ["missed"]:
                return await self._looks.missed()
            case ["channels"]:
                return self._channels()
            case ["day"]:
                return await self._looks.day(query.get("date"))
            case ["alarms"]:
                return views.alarms(self.stepper.state)
            case ["tasks"]:
                limit, preset = int(query.get("limit", 20)), query.get("preset", "all")
                return await self._looks.tasks(preset, query.get("zone"), query.get("search", ""), limit)
            case ["tasks", task_id]:
                return await self._looks.task(unquote(task_id))
            case ["schedules"]:
                return await listed(self.stepper.state, self.now, await self._reads.left_out())
            case ["left-out"]:
                return await self._looks.left_out(query.get("schedule"), int(query.get("limit", 20)))
        raise Unavailable(404, "not_offline", f"the journal knows nothing of {asked.path[:60]}", HINT)

    def _status(self) -> Body:
        """As a daemon tells it, without what nobody sees now."""
        body = views.status(self.stepper.state, self.now, [])
        zones = [{**zone, "tasks": [{**task, "for_s": None} for task in zone["tasks"]]} for zone in body["zones"]]
        return {
            **body,
            "offline": True,
            "phase": "not_driven",
            "last_line_at": iso(self.last),
            "up_s": None,
            "zones": zones,
            "outputs": self._outputs(),
            "ready": False,
            "not_ready_because": [WHY],
            "buses": [],
            "centre": None,
        }

    def _channels(self) -> list[Body]:
        """Sensors and outputs with their records; what they show nobody sees."""
        state = self.stepper.state
        return [*views.readings(state, self.now, state.site.sensors), *self._outputs()]

    def _outputs(self) -> list[Body]:
        unseen = {"on": None, "last_on": None, "seen_s": None, "ends_at": None}
        return [{**row, **unseen} for row in views.outputs(self.stepper.state, self.now)]


async def _plainly(reading: Awaitable[Any]) -> Any:
    """A read of the journal: what goes wrong is told by whoever asked."""
    return await reading


def _nameless() -> Site:
    return Site(
        site_id="", name="a house without a readable site file", timezone="UTC", sensors={}, actuators={}, zones={}
    )
