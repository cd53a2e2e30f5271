"""Which nodes are there, and are they what the site file means?

Only a fresh word tells that a node lives: what the broker keeps may be years old, and ONLINE may lie beside offline.
"""

from collections.abc import Collection, Mapping
from typing import Any

from edgectl.drivers.health import Health
from edgectl.drivers.news import News
from edgectl.drivers.nodes.seam import Answer, Present, Reports
from edgectl.drivers.nodes.told import Told, plain
from edgectl.drivers.nodes.twins import Twins
from edgectl.model.ports import NoCredential
from edgectl.model.time import SECOND, Nanos

WORD_WITHIN: Nanos = 150 * SECOND  # a node says something each minute: two and a half of them without a word
FIRST_WORD: Nanos = 10 * SECOND  # for a node of which the broker keeps a last will
TAKEN_UP = "a file is taken up within seconds, a systemd credential at the next start"
TWO = "two nodes speak under this name: one has to be switched off, or bound under a name of its own"


class Presences:
    """The health of every node of a bus. `outputs` are those that the site file uses, by device."""

    def __init__(
        self, bus: str, health: Mapping[str, Health], outputs: Mapping[str, Collection[str]], news: News, told: Told
    ) -> None:
        self.strangers: dict[str, str] = {}  # device -> why it is not the one that is meant
        self.longest_ms: dict[str, int] = {}  # "device.channel" -> how long the node itself allows
        self._bus, self._health, self._outputs, self._news, self._told = bus, health, outputs, news, told
        self._twins = Twins()
        self._lacks: dict[str, list[str]] = {}  # device -> outputs of the site file that it does not have, once it fits
        self._untold: dict[str, tuple[str, Mapping[str, Any]]] = {}  # device -> what there was no room to tell
        self._deaf: set[str] = set()
        self._unsigned: dict[str, str] = {}  # device -> why nothing can be ordered of it, whatever it says
        self._will: set[str] = set()  # nodes of which the broker keeps a last will and no later word has come
        self._since: Nanos = 0

    def begin(self, now: Nanos) -> None:
        """The broker is there; from now on words count."""
        self._since = now
        self._will.clear()
        self._deaf.clear()
        for health in self._health.values():
            health.misses, health.rest_until = 0, 0

    def alive(self, device: str, now: Nanos, *, answers: bool = False) -> None:
        """A fresh word came. One that is deaf to orders may speak for ever; only an answer makes it well again."""
        health = self._health[device]
        self._will.discard(device)
        health.last_good = now
        if answers:
            health.answered(now)
            self._deaf.discard(device)
        self._well(device, now)

    def deaf(self, device: str, why: str, now: Nanos) -> None:
        """Its orders remain without an answer. They were signed, so that it is no longer the secret."""
        self._deaf.add(device)
        if self._unsigned.pop(device, None) is not None:
            self._news.well(self._health[device], now)
        self.ill(device, why, now)

    def unsigned(self, device: str, missing: NoCredential, now: Nanos) -> None:
        """No order to it can be signed, or it refuses the signature. Told in the place of what was told of it before,
        once for each reason, until it has believed an order. What makes it a stranger is told first."""
        if device in self.strangers or self._unsigned.get(device) == str(missing):
            return
        health = self._health[device]
        self._news.well(health, now)
        self._unsigned[device] = str(missing)
        why = f"{missing}, and a node takes no order that is not signed"
        advice = f"{missing.hint}; {TAKEN_UP}" if missing.hint else ""
        self._news.ill(health, f"{health.device.place(self._bus)}: {why}", now, advice=advice)

    def signature(self, said: Answer, now: Nanos) -> None:
        """What an answer to an order says of its signature. One that wants the time first has not looked at it."""
        device = said.device
        if said.unsigned:
            secret = self._health[device].device.secret
            do = f"write the secret that the node has into the credential {secret}"
            self.unsigned(device, NoCredential(f"it refuses what the credential {secret} signs", do), now)
        elif said.needs is None and self._unsigned.pop(device, None) is not None:
            self._well(device, now)

    def _well(self, device: str, now: Nanos) -> None:
        if device not in self.strangers and device not in self._deaf and device not in self._unsigned:
            self._news.well(self._health[device], now)

    def came_or_went(self, said: Present, now: Nanos) -> bool:
        """True when a node is freshly there, and its outputs may be other ones than before."""
        if said.retained:
            if not said.online:
                self._will.add(said.device)
            return False
        if said.online:
            self.alive(said.device, now)
            return True
        self.ill(said.device, said.why, now)
        return False

    def reported(self, said: Reports, now: Nanos) -> None:
        """What the node has. One that is not the node of the site file is not believed until it reports anew."""
        device = said.device
        for full in [full for full in self.longest_ms if full.startswith(f"{device}.")]:
            del self.longest_ms[full]
        for channel, longest in said.longest_ms.items():
            self.longest_ms[f"{device}.{channel}"] = longest
        if said.wrong:
            self._differs(device, said.wrong, now)
        elif not self._twins.sure(device):
            self._fits(device, said, now)

    def beats(self, device: str, uptime_s: int, now: Nanos) -> None:
        """A heartbeat. Two nodes under one name both do what one is told, so neither is told anything."""
        if self._twins.heard(device, uptime_s, now):
            self._differs(device, TWO, now)

    def taken(self, device: str, now: Nanos) -> bool:
        """True while a node of this name is there: another one is not given its place."""
        health = self._health.get(device)
        if health is None or health.down or health.last_good is None:
            return False
        return now - health.last_good < WORD_WITHIN

    def _differs(self, device: str, why: str, now: Nanos) -> None:
        self.strangers[device] = why
        self._say(device, "NODE_DIFFERS", {"why": why}, now)
        self.ill(device, why, now)

    def _fits(self, device: str, said: Reports, now: Nanos) -> None:
        before = self._lacks.get(device)
        lacks = sorted(set(self._outputs.get(device, ())) - said.outputs) if said.outputs is not None else before or []
        self._lacks[device] = lacks
        if self.strangers.pop(device, None) is not None or lacks != before:
            self._say_fit(device, now)
        self.alive(device, now)

    def _say_fit(self, device: str, now: Nanos) -> None:
        """It is the node that is meant; only one that has all its outputs ends the alarm. The first report of a life
        says so too: the alarm may be of the life before."""
        if lacks := self._lacks.get(device):
            self._say(device, "NODE_LACKS", {"outputs": lacks}, now)
        else:
            self._say(device, "NODE_FITS", {}, now)

    def _say(self, device: str, what: str, details: Mapping[str, Any], now: Nanos) -> None:
        """The last of these makes the alarm or ends it, so that it waits for room and is not left out."""
        self._untold.pop(device, None)
        if not self._told.news(device, what, details, now, until_told=True):
            self._untold[device] = (what, details)

    def watch(self, now: Nanos) -> None:
        """Who has not said a word for too long? And whose double has gone?"""
        for device in self._twins.gone(now):
            if self.strangers.get(device) == TWO:
                del self.strangers[device]
                self._say_fit(device, now)
        for device, (what, details) in list(self._untold.items()):
            self._say(device, what, details, now)
        for name, health in self._health.items():
            last = self._since if health.last_good is None else max(self._since, health.last_good)
            if not health.down and now - last >= (FIRST_WORD if name in self._will else WORD_WITHIN):
                why = "the broker keeps its last will" if name in self._will else "not a word"
                self.ill(name, f"silent for {(now - last) // SECOND} s ({why})", now)

    def ill(self, device: str, why: str, now: Nanos) -> None:
        """A node cannot be relied on."""
        health = self._health[device]
        self._news.ill(health, f"{health.device.place(self._bus)}: {plain(why)}", now)
