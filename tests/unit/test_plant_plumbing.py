"""Water goes where the open valves lead, and a pump that moves none is counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.model.time import SECOND
from edgectl.plant.faults import Breakage, Fault
from edgectl.plant.layout import MAINS, Layout, PumpPart, TankPart, ValvePart, one_tank, two_tanks
from edgectl.plant.plumbing import Plumbing
from edgectl.plant.tank import Flows, Gone, Tank
from edgectl.plant.water import ACID

MINUTE = 60 * SECOND
STARTUP = ("valve_clean_supply", "valve_solution_fill", "pump_main")


def run(plumbing: Plumbing, parts: tuple[str, ...], seconds: float) -> None:
    for name in parts:
        plumbing.set(name, 1)
    plumbing.advance(plumbing.at + round(seconds * SECOND))
    for name in reversed(parts):
        plumbing.set(name, 0)


def test_the_two_tank_startup() -> None:
    it = Plumbing(two_tanks())
    run(it, ("valve_clean_fill",), 570)
    assert it.tanks["clean"].volume_l == pytest.approx(193)
    run(it, STARTUP, 560.5)
    assert it.tanks["clean"].volume_l == pytest.approx(193 - 560 / 3)
    assert it.tanks["solution"].volume_l == pytest.approx(3 + 560 / 3)
    run(it, ("valve_solution_supply", "valve_solution_fill", "pump_main"), 600)
    assert it.tanks["solution"].volume_l == pytest.approx(3 + 560 / 3)
    solution = it.tanks["solution"]
    assert solution.litre_near.salt == pytest.approx(solution.litre_bulk.salt, rel=1e-3)
    run(it, ("valve_solution_supply", "valve_irrigation", "pump_main"), 60.5)
    assert it.zone_l == pytest.approx(20)
    assert it.pumps["pump_main"].dead_head.longest == 0


def test_a_pump_without_a_way_out_and_one_without_water_are_counted() -> None:
    it = Plumbing(two_tanks(full=0.5))
    run(it, ("valve_clean_supply", "pump_main"), 7)
    run(it, ("valve_irrigation", "pump_main"), 3)
    pump = it.pumps["pump_main"]
    assert (pump.dead_head.longest, pump.dry_spell.longest) == (7 * SECOND, 3 * SECOND)
    run(it, ("valve_clean_supply", "valve_irrigation", "pump_main"), 600)
    wet_s = 0.5 + (101.5 - 2) * 3
    assert pump.dry_spell.longest / SECOND == pytest.approx(600 - wet_s, abs=0.001)
    assert it.tanks["clean"].volume_l == pytest.approx(2, abs=1e-6)


def test_a_dry_suction_draws_again_when_primed_without_rattling() -> None:
    it = Plumbing(two_tanks())
    run(it, ("valve_clean_fill", "valve_clean_supply", "valve_irrigation", "pump_main"), 3600)
    assert it.zone_l == pytest.approx(1200, abs=3)
    assert it.mains_l == pytest.approx(1200, abs=1e-3)


def test_a_full_tank_runs_over() -> None:
    it = Plumbing(two_tanks(full=1))
    run(it, ("valve_clean_fill",), 120)
    assert it.tanks["clean"].overflow_l == pytest.approx(40)


@pytest.mark.parametrize(
    ("fault", "of", "litres"),
    [
        (Fault.SUCTION_BLOCKED, "pump_main", 0),
        (Fault.PUMP_WORN, "pump_main", 20 * (0.35 / 0.85) ** 0.5),
        (Fault.VALVE_LEAKING, "valve_irrigation", 20),
    ],
)
def test_broken_parts_move_less(fault: Fault, of: str, litres: float) -> None:
    it = Plumbing(two_tanks(full=1))
    it.break_part(Breakage(fault=fault, of=of), True)
    run(it, ("valve_clean_supply", "valve_irrigation", "pump_main"), 60.5)
    assert it.zone_l == pytest.approx(litres)


def test_leaks_pass_when_all_is_off() -> None:
    it = Plumbing(two_tanks(full=0.5))
    it.break_part(Breakage(fault=Fault.VALVE_LEAKING, of="valve_clean_fill"), True)
    it.break_part(Breakage(fault=Fault.TANK_LEAK, of="solution"), True)
    it.advance(10 * MINUTE)
    assert it.tanks["clean"].volume_l == pytest.approx(101.5 + 10)
    assert it.tanks["solution"].volume_l == pytest.approx(101.5 - 5)
    it.break_part(Breakage(fault=Fault.VALVE_LEAKING, of="valve_irrigation"), True)
    run(it, ("valve_clean_supply", "pump_main"), 60.5)
    assert it.zone_l == pytest.approx(1)
    it.advance(600 * MINUTE)
    assert it.tanks["solution"].volume_l == pytest.approx(2, abs=1e-6)


def test_a_dose_arrives_four_seconds_late_and_an_empty_line_never() -> None:
    it = Plumbing(two_tanks(full=0.5))
    acid, start = it.doses["acid"], it.tanks["solution"].solute.alkalinity
    run(it, ("acid",), 3)
    assert (acid.total_ml(it.at), acid.arrived_ml) == (3, 0)
    it.advance(it.at + 3 * SECOND)
    assert acid.arrived_ml == pytest.approx(2)
    it.advance(it.at + 3 * SECOND)
    assert it.tanks["solution"].solute.alkalinity == pytest.approx(start - 3)
    it.break_part(Breakage(fault=Fault.DOSE_LINE_EMPTY, of="acid"), True)
    run(it, ("acid",), 5)
    it.advance(it.at + MINUTE)
    assert (acid.total_ml(it.at), acid.arrived_ml) == (8, pytest.approx(3))
    assert [pulse.ml for pulse in acid.pulses] == [3, 5]


NAMES = (*(valve.name for valve in two_tanks().valves), "pump_main", "acid")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((*NAMES, "pump_main", "acid")), st.floats(0, 1), st.floats(0.1, 900)), max_size=30
    )
)
def test_no_switching_makes_or_loses_water(acts: list[tuple[str, float, float]]) -> None:
    it = Plumbing(two_tanks(full=0.3))
    begin_l = sum(tank.volume_l for tank in it.tanks.values())
    for name, position, seconds in acts:
        it.set(name, position if position > 0.05 else 0)
        it.advance(it.at + round(seconds * SECOND))
    stored_l = sum(tank.volume_l + tank.overflow_l for tank in it.tanks.values())
    dosed_l = sum(dose.arrived_ml for dose in it.doses.values()) / 1000
    assert stored_l + it.zone_l == pytest.approx(begin_l + it.mains_l + dosed_l, abs=1e-5)
    assert all(tank.volume_l >= tank.dead_l - 1e-6 for tank in it.tanks.values())


def test_the_small_house_is_the_same_class() -> None:
    it = Plumbing(one_tank())
    run(it, ("pump", "valve"), 60.5)
    assert it.zone_l == pytest.approx(10)
    it.advance(24 * 60 * MINUTE)
    assert it.tanks["tank"].volume_l == pytest.approx(200)
    assert it.tanks["tank"].overflow_l == 0


def test_a_layout_refuses_pipes_that_lead_nowhere() -> None:
    tanks = (TankPart(name="a", capacity_l=9, start_l=5), TankPart(name="b", capacity_l=9, start_l=5))
    pumps = (PumpPart(name="p"),)
    for source, target in ((MAINS, "c"), ("a", "b"), ("p", "p")):
        with pytest.raises(ValueError, match="no pipe"):
            Layout(tanks=tanks, pumps=pumps, valves=(ValvePart(name="v", source=source, target=target),))
    with pytest.raises(ValueError, match="same name"):
        Layout(tanks=tanks, pumps=(PumpPart(name="a"),), valves=())
    back = ValvePart(name="v", source="p", target="a")
    with pytest.raises(ValueError, match="source first"):
        Layout(tanks=tanks, pumps=(PumpPart(name="p", tank="b"),), valves=(back,))


def test_nothing_on_costs_one_step_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    pass_time = Tank.pass_time

    def counted(tank: Tank, spent_s: float, flows: Flows) -> Gone:
        nonlocal steps
        steps += 1
        return pass_time(tank, spent_s, flows)

    monkeypatch.setattr(Tank, "pass_time", counted)
    it = Plumbing(two_tanks(full=0.5))
    it.tanks["solution"].pour(ACID.times(20))
    it.advance(24 * 60 * MINUTE)
    assert steps == len(it.tanks)
    assert it.tanks["solution"].ph == pytest.approx(it.tanks["solution"].ph_mixed, abs=0.1)
    it.set("valve_clean_fill", 1)
    it.advance(it.at + MINUTE)
    assert steps == 2 * len(it.tanks)


def test_two_ways_share_a_pump_and_a_half_open_valve_gets_less() -> None:
    it = Plumbing(two_tanks(full=0.9))
    for name in ("valve_clean_supply", "valve_solution_fill", "valve_irrigation", "pump_main"):
        it.set(name, 1)
    it.advance(SECOND)
    it.settle()
    both = it.pumps["pump_main"].flow_l_s * 60
    assert 20 < both < 28
    it.set("valve_solution_fill", 0)
    it.set("valve_irrigation", 0.5)
    it.settle()
    assert 10 < it.pumps["pump_main"].flow_l_s * 60 < 18
