"""The picture of the site on a broker for Home Assistant, kept fresh. It hears nothing, so nobody orders by it.

Two rules. A value is told once for each reading and is not retained, so that what Home Assistant shows is never older
than what may be believed here. And the broker says by our testament that we are gone.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable

from edgectl import __version__
from edgectl.daemon import discovery
from edgectl.daemon.telling_mqtt import Link
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.nodes.seam import Publish
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.model.channel import Reading
from edgectl.model.time import SECOND, Nanos, Now

LOG = logging.getLogger("edgectl")
SHORTEST, LONGEST = SECOND, 5 * SECOND  # between two looks
OUTPUT_SEEN_WITHIN: Nanos = 10 * SECOND
REST_S = (1.0, 5.0, 30.0)


def testament(site: str) -> Publish:
    """What the broker says for us when we have gone without a word."""
    return Publish(topic=f"{discovery.root(site)}/alive", payload=discovery.DEAD.encode(), retain=True)


class Mirror:
    """A connection of its own: the nodes of the house wait for none of it."""

    def __init__(self, link: Link, prefix: str, state: Callable[[], State], now: Callable[[], Now]) -> None:
        self._link, self._prefix, self._state, self._now = link, prefix, state, now
        self._told: dict[str, object] = {}  # topic -> what was told there: the instant of a reading, or a state
        self._lost = asyncio.Event()
        self._why = ""

    async def run(self) -> None:
        """Keep the picture fresh, until cancelled. A broker that is not there is tried again."""
        tries = 0
        try:
            while True:
                try:
                    self._lost.clear()
                    await self._link.open((), _ignore, self._gone)
                    tries = 0
                    await self._converse()
                except LinkDown as down:
                    self._why = str(down)
                if not tries:
                    # Nobody is woken for it: alarms have ways of their own, and this is only a picture.
                    LOG.warning("Home Assistant sees nothing: %s", self._why, extra={"action": "MIRROR_LOST"})
                await asyncio.sleep(REST_S[min(tries, len(REST_S) - 1)])
                tries += 1
        finally:
            self._link.publish(testament(self._state().site.site_id))
            self._link.close()

    async def _converse(self) -> None:
        site, self._told = self._state().site, {}
        tick = tick_of(min((sensor.max_age for sensor in site.sensors.values()), default=LONGEST))
        body = json.dumps(discovery.describe(site, __version__, tick), ensure_ascii=False).encode()
        self._link.publish(Publish(topic=discovery.topic(site.site_id, self._prefix), payload=body, retain=True))
        alive = Publish(topic=f"{discovery.root(site.site_id)}/alive", payload=discovery.ALIVE.encode(), retain=True)
        self._link.publish(alive)
        while not self._lost.is_set():
            for message in news(self._state(), self._now(), self._told):
                self._link.publish(message)
            try:
                async with asyncio.timeout(tick / SECOND):
                    await self._lost.wait()
            except TimeoutError:
                continue
        self._link.close()

    def _gone(self, why: str) -> None:
        self._why = why or "the broker closed the connection"
        self._lost.set()


def tick_of(shortest: Nanos) -> Nanos:
    """How often to look: a quarter of the shortest freshness, within reason."""
    return min(max(shortest // 4, SHORTEST), LONGEST)


def news(state: State, now: Now, told: dict[str, object]) -> list[Publish]:
    """What has not been told yet. `told` is brought up to date."""
    base, draft = discovery.root(state.site.site_id), Draft(state, now)
    found: list[tuple[str, object, str]] = []
    for name in state.site.sensors:
        reading = draft.read(name)
        if isinstance(reading, Reading):  # what cannot be believed here is not shown there: it expires
            found.append((f"{base}/sensor/{name}", reading.at, f"{reading.value:.6g}"))
    for name, seen in state.seen.items():
        if name in state.site.actuators and now.mono - seen.at <= OUTPUT_SEEN_WITHIN:
            found.append((f"{base}/output/{name}", (seen.at, seen.on), discovery.ON if seen.on else discovery.OFF))
    needed = any(alarm.active and alarm.acknowledged_by is None for alarm in state.alarms.values())
    found.append((f"{base}/needs_you", needed, discovery.ON if needed else discovery.OFF))
    fresh = [(topic, mark, text) for topic, mark, text in found if told.get(topic) != mark]
    told.update({topic: mark for topic, mark, _ in fresh})
    # Whether somebody is needed changes seldom, and is true as long as we live: whoever comes later is to know it.
    keep = f"{base}/needs_you"
    return [Publish(topic=topic, payload=text.encode(), retain=topic == keep) for topic, _, text in fresh]


def _ignore(_: Iterable[object]) -> None:
    """We asked to hear nothing."""
