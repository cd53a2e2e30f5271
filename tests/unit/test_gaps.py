"""Between two turns nobody looked: what was read before says nothing of the water now, and stops nothing yet."""

from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import flow
from edgectl.engine.rules.flow import FLOW_PROOF, is_dry
from edgectl.engine.state import State
from edgectl.model.channel import Sample
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.sim.asking import wish
from tests.unit.test_vetoes import NOW, running, settled


def asked(world: World, duration_s: float = 20.0) -> str:
    """A watering that has been asked for, and whose pump has just been seen on."""
    name = f"water-{world.now}"
    world.offer(wish(world.wall, name, payload={"duration_s": duration_s}))
    end = world.now + 10 * SECOND
    while not world.field.relays["pump"].on and world.now < end:
        world.run(world.now + 100 * MS)
    return name


def stopped_for(world: World, span: Nanos) -> None:
    """The process is stopped, and has its first turn before anything has been read."""
    world.now += span
    world._step()


def ended(world: World, name: str) -> Task:
    world.run(world.now + 60 * SECOND)
    return next(v for v in world.journal.values.values() if isinstance(v, Task) and v.correlation_id == name)


@pytest.mark.parametrize("ran", [500 * MS, 2 * SECOND, 6 * SECOND])
def test_a_watering_outlives_a_stop_of_the_process(ran: Nanos) -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    for _ in range(3):
        name = asked(world)
        world.run(world.now + ran)
        stopped_for(world, 3 * SECOND)
        assert ended(world, name).status is TaskStatus.COMPLETED
    assert not world.state.alarms


def test_without_the_wait_each_stop_is_called_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_read_by", lambda draft, readings, unread: 0)
    with pytest.raises(AssertionError):
        test_a_watering_outlives_a_stop_of_the_process(6 * SECOND)


def test_a_pump_that_is_dry_behind_a_stop_is_stopped_within_one_read() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    name = asked(world)
    world.run(world.now + 5 * SECOND)
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    stopped_for(world, 3 * SECOND)
    world.run(world.now + 3 * SECOND)
    assert not world.field.relays["pump"].on
    task = ended(world, name)
    assert task.outcome is not None
    assert task.outcome.reason_code == "flow_inactive"
    assert "saw no water" in world.state.alarms["biz_no_flow:pump"].message


def test_a_flow_that_cannot_be_read_stops_each_run_and_locks_nothing() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "meter.flow", world.now)
    for _ in range(flow.TRIPS_TO_LOCKOUT + 1):
        name = asked(world)
        assert world.field.relays["pump"].on, "it is tried again"
        world.run(world.now + FLOW_PROOF + 3 * SECOND)
        assert not world.field.relays["pump"].on, "nobody sees what it does"
        task = ended(world, name)
        assert task.outcome is not None
        assert (task.status, task.outcome.error_code) == (TaskStatus.FAILED, "sensor_stale_detected")
    assert world.state.alarms["biz_no_flow:pump"].message == "pump was stopped, because flow cannot be read"
    assert not world.state.held


def test_a_house_that_oversleeps_every_turn_waits_no_longer_than_for_one_read() -> None:
    state = _running(lease=60 * SECOND)
    dry = []
    for second in range(4):
        at = NOW.mono + second * 1500 * MS
        state.woke_at = at
        draft = Draft(state, replace(NOW, mono=at))
        command = draft.command("c-pump")
        assert command is not None
        dry.append(is_dry(draft, command))
        state.holding = draft.holding
    assert dry == [False, True, True, True]


def _running(*, lease: Nanos, echo_after: Nanos = 0) -> State:
    """A pump that has run for ten seconds by the clock of its board, and a meter that shows nothing."""
    state = settled()
    running(state, "pump", since=10 * SECOND)
    order = state.commands["c-pump"]
    heard = order.queued_at
    state.commands["c-pump"] = replace(order, lease=lease, sent_at=heard, ack_at=heard + echo_after)
    state.image["meter.flow"] = Sample(sample_id=8, channel="meter.flow", value=0.0, at=NOW.mono - 100 * MS)
    return state


@pytest.mark.parametrize(("lease_s", "dry"), [(9.9, False), (10.1, True), (60, True)])
def test_nothing_is_dry_once_the_board_has_ended_the_pulse(lease_s: float, dry: bool) -> None:
    """An echo that was heard late puts our own end of it later than the end that counts."""
    state = _running(lease=round(lease_s * SECOND), echo_after=SECOND)
    draft = Draft(state, NOW)
    command = draft.command("c-pump")
    assert command is not None
    assert is_dry(draft, command) is dry
