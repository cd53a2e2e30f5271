"""What a bus owner wants from one exchange on the wire."""

from dataclasses import dataclass
from enum import IntEnum

from edgectl.drivers.languages.seam import Question
from edgectl.drivers.purpose import Purpose
from edgectl.drivers.wiring import Device
from edgectl.model.inputs import Send
from edgectl.model.quick import quick
from edgectl.model.time import Nanos


class Lane(IntEnum):
    """Who goes first."""

    SAFE = 0
    CONTROL = 1
    POLL = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Exchange:
    """One question with what it is for. `label` is what the monitor calls it."""

    lane: Lane
    device: Device
    purpose: Purpose
    question: Question
    label: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """An exchange whose bytes have left."""

    exchange: Exchange
    frame: bytes
    sent_at: Nanos
    deadline: Nanos


def past(order: Send, epoch: int) -> str:
    """Why an order is not carried any more."""
    return f"it was decided in epoch {order.epoch} of the lease, and epoch {epoch} has begun"
