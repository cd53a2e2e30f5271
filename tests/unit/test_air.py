"""What the air needs: wind and rain before heat, heat before humidity, and nothing on what cannot be seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.engine.air import Seen, Wanted, wanted
from edgectl.model.air import Climate, Vent
from edgectl.model.time import SECOND

HOUSE = Climate(
    temperature="t",
    humidity="rh",
    outside="out",
    wind="wind",
    rain="rain",
    heaters=("h1", "h2"),
    fans=("f1", "f2"),
    vents=(Vent(name="roof", opens="o", closes="c", travel=120 * SECOND),),
    fog="fog",
    heat=(18, 15),
    vent=(24, 21),
    driest=55,
    wettest=85,
)
CALM = Seen(temperature=20, humidity=70, outside=15, wind=2, rain=0)
OFF = Wanted()


def want(seen: Seen, before: Wanted = OFF, *, night: bool = False, stormy: bool = False) -> Wanted:
    return wanted(HOUSE, seen, before, night=night, stormy=stormy)


# what is seen, what was wanted before, what is wanted: vent, fans, heaters, fog
ROWS: dict[str, tuple[Seen, Wanted, tuple[float, int, int, bool]]] = {
    "pleasant": (CALM, OFF, (0, 0, 0, False)),
    "a little cool is not yet cold": (replace(CALM, temperature=17), OFF, (0, 0, 0, False)),
    "cold": (replace(CALM, temperature=16.4), OFF, (0, 0, 1, False)),
    "still heating until nearly there": (replace(CALM, temperature=17.4), Wanted(heaters=1), (0, 0, 1, False)),
    "warm enough": (replace(CALM, temperature=17.6), Wanted(heaters=1), (0, 0, 0, False)),
    "bitterly cold": (replace(CALM, temperature=14), OFF, (0, 0, 2, False)),
    "warm": (replace(CALM, temperature=27), OFF, (0.5, 1, 0, False)),
    "hot": (replace(CALM, temperature=30), OFF, (1, 2, 0, False)),
    "one fan less only with a margin": (replace(CALM, temperature=27.5), Wanted(vent=1, fans=2), (0.583, 2, 0, False)),
    "a cloud moves no motor": (replace(CALM, temperature=27), Wanted(vent=0.6, fans=1), (0.6, 1, 0, False)),
    "damp": (replace(CALM, humidity=95), OFF, (0.5, 0, 0, False)),
    "not yet dry enough to shut": (replace(CALM, humidity=84), Wanted(vent=0.4), (0.15, 0, 0, False)),
    "dry enough to shut": (replace(CALM, humidity=80), Wanted(vent=0.4), (0, 0, 0, False)),
    "dry": (replace(CALM, humidity=44), OFF, (0, 0, 0, True)),
    "fog goes on until nearly there": (replace(CALM, humidity=52), Wanted(fog=True), (0, 0, 0, True)),
    "fog ends": (replace(CALM, humidity=54), Wanted(fog=True), (0, 0, 0, False)),
    "overheat": (replace(CALM, temperature=38), Wanted(heaters=1), (1, 2, 0, False)),
    "hotter outside": (replace(CALM, temperature=27, outside=29), OFF, (0, 1, 0, False)),
    "wind": (replace(CALM, temperature=30, wind=9), OFF, (0.25, 2, 0, False)),
    "storm": (replace(CALM, temperature=30, wind=13), Wanted(vent=1), (0, 2, 0, False)),
    "storm and overheat": (replace(CALM, temperature=39, wind=13), OFF, (0, 2, 0, False)),
    "rain": (replace(CALM, temperature=30, rain=2), OFF, (0.1, 2, 0, False)),
    "wind unseen": (replace(CALM, temperature=30, wind=None), OFF, (0.2, 2, 0, False)),
    "wind unseen and overheat": (replace(CALM, temperature=39, wind=None), OFF, (0.2, 2, 0, False)),
    "temperature unseen": (replace(CALM, temperature=None), Wanted(vent=0.5, fans=1, heaters=1), (0.5, 1, 0, False)),
    "humidity unseen": (replace(CALM, humidity=None), Wanted(fog=True), (0, 0, 0, False)),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_the_air_needs(name: str) -> None:
    seen, before, (vent, fans, heaters, fog) = ROWS[name]
    found = want(seen, before)
    assert (round(found.vent, 3), found.fans, found.heaters, found.fog) == (vent, fans, heaters, fog)


def test_after_a_storm_the_vent_stays_shut_until_the_lull_has_lasted() -> None:
    assert want(replace(CALM, temperature=30, wind=5), stormy=True).vent == 0
    assert want(replace(CALM, temperature=30, wind=5), stormy=False).vent == 1


def test_a_house_says_how_far_its_vents_are_open_in_weather_that_nobody_sees() -> None:
    for at in (30, 39):
        blind = replace(CALM, temperature=at, wind=None)
        assert wanted(replace(HOUSE, unseen=0.05), blind, OFF, night=False, stormy=False).vent == 0.05


def test_the_night_has_set_points_of_its_own() -> None:
    assert want(replace(CALM, temperature=16), night=True).heaters == 0
    assert want(replace(CALM, temperature=24), night=True).vent == 0.5


MAYBE = st.one_of(st.none(), st.floats(-30, 60))


@given(MAYBE, st.one_of(st.none(), st.floats(0, 100)), MAYBE, st.one_of(st.none(), st.floats(0, 40)), MAYBE)
def test_whatever_is_seen_the_limits_of_the_weather_hold(
    at: float | None, humidity: float | None, outside: float | None, wind: float | None, rain: float | None
) -> None:
    seen = Seen(temperature=at, humidity=humidity, outside=outside, wind=wind, rain=rain)
    for before in (OFF, Wanted(vent=1, fans=2, heaters=2, fog=True)):
        found = want(seen, before)
        if wind is None:
            assert found.vent <= 0.2
        elif wind >= 12:
            assert found.vent == 0
        elif wind >= 8:
            assert found.vent <= 0.25
        if rain is not None and rain > 0:
            assert found.vent <= 0.1
        if at is None or at > 18:
            assert found.heaters == 0
        if humidity is None or humidity >= 85:
            assert not found.fog
        assert 0 <= found.vent <= 1
        assert 0 <= found.fans <= 2
        assert 0 <= found.heaters <= 2
