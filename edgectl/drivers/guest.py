"""A person's question on a bus that a daemon drives: it leaves between two of the owner's, one at a time.

It waits for orders and for every OFF that is due, and an OFF waits for it as long as for any other frame on the wire.
"""

import asyncio
from dataclasses import dataclass

from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused, Request
from edgectl.drivers.framing import Framing
from edgectl.drivers.talk import NoReply
from edgectl.model.time import MS, SECOND, Nanos

THINKS: Nanos = 300 * MS  # a device that nobody knows yet
WAITS: Nanos = 5 * SECOND  # for the line to be free
LOOKS: Nanos = 20 * MS  # whether it is


@dataclass(slots=True, kw_only=True)
class Guest:
    """One question, from when it is asked to its answer."""

    request: Request
    framing: Framing
    answer: asyncio.Future[bytes]
    gives_up: Nanos
    deadline: Nanos | None = None  # set when it has left
    heard: bytes = b""

    def leave(self, now: Nanos, timeout: Nanos) -> bytes:
        """The bytes that leave now."""
        air = self.framing.air_time(len(self.request.pdu) + 3 + self.request.reply_length + 3)
        self.deadline = now + air + self.framing.silence + max(timeout, THINKS)
        return self.framing.frame(self.request)

    def hear(self, data: bytes) -> bool:
        """Bytes came; True when the question is answered by them."""
        self.heard += data
        try:
            if (pdu := self.framing.reply(self.request, self.heard)) is None:
                return False
        except DeviceRefused as refused:
            self.fail(refused)
            return True
        if not self.answer.done():
            self.answer.set_result(pdu)
        return True

    def give_up(self) -> None:
        """Nothing believable came in its time."""
        self.fail(BadReply("no believable reply", self.heard) if self.heard else NoReply("no reply", b""))

    def fail(self, error: Exception) -> None:
        """It is over without an answer."""
        if not self.answer.done():
            self.answer.set_exception(error)
