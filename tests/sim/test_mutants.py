"""Planted bugs. Each takes one safety rule away; the simulator must notice every one of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgectl.engine import draft as draft_module
from edgectl.engine import turn
from edgectl.engine.draft import Draft
from edgectl.engine.rules import admission, flow, guards, interlock, replies
from edgectl.engine.workflows import walk
from edgectl.journal.memory import MemoryJournal
from edgectl.model.channel import Reading, Use
from edgectl.model.command import CommandState
from edgectl.model.inputs import Answer, Effect, Reply, Send, StopAll
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Batch, Cursor
from edgectl.simulate import invariants
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults, SimField
from edgectl.simulate.promises import broken_promises
from edgectl.simulate.world import DAY, World

Plant = Callable[[pytest.MonkeyPatch], None]


def _act_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Energise at decide time."""
    decide = turn.decide

    def hasty(*args, **kwargs):  # type: ignore[no-untyped-def]
        decision = decide(*args, **kwargs)
        sends = tuple(e for e in decision.after_commit if isinstance(e, Send))
        rest = tuple(e for e in decision.after_commit if not isinstance(e, Send))
        return replace(decision, at_once=decision.at_once + sends, after_commit=rest)

    patch.setattr(turn, "decide", hasty)


def _cursor_apart(patch: pytest.MonkeyPatch) -> None:
    """Lose the cursor's half of the commit."""
    commit = MemoryJournal.commit

    def halved(self: MemoryJournal, batch: Batch) -> None:
        kept = tuple(c for c in batch.changes if not isinstance(c, Cursor))
        commit(self, Batch(changes=kept, entries=batch.entries))

    patch.setattr(MemoryJournal, "commit", halved)


def _success_without_done(patch: pytest.MonkeyPatch) -> None:
    """Take the echo of an order for its effect."""
    on_reply = replies.on_reply

    def believing(draft: Draft, reply: Reply) -> None:
        on_reply(draft, reply)
        command = draft.command(reply.cmd_id)
        if command is not None and command.state is CommandState.ACK and command.seen_at is None:
            draft.put(replace(command, seen_at=reply.at))

    patch.setattr(replies, "on_reply", believing)


def _resend_after_restart(patch: pytest.MonkeyPatch) -> None:
    """Send again what the last life had queued."""
    begin = World._begin

    def resending(self: World) -> None:
        begin(self)
        again = tuple(
            Send(cmd_id=c.cmd_id, actuator=c.actuator, on=True, lease=c.lease, not_after=self.now + DAY)
            for c in self.state.commands.values()
            if not c.terminal
        )
        self._release(again, self.now)

    patch.setattr(World, "_begin", resending)


def _longer_than_ordered(patch: pytest.MonkeyPatch) -> None:
    """Let an ON last longer than it was allowed to."""
    send = SimField.send
    patch.setattr(SimField, "send", lambda self, e, now: send(self, replace(e, lease=e.lease and 2 * e.lease), now))


def _no_lock_out(patch: pytest.MonkeyPatch) -> None:
    """Try a dry pump again for ever."""
    patch.setattr(flow, "TRIPS_TO_LOCKOUT", 99)


def _no_flow_guard(patch: pytest.MonkeyPatch) -> None:
    """Let a dry pump run."""
    patch.setattr(walk, "is_dry", lambda draft, command: False)
    patch.setattr(interlock, "is_dry", lambda draft, command: False)


def _pump_against_the_valve(patch: pytest.MonkeyPatch) -> None:
    """Let people run a pump against a closed valve."""
    patch.setattr(guards, "shuts_first", lambda draft, pump, lease: None)
    patch.setattr(guards, "dead_head", lambda draft, pump: None)


def _another_wish_under_the_same_name(patch: pytest.MonkeyPatch) -> None:
    """Do not compare what is asked under a known name."""
    patch.setattr(admission, "fingerprint", lambda *_: "same")


