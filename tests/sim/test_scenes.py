"""Scenes that a normal day does not bring: a motor with the wrong current, a new solution, a recovery that arrives,
and what a pump's own counter knows after a restart."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules.aftermath import what_happened
from edgectl.model.channel import Sample
from edgectl.model.command import Command, CommandState, Order
from edgectl.model.site import Actuator, Draws, FailSafe, Role, Sensor, Site
from edgectl.model.task import PhysicalEffect, Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.plant.faults import Fault
from edgectl.plant.water import RO
from edgectl.simulate.estate import estate
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.sim.test_two_tanks import FILE, broken, ground_of, house
from tests.sim.test_workflow_rows import ask, codes, ended, prepared, rested

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE


# -- a motor that draws the wrong current


def measured(draws: Draws) -> World:
    """Without a flow sensor; the level of the source stands for the current: 70 A, whatever the motor does."""
    site = example_site()
    amps = Sensor(name="amps", channel="level.level", unit="A")
    pump = replace(site.actuators["pump"], requires=(), stop_if=(), draws=draws)
    zone = replace(site.zones["zone-1"], tank=None, flow=None, rate_l_min=10.0)
    sensors, actuators = {**site.sensors, "amps": amps}, {**site.actuators, "pump": pump}
    world = World(replace(site, sensors=sensors, actuators=actuators, zones={"zone-1": zone}), (), 1)
    world.run(20 * SECOND)
    return world


@pytest.mark.parametrize(
    ("draws", "alarm"),
    [(Draws(sensor="amps", least=100.0), "biz_dry_run"), (Draws(sensor="amps", most=50.0), "biz_overcurrent")],
)
def test_a_motor_that_draws_the_wrong_current_is_stopped_and_stays_so(draws: Draws, alarm: str) -> None:
    world = measured(draws)
    ask(world, "irrigation", {"duration_s": 60})
    world.run(world.now + 2 * MINUTE)
    task = ended(world)
    assert task.outcome is not None
    assert (task.status, task.outcome.reason_code) == (TaskStatus.FAILED, "safety_blocked")
    assert task.outcome.effect_amounts["pump_s"] < 10
    assert f"{alarm}:pump" in world.state.alarms
    ask(world, "irrigation", {"duration_s": 60}, name="and-once-more")
    world.run(world.now + MINUTE)
    again = ended(world, "and-once-more")
    assert again.outcome is not None
    assert (again.outcome.decision, again.outcome.reason_code) == ("skip", "safety_blocked")


# -- a new solution, and a recovery that arrives


def with_drain() -> Site:
    """The two-tank house with a drain in its solution tank, on a relay that was free."""
    site = FILE.site
    drain = Actuator(
        name="drain", channel="board.relay_8", role=Role.VALVE, fail_safe=FailSafe.PULSE, max_on=54 * MINUTE
    )
    zone = site.zones["zone-1"]
    assert zone.circuit is not None
    circuit = replace(zone.circuit, drain="drain", drain_time=10 * MINUTE)
    return replace(site, actuators={**site.actuators, "drain": drain}, zones={"zone-1": replace(zone, circuit=circuit)})


def test_a_solution_is_changed_drained_proven_shut_and_made_anew() -> None:
    world = World(with_drain(), (), 1, ground=estate(with_drain(), Random(1), RO))
    ground_of(world).plant.plumbing.tanks["solution"].volume_l = 60.0
    rested(world)
    ask(world, "solution_change", {})
    while not world.field.relays["drain"].on:
        world.run(world.now + SECOND)
    world.run(world.now + MINUTE)
    world.field.advance(world.now)
    ground_of(world).plant.plumbing.tanks["solution"].volume_l = 2.0  # no pipe of this plant leads there
    world.run(world.now + 2 * HOUR)
    task = ended(world)
    assert task.outcome is not None
    assert (task.status, task.outcome.reason_code) == (TaskStatus.COMPLETED, "prepare_targets_reached")
    on = [move.name for move in world.field.trace if move.on]
    assert on.index("drain") < on.index("valve_clean_fill")
    closed = max(move.at for move in world.field.trace if move.name == "drain" and not move.on)
    filled = min(move.at for move in world.field.trace if move.name == "valve_clean_fill" and move.on)
    assert filled - closed >= 30 * SECOND, "what hangs open shows itself first"
    assert "solution_change_required" in codes(world)
    assert broken(world) == []


def test_a_drain_that_does_not_empty_the_tank_is_given_up() -> None:
    world = World(with_drain(), (), 1, ground=estate(with_drain(), Random(1), RO))
    ground_of(world).plant.plumbing.tanks["solution"].volume_l = 60.0
    rested(world)
    ask(world, "solution_change", {})
    world.run(world.now + 20 * MINUTE)
    task = ended(world)
    assert task.outcome is not None
    assert (task.status.value, task.outcome.error_code) == ("failed", "task_execution_failed")
    assert not world.field.relays["drain"].on


def test_a_recovery_that_arrives_within_its_time_is_told_as_recovered() -> None:
    world = prepared()
    plant = ground_of(world).plant
    plant.break_part(Fault.PROBE_BIAS, "ec.ec", world.now, value=0.28)
    plant.break_part(Fault.PROBE_BIAS, "ph.ph", world.now, value=0.1)
    ask(world, "diagnostics", {"workflow": "irrigation_recovery"})
    world.run(world.now + HOUR)
    task = ended(world)
    assert task.outcome is not None
    assert task.outcome.reason_code == "irrigation_recovery_recovered"


# -- what a pump's own counter knows


def counted(
    before: float | None, after: float | None, state: CommandState = CommandState.ACK
) -> tuple[str, dict[str, float]]:
    """A dose of 10 ml was under way; the counter of its pump showed `before`, and shows `after`."""
    site = FILE.site
    doser = site.actuators["acid"].doser
    assert doser is not None
    acid = replace(site.actuators["acid"], doser=replace(doser, ml_per_s=1.0, total="acid_total"))
    total = Sensor(name="acid_total", channel="acid.total", unit="ml")
    world = house()
    world.run(30 * SECOND)
    state_ = world.state
    state_.site = replace(
        site, sensors={**site.sensors, "acid_total": total}, actuators={**site.actuators, "acid": acid}
    )
    if after is not None:
        state_.image["acid.total"] = Sample(sample_id=1, channel="acid.total", value=after, at=world.now - SECOND)
    ask(world, "diagnostics", {"workflow": "prepare_recirculation"})
    world.run(world.now + SECOND)
    task = ended(world)
    assert isinstance(task, Task)
    state_.commands.clear()
    state_.commands["c"] = Command(
        cmd_id="c",
        task_id=task.task_id,
        zone="zone-1",
        stage="dose",
        actuator="acid",
        order=Order.ON,
        lease=10 * SECOND,
        queued_at=0,
        not_after=SECOND,
        state=state,
        ack_at=SECOND if state is CommandState.ACK else None,
        counted_before=before,
    )
    if after is not None:
        state_.image["acid.total"] = Sample(sample_id=2, channel="acid.total", value=after, at=world.now)
    draft = Draft(state_, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))
    effect, amounts = what_happened(draft, task)
    return effect.value, dict(amounts)


@pytest.mark.parametrize(
    ("before", "after", "state", "effect", "ml"),
    [
        (100.0, 104.2, CommandState.ACK, PhysicalEffect.PARTIAL, 4.2),
        (100.0, 110.0, CommandState.SENT, PhysicalEffect.PARTIAL, 10.0),
        (100.0, 100.0, CommandState.SENT, PhysicalEffect.NONE, 0.0),
        (100.0, 0.0, CommandState.SENT, PhysicalEffect.UNKNOWN, 10.0),  # it has been without power
        (100.0, None, CommandState.SENT, PhysicalEffect.UNKNOWN, 10.0),  # it does not answer
        (None, 104.2, CommandState.ACK, PhysicalEffect.PARTIAL, 10.0),  # nobody had looked before
    ],
)
def test_the_counter_of_a_dosing_pump_decides_what_became_of_a_dose(
    before: float | None, after: float | None, state: CommandState, effect: PhysicalEffect, ml: float
) -> None:
    found, amounts = counted(before, after, state)
    assert (found, amounts["acid_ml"]) == (effect.value, pytest.approx(ml))
