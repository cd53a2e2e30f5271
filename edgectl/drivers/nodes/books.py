"""The orders that nodes have not answered for good, and the last ones that they have.

Two rules. The first last word of a node counts; whatever it says afterwards to the same order is a contradiction or a
repetition. Everything here has a bound: a node that never answers costs one entry until its time is over.
"""

from collections import OrderedDict
from dataclasses import dataclass

from edgectl.drivers.purpose import Off, Switch
from edgectl.model.inputs import ReplyStatus
from edgectl.model.time import Nanos

MOST_OPEN = 512
MOST_ENDED = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question for the state of all outputs of a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """An order to measure."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """One order on its way. `until` is when its silence is an answer too."""

    wire_id: str
    device: str
    channel: str
    purpose: Off | Switch | Ask | Wake
    sent_at: Nanos
    until: Nanos
    acked_at: Nanos | None = None


class Books:
    """Orders by the id that they bear on the wire."""

    def __init__(self) -> None:
        self._open: dict[str, Pending] = {}
        self._ended: OrderedDict[str, tuple[ReplyStatus, str, str]] = OrderedDict()

    @property
    def full(self) -> bool:
        """True when no further order may be entered."""
        return len(self._open) >= MOST_OPEN

    def enter(self, pending: Pending) -> None:
        """An order left."""
        self._open[pending.wire_id] = pending

    def find(self, wire_id: str, device: str, channel: str) -> Pending | None:
        """The open order that an answer from this place belongs to."""
        found = self._open.get(wire_id)
        return found if found is not None and (found.device, found.channel) == (device, channel) else None

    def close(self, pending: Pending, status: ReplyStatus) -> None:
        """The last word on an order."""
        self._open.pop(pending.wire_id, None)
        self._ended[pending.wire_id] = status, pending.device, pending.channel
        while len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def last_word(self, wire_id: str) -> ReplyStatus | None:
        """How an order of this life ended."""
        return None if (ended := self._ended.get(wire_id)) is None else ended[0]

    def given_to(self, wire_id: str) -> tuple[str, str] | None:
        """Device and channel of an order of this life, open or not."""
        if (found := self._open.get(wire_id)) is not None:
            return found.device, found.channel
        return None if (ended := self._ended.get(wire_id)) is None else ended[1:]

    def asking(self, device: str) -> bool:
        """True while a question to a node is open."""
        return any(isinstance(p.purpose, Ask) and p.device == device for p in self._open.values())

    def overdue(self, now: Nanos) -> list[Pending]:
        """Orders whose time is over."""
        return [pending for pending in self._open.values() if pending.until <= now]

    def all(self) -> list[Pending]:
        """Every open order."""
        return list(self._open.values())

    def wakes(self) -> list[Nanos]:
        """When silence becomes an answer."""
        return [pending.until for pending in self._open.values()]
