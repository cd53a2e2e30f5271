"""What a controller does with a journal that does not know everything: after somebody else led, or after a loss."""

from dataclasses import replace

import pytest

from edgectl.engine.rules import rebuilt
from edgectl.engine.rules.dosing import LOCKED
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.model.inputs import Acknowledge
from edgectl.model.lease import Lead
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import PutBack
from edgectl.scheduler.schedule import At, CatchUp, Policy
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import broken, house

HOUR: Nanos = 3600 * SECOND
THRICE = replace(
    example_schedules()[0],
    cadence=At(minutes=(300, 360, 420)),
    catch_up=CatchUp(policy=Policy.REPLAY_ALL, within=12 * HOUR),
)


def takes_over(
    world: World, lead: Lead | None, *, after: Nanos, lost: bool = False, back: PutBack | None = None
) -> None:
    """The controller was away and comes back under a lease, with a journal that was rebuilt, or on a copy of one."""
    world.field.advance(world.now)
    world.now += after
    world._begin()
    stored = replace(world.journal.load(), lost=lost, put_back=back)
    state = State.begin(
        site=world.site, schedules=world.schedules, stored=stored, boot_id="sim", started=world.now + 1, lead=lead
    )
    world._stepper = Stepper(state)
    world._stepper.wake_at = world.now + 1


def said(world: World, event: str) -> list[dict[str, object]]:
    return [dict(entry.details) for entry in world.journal.timeline if entry.event_type == event]


def test_what_the_other_controller_had_to_do_is_not_done_again() -> None:
    world = World(example_site(), (THRICE,), 1)
    world.run(60 * SECOND)
    takes_over(world, Lead(epoch=4, took_over=True, waited=20 * SECOND, why_late="not_leader"), after=6 * HOUR)
    world.run(world.now + 20 * 60 * SECOND)
    assert [row["reason_code"] for row in said(world, "SCHEDULE_SKIPPED")] == ["not_leader"] * 3
    assert not [value for value in world.journal.values.values() if isinstance(value, Task)]
    (taken,) = said(world, "LEASE_TAKEN")
    assert taken == {"epoch": 4, "took_over": True, "waited_s": 20.0, "reason_code": "not_leader"}


def test_a_controller_that_led_before_itself_goes_on_as_after_any_restart() -> None:
    world = World(example_site(), (THRICE,), 1)
    world.run(60 * SECOND)
    takes_over(world, Lead(epoch=5, why_late="leader_retry_backoff"), after=6 * HOUR)
    world.run(world.now + 20 * 60 * SECOND)
    assert len([value for value in world.journal.values.values() if isinstance(value, Task)]) == 3
    assert said(world, "LEASE_TAKEN")[0]["reason_code"] == "leader_retry_backoff"
    orders = said(world, "COMMAND_DISPATCHED")
    epochs = {command.epoch for command in world.state.commands.values()}
    assert orders
    assert epochs <= {5}


def doses(world: World) -> int:
    return len(said(world, "DOSE_DONE"))


@pytest.mark.parametrize("how", ["took over", "journal rebuilt", "copy put back"])
def test_nothing_is_dosed_for_a_day_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(rebuilt, "DAY", 2 * HOUR)  # a short one
    world = house(often=True)
    while not doses(world):
        world.run(world.now + HOUR // 4)
    lead = Lead(epoch=2, took_over=True) if how == "took over" else None
    put_back = PutBack(journal_id="j", former="f", upto=1, newest=world.wall, at=world.wall, who="Ana")
    back = put_back if how == "copy put back" else None
    takes_over(world, lead, after=60 * SECOND, lost=how == "journal rebuilt", back=back)
    before, started = doses(world), len(said(world, "TASK_STARTED"))
    world.run(world.now + 2 * HOUR - SECOND)
    assert doses(world) == before
    assert world.state.alarms["dosing_locked:dosing"].active
    assert len(said(world, "TASK_STARTED")) > started
    world.run(world.now + 2 * HOUR)
    assert not world.state.alarms["dosing_locked:dosing"].active
    assert doses(world) > before
    assert broken(world) == []


def test_a_person_who_has_looked_doses_again_at_once_and_a_restart_does_not_lock_anew() -> None:
    world = house()
    world.run(HOUR)
    takes_over(world, None, after=60 * SECOND, lost=True)
    world.run(world.now + 60 * SECOND)
    assert world.state.latches[LOCKED].held
    assert len(said(world, "DOSING_LOCKED")) == 1
    takes_over(world, None, after=60 * SECOND, lost=True)  # the journal says for ever that it was rebuilt
    world.run(world.now + 60 * SECOND)
    assert world.state.latches[LOCKED].held, "a restart does not shorten it"
    assert len(said(world, "DOSING_LOCKED")) == 1
    world.offer(Acknowledge(token=1, alarm_id="dosing_locked:dosing", who="Ana"))
    world.run(world.now + SECOND)
    assert not world.state.latches[LOCKED].held
    takes_over(world, None, after=60 * SECOND, lost=True)
    world.run(world.now + 60 * SECOND)
    assert LOCKED not in world.state.latches
    assert not world.state.journal_lost


def test_a_lost_journal_is_told_also_by_whoever_takes_over() -> None:
    """Both at once: the lead came from somebody else, and the journal of the life before cannot be read."""
    world = house()
    world.run(HOUR)
    takes_over(world, Lead(epoch=4, took_over=True, waited=20 * SECOND), after=60 * SECOND, lost=True)
    world.run(world.now + 60 * SECOND)
    assert {"journal_lost:journal", "dosing_locked:dosing"} <= set(world.state.alarms)
    assert said(world, "LEASE_TAKEN")[0]["took_over"] is True
    assert len(said(world, "DOSING_LOCKED")) == 1
