"""A watering whose pump draws air: stopped at once, the tank filled up, tried twice more, and then locked."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.rules import flow
from edgectl.engine.workflows import irrigation, walk
from edgectl.model.inputs import Cancel
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.plant.layout import MAINS, Layout, ValvePart, one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import broken
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask, ended

MINUTE: Nanos = 60 * SECOND
RUN_S = 60


def fed() -> Site:
    """The small house, whose tank is filled from the mains through a tap."""
    site = example_site()
    tap = Actuator(name="tap", channel="board.relay_4", role=Role.VALVE, fail_safe=FailSafe.PULSE, max_on=900 * SECOND)
    circuit = Circuit(solution=Tank(name="butt", volume_l=200, level="level"), fill="tap")
    zone = replace(site.zones["zone-1"], circuit=circuit)
    return replace(site, actuators={**site.actuators, "tap": tap}, zones={"zone-1": zone})


def layout(full: float) -> Layout:
    house = one_tank()
    tank = replace(house.tanks[0], start_l=full * house.tanks[0].capacity_l, trickle_l_min=0.0)
    return replace(house, tanks=(tank,), valves=(*house.valves, ValvePart(name="tap", source=MAINS, target=tank.name)))


def watered(*, blocked_at: int = 0, mended_at: int | None = None, full: float = 0.6) -> World:
    """A minute of water is asked for; the suction is blocked and mended so many seconds after that."""
    world = World(fed(), (), 1, ground=Ground(layout(full), Random(1)))
    world.run(30 * SECOND)
    asked = world.now
    ask(world, "irrigation", {"duration_s": RUN_S})
    world.run(asked + blocked_at * SECOND)
    world.field.ground.block("pump", True, world.now)
    if mended_at is not None:
        world.run(asked + mended_at * SECOND)
        world.field.ground.block("pump", False, world.now)
    world.run(asked + 30 * MINUTE)
    return world


def starts(world: World) -> int:
    return sum(move.on for move in world.field.trace if move.name == "pump")


def promises(world: World) -> list[str]:
    world.field.advance(world.now)
    return broken(world.site, world.journal, world.field.trace, world.report.ready_at)


def helpers(world: World) -> list[Task]:
    return [v for v in world.journal.values.values() if isinstance(v, Task) and v.source == "self"]


@pytest.mark.parametrize("blocked_at", [0, 30])
def test_after_a_refill_it_is_tried_again_and_the_plants_get_all_of_it(blocked_at: int) -> None:
    world = watered(blocked_at=blocked_at, mended_at=blocked_at + 20)
    task = ended(world)
    assert task.outcome is not None
    assert (task.status.value, task.outcome.physical_effect.value) == ("completed", "full")
    assert starts(world) == 2
    wet = task.outcome.effect_amounts["pump_s"] - (3.0 if blocked_at == 0 else 0.0)
    assert wet == pytest.approx(RUN_S, abs=4)
    assert "lockout:pump" not in world.state.held
    (refill,) = helpers(world)
    assert (refill.task_type, refill.status.value) == ("diagnostics", "completed")
    assert world.state.latches["trips:pump"].count == 0, "water moved again"
    assert promises(world) == []


def test_a_full_tank_is_not_filled_and_the_pump_rests_before_it_is_tried() -> None:
    world = watered(mended_at=20, full=0.99)
    assert ended(world).status.value == "completed"
    on = [move.at for move in world.field.trace if move.name == "pump" and move.on]
    assert on[1] - on[0] > irrigation.REST
    assert not [move for move in world.field.trace if move.name == "tap"]


def test_the_third_time_locks_the_pump_and_nobody_tries_a_fourth() -> None:
    world = watered()
    task = ended(world)
    assert task.outcome is not None
    assert (task.status.value, task.outcome.reason_code) == ("failed", "flow_inactive")
    assert starts(world) == 3
    assert "lockout:pump" in world.state.held
    assert world.field.ground.dry < 6 * SECOND
    assert promises(world) == []


def test_trips_of_the_run_before_count() -> None:
    world = World(fed(), (), 1, ground=Ground(layout(0.6), Random(1)))
    world.run(30 * SECOND)
    world.field.ground.block("pump", True, world.now)
    ask(world, "irrigation", {"duration_s": RUN_S}, name="given-up-early")
    world.run(world.now + 15 * SECOND)
    world.offer(Cancel(token=1, task_id=ended(world, "given-up-early").task_id, who="Ana"))
    world.run(world.now + MINUTE)
    ask(world, "irrigation", {"duration_s": RUN_S})
    world.run(world.now + 30 * MINUTE)
    assert starts(world) == 3
    assert "lockout:pump" in world.state.held


def test_a_bug_that_tries_for_ever_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irrigation, "DRY", replace(irrigation.DRY, cycles=99))
    monkeypatch.setattr(flow, "TRIPS_TO_LOCKOUT", 99)
    assert starts(watered(full=0.99)) > 10


def test_a_bug_that_counts_time_without_water_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each dry try would take some of the water away from the plants."""
    monkeypatch.setattr(walk, "never_moved", lambda draft, command: False)
    task = ended(watered(mended_at=20))
    assert task.outcome is not None
    assert task.outcome.effect_amounts["pump_s"] < RUN_S + 2


@pytest.mark.parametrize("after", [2, 8, 20, 34, 45, 80])
def test_a_kill_in_each_step_leaves_everything_off(after: int) -> None:
    world = World(fed(), (), 1, ground=Ground(layout(0.6), Random(1)))
    world.run(30 * SECOND)
    ask(world, "irrigation", {"duration_s": RUN_S})
    world.field.ground.block("pump", True, world.now)
    world.run(world.now + after * SECOND)
    world._begin()
    world.run(world.now + 20 * SECOND)
    assert not world.field.relays["pump"].on
    assert not world.field.relays["valve"].on
    assert ended(world).terminal
    assert promises(world) == []


def test_where_nobody_fills_the_tank_the_next_run_is_the_next_try() -> None:
    world = World(example_site(), (), 1)
    world.run(30 * SECOND)
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    ask(world, "irrigation", {"duration_s": RUN_S})
    world.run(world.now + 10 * MINUTE)
    assert starts(world) == 1
    assert ended(world).status.value == "failed"
