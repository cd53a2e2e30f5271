"""The air does what the domain facts measured, and the weather is a function of its seed."""

from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.model.time import SECOND
from edgectl.plant.climate import Acts, Air, Climate, after
from edgectl.plant.weather import HOUR, SPRING, SUMMER, WINTER, Season, Sky, Weather

MINUTE = 60 * SECOND
NOON = Sky(radiation=960, temperature=25, vapour=0.012, wind=2, rain=0)
FROST = Sky(radiation=0, temperature=-8, vapour=0.002, wind=2, rain=0)


def minutes_to(air: Air, sky: Sky, degrees: float) -> float:
    sign = 1 if degrees > air.temperature else -1
    for step in range(6 * 200):
        if (air.temperature - degrees) * sign >= 0:
            return step / 6
        air = after(air, Acts(), sky, 10)
    raise AssertionError(f"never {degrees}: {air}")


@pytest.mark.parametrize(("degrees", "minutes"), [(35, 14), (38, 26), (40, 35), (45, 63)])
def test_closed_vents_at_noon(degrees: float, minutes: float) -> None:
    assert minutes_to(Air(temperature=31), NOON, degrees) == pytest.approx(minutes, abs=5)


@pytest.mark.parametrize(("degrees", "minutes"), [(10, 18), (5, 43), (0, 79)])
def test_no_heating_in_frost(degrees: float, minutes: float) -> None:
    assert minutes_to(Air(temperature=14), FROST, degrees) == pytest.approx(minutes, abs=5)


@given(
    temperature=st.floats(-5, 45),
    humid=st.floats(0.1, 0.9),
    co2=st.floats(4e-4, 2e-3),
    crop=st.floats(0.01, 0.3),
    vent=st.floats(0, 1),
    heating=st.floats(0, 150),
    lamp=st.floats(0, 100),
    fed=st.floats(0, 1e-6),
    outside=st.floats(-15, 35),
    light=st.floats(0, 960),
)
def test_one_short_step_is_the_four_equations(
    temperature: float,
    humid: float,
    co2: float,
    crop: float,
    vent: float,
    heating: float,
    lamp: float,
    fed: float,
    outside: float,
    light: float,
) -> None:
    """Van Henten 2003 as it is printed, with the vent in the balance of vapour; written here a second time."""
    t, to, d, c = temperature, outside, crop, co2
    saturated_vapour = 9348 / (8314 * (t + 273.15)) * exp(17.4 * t / (t + 239))
    h, ho, co = humid * saturated_vapour, 0.8 * 9348 / (8314 * (to + 273.15)) * exp(17.4 * to / (to + 239)), 7.2e-4
    uv, i = 0.02 * vent, light + lamp
    dt = (heating - (1290 * uv + 6.1) * (t - to) + 0.2 * i) / 30_000
    transpired = (1 - exp(-53 * d)) * 3.6e-3 * (saturated_vapour - h)
    dh = (transpired - (uv + 0.75e-4) * (h - ho)) / 4.1
    k = max(0.0, -5.11e-6 * t**2 + 2.3e-4 * t - 6.29e-4) * (c - 5.2e-5)
    lit = 3.55e-9 * i
    grown = (1 - exp(-53 * d)) * lit * k / (lit + k) if lit + k else 0.0
    breath = d * 2 ** (0.1 * t - 2.5)
    dc = (-grown + 4.87e-7 * breath + fed - (uv + 0.75e-4) * (c - co)) / 4.1
    dd = 0.544 * grown - 2.65e-7 * breath

    begin = Air(temperature=t, vapour=h, co2=c, crop=d)
    sky = Sky(radiation=light, temperature=to, vapour=ho, wind=0, rain=0)
    end = after(begin, Acts(vent=vent, heating=heating, lamp=lamp, co2=fed), sky, 0.01)
    assert end.temperature - t == pytest.approx(0.01 * dt, rel=1e-3, abs=1e-9)
    assert end.vapour - h == pytest.approx(0.01 * dh, rel=1e-3, abs=1e-12)
    assert end.co2 - c == pytest.approx(0.01 * dc, rel=1e-3, abs=1e-13)
    assert end.crop - d == pytest.approx(0.01 * dd, rel=1e-3, abs=1e-14)


def climate(season: Season = SPRING, seed: int = 1) -> Climate:
    return Climate(Weather(season, Random(seed)))


def test_a_vent_cools_and_dries() -> None:
    shut, wide = climate(SUMMER), climate(SUMMER)
    wide.act(Acts(vent=1), 0)
    for it in (shut, wide):
        it.advance(13 * HOUR)
    assert shut.air.temperature > wide.air.temperature + 8
    assert shut.air.humidity > wide.air.humidity + 10
    assert wide.air.temperature < 36


def test_heating_lamp_and_fog_act() -> None:
    def air(acts: Acts) -> Air:
        it = climate(WINTER)
        it.act(acts, 0)
        it.advance(5 * HOUR)
        return it.air

    bare = air(Acts())
    assert air(Acts(heating=150)).temperature > bare.temperature + 15
    assert air(Acts(lamp=80)).temperature > bare.temperature + 1
    fogged = air(Acts(heating=150, fog=0.02))
    assert fogged.temperature < air(Acts(heating=150)).temperature
    assert bare.humidity > 50


@pytest.mark.parametrize("pause", [7 * SECOND, MINUTE, HOUR])
def test_how_often_it_is_asked_changes_little(pause: int) -> None:
    fine, it = climate(), climate()
    fine_air, at = fine.air, 0
    while at < 12 * HOUR:
        fine_air = after(fine_air, Acts(), fine.weather.at(at + 5 * SECOND), 10)
        at += 10 * SECOND
    for at in range(0, 12 * HOUR + 1, pause):
        it.advance(at)
    it.advance(12 * HOUR)
    assert it.air.temperature == pytest.approx(fine_air.temperature, abs=0.3)
    assert it.air.humidity == pytest.approx(fine_air.humidity, abs=3)
    assert it.air.co2_ppm == pytest.approx(fine_air.co2_ppm, rel=0.05)


def test_weather_answers_the_same_in_any_order() -> None:
    one, other = (Weather(SPRING, Random(7)) for _ in range(2))
    instants = [hour * HOUR // 3 for hour in range(300)]
    there = [one.at(at) for at in instants]
    back = [other.at(at) for at in reversed(instants)]
    assert there == back[::-1]
    assert there != [Weather(SPRING, Random(8)).at(at) for at in instants]


def test_a_day_has_its_shape() -> None:
    dry = Weather(Season(wet_hours=0), Random(1))
    assert dry.at(0).radiation == 0
    assert dry.at(12 * HOUR).radiation == pytest.approx(900)
    warmest = max(range(24 * 6), key=lambda n: dry.at(n * HOUR // 6).temperature)
    assert warmest / 6 == pytest.approx(14)
    assert dry.at(12 * HOUR).rain == 0
    dry.storm = dry.wave = True
    assert dry.at(12 * HOUR).wind > 18
    assert dry.at(12 * HOUR).temperature > 30
