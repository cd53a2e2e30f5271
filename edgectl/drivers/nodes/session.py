"""The one task of one MQTT bus: it keeps the connection, carries messages, and acknowledges them when it may.

An answer or an event is acknowledged when the engine has written down what it means; until then a kill gives it back.
Everything else is acknowledged at once: a reading is good for seconds.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from edgectl.drivers.line import Alarm
from edgectl.drivers.links.mqtt import Inbound, MqttLink
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.nodes.owner import NodeOwner
from edgectl.model.inputs import AskState, Input, MakeSafe, Send
from edgectl.model.time import MS, SECOND, Nanos, Now

FIRST_REOPEN: Nanos = 250 * MS
LONGEST_REOPEN: Nanos = 2 * SECOND
# Two of one name throw each other out of a broker: a connection that ends sooner is not opened again at once, and after
# so many of them in a row that is what is said.
LASTED: Nanos = 10 * SECOND
SHORT = 3
# A broker sends about twenty messages before it waits for us. A disk that does not answer must not fill them all up:
# then the proof that an output is off could not come in any more.
MOST_HELD = 12


class Deliver(Protocol):
    """Takes an input to the engine; `then` is called when what was decided on it is on the disk."""

    def __call__(self, item: Input, then: Callable[[], None] | None = None) -> None:
        """One input."""


class NodeTask:
    """Runs one MQTT bus. `now` reads both clocks, `alarm` makes a fine timer, `may_speak` is asked before anything
    leaves."""

    def __init__(
        self,
        owner: NodeOwner,
        link: MqttLink,
        *,
        now: Callable[[], Now],
        deliver: Deliver,
        alarm: Callable[[Callable[[], None]], Alarm],
        may_speak: Callable[[Nanos], bool] = lambda _: True,
    ) -> None:
        self.owner = owner
        self.up = False
        self.reason = "not opened yet"
        self.unheld = 0  # messages that were acknowledged before they were on the disk
        self._link = link
        self._now = now
        self._deliver = deliver
        self._may_speak = may_speak
        self._alarm = alarm(self._pump)
        self._held: dict[int, None] = {}
        self._lost = asyncio.Event()
        self._opened: Nanos = 0
        self._short = 0  # connections in a row that did not last

    def take(self, effect: Send | MakeSafe | AskState) -> None:
        """Carry an effect. An OFF leaves before this returns."""
        self.owner.take(effect, self._now().mono)
        self._pump()

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        wait = FIRST_REOPEN
        try:
            while not _cancelled():
                if not self._may_speak(self._now().mono):
                    self._down("this controller does not lead")
                    await asyncio.sleep(LONGEST_REOPEN / SECOND)
                    continue
                try:
                    self._lost.clear()
                    self._held.clear()
                    await self._link.open(self.owner.speaks.subscriptions, self._on_message, self._on_lost)
                except LinkDown as down:
                    self._down(str(down))
                    await asyncio.sleep(wait / SECOND)
                    wait = min(2 * wait, LONGEST_REOPEN)
                    continue
                if _cancelled():
                    break
                self.up, self.reason, self._opened = True, "", self._now().mono
                self.owner.link(True, self._opened, forgot=self._link.forgot)
                self._pump()
                await self._lost.wait()
                self._link.close()
                wait = min(2 * wait, LONGEST_REOPEN) if self._short else FIRST_REOPEN
                await asyncio.sleep(wait / SECOND)
        finally:
            self._link.close()
            self._alarm.cancel()

    def _on_message(self, message: Inbound) -> None:
        remember = self.owner.hear(message.topic, message.payload, retained=message.retained, now=self._now())
        items, ticket = self.owner.news(), message.ticket
        if ticket is not None and not (remember and items):
            self._link.acknowledge(ticket)
        elif ticket is not None:
            self._hold(ticket)
        for item in items[:-1]:
            self._deliver(item)
        for item in items[-1:]:
            self._deliver(item, None if ticket is None or not remember else partial(self._release, ticket))
        self._pump()

    def _hold(self, ticket: int) -> None:
        self._held[ticket] = None
        while len(self._held) > MOST_HELD:
            self.unheld += 1
            self._release(next(iter(self._held)))

    def _release(self, ticket: int) -> None:
        if ticket in self._held:
            del self._held[ticket]
            self._link.acknowledge(ticket)

    def _on_lost(self, why: str) -> None:
        self._short = 0 if self._now().mono - self._opened >= LASTED else self._short + 1
        if self._short >= SHORT:
            why = f"{why}, as soon as it is open: does somebody else come to the broker as {self._link.identifier}?"
        self._down(why)
        self._lost.set()

    def _down(self, why: str) -> None:
        self.up, self.reason = False, why
        self.owner.link(False, self._now().mono, why)
        self._pump()

    def _pump(self) -> None:
        """Let the owner do what can be done now, and come back when it can do more."""
        now = self._now()
        if self.up and not self._may_speak(now.mono):
            self._on_lost("this controller leads no more")  # not one order more: somebody else may lead by now
            return
        for message in self.owner.step(now, room=self._link.room):
            self._link.publish(message)
        for item in self.owner.news():
            self._deliver(item)
        wake = self.owner.wake_at(now.mono)
        if wake is None:
            self._alarm.cancel()
        else:
            self._alarm.set(wake, seldom=True)  # a node speaks before it is missed, and answers before it is late


def _cancelled() -> bool:
    """A wait that ends in the instant in which this is cancelled hides that it was."""
    own = asyncio.current_task()
    return own is not None and own.cancelling() > 0
