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
from edgectl.model.site import Actuator, Sensor, Site

ROOT = Path(__file__).parent.parent.parent
LOADED = load(ROOT / "examples" / "two-tank.yaml")
SITE, SCHEDULES = LOADED.site, LOADED.schedules
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
    if not refusal(SITE, SCHEDULES, limits):
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
    assert told in refusal(SITE, SCHEDULES, limits)


def test_a_tighter_dose_is_taken() -> None:
    limits = {"actuators": {DOSER: {"max_per_day_ml": 1.0}}}
    assert refusal(SITE, SCHEDULES, limits) == ""
    doser = envelope.tightened(SITE, limits).actuators[DOSER].doser
    assert doser is not None
    assert doser.max_per_day_ml == 1.0
