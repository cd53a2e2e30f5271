"""Conditions that have to hold for a while: `level < 10 for 5s`. How long each has held is watched in every turn.

Nobody remembers across a start: what has to hold before an order is waited for anew, and an absent value is no excuse.
"""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing
from edgectl.model.site import Condition
from edgectl.model.time import Nanos


def watch(draft: Draft) -> None:
    """Begin and end the time of each condition that asks for one."""
    for condition in draft.state.fixed.lasting:
        reading = draft.read(condition.sensor)
        if isinstance(reading, Missing) or not condition.holds(reading.value):
            draft.forget_since(condition)
        elif draft.now.mono < (whole := draft.since(condition) + condition.lasts):
            draft.wake(whole)


def holds(draft: Draft, condition: Condition, value: float) -> bool:
    """Does it hold now, and has it for as long as it asks?"""
    return condition.holds(value) and held_for(draft, condition) >= condition.lasts


def held_for(draft: Draft, condition: Condition) -> Nanos:
    """How long it has been seen to hold without a break."""
    return draft.now.mono - draft.holding.get(condition, draft.now.mono)
