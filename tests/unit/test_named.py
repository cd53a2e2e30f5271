"""Which devices a zone rests on: no field of a zone, and none of what stands in it, can be forgotten."""

from dataclasses import fields, replace
from typing import Any

import pytest

from edgectl.model.air import Climate, Gas
from edgectl.model.named import devices_under
from edgectl.model.site import Actuator, Compare, Condition, Draws, Sensor, Site, Zone
from edgectl.model.water import Balance, Chemistry, Circuit, Doser, Tank
from edgectl.simulate.example import example_site

PROBE = Sensor(name="probe", channel="far.value", unit="")
TANK = Tank(name="a tank", volume_l=100)
CIRCUIT = Circuit(solution=TANK, fill="no such valve")
CHEMISTRY = Chemistry(volume_l=100, rate_l_min=20)
GAS = Gas(valve="no such valve", sensor="none", target=800, most=1200)
CLIMATE = Climate(temperature="none", gas=GAS)
BALANCE = Balance(volume_l=100, lasts=1)
DOSER = Doser(ml_per_s=1, max_dose_ml=1, max_per_hour_ml=1, max_per_day_ml=1)


def words(value: Any) -> list[str]:
    """The fields that hold a name, or may."""
    return [field.name for field in fields(value) if "str" in str(field.type) and field.name != "name"]


def zone_with(value: Any, key: str) -> Zone:
    """A zone in which this field of this value names the probe."""
    many = str(next(field.type for field in fields(value) if field.name == key)).find("tuple") >= 0
    named = replace(value, **{key: ("probe",) if many else "probe"})
    base = Zone(name="zone", number=9, circuit=CIRCUIT, chemistry=CHEMISTRY, climate=CLIMATE)
    match named:
        case Zone():
            return named
        case Circuit():
            return replace(base, circuit=named)
        case Tank():
            return replace(base, circuit=replace(CIRCUIT, clean=named))
        case Chemistry():
            return replace(base, chemistry=named)
        case Gas():
            return replace(base, climate=replace(CLIMATE, gas=named))
        case _:
            return replace(base, climate=named)


PLACES = [
    (value, key)
    for value in (Zone(name="zone", number=9), CIRCUIT, TANK, CHEMISTRY, CLIMATE, GAS)
    for key in words(value)
]


def site(**more: Any) -> Site:
    base = example_site()
    return replace(base, sensors={**base.sensors, "probe": PROBE}, **more)


@pytest.mark.parametrize(("value", "key"), PLACES, ids=lambda one: one if isinstance(one, str) else type(one).__name__)
def test_whatever_names_a_sensor_rests_on_its_device(value: Any, key: str) -> None:
    assert devices_under(site(), zone_with(value, key)) == {"far"}


def test_the_fields_that_have_been_forgotten_once_are_among_them() -> None:
    found = {(type(value).__name__, key) for value, key in PLACES}
    assert {
        ("Chemistry", "ph"), ("Chemistry", "ec"), ("Circuit", "mix_flow"), ("Circuit", "fill_meter"), ("Tank", "high"),
        ("Climate", "wind"), ("Gas", "sensor"), ("Zone", "drain"),
    } <= found  # fmt: skip


CONDITION = Condition(sensor="probe", compare=Compare.ABOVE, limit=1)


@pytest.mark.parametrize(
    "more",
    [
        {"requires": (CONDITION,)},
        {"stop_if": (CONDITION,)},
        {"draws": Draws(sensor="probe")},
        {"doser": replace(DOSER, total="probe")},
        {"backup": "contactor"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_its_output_looks_at_is_needed_too(more: dict[str, Any]) -> None:
    base = example_site()
    zone = base.zones["zone-1"]
    pump: Actuator = base.actuators[str(zone.pump)]
    actuators = {**base.actuators, pump.name: replace(pump, **more)}
    actuators["contactor"] = replace(pump, name="contactor", channel="far.relay_1")
    assert "far" not in devices_under(site(), zone)
    assert "far" in devices_under(site(actuators=actuators), zone)


@pytest.mark.parametrize("more", [{"stand_in": "probe"}, {"balance": replace(BALANCE, into="probe")}])
def test_what_speaks_for_a_sensor_and_the_wired_stop_are_needed_too(more: dict[str, Any]) -> None:
    base = example_site()
    level = replace(PROBE, name="level", channel="near.value", **more)
    zone = Zone(name="zone", number=9, tank="level")
    assert devices_under(site(), replace(zone, tank=None)) == set()
    assert devices_under(site(estop="probe"), replace(zone, tank=None)) == {"far"}
    found = replace(base, sensors={**base.sensors, "probe": PROBE, "level": level})
    assert devices_under(found, zone) == {"near", "far"}
