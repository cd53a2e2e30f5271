"""A person's question on a bus that a daemon drives: it takes what time the bus has left, one frame at a time.

It waits for orders, for every OFF that is due, and for each read that is due and had no turn since the last guest; an
OFF waits for it as long as for any other frame on the wire. In the instant in which it would leave it is asked whether
it still may. What did not leave is told from what nobody answered.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused, Request
from edgectl.drivers.framing import LONGEST_HEARD, Framing
from edgectl.drivers.talk import NoReply
from edgectl.drivers.wiring import Bus
from edgectl.model.hands import Kept
from edgectl.model.time import MS, SECOND, Nanos

THINKS: Nanos = 300 * MS  # a device that nobody knows yet
CHECKSUM = 2  # behind an answer on a shared line
WAITS: Nanos = 5 * SECOND  # for the line to be free
LOOKS: Nanos = 20 * MS  # whether it is
NO_ROOM = Kept(why=f"the bus had no moment free within {WAITS // SECOND} s")

MayLeave = Callable[[], Kept | None]


def patience(bus: Bus, unit: int) -> Nanos:
    """How long an answer may take, and the line rests where none came: no shorter than the owner waits for this device.
    A unit that the bus does not know may be any of its devices at a new address."""
    slowest = {device.unit: device.profile.turnaround for device in bus.devices}
    return max(bus.timeout, THINKS, 3 * slowest.get(unit, max(slowest.values(), default=0)))


class NotLeft(Exception):
    """The question did not leave, and why."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept.why)
        self.kept = kept


@dataclass(slots=True, kw_only=True)
class Guest:
    """One question, from when it is asked to its answer."""

    request: Request
    framing: Framing
    answer: asyncio.Future[bytes]
    gives_up: Nanos
    may_leave: MayLeave
    kept: Kept = NO_ROOM  # why it has not left yet
    deadline: Nanos | None = None  # set when it has left
    frame: bytes = b""
    heard: bytes = b""
    said: bytes = b""  # the answer

    def stays(self, now: Nanos) -> bool:
        """Asked while the line is free: is it kept? One that no waiting helps is over."""
        kept = self.may_leave()
        if kept is None:
            return False
        self.kept = kept
        if kept.for_good:
            self.gives_up = now
        return True

    def leave(self, now: Nanos, patience: Nanos) -> bytes:
        """The bytes that leave now."""
        air = self.framing.air_time(len(self.request.pdu) + 3 + self.request.reply_length + 3)
        self.deadline = now + air + self.framing.silence + patience
        self.frame = self.framing.frame(self.request)
        return self.frame

    def hear(self, data: bytes) -> bool:
        """Bytes came; True when the question is answered by them."""
        self.heard = (self.heard + data)[-LONGEST_HEARD:]
        try:
            if (pdu := self.framing.reply(self.request, self.heard)) is None:
                return False
        except DeviceRefused as refused:
            self.said = refused.reply
            self._fail(refused)
            return True
        self.said = pdu
        if not self.answer.done():
            self.answer.set_result(pdu)
        return True

    @property
    def beside(self) -> bytes:
        """What came and is neither its own words, which an adapter may hear, nor their answer."""
        heard = self.heard.replace(self.frame, b"")
        if not self.said:
            return heard
        before, _, behind = heard.partition(bytes([self.request.unit]) + self.said)
        return before + behind[CHECKSUM:]

    def give_up(self) -> None:
        """It never left, or nothing believable came in its time."""
        if self.deadline is None:
            self._fail(NotLeft(self.kept))
        else:
            self._fail(BadReply("no believable reply", self.heard) if self.heard else NoReply("no reply", b""))

    def lose(self, error: Exception) -> None:
        """The line is gone."""
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
