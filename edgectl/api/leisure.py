"""The time that looking takes from a house that is being driven.

Three rules. No piece of looking begins while an order is on its way or about to be given: the loop is free when the
disk or the bus answers. All who look have a share of the loop together; what nobody used is kept for the next one, so
that whoever comes alone waits for nothing. And no wait is without end: in a house that is never calm a look takes
longer, and comes to its end all the same.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from edgectl.model.time import MS, SECOND, Nanos

T = TypeVar("T")
SHARE = 0.25  # of the loop, for all who look
SPARED: Nanos = 60 * MS  # looking that was not done is kept up to so much
PIECE: Nanos = MS // 2  # less than that is no piece: it only lets others have their turn
LONGEST_PIECE: Nanos = 5 * MS  # one that took longer was held up by the machine, and is not charged for that
CALM_WITHIN: Nanos = 20 * MS
STEP_S = 0.001


class Leisure:
    """Shared by all doors. `busy` says that whoever drives the house needs the loop now, or will in a moment."""

    def __init__(self, busy: Callable[[], bool] = lambda: False, mono: Callable[[], Nanos] = time.monotonic_ns) -> None:
        self.mono, self._busy = mono, busy
        self._left, self._at, self._piece = SPARED, mono(), 0

    async def after(self, spent: Nanos) -> None:
        """Looking has taken so long: whatever else is due has its turn, and one that asks much rests."""
        spent = min(spent, LONGEST_PIECE)
        self._spend(spent)
        self._piece += spent
        if self._piece < PIECE:
            return await asyncio.sleep(0)
        self._piece = 0
        await asyncio.sleep(max(0, -self._left) / SHARE / SECOND)
        patience = self.mono() + CALM_WITHIN
        while self._busy() and self.mono() < patience:  # noqa: ASYNC110  nobody who drives shall have to tell us
            await asyncio.sleep(STEP_S)

    async def pieces(self, items: Sequence[T], at_once: int) -> AsyncIterator[Sequence[T]]:
        """So many at a time; what is done with a piece counts as looking, and whatever else is due has its turn."""
        for at in range(0, len(items), at_once):
            begin = self.mono()
            yield items[at : at + at_once]
            await self.after(self.mono() - begin)

    def _spend(self, spent: Nanos) -> None:
        now = self.mono()
        self._left = min(SPARED, self._left + round((now - self._at) * SHARE)) - spent
        self._at = now
