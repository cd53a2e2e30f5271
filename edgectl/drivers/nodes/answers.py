"""What an answer means for the order that it belongs to.

A node that shows its outputs is believed when it shows them, and only then. Of one that does not, its own words are all
there is: between ACK and DONE it runs, after the DONE of an OFF it does not. One that knows no OFF ends each run by
itself: there time is the proof.
"""

import re
from collections.abc import Collection, Mapping

from edgectl.drivers.news import News
from edgectl.drivers.nodes.books import Books, Pending
from edgectl.drivers.nodes.seam import Answer
from edgectl.drivers.nodes.told import Told
from edgectl.drivers.offs import Offs
from edgectl.drivers.purpose import Off, Switch
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import ReadBack, ReplyStatus, Send
from edgectl.model.time import SECOND, Nanos

EARLY: Nanos = SECOND  # a run that is said to be over this long before its end did not run as ordered, or still runs
AFTER_END: Nanos = 30 * SECOND  # how long the DONE of a run is waited for
_OURS = re.compile(r"[oq][0-9a-f]{8}-[0-9]+")


class Answers:
    """Turns answers into replies and read-backs."""

    def __init__(
        self, home: Mapping[str, tuple[Device, str]], shown: Collection[str], news: News, told: Told, offs: Offs
    ) -> None:
        self._home, self._shown = home, shown
        self._news, self._told, self._offs = news, told, offs
        self._said: dict[str, ReadBack] = {}  # of outputs that cannot be looked at: what the node said last
        self._over: dict[str, Nanos] = {}  # when the last run that was ordered of an output is over, at the latest
        self._running_out: dict[str, Nanos] = {}  # outputs that take no OFF: when they are off by themselves

    def left(self, send: Send, now: Nanos) -> None:
        """An order is on its way."""
        if send.on and send.lease is not None:
            self._over[send.actuator] = now + send.lease + AFTER_END

    def run_out(self, now: Nanos) -> None:
        """Outputs that take no OFF, and whose last run is over by now."""
        for actuator in [name for name, at in self._running_out.items() if at <= now]:
            self._ran_out(actuator, now)

    def first(self, pending: Pending, answer: Answer, now: Nanos) -> None:
        """ACK: the node has taken the order. Said twice it means no more."""
        if pending.acked_at is not None:
            return
        pending.acked_at = now
        if isinstance(pending.purpose, Switch):
            send = pending.purpose.send
            pending.until = now + (send.lease or 0) + AFTER_END
            self._told.reply(send, ReplyStatus.ECHO, now, answer.why)
            self._say(send.actuator, send.on, now)

    def last(self, pending: Pending, answer: Answer, now: Nanos) -> None:
        """The last word on an order."""
        if isinstance(pending.purpose, Off):
            self._off(pending, pending.purpose.actuator, answer, now)
        elif isinstance(pending.purpose, Switch):
            self._switch(pending, pending.purpose.send, answer, now)

    def late(self, answer: Answer, books: Books, now: Nanos) -> None:
        """An answer to an order that is over, that nobody here gave, or that was given to somebody else."""
        place, last_word = (answer.device, answer.channel), books.last_word(answer.wire_id)
        evidence = f"{answer.device}.{answer.channel}: {answer.why}"
        if (given := books.given_to(answer.wire_id)) not in (None, place):
            assert given is not None
            why = f"{answer.channel} answers {answer.status.value} to an order that was given to {'.'.join(given)}"
            self._told.news(answer.device, "NODE_MISTRUSTED", {"why": why, "cmd_id": answer.wire_id}, now)
        elif _OURS.fullmatch(answer.wire_id) and last_word in (None, ReplyStatus.TIMEOUT):
            return  # a question or an OFF of an earlier life, or one that has long been repeated
        elif last_word is None:  # of an earlier life, or of nobody: what it says decides nothing in this one
            details = {"cmd_id": answer.wire_id, "status": answer.status.value, "evidence": evidence}
            self._told.news(answer.device, "LATE_REPLY", details, now)
        elif last_word is ReplyStatus.TIMEOUT:
            self._told.stray(answer.wire_id, answer.device, answer.status, now, evidence)
        elif answer.status not in (last_word, ReplyStatus.ECHO):
            # The same again, or an older word that was overtaken, says nothing new; this does.
            details = {"cmd_id": answer.wire_id, "first": last_word.value, "then": answer.status.value}
            self._told.news(answer.device, "NODE_CONTRADICTED", details, now)

    def repeat(self, actuator: str, now: Nanos) -> None:
        """Say again what is known of an output that cannot be looked at."""
        nothing = ReadBack(actuator=actuator, on=None, at=now, evidence="the node does not show its outputs")
        self._news.tell(self._said.get(actuator, nothing))

    def _off(self, pending: Pending, actuator: str, answer: Answer, now: Nanos) -> None:
        if answer.status in (ReplyStatus.DONE, ReplyStatus.NO_EFFECT):
            self._offs.echoed(actuator, now)
            self._say(actuator, False, pending.sent_at)
            return
        if answer.unsigned:
            self._offs.failed(actuator, now)  # the alarm of the node says so, and until when
            return
        if answer.unknown and (over := self._ends_itself(actuator, now)) is not None:
            self._offs.sent(actuator, over)
            if actuator in self._running_out:
                return  # that it takes no OFF was told when it was asked first
            self._running_out[actuator] = over
        else:
            self._offs.failed(actuator, now)
        details = {"actuator": actuator, "error_code": answer.code or answer.status.value, "evidence": answer.why}
        self._told.news(answer.device, "NODE_REFUSED", details, now)

    def _switch(self, pending: Pending, send: Send, answer: Answer, now: Nanos) -> None:
        if answer.status is not ReplyStatus.DONE:
            self._told.reply(send, answer.status, now, answer.why, answer.code)
            return
        device, channel = self._home[send.actuator]
        runs = send.on and send.lease is not None and device.profile.outlets[channel].timed(inverted=False)
        begun = pending.sent_at if pending.acked_at is None else pending.acked_at
        early = runs and now < begun + (send.lease or 0) - EARLY
        self._told.reply(send, ReplyStatus.DONE, now, answer.why)
        if early:
            details = {"cmd_id": send.cmd_id, "first": "DONE", "after_s": round((now - begun) / SECOND, 1)}
            self._told.news(answer.device, "NODE_CONTRADICTED", {**details, "of_s": (send.lease or 0) / SECOND}, now)
        else:
            self._say(send.actuator, send.on and not runs, now)
            if runs and send.actuator in self._running_out:
                self._ran_out(send.actuator, now)

    def _ends_itself(self, actuator: str, now: Nanos) -> Nanos | None:
        """When an output that takes no OFF is off all the same; None when the node would not end it. Of a run that an
        earlier life ordered it is known how long it may be, and not when it began."""
        device, channel = self._home[actuator]
        outlet = device.profile.outlets[channel]
        if actuator in self._shown or not outlet.timed(inverted=False) or outlet.pulse_max is None:
            return None
        self._over.setdefault(actuator, now + outlet.pulse_max + AFTER_END)
        return max(now, self._over[actuator])

    def _ran_out(self, actuator: str, now: Nanos) -> None:
        self._running_out.pop(actuator)
        self._offs.echoed(actuator, now)
        self._said[actuator] = ReadBack(actuator=actuator, on=False, at=now, evidence="by itself: its last run is over")
        self._news.tell(self._said[actuator])

    def _say(self, actuator: str, on: bool, at: Nanos) -> None:
        if actuator not in self._shown:
            self._said[actuator] = ReadBack(actuator=actuator, on=on, at=at, evidence="by the word of the node")
            self._news.tell(self._said[actuator])
