"""How much water an output may let through in a day, counted by its commissioned rate and before it flows.

What was entered and did not flow is given back when the output is seen off: the account follows the clock of the relay.
"""

from edgectl.engine.draft import Draft
from edgectl.model.command import Command
from edgectl.model.ledger import DAY
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos


def account(actuator: str) -> str:
    """The ledger of an output's water."""
    return f"litres:{actuator}"


def veto(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why this run would be more than the day allows."""
    cap = actuator.daily
    if cap is None or lease is None:
        return None
    wanted, spent = _litres(cap.l_min, lease), draft.spent(account(actuator.name), DAY)
    if spent + wanted <= cap.litres:
        return None
    return f"{wanted:.1f} L on top of {spent:.1f} L of the last day are more than max_per_day {cap.litres:g} L"


def leaves(draft: Draft, actuator: Actuator) -> Nanos | None:
    """How long a run the day allows still; None where nobody counts."""
    cap = actuator.daily
    if cap is None:
        return None
    return round((cap.litres - draft.spent(account(actuator.name), DAY)) / cap.l_min * 60 * SECOND)


def enter(draft: Draft, actuator: Actuator, lease: Nanos | None) -> None:
    """Put a run into the account, in the decision that lets it out."""
    if actuator.daily is not None and lease is not None:
        draft.spend(account(actuator.name), _litres(actuator.daily.l_min, lease), draft.now.mono)


def give_back(draft: Draft, actuator: Actuator, command: Command, closed: Nanos) -> None:
    """The run ended before its time, or never began."""
    if actuator.daily is None or command.lease is None:
        return
    flowed = 0 if command.ack_at is None else min(command.lease, max(0, closed - command.ack_at))
    rest = command.lease - flowed
    if rest > 0:
        # Dated like the run itself: the two fall out of the day together, and never is there more than the day allows.
        draft.spend(account(actuator.name), -_litres(actuator.daily.l_min, rest), command.queued_at)


def _litres(l_min: float, time: Nanos) -> float:
    return l_min * time / (60 * SECOND)
