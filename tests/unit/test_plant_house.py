"""The house as its controller meets it: switches, channels, and everything that can break."""

from math import isnan
from random import Random

import pytest

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Breakage, Fault
from edgectl.plant.house import Plant
from edgectl.plant.layout import ClimatePart, Gauge, Layout, one_tank, two_tanks
from edgectl.plant.weather import HOUR, SUMMER, WINTER

MINUTE = 60 * SECOND


def house(layout: Layout | None = None, seed: int = 1) -> Plant:
    return Plant(layout or two_tanks(full=0.5, climate=ClimatePart()), Random(seed))


def water(plant: Plant, at: Nanos, minutes: int) -> None:
    for name in ("valve_solution_supply", "valve_irrigation", "pump_main"):
        plant.set(name, True, at)
    for name in ("pump_main", "valve_irrigation", "valve_solution_supply"):
        plant.set(name, False, at + minutes * MINUTE)


def test_a_day_with_eight_waterings() -> None:
    plant = house(two_tanks(full=1))
    for n in range(8):
        water(plant, (6 + n) * HOUR, 1)
        plant.set("acid", 1, (6 + n) * HOUR + 5 * MINUTE)
        plant.set("acid", 0, (6 + n) * HOUR + 5 * MINUTE + 2 * SECOND)
    plant.advance(24 * HOUR)
    totals = plant.totals
    assert totals.zone_l == pytest.approx(8 * 20 * 59.5 / 60)
    assert totals.moved_l["pump_main"] == totals.zone_l
    assert totals.dosed_ml["acid"] == totals.arrived_ml["acid"] == pytest.approx(16)
    assert totals.dry_longest_s == totals.dead_head_longest_s == totals.overflow_l == 0
    assert plant.read("ph", plant.at) < 6


def test_the_same_seed_reads_the_same() -> None:
    def readings(seed: int) -> list[float]:
        plant = house(seed=seed)
        return [plant.read(channel, n * MINUTE) for n in range(200) for channel in plant.channels]

    assert readings(3) == readings(3)
    assert readings(3) != readings(4)


def test_floats_and_levels() -> None:
    plant = house(two_tanks())
    seen = []
    plant.set("valve_clean_fill", 1, 0)
    for at in (0, 2 * MINUTE, 9 * MINUTE + 50 * SECOND):
        seen.append((plant.read("clean_min", at), plant.read("clean_max", at), plant.read("solution_min", at)))
    assert seen == [(0, 0, 0), (1, 0, 0), (1, 1, 0)]
    assert plant.read("level_clean", plant.at) == pytest.approx(99, abs=1.5)


def test_the_small_house() -> None:
    plant = house(one_tank())
    for name in ("valve", "pump", "lamp"):
        plant.set(name, True, 0)
    assert plant.read("meter.flow", SECOND) == pytest.approx(10)
    assert plant.read("meter.volume", 60 * SECOND) == pytest.approx(9.9)
    with pytest.raises(KeyError, match="no part"):
        plant.set("pomp", True, 0)
    with pytest.raises(ValueError, match="no such quantity"):
        house(Layout(tanks=(), pumps=(), valves=(), gauges=(Gauge(channel="a", of="air.ph"),)))


def worst(breakage: Breakage | None) -> Plant:
    """An hour of a working day with one thing broken."""
    plant = house()
    if breakage is not None:
        plant.break_part(breakage.fault, breakage.of, 11 * HOUR, value=77)
    water(plant, 11 * HOUR, 2)
    used = ("valve_clean_fill", "valve_clean_supply", "valve_solution_fill", "pump_main", *plant.plumbing.doses)
    for on in (1, 0):
        for name in used:
            plant.set(name, on, 11 * HOUR + (6 - on) * MINUTE)
    for name in ("heater", "vent"):
        plant.set(name, 1, 11 * HOUR + 7 * MINUTE)
    plant.advance(12 * HOUR)
    return plant


@pytest.mark.parametrize("breakage", house().possible_faults(), ids=lambda b: f"{b.fault}-{b.of}")
def test_each_fault_is_felt_and_mended(breakage: Breakage) -> None:
    plant, healthy = worst(breakage), worst(None)
    assert set(plant.faults) == {breakage}
    felt = plant.totals != healthy.totals or any(
        plant.read(channel, plant.at + n * SECOND) != healthy.read(channel, healthy.at + n * SECOND)
        for n in range(60)
        for channel in plant.channels
    )
    assert felt or breakage.fault is Fault.PROBE_FREEZE, "a frozen float shows what it showed"
    plant.mend(breakage.fault, breakage.of, plant.at)
    assert not plant.faults


def test_probe_faults_of_the_house() -> None:
    plant = house()
    plant.break_part(Fault.PROBE_STUCK, "ph", 0, value=14)
    plant.break_part(Fault.PROBE_DROPOUT, "ec", 0)
    assert plant.read("ph", 0) == 14
    assert isnan(plant.read("ec", 0))
    plant.mend(Fault.PROBE_STUCK, "ph", SECOND)
    assert plant.read("ph", SECOND) == pytest.approx(6, abs=0.1)
    with pytest.raises(ValueError, match="not possible"):
        plant.break_part(Fault.PUMP_WORN, "valve_irrigation", 0)


def test_weather_faults_and_the_cold_heater() -> None:
    layout = two_tanks(climate=ClimatePart())

    def hottest_and_coldest(fault: Fault | None, vent: float, heater: float) -> tuple[float, float, float]:
        plant = Plant(layout, Random(2), season=WINTER if heater else SUMMER)
        plant.set("vent", vent, 0)
        plant.set("heater", heater, 0)
        if fault:
            plant.break_part(fault, "", HOUR)
        plant.advance(24 * HOUR)
        totals = plant.totals
        assert totals.hottest is not None
        assert totals.coldest is not None
        return totals.hottest, totals.coldest, totals.storm_open_s

    plain, warm = hottest_and_coldest(None, 1, 0), hottest_and_coldest(None, 0, 1)
    assert hottest_and_coldest(Fault.HEAT_WAVE, 1, 0)[0] > plain[0] + 10
    assert hottest_and_coldest(Fault.WIND_STORM, 1, 0)[2] > plain[2] + 22 * 3600
    assert hottest_and_coldest(Fault.COLD_NIGHT, 0, 1)[1] < warm[1] - 10
    assert hottest_and_coldest(Fault.HEATER_COLD, 0, 1)[1] < warm[1] - 10
