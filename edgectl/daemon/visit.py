"""One person's stay on a driven bus: what was asked, what the next question waits for, and what was found so far.

The tools that ask work in a thread, one question after the other; each goes through the loop to the owner of the bus.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edgectl.api.house import Body
from edgectl.drivers import discover
from edgectl.drivers.codecs.modbus import Request
from edgectl.drivers.guest import WAITS, MayLeave, NotLeft
from edgectl.drivers.line import BusTask
from edgectl.model.hands import Kept
from edgectl.model.time import SECOND, Nanos

ANSWER_WITHIN_S = 60.0  # everything that one person asks at a time, the waiting that was allowed apart
TOO_LONG = Kept(why=f"it took longer than {ANSWER_WITHIN_S:g} s", for_good=True)
GONE = Kept(why="whoever asked has gone", for_good=True)


@dataclass(slots=True, kw_only=True)
class Visit:
    """How far it is. `wait_s` is for how long a person lets questions wait for a rest of the bus, all in all."""

    unit: int
    wait_s: int = 0
    asked: int = 0
    kept: Kept | None = None  # why the next question does not leave yet
    so_far: Body | None = None
    over: bool = False


class VisitedLine:
    """The bus as a tool in a thread asks over it."""

    def __init__(self, task: BusTask, visit: Visit, may_leave: MayLeave, mono: Callable[[], Nanos]) -> None:
        self._task, self._loop, self._visit = task, asyncio.get_running_loop(), visit
        self._may_leave, self._mono = may_leave, mono
        self._within_s = ANSWER_WITHIN_S + visit.wait_s
        self._began = mono()
        self._gone = False
        self._asking: asyncio.Task[bytes] | None = None

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises BadReply, NotLeft and LinkDown."""
        return asyncio.run_coroutine_threadsafe(self._exchange(request), self._loop).result(self._within_s)

    def identify(self) -> Body:
        """What the unit is. What is known of it stands in the visit after each answer."""
        for found in discover.growing(self, self._task.owner.bus.kind, self._visit.unit):
            self._visit.so_far = discover.body(found)
        assert self._visit.so_far is not None
        return self._visit.so_far

    def leave(self) -> None:
        """Nobody wants to know any more: what has not left does not leave."""
        self._gone = True
        if self._asking is not None:
            self._asking.cancel()

    async def _exchange(self, request: Request) -> bytes:
        spent = self._mono() - self._began
        if self._gone or spent > round(self._within_s * SECOND):
            raise NotLeft(GONE if self._gone else TOO_LONG)
        self._asking = asyncio.current_task()
        try:
            return await self._task.exchange(request, self._leaves, max(WAITS, self._visit.wait_s * SECOND - spent))
        finally:
            self._asking = None

    def _leaves(self) -> Kept | None:
        self._visit.kept = kept = self._may_leave()
        self._visit.asked += kept is None
        return kept
