"""Alarms on a broker, for whoever shows or sounds them there: the whole picture, each thing that happens, and a last
word that the broker says for us when we are gone.

Three topics under `edgectl/SITE`: `alarms` holds every alarm that stands, as one retained message, so that nothing
stale can stay behind; `alarms/event` says what has just happened, once; `alive` is true or false, and false by our
testament.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.nodes.seam import Publish
from edgectl.model.codes.alarms import priority
from edgectl.model.inputs import Concern, Input
from edgectl.model.time import iso
from edgectl.model.timeline import Entry

LOG = logging.getLogger("edgectl")
WAITING = 100  # things that happened while nobody could be told; the picture is whole without them
REST_S = (1.0, 5.0, 30.0)
SILENCE = frozenset({"ALARM_SHELVED", "ALARM_UNSHELVED"})
HEARD = frozenset({"ALARM_RAISED", "ALARM_REPEATED", "ALARM_ESCALATED", "ALARM_CLEARED", "ALARM_ACKNOWLEDGED"})


class Link(Protocol):
    """A connection to a broker."""

    async def open(self, subscriptions: Any, on_message: Any, on_lost: Callable[[str], None]) -> None:
        """Connect. Raises LinkDown."""

    def publish(self, message: Publish) -> bool:
        """Send a message now. False when there is nobody to send it to."""

    def close(self) -> None:
        """Say good-bye."""


def alive_topic(site: str) -> str:
    """Where it stands whether we live."""
    return f"edgectl/{site}/alive"


def testament(site: str) -> Publish:
    """What the broker says for us when we have gone without a word."""
    return Publish(topic=alive_topic(site), payload=b"false", retain=True)


class AlarmsOnBroker:
    """A connection of its own: the nodes of the house wait for none of it."""

    def __init__(
        self, site: str, link: Link, picture: Callable[[], list[dict[str, Any]]], offer: Callable[[Input], None]
    ) -> None:
        self._site, self._link, self._picture, self._offer = site, link, picture, offer
        self._waits: deque[Publish] = deque(maxlen=WAITING)
        self._stirred = asyncio.Event()
        self._lost = ""
        self._mute = False

    def read(self, entries: Sequence[Entry]) -> None:
        """Committed lines."""
        told = [self._event(e) for e in entries if e.event_type in HEARD and not e.details.get("shelved")]
        self._waits.extend(told)
        if any(entry.event_type in HEARD or entry.event_type in SILENCE for entry in entries):
            self._stirred.set()

    async def run(self) -> None:
        """Keep the broker told, until cancelled. A broker that is not there is tried again and is an alarm itself."""
        tries = 0
        try:
            while True:
                try:
                    self._lost = ""
                    await self._link.open((), _ignore, self._gone)
                    self._tell(active=False, why="")
                    tries = 0
                    await self._converse()
                except LinkDown as down:
                    self._lost = str(down)
                if tries:
                    self._tell(active=True, why=self._lost)
                await asyncio.sleep(REST_S[min(tries, len(REST_S) - 1)])
                tries += 1
        finally:
            self._link.publish(testament(self._site))
            self._link.close()

    async def _converse(self) -> None:
        self._link.publish(Publish(topic=alive_topic(self._site), payload=b"true", retain=True))
        self._stirred.set()
        while not self._lost:
            await self._stirred.wait()
            self._stirred.clear()
            while self._waits and self._link.publish(self._waits[0]):
                self._waits.popleft()
            body = json.dumps(self._picture(), ensure_ascii=False).encode()
            self._link.publish(Publish(topic=f"edgectl/{self._site}/alarms", payload=body, retain=True))
        self._link.close()

    def _event(self, entry: Entry) -> Publish:
        alarm = str(entry.details.get("alarm", ""))
        body = {
            "event": entry.event_type,
            "alarm": alarm,
            "priority": priority(alarm.partition(":")[0]),
            "at": iso(entry.wall),
            **{name: entry.details[name] for name in ("message", "advice", "who") if name in entry.details},
        }
        payload = json.dumps(body, ensure_ascii=False).encode()
        return Publish(topic=f"edgectl/{self._site}/alarms/event", payload=payload, retain=False)

    def _gone(self, why: str) -> None:
        self._lost = why or "the broker closed the connection"
        self._stirred.set()

    def _tell(self, *, active: bool, why: str) -> None:
        if active == self._mute:
            return
        self._mute = active
        advice = "look at the broker and the network; until then nobody hears of alarms there"
        self._offer(Concern(code="alarm_untold", subject="broker", active=active, message=why, advice=advice))


def _ignore(_: Iterable[object]) -> None:
    """We asked to hear nothing."""
