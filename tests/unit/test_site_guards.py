"""Guards of a site in virtual time: the emergency stop, a day of water, what a motor draws, lamps in the dark."""

from dataclasses import replace

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import litres
from edgectl.engine.workflows import change
from edgectl.model.channel import Sample
from edgectl.model.inputs import ManualOn, Samples, TaskRequest
from edgectl.model.ledger import DAY as A_DAY
from edgectl.model.site import Daily, Draws, Sensor, Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
SIX: Nanos = 4 * HOUR  # six o'clock in Berlin, when the first watering is due


def with_sensor(name: str, unit: str) -> Site:
    """The example with one more input that keeps its last value for a day."""
    site = example_site()
    extra = Sensor(name=name, channel=f"extra.{name}", unit=unit, max_age=A_DAY)
    return replace(site, sensors={**site.sensors, name: extra})


def show(world: World, name: str, value: float) -> None:
    world.offer(Samples(block=(Sample(sample_id=10**6, channel=f"extra.{name}", value=value, at=world.now),)))


def tasks(world: World) -> list[Task]:
    return [v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "irrigation"]


def pumping(world: World) -> None:
    while not world.field.relays["pump"].on:
        world.run(world.now + SECOND)


def test_a_pressed_emergency_stop_ends_what_runs_and_its_reset_restarts_nothing() -> None:
    world = World(replace(with_sensor("loop", ""), estop="loop"), example_schedules(), 1)
    world.run(SIX)
    pumping(world)
    world.field.estop_open = True
    world.run(world.now + 10 * SECOND)
    assert not world.field.relays["pump"].on
    assert not world.field.relays["valve"].on
    assert world.state.alarms["estop_open:site"].active
    (ended,) = tasks(world)
    assert ended.outcome is not None
    assert ended.outcome.reason_code == "stopped_by_operator"
    world.offer(ManualOn(token=1, actuator="valve", lease=10 * SECOND, who="me"))
    world.run(world.now + SECOND)
    assert not world.field.relays["valve"].on, "while it is open nothing is commanded"
    world.field.estop_open = False
    before = len(world.field.trace)
    world.run(world.now + HOUR)
    assert not any(move.on for move in world.field.trace[before:] if move.name != "lamp"), "a reset starts nothing"
    assert not world.state.alarms["estop_open:site"].active
    world.run(SIX + 2 * HOUR + 60 * SECOND)
    assert any(move.on and move.name == "pump" for move in world.field.trace[before:]), "the next run is a run"


def test_an_emergency_stop_that_nobody_can_see_counts_as_pressed() -> None:
    world = World(replace(with_sensor("loop", ""), estop="loop"), example_schedules(), 1)
    world.field.silent.add("extra")
    world.run(SIX + 10 * 60 * SECOND)
    assert not any(move.on for move in world.field.trace)
    assert "never read" in world.state.alarms["estop_open:site"].message


def test_a_day_of_water_is_counted_before_it_flows_and_what_did_not_flow_is_given_back() -> None:
    site = example_site()
    pump = replace(site.actuators["pump"], daily=Daily(litres=40.0, l_min=10.0))  # 15 L for each run of 90 s
    world = World(replace(site, actuators={**site.actuators, "pump": pump}), example_schedules(), 1)
    world.run(SIX + 12 * HOUR)
    done = [task.outcome.decision for task in tasks(world) if task.outcome is not None and task.outcome.success]
    assert done == ["run", "run"], "45 L are more than 40"
    refused = [task for task in tasks(world) if task.outcome is not None and not task.outcome.success]
    assert {veto.rule for task in refused for veto in task.outcome.vetoes} == {"max_per_day"}  # type: ignore[union-attr]
    spent = Draft(world.state, world._clock()).spent(litres.account("pump"), A_DAY)
    assert abs(spent - 30.0) < 0.5


def test_a_motor_that_is_blocked_is_stopped_and_locked_until_somebody_has_looked() -> None:
    site = with_sensor("amps", "A")
    pump = replace(site.actuators["pump"], draws=Draws(sensor="amps", least=0.5, most=3.0))
    world = World(replace(site, actuators={**site.actuators, "pump": pump}), example_schedules(), 1)
    show(world, "amps", 2.0)
    world.run(SIX)
    pumping(world)
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["pump"].on
    show(world, "amps", 7.0)
    world.run(world.now + 3 * SECOND)
    assert not world.field.relays["pump"].on
    assert "biz_overcurrent:pump" in world.state.alarms
    world.run(SIX + 3 * HOUR)
    assert len([move for move in world.field.trace if move.name == "pump" and move.on]) == 1, "it stays locked"


