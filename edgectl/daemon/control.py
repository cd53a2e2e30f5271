"""The control loop: it drives the stepper with the real clock, the real disk and the real buses.

One turn at a time, one commit in flight. Safe-going effects leave in the turn that decided them; energising ones after
their commit. A commit that fails is tried again once a second; deciding goes on meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Protocol

from edgectl.engine.turn import InboxFull, Stepper
from edgectl.model.inputs import Answer, Carried, Effect, Input, ReserveUsed
from edgectl.model.ports import Clock
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.model.timeline import Batch, Entry

LOG = logging.getLogger("edgectl")
STALL: Nanos = SECOND // 2  # a turn that takes longer, or comes that much too late, is counted
PULSE: Nanos = SECOND  # a turn at least this often, so that progress can be seen from outside
COMMIT_AGAIN_S = 1.0
SOON: Nanos = 2 * MS  # what may take longer than that lets a turn begin first


class Committed(Protocol):
    """What the journal says of a commit that succeeded."""

    @property
    def ballast_freed(self) -> bool:
        """True when it fitted only because a reserve was given up."""

    @property
    def ballast_back(self) -> bool:
        """True when the reserve was looked at and is there."""


class DurableCommit(Protocol):
    """The journal as the loop needs it."""

    def commit(self, batch: Batch) -> Awaitable[Committed]:
        """Begin to write. The batch is on the disk when the end is awaited, which raises with the reason when not."""


class Alarm(Protocol):
    """A timer that is never early."""

    def set(self, at: Nanos) -> None:
        """Call back at this monotonic instant."""


class Refused(Exception):
    """A request that the engine refused, or could not take now."""

    def __init__(self, code: str, body: dict[str, Any]) -> None:
        super().__init__(code)
        self.code, self.body = code, body


class Control:
    """Owns the stepper. Everything that wants something from the engine comes through `offer` or `ask`."""

    def __init__(
        self,
        stepper: Stepper,
        clock: Clock,
        journal: DurableCommit,
        carry: Callable[[Carried], None],
        *,
        on_entries: Callable[[tuple[Entry, ...]], None],
        storage_errors: tuple[type[Exception], ...],
    ) -> None:
        self.stepper = stepper
        self.turns = 0
        self.last_turn: Nanos = 0
        self.dropped = 0
        self.commits = 0
        self.commit_failures = 0
        self.longest_turn: Nanos = 0
        self.stalls = 0
        self._clock = clock
        self._journal = journal
        self._carry = carry
        self._on_entries = on_entries
        self._storage_errors = storage_errors
        self._wake = asyncio.Event()
        self._alarm: Alarm | None = None
        self._tokens = count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._commit: asyncio.Task[None] | None = None
        self._heard: list[Callable[[], None]] = []  # whom to tell: of what waits in the inbox,
        self._decided: list[Callable[[], None]] = []  # of what waits for the next commit,
        self._writing: list[Callable[[], None]] = []  # and of what is being committed
        self._not_before: Nanos = 0
        self._failing = False
        self._broken: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Is an order on its way to the disk or to its device, or a turn about to begin that may give one?"""
        if self._commit is not None or self._wake.is_set():
            return True
        wake = self.stepper.wake_at
        if wake is not None and wake - self._clock.now().mono < SOON:
            return True
        return any(not one.terminal and one.ack_at is None for one in self.stepper.state.commands.values())

    @property
    def asked(self) -> bool:
        """Does somebody wait for an answer?"""
        return bool(self._waiting)

    def wake_by(self, alarm: Alarm) -> None:
        """Use this timer for the instants that the engine waits for."""
        self._alarm = alarm

    def nudge(self) -> None:
        """Something happened: make a turn."""
        self._wake.set()

    def offer(self, item: Input, then: Callable[[], None] | None = None) -> None:
        """Put an input into the inbox. When it overflows the input is dropped and counted: the field reports again.

        `then` is called when everything that was decided on this input is on the disk; never for one that was dropped.
        """
        try:
            self.stepper.offer(item)
            if then is not None:
                self._heard.append(then)
        except InboxFull:
            self.dropped += 1
        if not self.stepper.may_wait(item):
            self._wake.set()

    async def ask(self, make: Callable[[int], Input]) -> Answer:
        """Put a request in and wait for its answer, which comes after the commit that makes it true."""
        token = next(self._tokens)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[token] = waiting
        try:
            self.stepper.offer(make(token))
            self._wake.set()
            return await waiting
        except InboxFull as full:
            raise Refused("busy", {"why": str(full)}) from full
        finally:
            self._waiting.pop(token, None)

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._broken is not None:
                raise self._broken
            self._turn()
            # What a turn causes may come back before it ends: the rest of the process must have its chance too.
            await asyncio.sleep(0)

    async def flush(self) -> None:
        """Wait until everything decided so far is on the disk."""
        while self._commit is not None or self._start_commit():
            if self._commit is not None:
                await asyncio.shield(self._commit)

    def abandon(self, why: str) -> None:
        """Nobody will be answered any more: tell whoever still waits."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Refused("ending", {"why": why}))

    def _turn(self) -> None:
        now = self._clock.now()
        late = now.mono - self.last_turn - PULSE if self.turns else 0
        effects = self.stepper.turn(now)
        heard, self._heard = self._heard, []
        self._decided += heard
        self.turns += 1
        self.last_turn = now.mono
        self._release(effects)
        self._start_commit()
        took = self._clock.now().mono - now.mono
        self.longest_turn = max(self.longest_turn, took)
        self.stalls += max(late, took) > STALL
        if self._alarm is not None:
            wake = self.stepper.wake_at
            self._alarm.set(now.mono + PULSE if wake is None else min(wake, now.mono + PULSE))

    def _start_commit(self) -> bool:
        if self._commit is not None or self._clock.now().mono < self._not_before:
            return False
        batch = self.stepper.next_batch()
        told, self._decided = self._decided, []
        if batch is None:
            _tell(told)
            return False
        self._writing = told
        self._commit = asyncio.create_task(self._do_commit(batch, self._journal.commit(batch)), name="commit")
        return True

    async def _do_commit(self, batch: Batch, written: Awaitable[Committed]) -> None:
        try:
            committed = await written
        except self._storage_errors as error:
            if not self._failing:
                LOG.error("%s; it is tried again every second, and nothing is switched on meanwhile", error)
            self._failing = True
            self.commit_failures += 1
            self.stepper.commit_failed(str(error).splitlines()[0])
            self._decided = [*self._writing, *self._decided]
            self._not_before = self._clock.now().mono + round(COMMIT_AGAIN_S * SECOND)
        except Exception as error:  # noqa: BLE001  our own mistake: the loop ends with it, and the outputs go safe
            self._broken = error
        else:
            self._failing = False
            self.commits += 1
            if committed.ballast_freed or committed.ballast_back:
                self.stepper.offer(ReserveUsed(back=committed.ballast_back))
            self._release(self.stepper.committed(self._clock.now()))
            _tell(self._writing)
            self._on_entries(batch.entries)
        finally:
            self._commit = None
            self._wake.set()

    def _release(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Answer):
                waiting = self._waiting.get(effect.token)
                if waiting is not None and not waiting.done():
                    waiting.set_result(effect)
            else:
                self._carry(effect)


def _tell(whom: list[Callable[[], None]]) -> None:
    for told in whom:
        told()
