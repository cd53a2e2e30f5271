"""No order fills a tank over its upper float: not by hand, not by a pump, not through a valve that stands open."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgectl.engine.fixed import Fixed
from edgectl.engine.rules import brim
from edgectl.model.inputs import ManualOn
from edgectl.model.site import LeastFlow, Round, Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.simulate.world import World
from tests.sim import test_two_tanks
from tests.sim.test_three_tanks import FILE as THREE
from tests.sim.test_three_tanks import filled_up, rested, volume
from tests.sim.test_two_tanks import broken
from tests.sim.test_workflow_rows import ask, ended
from tests.unit.test_guards import vetoed

TWO = test_two_tanks.FILE
SITES = pytest.mark.parametrize("site", [TWO.site, THREE.site], ids=["two tanks", "three tanks"])
ROUND = ("valve_solution_supply", "valve_solution_fill", "pump_main")


def house(site: Site = TWO.site, **litres: float) -> World:
    return filled_up(rested(site), **litres)


def on(world: World, *names: str, seconds: float = 120) -> str:
    """Somebody switches these on, one after the other, the last one no longer than the others. What is said last."""
    said = ""
    for n, name in enumerate(names):
        lease = round((seconds - 4 * n) * SECOND)
        world.offer(ManualOn(token=1 + n, actuator=name, lease=lease, who="Ana"))
        world.run(world.now + 2 * SECOND)
        said = vetoed(world)
    return said


def went_off(world: World, name: str) -> Nanos:
    return next(move.at for move in reversed(world.field.trace) if move.name == name and not move.on)


def spoke(world: World, rule: str = "full") -> list[str]:
    """What this rule switched off or refused."""
    vetoes = [entry.details for entry in world.journal.timeline if entry.event_type == "VETO"]
    return [str(details["actuator"]) for details in vetoes if details["rule"] == rule]


@SITES
def test_a_full_tank_takes_no_water_by_hand_and_says_what_to_do(site: Site) -> None:
    world = house(site, clean=195)
    said = on(world, "valve_clean_fill")
    assert said.startswith("valve_clean_fill would make clean run over: clean_max shows 1, aged ")
    assert said.endswith("; draw from it first, or free clean_max if it hangs")
    assert not any(move.on for move in world.field.trace)


@SITES
def test_a_fill_by_hand_ends_at_the_upper_float(site: Site) -> None:
    world = house(site, clean=175)
    assert on(world, "valve_clean_fill") == ""
    world.run(world.now + 130 * SECOND)
    assert 190 <= volume(world, "clean") < 192
    assert spoke(world) == ["valve_clean_fill"]
    (order,) = [dict(e.details) for e in world.journal.timeline if e.event_type == "COMMAND_DISPATCHED"]
    assert [(seen["sensor"], seen["value"]) for seen in order["samples"]] == [("clean_max", 0)], "what it went by"
    assert not broken(world)


def test_a_float_that_nobody_sees_starts_no_fill_and_ends_one() -> None:
    world = house(clean=50)
    assert on(world, "valve_clean_fill") == ""
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "board.di_2", world.now)
    world.run(world.now + 15 * SECOND)
    assert not world.field.relays["valve_clean_fill"].on
    said = on(world, "valve_clean_fill")
    assert said.startswith("nobody sees whether valve_clean_fill makes clean run over: clean_max stale, aged ")
    assert "fill at the tap until then" in said


def test_floats_that_contradict_each_other_start_no_fill() -> None:
    world = house(clean=195)
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "board.di_1", world.now, value=0.0)
    filled_up(world)
    assert "and clean_min is dry; free the one that hangs" in on(world, "valve_clean_fill")


def test_a_full_solution_goes_round_and_takes_no_clean_water() -> None:
    world = house(clean=150, solution=97)
    assert on(world, *ROUND) == "", "what only goes round fills nothing"
    assert "valve_clean_supply would make solution run over: solution_max shows 1" in on(world, "valve_clean_supply")
    assert world.field.relays["pump_main"].on, "the one that would have filled is refused, and nothing else"


def test_a_line_is_rinsed_with_clean_water_beside_a_full_solution() -> None:
    world = house(clean=150, solution=97)
    assert on(world, "valve_clean_supply", "valve_irrigation", "pump_main") == ""
    assert "valve_solution_fill would make solution run over" in on(world, "valve_solution_fill", seconds=30)
    assert world.field.relays["pump_main"].on


@pytest.mark.parametrize(
    ("site", "parts", "tank"),
    [
        (TWO.site, ("valve_clean_supply", "valve_solution_fill", "pump_main"), "solution"),
        (THREE.site, ("valve_solution_fill", "pump_fill"), "solution"),
        (THREE.site, ("valve_irrigation_fill", "pump_mix"), "irrigation"),
    ],
    ids=["by the pump of the zone", "by a pump that fills", "into the third tank"],
)
def test_a_pump_by_hand_stops_at_the_float_before_its_valves_and_is_refused_there(
    site: Site, parts: tuple[str, ...], tank: str
) -> None:
    size, pump = {"solution": 100, "irrigation": 120}[tank], parts[-1]
    world = house(site, **{"clean": 190, "solution": 85, tank: 0.85 * size})
    assert on(world, *parts) == ""
    world.run(world.now + 150 * SECOND)
    assert 0.95 * size <= volume(world, tank) < 0.97 * size
    assert spoke(world)[0] == pump
    assert all(went_off(world, pump) < went_off(world, valve) for valve in parts[:-1])
    assert not broken(world)
    filled_up(world)
    assert f"{pump} would make {tank} run over" in on(world, *parts)


def test_against_a_pump_that_is_welded_the_valves_close_two_seconds_later() -> None:
    world = house(clean=190, solution=85)
    world.field.welded = {"pump_main"}
    assert on(world, "valve_clean_supply", "valve_solution_fill", "pump_main") == ""
    world.run(world.now + 60 * SECOND)
    assert world.field.relays["pump_main"].on
    assert not world.field.relays["valve_clean_supply"].on
    assert volume(world, "solution") < 97


def _judged_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brim, "_ends", lambda draft, actuator, tank: False)


@pytest.mark.parametrize(("plant", "status"), [(None, TaskStatus.COMPLETED), (_judged_by_all, TaskStatus.FAILED)])
@pytest.mark.parametrize("workflow", ["clean_fill", "solution_fill"])
def test_a_fill_of_the_engine_ends_by_itself_and_is_done(
    workflow: str,
    plant: Callable[[pytest.MonkeyPatch], None] | None,
    status: TaskStatus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if plant is not None:
        plant(monkeypatch)
    world = house(clean=150, solution=80)
    ask(world, "diagnostics", {"workflow": workflow})
    world.run(world.now + 400 * SECOND)
    assert ended(world).status is status
    assert bool(spoke(world)) is (plant is not None)


def test_a_tank_that_is_filled_by_another_hand_before_the_pump_starts_is_full_and_not_refused() -> None:
    slow = replace(TWO.site.actuators["valve_solution_fill"], travel=20 * SECOND)
    world = house(replace(TWO.site, actuators={**TWO.site.actuators, slow.name: slow}), clean=150, solution=60)
    ask(world, "diagnostics", {"workflow": "solution_fill"})
    world.run(world.now + 8 * SECOND)
    assert world.field.relays["valve_solution_fill"].on
    assert not world.field.relays["pump_main"].on
    filled_up(world, solution=97)
    world.run(world.now + 60 * SECOND)
    assert ended(world).status is TaskStatus.COMPLETED
    assert not any(move.name == "pump_main" for move in world.field.trace)
    assert not broken(world)


def test_whatever_leads_into_a_tank_is_known_by_its_circuit() -> None:
    solution, clean, third = (Tank(name=name, volume_l=100) for name in ("solution", "clean", "third"))
    one = Circuit(solution=solution, fill="tap")
    assert [(way.tank, way.sides) for way in one.inflows("pump")] == [(solution, (("tap",),))]
    mixes = Circuit(
        solution=solution,
        clean=clean,
        irrigation=third,
        fill="tap",
        clean_supply="from clean",
        solution_supply="from solution",
        solution_fill="into solution",
        solution_return="back",
        irrigation_fill="on",
        mix_pump="mixer",
    )
    found = {way.tank.name: way.sides for way in mixes.inflows("pump")}
    assert found["clean"] == (("tap",),)
    assert found["solution"] == (("mixer",), ("from clean",), ("into solution", "back")), "by its way back too"
    assert found["third"] == (("mixer",), ("from solution", "from clean"), ("on",))
    hangs = replace(mixes, solution_supply=None, clean_supply=None, fill_pump="filler")
    found = {way.tank.name: way.sides for way in hangs.inflows("pump")}
    assert found["solution"] == (("filler",), ("into solution",)), "what comes back is no clean water"
    assert found["third"] == (("mixer",), ("on",))


def test_what_a_bypass_or_a_film_leads_back_fills_too() -> None:
    def ways(site: Site) -> dict[str, tuple[tuple[str, ...], ...]]:
        return {way.tank.name: way.sides for way, _ in Fixed(site).inflows["pump_main"]}

    site, zone, pump = TWO.site, TWO.site.zones["zone-1"], TWO.site.actuators["pump_main"]
    supply = ("pump_main",), ("valve_clean_supply",)
    assert ways(site) == {"solution": (*supply, ("valve_solution_fill",))}
    strong = replace(pump, least_flow=LeastFlow(l_min=15, bypass="bypass", bypass_l_min=10))
    led_back = replace(site, actuators={**site.actuators, "pump_main": strong})
    assert ways(led_back) == {"solution": (*supply, ("valve_solution_fill", "bypass"))}
    film = Round(output="pump_main", max_off=600 * SECOND, pulse=1800 * SECOND)
    channels = replace(site, zones={"zone-1": replace(zone, valve=None, rounds=(film,))})
    assert ways(channels) == {"solution": supply}, "channels have no valve that is shut"