def measured(**draws: float) -> World:
    """The example with a meter on the pump's supply."""
    site = with_sensor("amps", "A")
    pump = replace(site.actuators["pump"], draws=Draws(sensor="amps", **draws))
    zone = replace(site.zones["zone-1"], rate_l_min=10.0)
    site = replace(site, actuators={**site.actuators, "pump": pump}, zones={"zone-1": zone})
    return World(site, example_schedules(), 1)


def test_a_pump_that_pushes_nothing_is_stopped_and_locked() -> None:
    world = measured(least=0.5)
    show(world, "amps", 2.0)
    world.run(SIX)
    pumping(world)
    world.run(world.now + 10 * SECOND)
    show(world, "amps", 0.3)
    world.run(world.now + 3 * SECOND)
    assert not world.field.relays["pump"].on
    assert "it pushes nothing" in world.state.alarms["biz_dry_run:pump"].message
    (task,) = tasks(world)
    assert task.outcome is not None
    assert [veto.rule for veto in task.outcome.vetoes] == ["current"]


@pytest.mark.parametrize(("amps", "stuck"), [(0.3, False), (0.6, True)])
def test_a_pump_that_draws_current_without_an_order_calls_and_is_stopped_again(amps: float, stuck: bool) -> None:
    world = measured(least=0.5)
    show(world, "amps", 0.0)
    world.run(60 * SECOND)
    before = len(world.field.trace)
    for _ in range(8):
        show(world, "amps", amps)
        world.run(world.now + 2 * SECOND)
    assert ("biz_pump_stuck_on:pump" in world.state.alarms) is stuck
    show(world, "amps", 0.0)
    world.run(world.now + 2 * SECOND)
    assert not any(alarm.active for alarm in world.state.alarms.values())
    assert not any(move.on for move in world.field.trace[before:])


def test_a_healthy_run_leaves_no_pump_stuck_and_no_meter_suspect() -> None:
    world = measured(least=0.5, most=3.0)
    world.run(SIX)
    while world.now < SIX + 200 * SECOND:
        show(world, "amps", 2.0 if world.field.relays["pump"].on else 0.0)
        world.run(world.now + SECOND)
    assert not world.state.alarms


def test_a_meter_that_shows_a_third_while_the_current_is_right_is_suspect_and_the_run_goes_on() -> None:
    world = measured(least=0.5)
    plant = world.field.ground.plant
    show(world, "amps", 2.0)
    world.run(SIX)
    pumping(world)
    plant.break_part(Fault.PROBE_STUCK, "meter.flow", world.now, value=3.0)
    world.run(world.now + 40 * SECOND)
    assert world.field.relays["pump"].on
    assert "and pump moves about 10" in world.state.alarms["flow_meter_suspect:flow"].message


def test_lamps_that_stay_dark_call_a_person_within_the_hour_and_no_healthy_lamp_does() -> None:
    healthy = World(example_site(), example_schedules(), 1)
    healthy.run(24 * HOUR)
    assert "biz_light_failure:lamp" not in healthy.state.alarms
    broken = World(example_site(), example_schedules(), 1, faults=Faults(stuck_relay=1.0))
    five = 3 * HOUR
    broken.run(five + 50 * 60 * SECOND)
    raised = [e for e in broken.journal.timeline if e.details.get("alarm") == "biz_light_failure:lamp"]
    assert raised
    assert raised[0].mono - five < HOUR


def test_an_air_or_a_mist_that_a_zone_has_not_got_is_refused_with_its_name() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    for kind in ("ventilation", "mist", "circulate", "solution_change", "dosing"):
        wall = world.wall
        world.offer(
            TaskRequest(
                token=1,
                zone="zone-1",
                task_type=kind,
                payload={},
                source="cli",
                correlation_id=f"asks-for-{kind}",
                scheduled_for=wall,
                due_at=wall + 30 * SECOND,
                expires_at=wall + 60 * SECOND,
            )
        )
        world.run(world.now + SECOND)
    assert not world.state.tasks
    assert not [value for value in world.journal.values.values() if isinstance(value, Task)]


def test_a_change_of_solution_drains_first_and_fills_only_when_the_drain_is_shut() -> None:
    site = example_site()
    circuit = Circuit(solution=Tank(name="t", volume_l=100, low="lo", high="hi"), fill="valve", drain="lamp")
    zone = replace(site.zones["zone-1"], circuit=circuit)
    table = change.solution_change(site, zone)
    assert [stage.name for stage in table] == ["drain", "drain_shut", "clean_fill"]
    assert (table[0].opens, table[1].opens) == (("lamp",), ())
    assert table[0].done.to == "drain_shut"
    assert table[1].done.to == "clean_fill"
