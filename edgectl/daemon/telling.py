"""Alarms on their way to a phone: a loop beside control that sends what is due, and tells when it cannot.

Nothing here can hold control up: a message is sent by a process of its own, with an end to its time, and whatever a
service or a watcher answers is no crash of ours. An outside watcher hears of us only as long as the control loop turns,
and does not wait for a service that hangs.
"""

import asyncio
import contextlib
import http.client
import json
import logging
import sys
import urllib.request
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from edgectl.daemon.control import Control
from edgectl.host.credentials import CredentialMissing, credential
from edgectl.model.inputs import Concern
from edgectl.model.ports import Clock
from edgectl.model.site import Site, Tell
from edgectl.model.time import Nanos
from edgectl.model.timeline import Entry
from edgectl.observe.metrics import Gauge
from edgectl.observe.telling import Message, Telling

LOG = logging.getLogger("edgectl")
LOOK_S = 1.0
SENT_WITHIN_S = 30.0
BEAT_WITHIN_S = 10.0
SOME = 4  # of the services took it
WHY = {
    1: "a service did not take the message",
    2: "the list of services names none",
    3: "the library for it is not installed: pip install 'edgectl[notify]'",
    SOME: "some of the services did not take the message; others did",
}


class AlarmsOut:
    """One life of it. `untold` counts messages that no service took."""

    def __init__(self, site: Site, tell: Tell, control: Control, clock: Clock) -> None:
        self._tell, self._control, self._clock = tell, control, clock
        self._telling = Telling(site.name, ZoneInfo(site.timezone), tell.quiet)
        self._beaten: Nanos | None = None
        self._turns = -1
        self._mute = False
        self.told = 0
        self.untold = 0

    def read(self, entries: Sequence[Entry]) -> None:
        """Committed lines."""
        self._telling.note(entries, self._clock.now().mono)

    async def run(self) -> None:
        """Tell what is due and give signs of life, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._call())
            both.create_task(self._live())

    async def _call(self) -> None:
        while True:
            now = self._clock.now()
            if self._tell.services is not None and (message := self._telling.due(now.mono, now.wall)) is not None:
                await self._send(message, self._tell.services)
            await asyncio.sleep(LOOK_S)

    async def _live(self) -> None:
        while True:
            await self._beat(self._clock.now().mono)
            await asyncio.sleep(LOOK_S)

    def gauges(self) -> list[Gauge]:
        """Its numbers."""
        return [
            Gauge(name="edgectl_messages_told_total", help="Messages that left.", value=self.told, total=True),
            Gauge(name="edgectl_messages_failed_total", help="Tries that failed.", value=self.untold, total=True),
            Gauge(name="edgectl_alarms_waiting", help="Alarms that wait to be told.", value=self._telling.waiting),
        ]

    async def _send(self, message: Message, name: str) -> None:
        code, why = await self._try(message, name)
        mono = self._clock.now().mono
        if code in (0, SOME):
            self.told += 1
            self._telling.told(message, mono)
        else:
            self._telling.failed(mono)
        if why:
            self.untold += 1
            LOG.error("an alarm could not be told: %s%s", why, "" if code == SOME else "; it is tried again")
        if bool(why) != self._mute:
            self._mute = bool(why)
            advice = "look at the list of services and at the network; until then not everybody is called"
            self._control.offer(
                Concern(code="alarm_untold", subject="phone", active=self._mute, message=why, advice=advice)
            )

    async def _try(self, message: Message, name: str) -> tuple[int, str]:
        """Send it. Returns the code of the sender, and why it did not leave, or nothing."""
        try:
            services = await asyncio.to_thread(credential, name)
        except CredentialMissing as missing:
            return 1, f"{missing}; {missing.hint}"
        wish = {
            "services": services,
            "title": message.title,
            "body": message.body,
            "urgent": message.urgent,
            "escalated": message.escalated,
        }
        try:
            code = await _sent(json.dumps(wish).encode())
        except TimeoutError:
            return 1, f"no service took the message within {SENT_WITHIN_S:g} s"
        except OSError as error:  # no process to be had: memory, or their number
            return 1, f"the sender cannot be started: {error.strerror or error}"
        return code, WHY.get(code, "the sender broke off") if code else ""

    async def _beat(self, mono: Nanos) -> None:
        """An outside watcher hears that the control loop turns. When it hears nothing, it calls somebody."""
        name = self._tell.heartbeat
        if name is None or (self._beaten is not None and mono - self._beaten < self._tell.every):
            return
        self._beaten = mono
        if self._control.turns == self._turns:
            return
        self._turns = self._control.turns
        await asyncio.to_thread(beat, name)


async def _sent(wish: bytes) -> int:
    """Let a process of its own send it, and see it off. Raises OSError and TimeoutError."""
    quiet = asyncio.subprocess.DEVNULL  # what a library prints may quote an address with its password
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edgectl.observe.send", stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet
    )
    try:
        async with asyncio.timeout(SENT_WITHIN_S):
            await process.communicate(wish)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
    return code


def beat(name: str, get: Callable[..., object] = urllib.request.urlopen) -> None:
    """One sign of life. That it did not arrive is what the watcher is there to notice."""
    try:
        address = credential(name)
        if not address.startswith(("https://", "http://")):
            LOG.error("the credential %s holds no address of a watcher: it begins with https://", name)
            return
        with contextlib.closing(get(address, timeout=BEAT_WITHIN_S)):  # type: ignore[type-var]
            pass
    except CredentialMissing as missing:
        LOG.error("%s; %s", missing, missing.hint)
    except (OSError, http.client.HTTPException, ValueError) as error:  # also an answer or an address that is none
        LOG.warning("the watcher did not take a sign of life: %s", type(error).__name__)