def _say_before_it_is_written(patch: pytest.MonkeyPatch) -> None:
    """Acknowledge at decide time."""
    patch.setattr(draft_module, "WAITS_FOR_DISK", (Send,))
    release = World._release

    def forgetful(self: World, effects: tuple[Effect, ...], at: Nanos) -> None:
        release(self, effects, at)
        if any(isinstance(effect, Answer) and effect.ok for effect in effects):
            self.crash, kept = 0.5, self.crash
            try:
                self._maybe_crash()
            finally:
                self.crash = kept

    patch.setattr(World, "_release", forgetful)


def _skip_in_silence(patch: pytest.MonkeyPatch) -> None:
    """Leave missed occurrences out without a row."""
    note = Draft.note

    def quiet(self: Draft, event_type: str, **details: Any) -> None:
        if event_type != "SCHEDULE_SKIPPED":
            note(self, event_type, **details)

    patch.setattr(Draft, "note", quiet)


def _close_the_debt_unseen(patch: pytest.MonkeyPatch) -> None:
    """Believe that an output is off because it was ordered off."""
    patch.setattr(interlock, "_prove_off", interlock._close)


PLANTS = [
    _act_before_commit,
    _cursor_apart,
    _success_without_done,
    _resend_after_restart,
    _longer_than_ordered,
    _no_lock_out,
    _no_flow_guard,
    _pump_against_the_valve,
    _another_wish_under_the_same_name,
    _say_before_it_is_written,
    _skip_in_silence,
    _close_the_debt_unseen,
]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_simulator_catches_the_planted_bug(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    # Three dry runs in a row, and no hand that releases them, are rare where water comes more often than not.
    blocked = 1.0 if plant is _no_lock_out else 0.4
    rough = Faults(lost_request=0.06, lost_reply=0.03, stuck_relay=0.05, bad_level=0.03, blocked=blocked)
    for seed in range(12):
        world = World(example_site(), example_schedules(), seed, faults=rough, crash=0.02, people=True)
        try:
            world.run(5 * DAY)
        except AssertionError:
            return  # the engine itself refused to go on: caught
        if invariants.broken(world.site, world.journal, world.field.trace, world.report.ready_at):
            return
        if broken_promises(world):
            return
    pytest.fail(f"{plant.__doc__} went unnoticed for 12 seeds")


def test_freshness_off_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pump must not start on a level that nobody can read; without the guard it does."""

    def watered(world: World) -> int:
        world.run(DAY)
        return sum(move.on for move in world.field.trace if move.name == "pump")

    blind = Faults(bad_level=1.0)
    assert watered(World(example_site(), example_schedules(), 1, faults=blind)) == 0

    def gullible(self: Draft, sensor: str, use: Use = Use.GUARD) -> Reading:
        sample = self.state.image[self.state.site.sensors[sensor].channel]
        return Reading(sensor=sensor, value=50.0, sample_id=sample.sample_id, at=sample.at, age=0)

    monkeypatch.setattr(Draft, "read", gullible)
    assert watered(World(example_site(), example_schedules(), 1, faults=blind)) > 0


@pytest.mark.parametrize("planted", [False, True])
def test_a_stop_that_closes_the_valve_first_is_caught(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    """On a good line, where no lost frame excuses it."""
    if planted:
        owed, dangerous = Draft.owed, Draft.dangerous
        monkeypatch.setattr(Draft, "owed", lambda self: list(reversed(owed(self))))
        monkeypatch.setattr(Draft, "dangerous", lambda self: list(reversed(dangerous(self))))
    world = World(example_site(), example_schedules(), 1)
    while not world.field.relays["pump"].on:
        world.run(world.now + SECOND)
    world.offer(StopAll(token=1, who="somebody"))
    world.run(world.now + 60 * SECOND)
    assert not world.field.relays["pump"].on
    assert any(sentence.startswith("29") for sentence in broken_promises(world)) is planted
