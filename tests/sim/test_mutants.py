"""Planted bugs. Each takes one safety rule away; the simulator must notice every one of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine import turn
from edgectl.engine.draft import Draft
from edgectl.engine.rules import replies
from edgectl.journal.memory import MemoryJournal
from edgectl.model.channel import Reading
from edgectl.model.command import CommandState
from edgectl.model.inputs import Reply, Send
from edgectl.model.timeline import Batch, Cursor
from edgectl.simulate import invariants
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
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


@pytest.mark.parametrize("plant", [_act_before_commit, _cursor_apart, _success_without_done, _resend_after_restart])
def test_the_simulator_catches_the_planted_bug(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    for seed in range(12):
        world = World(
            example_site(), example_schedules(), seed, faults=Faults(lost_reply=0.03, stuck_relay=0.05), crash=0.02
        )
        try:
            world.run(3 * DAY)
        except AssertionError:
            return  # the engine itself refused to go on: caught
        if invariants.broken(world.site, world.journal, world.field.trace, world.report.ready_at):
            return
    pytest.fail(f"{plant.__doc__} went unnoticed for 12 seeds")


def test_freshness_off_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pump must not start on a level that nobody can read; without the guard it does."""

    def watered(world: World) -> int:
        world.run(DAY)
        return sum(move.on for move in world.field.trace if move.name == "pump")

    blind = Faults(bad_level=1.0)
    assert watered(World(example_site(), example_schedules(), 1, faults=blind)) == 0

    def gullible(self: Draft, sensor: str) -> Reading:
        sample = self.state.image[self.state.site.sensors[sensor].channel]
        return Reading(sensor=sensor, value=50.0, sample_id=sample.sample_id, at=sample.at, age=0)

    monkeypatch.setattr(Draft, "read", gullible)
    assert watered(World(example_site(), example_schedules(), 1, faults=blind)) > 0
