"""The one task of one bus: it opens the line, keeps it open, and carries bytes between it and the owner."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.framing import framing_for
from edgectl.drivers.guest import LOOKS, WAITS, Guest, MayLeave, patience
from edgectl.drivers.languages.modbus import Modbus
from edgectl.drivers.links.rtu import RtuLink
from edgectl.drivers.links.seam import Link, LinkDown
from edgectl.drivers.links.tcp import TcpLink
from edgectl.drivers.wiring import Bus, SerialLine
from edgectl.model.inputs import AskState, Input, MakeSafe, Send
from edgectl.model.time import MS, SECOND, Nanos

FIRST_REOPEN = 250 * MS
LONGEST_REOPEN = 2 * SECOND
DEAF_AFTER = 12  # time-outs in a row on a connection that may be half open


def link_of(bus: Bus) -> Link:
    """The line that a bus needs."""
    wire = bus.wire
    return RtuLink(wire) if isinstance(wire, SerialLine) else TcpLink(wire)


class Alarm(Protocol):
    """A timer finer than the loop's own, which counts in milliseconds: a silence on the wire is shorter."""

    def set(self, at: Nanos, *, seldom: bool = False) -> None:
        """Ring at this monotonic instant. `seldom`: most likely something else comes first."""

    def cancel(self) -> None:
        """Do not ring."""


class BusTask:
    """Runs one bus. `mono` reads the clock, `deliver` takes the news to the inbox, `alarm` makes a fine timer, and
    `may_speak` is asked in the instant in which bytes leave."""

    def __init__(
        self,
        owner: BusOwner,
        link: Link,
        *,
        mono: Callable[[], Nanos],
        deliver: Callable[[Input], None],
        alarm: Callable[[Callable[[], None]], Alarm] | None = None,
        may_speak: Callable[[Nanos], bool] = lambda _: True,
    ) -> None:
        self.owner = owner
        self.up = False
        self.reason = "not opened yet"
        self._link = link
        self._far = not isinstance(owner.bus.line, SerialLine)  # a connection can be half open, a port cannot
        self._mono = mono
        self._deliver = deliver
        self._may_speak = may_speak
        self._alarm = None if alarm is None else alarm(self._pump)
        self._timer: asyncio.TimerHandle | None = None
        self._lost: asyncio.Event = asyncio.Event()
        self._guests: deque[Guest] = deque()
        self._guest_left: Nanos = 0  # when the last one did: each read that is due goes before the next
        language = owner.language  # its numbers are the guests' too: a late answer is never another's
        self._framing = language.framing if isinstance(language, Modbus) else framing_for(owner.bus.wire)

    def take(self, effect: Send | MakeSafe | AskState) -> None:
        """Carry an effect. The bytes of an OFF leave before this returns, if the bus is idle."""
        self.owner.take(effect, self._mono())
        self._pump()

    async def exchange(self, request: Request, may_leave: MayLeave = lambda: None, waits: Nanos = WAITS) -> bytes:
        """The reply to a person's question, which waits so long for a free line. `may_leave` is asked in the instant
        in which it would leave. Raises NotLeft, BadReply, DeviceRefused among them, and LinkDown."""
        if not self.up:
            raise LinkDown(self.reason)
        gives_up = self._mono() + waits
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        guest = Guest(request=request, framing=self._framing, answer=answer, gives_up=gives_up, may_leave=may_leave)
        self._guests.append(guest)
        self._pump()
        try:
            return await answer
        finally:
            if guest.deadline is None and guest in self._guests:
                self._guests.remove(guest)  # whoever asked has gone before it left

    async def run(self) -> None:
        """Keep the line open until cancelled."""
        wait = FIRST_REOPEN
        try:
            while True:
                if not self._may_speak(self._mono()):
                    self._down("this controller does not lead")
                    await asyncio.sleep(LONGEST_REOPEN / SECOND)
                    continue
                try:
                    self._lost.clear()
                    await self._link.open(self._on_bytes, self._on_lost)
                except LinkDown as down:
                    self._down(str(down))
                    await asyncio.sleep(wait / SECOND)
                    wait = min(2 * wait, LONGEST_REOPEN)
                    continue
                wait = FIRST_REOPEN
                self.up, self.reason = True, ""
                self.owner.link(True, self._mono())
                self._pump()
                await self._lost.wait()
                self._link.close()
                await asyncio.sleep(wait / SECOND)
        finally:
            self._link.close()
            self._disarm()

    def _on_bytes(self, data: bytes) -> None:
        now = self._mono()
        if not self._guests or (guest := self._guests[0]).deadline is None:
            self.owner.hear(data, now)
        else:
            self.owner.log.received(data, now)
            if guest.hear(data):
                self._guests.popleft()
                self.owner.lent(now, 0, guest.beside)
        self._pump()

    def _on_lost(self, why: str) -> None:
        self._down(why)
        self._lost.set()

    def _down(self, why: str) -> None:
        self.up, self.reason = False, why
        while self._guests:
            self._guests.popleft().lose(LinkDown(why))
        self.owner.link(False, self._mono(), why)
        self._pump()

    def _pump(self) -> None:
        """Let the owner do what can be done now, and come back when it can do more."""
        now = self._mono()
        if self.up and not self._may_speak(now):
            # Somebody else may lead by now. Not one byte more, not even an OFF: its outputs are not ours to touch.
            self._on_lost("this controller leads no more")
            return
        frame = self._next(now)
        if frame is not None:
            self._link.write(frame)
        for item in self.owner.news():
            self._deliver(item)
        if self.up and self._far and self.owner.log.unanswered >= DEAF_AFTER:
            self.owner.log.unanswered = 0
            self._on_lost(f"{DEAF_AFTER} requests in a row without an answer: the connection is opened anew")
            return
        wake = self.owner.wake_at(now)
        if self._guests:
            looks = now + LOOKS  # and no later than the owner has something to do: an OFF does not wait for a guest
            wake = over if (over := self._guests[0].deadline) is not None else min(looks, wake or looks)
        if wake is None:
            self._disarm()
        elif self._alarm is not None:
            self._alarm.set(wake, seldom=self.owner.awaits)
        else:
            self._disarm()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0, wake - now) / SECOND, self._pump)

    def _next(self, now: Nanos) -> bytes | None:
        """What leaves now."""
        if not self._guests:
            return self.owner.step(now)
        return None if self._away(now) else self._guest_leaves(now) or self.owner.step(now)

    def _away(self, now: Nanos) -> bool:
        """True while the line carries a guest's question. One whose time is over is told so."""
        if not self._guests or (deadline := self._guests[0].deadline) is None:
            return False
        if now < deadline:
            return True
        guest = self._guests.popleft()
        guest.give_up()
        self.owner.lent(now, patience(self.owner.bus, guest.request.unit), guest.beside)
        return False

    def _guest_leaves(self, now: Nanos) -> bytes | None:
        """The question of the first guest, if the owner lends the line. Who waited too long is told so."""
        while self._guests and now >= self._guests[0].gives_up:
            self._guests.popleft().give_up()
        if not self._guests or not self.owner.lends(now, self._guest_left) or self._guests[0].stays(now):
            return None
        self._guest_left = now
        guest = self._guests[0]
        frame = guest.leave(now, patience(self.owner.bus, guest.request.unit))
        self.owner.lend(frame, now)
        return frame

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
