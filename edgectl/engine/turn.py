"""The stepper: take, decide, commit, release. The daemon and the simulator drive this same one.

Two laws live here. Energising waits for the disk. Making safe never waits.
At most one commit is in flight; what is decided meanwhile joins the next. It does no I/O itself, so a crash can be put
between any two of its steps.
"""

from collections import deque
from dataclasses import dataclass

from edgectl.engine.decide import decide
from edgectl.engine.state import Decision, Phase, State
from edgectl.model.command import CommandState
from edgectl.model.inputs import DeviceHealth, Effect, ForeignMaster, Input, ReadBack, Samples, Send, Shutdown, Storage
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.model.timeline import Batch, Change, Entry, key_of

INBOX_BOUND = 4096
GAP: Nanos = SECOND  # without a turn: the process was stopped, or nothing was to be done


class InboxFull(Exception):
    """The inbox holds as much as it may; the sender must wait or drop, and say which."""


@dataclass(slots=True)
class _Pending:
    changes: list[Change]
    entries: list[Entry]
    effects: list[Effect]

    @classmethod
    def empty(cls) -> "_Pending":
        return cls([], [], [])


class Stepper:
    """One engine. Owned by one thread or one simulation."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.inbox: deque[Input] = deque()
        self.wake_at: Nanos | None = None
        self._pending = _Pending.empty()
        self._in_flight: _Pending | None = None

    def offer(self, item: Input) -> None:
        """Put one input into the inbox. Raises InboxFull."""
        if len(self.inbox) >= INBOX_BOUND:
            raise InboxFull(f"{INBOX_BOUND} inputs wait for a turn")
        self.inbox.append(item)

    @property
    def idle(self) -> bool:
        """True while nothing is owed and no task reads: then readings can wait for the next turn. A task that asks
        again in a minute, or that waits for a person, reads nothing until then."""
        state = self.state
        return (
            state.phase is Phase.READY
            and not state.eager
            and not any(output.owed_off for output in state.outputs.values())
        )

    def may_wait(self, item: Input) -> bool:
        """May this input wait for the next turn? A reading may while nothing leans on it; strong wind and rain may not
        where they could shut a vent."""
        if not (isinstance(item, Samples | ReadBack) and self.idle):
            return False
        weather = self.state.fixed.weather
        if not weather or isinstance(item, ReadBack):
            return True
        for sample in item.block:
            sensor, least = weather.get(sample.channel, (None, 0.0))
            if sensor is not None and sensor.scaled(sample.value) >= least:
                return False
        return True

    def turn(self, now: Now) -> tuple[Effect, ...]:
        """Take everything that waits, decide once, and return the effects that leave at once."""
        inputs = list(self.inbox)
        self.inbox.clear()
        for item in inputs:
            self._observe(item)
        self._look_at_the_clock(now)
        settling = self.state.phase is Phase.SETTLING
        decision = decide(self.state, inputs, now)
        self._apply(decision)
        if settling and any(entry.event_type == "READY" for entry in decision.entries):
            self.state.phase = Phase.READY
            self.state.strangers = ()
            self.state.unproven.clear()  # what could not be proven is owed an OFF from here on
        self.wake_at = decision.wake_at
        return decision.at_once

    def _look_at_the_clock(self, now: Now) -> None:
        """Has nobody looked for a while? Then what is in the image is of before."""
        state = self.state
        if state.turned_at is not None and now.mono - state.turned_at > GAP:
            state.woke_at = now.mono
        state.turned_at = now.mono

    def next_batch(self) -> Batch | None:
        """What the next commit must hold, or None while one is in flight or nothing waits."""
        if self._in_flight is not None:
            return None
        pending = self._pending
        if not pending.changes and not pending.entries and not pending.effects:
            return None
        self._in_flight, self._pending = pending, _Pending.empty()
        return Batch(changes=_newest(pending.changes), entries=tuple(pending.entries))

    def committed(self, now: Now) -> tuple[Effect, ...]:
        """The batch is on the disk: these effects may leave. What was withdrawn meanwhile is not among them."""
        assert self._in_flight is not None
        effects, self._in_flight = self._in_flight.effects, None
        if not self.state.storage_ok:
            self.offer(Storage(ok=True))
        return tuple(effect for effect in effects if self._still_meant(effect, now))

    def commit_failed(self, reason: str) -> None:
        """The batch is not on the disk. It is kept and tried again; until then nothing dangerous is energised."""
        assert self._in_flight is not None
        failed, self._in_flight = self._in_flight, None
        self._pending = _Pending(
            failed.changes + self._pending.changes,
            failed.entries + self._pending.entries,
            failed.effects + self._pending.effects,
        )
        self.offer(Storage(ok=False, reason=reason))

    def _still_meant(self, effect: Effect, now: Now) -> bool:
        if not isinstance(effect, Send):
            return True
        command = self.state.commands.get(effect.cmd_id)
        return (
            command is not None
            and command.state is CommandState.QUEUED
            and now.mono <= effect.not_after
            and (self.state.storage_ok or not effect.on)
        )

    def _observe(self, item: Input) -> None:
        """Fold what the field reports into the image. Newest wins; nothing is re-stamped."""
        state = self.state
        match item:
            case Samples():
                for sample in item.block:
                    before = state.image.get(sample.channel)
                    if before is None or sample.at >= before.at:
                        state.image[sample.channel] = sample
                        if sample.channel in state.sums:
                            state.sums[sample.channel].fold(sample)
                        if sample.channel in state.traces:
                            for trace in state.traces[sample.channel].values():
                                trace.fold(sample)
            case ReadBack():
                if item.on is not None:
                    seen = state.seen.get(item.actuator)
                    if seen is None or item.at >= seen.at:
                        state.seen[item.actuator] = item
                    if item.on is False and item.at >= state.started:
                        state.unproven.discard(item.actuator)
            case DeviceHealth():
                if item.healthy:
                    state.silent.pop(item.device, None)
                else:
                    state.silent[item.device] = item.reason
            case ForeignMaster():
                if item.heard:
                    state.foreign[item.bus] = item.evidence
                else:
                    state.foreign.pop(item.bus, None)
            case Storage():
                state.storage_ok = item.ok
            case Shutdown():
                state.phase = Phase.STOPPING
            case _:
                pass

    def _apply(self, decision: Decision) -> None:
        self.state.quiet, self.state.insisted = decision.quiet, decision.insisted
        self.state.naps = decision.naps
        self.state.holding, self.state.unordered = decision.holding, decision.unordered
        self.state.balances = decision.balances
        self.state.airing, self.state.eager = decision.airing, decision.eager
        for change in decision.changes:
            self.state.put(change)
        for change in decision.changes:  # its orders end in the same decision, and have to be known as ended
            if isinstance(change, Task) and change.terminal:
                self.state.forget(change.task_id)
        self.state.seq += len(decision.entries)
        self._pending.changes.extend(decision.changes)
        self._pending.entries.extend(decision.entries)
        self._pending.effects.extend(decision.after_commit)


def _newest(changes: list[Change]) -> tuple[Change, ...]:
    """Whole values: of several for one thing only the newest needs to be written."""
    return tuple({key_of(change): change for change in changes}.values())
