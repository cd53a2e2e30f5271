"""What the centre asks for, one request after the other, in the order in which it was asked."""

from typing import Protocol

from edgectl.model.ask import Ask
from edgectl.sync.seam import Session


class Desk(Protocol):
    """Where requests are answered: the control loop, behind its inbox."""

    async def answer(self, ask: Ask) -> bool:
        """Its answer is on the disk when this returns True, now or from an earlier delivery. False: not now; it stays
        with the centre and is asked again."""


async def hear(session: Session, desk: Desk) -> int:
    """Have everything answered that waits at the centre. Returns how many were; their answers are in the timeline."""
    answered = 0
    for ask in await session.asks():
        answered += await desk.answer(ask)
    return answered
