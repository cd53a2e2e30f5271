"""Limits from afar: whatever a revision says, nothing is allowed that the site file does not allow."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.config.loader import load
from edgectl.engine import envelope
from edgectl.engine.rules.limits import refusal
from edgectl.model.site import Actuator, Daily, Sensor, Site
from edgectl.model.time import SECOND, seconds
from edgectl.scheduler.schedule import Cron, Every

ROOT = Path(__file__).parent.parent.parent
LOADED = load(ROOT / "examples" / "two-tank.yaml")
SITE, SCHEDULES = LOADED.site, LOADED.schedules
PRODUCT = load(ROOT / "examples" / "product.yaml")  # 90 s every two hours of the day, a lamp for 16 h, a plain timer
NOON = 1_780_000_000 * SECOND
PUMP = next(name for name, a in SITE.actuators.items() if a.max_on is not None and a.role == "pump")
DOSER = next(name for name, a in SITE.actuators.items() if a.doser is not None)

numbers = st.one_of(st.floats(), st.integers(-10, 10**6), st.booleans(), st.none(), st.sampled_from(["", "1"]))
names = st.one_of(st.sampled_from([*SITE.actuators, *SITE.sensors]), st.just("nobody"))
wanted = st.one_of(
    st.dictionaries(st.sampled_from([*envelope.SECTIONS["actuators"], *envelope.SECTIONS["sensors"], "x"]), numbers),
    numbers,
)
anything = st.dictionaries(st.sampled_from(["actuators", "sensors", "zones"]), st.dictionaries(names, wanted))


def never_looser(local: Site, remote: Site) -> None:
    for name, actuator in local.actuators.items():
        _actuator(actuator, remote.actuators[name])
    for name, sensor in local.sensors.items():
        _sensor(sensor, remote.sensors[name])
    same = {"actuators": local.actuators, "sensors": local.sensors}
    assert replace(remote, **same) == local, "nothing else was touched"


def _actuator(local: Actuator, remote: Actuator) -> None:
    assert local.max_on is None or (remote.max_on is not None and remote.max_on <= local.max_on)
    assert remote.min_off >= local.min_off
    assert local.starts_per_hour is None or (remote.starts_per_hour or math.inf) <= local.starts_per_hour
    assert local.daily is None or (remote.daily is not None and remote.daily.litres <= local.daily.litres)
    if local.doser is not None and remote.doser is not None:
        for name in ("max_dose_ml", "max_per_hour_ml", "max_per_day_ml"):
            assert getattr(remote.doser, name) <= getattr(local.doser, name)
        same = {name: getattr(local.doser, name) for name in ("max_dose_ml", "max_per_hour_ml", "max_per_day_ml")}
        assert replace(remote.doser, **same) == local.doser
    kept = {name: getattr(local, name) for name in ("max_on", "min_off", "starts_per_hour", "daily", "doser")}
    assert replace(remote, **kept) == local


def _sensor(local: Sensor, remote: Sensor) -> None:
    assert local.low is None or (remote.low is not None and remote.low >= local.low)
    assert local.high is None or (remote.high is not None and remote.high <= local.high)
    assert replace(remote, low=local.low, high=local.high) == local


@settings(max_examples=150)
@given(anything)
def test_no_revision_that_is_taken_widens_anything(limits: dict[str, Any]) -> None:
    if not refusal(SITE, SCHEDULES, limits, NOON):
        never_looser(SITE, envelope.tightened(SITE, limits))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from([*SITE.actuators]), st.fixed_dictionaries({"max_on_s": st.floats(0.1, 1e6)})))
def test_a_revision_of_an_older_site_file_widens_nothing_of_a_newer_one(actuators: dict[str, Any]) -> None:
    """What was validated once is not validated again: the tighter of both holds whatever the file has become."""
    never_looser(SITE, envelope.tightened(SITE, {"actuators": actuators}))


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ([], "limits are written as"),
        ({"zones": {}}, "limits are written as"),
        ({"actuators": {"nobody": {"max_on_s": 1}}}, "the site has no actuator 'nobody'"),
        ({"actuators": {PUMP: {"speed": 1}}}, "is no limit that can be tightened; there are: max_on_s"),
        ({"actuators": {PUMP: {"max_on_s": "1"}}}, "must be a number"),
        ({"actuators": {PUMP: {"max_on_s": True}}}, "must be a number"),
        ({"actuators": {PUMP: {"max_on_s": math.nan}}}, "must be a number"),
        ({"actuators": {PUMP: {"max_on_s": 0}}}, "is 0: that would be no limit but an end; use a hold"),
        ({"actuators": {PUMP: {"max_on_s": -5}}}, "is -5: that would be no limit but an end"),
        ({"actuators": {PUMP: {"max_on_s": 10**8}}}, "is tighter: the centre can only tighten"),
        ({"actuators": {PUMP: {"max_on_s": 0.5}}}, "on for"),
        ({"actuators": {PUMP: {"max_dose_ml": 1}}}, "limits nothing here"),
        ({"actuators": {DOSER: {"max_dose_ml": 10**6}}}, "the centre can only tighten"),
        ({"actuators": {PUMP: {"starts_per_hour": 1.5}}}, "must be a whole number"),
    ],
)
def test_each_refusal_names_the_limit_and_says_why(limits: Any, told: str) -> None:
    assert told in refusal(SITE, SCHEDULES, limits, NOON)


def test_a_tighter_dose_is_taken() -> None:
    limits = {"actuators": {DOSER: {"max_per_day_ml": 1.0}}}
    assert refusal(SITE, SCHEDULES, limits, NOON) == ""
    doser = envelope.tightened(SITE, limits).actuators[DOSER].doser
    assert doser is not None
    assert doser.max_per_day_ml == 1.0


@pytest.mark.parametrize(
    ("part", "limits", "told"),
    [
        ("main_pump", {"max_on_s": 89}, "schedule morning keeps main_pump on for 90 s"),
        ("irrigation_valve", {"max_on_s": 3}, "schedule morning keeps irrigation_valve on for"),
        ("irrigation_valve", {"max_on_s": 0.001}, "schedule morning keeps irrigation_valve on for"),
        ("lamp", {"max_on_s": 1}, "schedule lamps keeps lamp on for 57600 s"),
        ("lamp", {"min_off_s": 1e9}, "schedule lamps needs lamp"),
        ("lamp", {"min_off_s": 30_000}, "schedule lamps needs lamp 28815 s after schedule lamps"),
        ("main_pump", {"min_off_s": 1e9}, "schedule morning needs main_pump"),
        ("main_pump", {"min_off_s": 7200}, "schedule morning needs main_pump"),
        ("irrigation_valve", {"min_off_s": 7200}, "schedule morning needs irrigation_valve"),
        ("main_pump", {"starts_per_hour": 1}, ""),
        ("main_pump", {"max_on_s": 90, "min_off_s": 3600}, ""),
        ("irrigation_valve", {"max_on_s": 180}, ""),
        ("lamp", {"min_off_s": 3600, "max_on_s": 60_000}, ""),
    ],
)
def test_a_limit_leaves_room_for_what_is_planned(part: str, limits: dict[str, float], told: str) -> None:
    _told(refusal(PRODUCT.site, PRODUCT.schedules, {"actuators": {part: limits}}, NOON), told)


@pytest.mark.parametrize(
    ("cadence", "limits", "told"),
    [
        (Cron(expression="*/30 * * * *"), {"starts_per_hour": 1}, "start 2 of main_pump within an hour"),
        (Cron(expression="*/30 * * * *"), {"starts_per_hour": 3}, ""),
        (Every(interval=1800 * SECOND), {"starts_per_hour": 1}, "start 2 of main_pump within an hour"),
        (Every(interval=1800 * SECOND), {"min_off_s": 3600}, "schedule morning needs main_pump"),
        (Every(interval=1800 * SECOND), {"min_off_s": 1200}, ""),
    ],
)
def test_runs_of_every_cadence_find_their_starts_and_rests(cadence: Any, limits: dict[str, float], told: str) -> None:
    morning = replace(PRODUCT.schedules[0], cadence=cadence)
    _told(refusal(PRODUCT.site, (morning,), {"actuators": {"main_pump": limits}}, NOON), told)


@pytest.mark.parametrize(("litres", "told"), [(10, "brings main_pump to"), (119, "to 120.0 L in a day"), (120, "")])
def test_a_day_of_planned_water_fits_into_the_litres_of_a_day(litres: float, told: str) -> None:
    """Eight runs of 90 s at 10 L/min."""
    pump = replace(PRODUCT.site.actuators["main_pump"], daily=Daily(litres=500, l_min=10))
    site = replace(PRODUCT.site, actuators=PRODUCT.site.actuators | {"main_pump": pump})
    limits = {"actuators": {"main_pump": {"litres_per_day": litres}}}
    _told(refusal(site, PRODUCT.schedules, limits, NOON), told)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_on_s": 59}, "the fallback of zone-1 keeps main_pump on for 60 s"),
        ({"max_on_s": 60}, ""),
        ({"min_off_s": 4 * 3600}, "the fallback of zone-1 needs main_pump"),
    ],
)
def test_the_plain_timer_of_a_thirsty_zone_still_fits(limits: dict[str, float], told: str) -> None:
    _told(refusal(PRODUCT.site, (), {"actuators": {"main_pump": limits}}, NOON), told)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"min_off_s": 43_201}, "the plants of zone-1 bear 24 h"),
        ({"min_off_s": 86_401}, "more than a day is no limit but an end"),
        ({"max_on_s": 0.5}, "would be no limit but an end"),
    ],
)
def test_a_limit_under_which_nobody_could_water_by_hand_is_none(limits: dict[str, float], told: str) -> None:
    zone = replace(PRODUCT.site.zones["zone-1"], fallback=None)
    site = replace(PRODUCT.site, zones={"zone-1": zone})
    _told(refusal(site, (), {"actuators": {"main_pump": limits}}, NOON), told)


def test_what_the_site_file_itself_has_no_room_for_is_not_the_centres_doing() -> None:
    pump = replace(PRODUCT.site.actuators["main_pump"], min_off=seconds(7200))
    site = replace(PRODUCT.site, actuators=PRODUCT.site.actuators | {"main_pump": pump})
    assert refusal(site, PRODUCT.schedules, {"actuators": {"main_pump": {"max_on_s": 120}}}, NOON) == ""


def _told(why: str, told: str) -> None:
    assert told in why if told else why == "", why


@pytest.mark.parametrize(("longest", "told"), [(60, "schedule morning keeps main_pump on for"), (120, "")])
def test_litres_by_the_meter_keep_the_time_that_they_need(longest: float, told: str) -> None:
    """10 L at 10 L/min: a shorter limit would end the run by the clock each time, before the plants had their water."""
    zone = replace(PRODUCT.site.zones["zone-1"], fallback=None, meter="solution_level", rate_l_min=10.0)
    site = replace(PRODUCT.site, zones={"zone-1": zone})
    morning = replace(PRODUCT.schedules[0], payload={"volume_l": 10.0})
    _told(refusal(site, (morning,), {"actuators": {"main_pump": {"max_on_s": longest}}}, NOON), told)


AIR = load(ROOT / "examples" / "climate.yaml")


@pytest.mark.parametrize(
    ("part", "limits", "told"),
    [
        ("heater_1", {"max_on_s": 60}, "needs heater_1 for 120 s, and max_on would be 60 s"),
        ("heater_1", {"max_on_s": 600}, ""),
        ("heater_1", {"min_off_s": 3600}, "needs heater_1 again after 900 s"),
        ("heater_1", {"min_off_s": 600}, ""),
        ("heater_1", {"starts_per_hour": 1}, "needs heater_1 up to 4 times an hour"),
        ("fan_1", {"max_on_s": 60}, "needs fan_1 for 3600 s"),
        ("fan_1", {"min_off_s": 1800}, "needs fan_1 again after 900 s"),
        ("fog_valve", {"max_on_s": 5}, "needs fog_valve for 8 s"),
        ("fog_valve", {"starts_per_hour": 10}, "up to 40 times an hour"),
        ("roof_open", {"max_on_s": 100}, "needs roof_open for 120 s"),
        ("roof_close", {"min_off_s": 301}, "needs roof_close again after 300 s"),
        ("roof_close", {"starts_per_hour": 11}, "up to 12 times an hour"),
        ("roof_close", {"starts_per_hour": 12, "min_off_s": 300, "max_on_s": 120}, ""),
    ],
)
def test_the_air_that_no_schedule_names_keeps_its_room(part: str, limits: dict[str, float], told: str) -> None:
    _told(refusal(AIR.site, AIR.schedules, {"actuators": {part: limits}}, NOON), told)


@pytest.mark.parametrize(
    ("sensor", "limits", "told"),
    [
        ("air_temperature", {"high": 20}, "the set-point vent of"),
        ("air_temperature", {"low": 15}, "the set-point heat of"),
        ("air_temperature", {"low": 5, "high": 45}, ""),
        ("air_humidity", {"low": 60}, "the set-point driest of"),
    ],
)
def test_what_is_kept_at_a_point_is_still_seen_on_both_sides_of_it(
    sensor: str, limits: dict[str, float], told: str
) -> None:
    _told(refusal(AIR.site, AIR.schedules, {"sensors": {sensor: limits}}, NOON), told)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"high": 15}, "main_pump requires solution_level > 15"),
        ({"high": 14}, "nothing from 0 up to 14 would ever let it run"),
        ({"low": 12}, ""),  # the stop then comes from a reading that is not believed
        ({"high": 16}, ""),
    ],
)
def test_a_reading_that_lets_the_pump_run_may_still_be_believed(limits: dict[str, float], told: str) -> None:
    _told(refusal(PRODUCT.site, PRODUCT.schedules, {"sensors": {"solution_level": limits}}, NOON), told)


def test_the_target_of_a_solution_may_still_be_believed() -> None:
    chemistry = next(zone.chemistry for zone in SITE.zones.values() if zone.chemistry is not None)
    assert chemistry.ph is not None
    limits = {"sensors": {chemistry.ph: {"low": chemistry.target_ph}}}
    _told(refusal(SITE, SCHEDULES, limits, NOON), "the target_ph of")


@pytest.mark.parametrize("limit", ["max_dose_ml", "max_per_hour_ml", "max_per_day_ml"])
def test_the_smallest_dose_of_a_pump_still_fits(limit: str) -> None:
    doser = SITE.actuators[DOSER].doser
    assert doser is not None
    least = doser.ml_per_s * max(doser.least, doser.step) / SECOND
    below, enough = ({"actuators": {DOSER: {limit: least * share}}} for share in (0.99, 1.01))
    _told(refusal(SITE, SCHEDULES, below, NOON), f"{DOSER} gives {least:g} ml at least, and {limit} would be")
    _told(refusal(SITE, SCHEDULES, enough, NOON), "")


def test_air_and_readings_for_which_the_file_itself_has_no_room_are_not_the_centres_doing() -> None:
    short = replace(AIR.site.actuators["fog_valve"], max_on=5 * SECOND)
    level = replace(PRODUCT.site.sensors["solution_level"], high=14.0)
    site = replace(AIR.site, actuators=AIR.site.actuators | {"fog_valve": short})
    assert refusal(site, AIR.schedules, {"actuators": {"fog_valve": {"max_on_s": 4}}}, NOON) == ""
    dry = replace(PRODUCT.site, sensors=PRODUCT.site.sensors | {"solution_level": level})
    assert refusal(dry, PRODUCT.schedules, {"sensors": {"solution_level": {"high": 13}}}, NOON) == ""
