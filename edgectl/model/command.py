"""One order to one actuator, and the only ways its state may move.

Two rules. A command is journaled before its bytes leave. Only DONE confirms, and only the hardware says DONE.
"""

from dataclasses import dataclass
from enum import StrEnum

from edgectl.model.quick import quick
from edgectl.model.time import Nanos


class Order(StrEnum):
    """What is asked of the output."""

    ON = "on"
    OFF = "off"


class CommandState(StrEnum):
    """Spelled the same in journal, interface and metrics."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    ACK = "ACK"
    DONE = "DONE"
    NO_EFFECT = "NO_EFFECT"
    BUSY = "BUSY"
    INVALID = "INVALID"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    SEND_FAILED = "SEND_FAILED"


_ENDS = frozenset(
    {
        CommandState.DONE,
        CommandState.NO_EFFECT,
        CommandState.BUSY,
        CommandState.INVALID,
        CommandState.ERROR,
        CommandState.TIMEOUT,
        CommandState.SEND_FAILED,
    }
)
NEVER_LEFT = frozenset({CommandState.QUEUED, CommandState.SEND_FAILED})
_FAILURES = _ENDS - {CommandState.DONE}

COMMAND_MOVES: dict[CommandState, frozenset[CommandState]] = {
    CommandState.QUEUED: frozenset({CommandState.SENT}) | _FAILURES,
    CommandState.SENT: frozenset({CommandState.ACK}) | _FAILURES,
    CommandState.ACK: _ENDS,
    **{end: frozenset() for end in _ENDS},
}


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order with its life. `lease` is how long an ON may last at the very most; the order itself carries it."""

    cmd_id: str
    task_id: str | None
    zone: str | None
    stage: str
    actuator: str
    order: Order
    lease: Nanos | None
    queued_at: Nanos  # mono
    not_after: Nanos  # mono: the driver drops it later than this
    epoch: int = 0  # of the lease under which it was decided; 0 where no other controller can lead
    state: CommandState = CommandState.QUEUED
    sent_at: Nanos | None = None
    ack_at: Nanos | None = None  # echo received
    asked_at: Nanos | None = None  # the last time its effect was asked for
    seen_at: Nanos | None = None  # read back in the wanted state
    ended_at: Nanos | None = None
    evidence: str = ""
    counted_before: float | None = None  # ml, by the pump's own counter, when the order was made
    running_since: Nanos | None = None  # of a pump that was handed on as it ran: when its first order was echoed

    @property
    def moves_since(self) -> Nanos | None:
        """Since when what it drives should be moving something; None before its echo."""
        return self.ack_at if self.running_since is None else self.running_since

    @property
    def terminal(self) -> bool:
        """True once nothing more can happen to it."""
        return self.state in _ENDS
