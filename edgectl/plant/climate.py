"""The air of the greenhouse: van Henten 2003 with four states, and the ventilation in the balance of vapour.

Two rules. The part of each equation that is linear in its own state is solved exactly, so that no step can blow up;
the rest is held for one step. And a step ends at what is switched, at most 5 minutes later, and sooner when the air
moves fast. Source: domain facts 4.1 (Van Henten 2003, greenhouse_evh2003.json), all per m2 of floor.
"""

from dataclasses import dataclass, replace
from math import exp, expm1

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.weather import Sky, Weather, saturated

SHORT: Nanos = 10 * SECOND
LONG: Nanos = 300 * SECOND
VENT_M_S = 0.02  # fully open: about 18 air changes an hour
STORM_M_S, STORM_VENT = 12.0, 0.1  # more wind than this, with a vent further open, breaks it (3.5, 3.8)
_LEAK_M_S = 0.75e-4
_HEAT_J_K = 30_000.0
_HEIGHT_M = 4.1
_EVAPORATION_J_G = 2450.0
CO2_OUTSIDE = 7.2e-4  # kg/m3
SCREEN_LIGHT, SCREEN_LOSS = 0.5, 0.4  # of the sun and of the loss through the roof: what a drawn screen keeps away
_MOVE_DEG_C = 0.5  # what one step may move the temperature


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Temperature degC, vapour kg/m3, CO2 kg/m3, dry weight of the crop kg/m2."""

    temperature: float = 18.0
    vapour: float = 0.011
    co2: float = CO2_OUTSIDE
    crop: float = 0.05

    @property
    def humidity(self) -> float:
        """Relative humidity in percent."""
        return min(100.0, 100 * self.vapour / saturated(self.temperature))

    @property
    def co2_ppm(self) -> float:
        """CO2 in parts per million of volume, at 1013 hPa."""
        return self.co2 / 0.04401 * 8.314 * (self.temperature + 273.15) / 101_325 * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What acts on the air: vent opening 0..1, heating W/m2, lamp W/m2, fog g/m2/s, CO2 kg/m2/s, screen drawn 0..1."""

    vent: float = 0.0
    heating: float = 0.0
    lamp: float = 0.0
    fog: float = 0.0
    co2: float = 0.0
    shade: float = 0.0


class Climate:
    """The air over time. It may lag up to ten seconds behind `advance`; what acts on it is never late."""

    def __init__(self, weather: Weather, air: Air | None = None, at: Nanos = 0) -> None:
        self.weather = weather
        self.air = air or Air()
        self.acts = Acts()
        self.at = at
        self.steps = 0
        self.storm_open: Nanos = 0  # how long a vent stood open in a storm
        self.hottest = self.coldest = self.air.temperature

    def act(self, acts: Acts, at: Nanos) -> None:
        """Something was switched: the old state holds up to this instant."""
        if acts != self.acts:
            self.settle(at)
            self.acts = acts

    def settle(self, at: Nanos) -> None:
        """Let time pass to the very instant, because what acts on the air changes there."""
        self._pass_until(at, 1)

    def advance(self, to: Nanos) -> None:
        """Let time pass."""
        self._pass_until(to, SHORT)

    def _pass_until(self, to: Nanos, least: Nanos) -> None:
        while to - self.at >= least:
            sky = self.weather.at(self.at + min(LONG, to - self.at) // 2)
            step = min(to - self.at, self._step(sky))
            self.air = after(self.air, self.acts, sky, step / SECOND)
            self.at += step
            self.steps += 1
            if sky.wind > STORM_M_S and self.acts.vent > STORM_VENT:
                self.storm_open += step
            self.hottest = max(self.hottest, self.air.temperature)
            self.coldest = min(self.coldest, self.air.temperature)

    def _step(self, sky: Sky) -> Nanos:
        pace = abs(_warming(self.air, self.acts, sky))
        return LONG if pace * (LONG / SECOND) < _MOVE_DEG_C else max(SHORT, round(_MOVE_DEG_C / pace * SECOND))


def after(air: Air, acts: Acts, sky: Sky, spent_s: float) -> Air:
    """The air some seconds later."""
    light, uv = _light(acts, sky), VENT_M_S * acts.vent
    exchange = uv + _LEAK_M_S
    loss = _loss(acts) / _HEAT_J_K
    temperature = _relaxed(air.temperature, _warming(air, acts, sky), loss, spent_s)
    cover = -expm1(-53.0 * air.crop)
    full = saturated(air.temperature)
    into = cover * 3.6e-3 * (full - air.vapour) + acts.fog / 1000 - exchange * (air.vapour - sky.vapour)
    vapour = _relaxed(air.vapour, into / _HEIGHT_M, (cover * 3.6e-3 + exchange) / _HEIGHT_M, spent_s)
    breath = air.crop * 2 ** (0.1 * air.temperature - 2.5)
    growth = _photosynthesis(air, light, cover)
    gain = -growth + 4.87e-7 * breath + acts.co2 - exchange * (air.co2 - CO2_OUTSIDE)
    co2 = _relaxed(air.co2, gain / _HEIGHT_M, exchange / _HEIGHT_M, spent_s)
    crop = air.crop + spent_s * (0.544 * growth - 2.65e-7 * breath)
    return replace(
        air,
        temperature=temperature,
        vapour=min(vapour, saturated(temperature)),
        co2=max(1e-5, co2),
        crop=max(1e-4, crop),
    )


def _light(acts: Acts, sky: Sky) -> float:
    """W/m2 on the crop."""
    return sky.radiation * (1.0 - SCREEN_LIGHT * acts.shade) + acts.lamp


def _loss(acts: Acts) -> float:
    """W/m2 for each degree."""
    return 1290.0 * VENT_M_S * acts.vent + 6.1 * (1.0 - SCREEN_LOSS * acts.shade)


def _warming(air: Air, acts: Acts, sky: Sky) -> float:
    """degC per second."""
    loss = _loss(acts) * (air.temperature - sky.temperature)
    light = 0.2 * _light(acts, sky)
    return (acts.heating - acts.fog * _EVAPORATION_J_G - loss + light) / _HEAT_J_K


def _photosynthesis(air: Air, light: float, cover: float) -> float:
    """kg of CO2 per m2 and second."""
    lit = 3.55e-9 * light
    t = air.temperature
    carboxylation = max(0.0, -5.11e-6 * t * t + 2.3e-4 * t - 6.29e-4) * max(0.0, air.co2 - 5.2e-5)
    return cover * lit * carboxylation / (lit + carboxylation) if lit + carboxylation > 0 else 0.0


def _relaxed(value: float, slope: float, rate: float, spent_s: float) -> float:
    """x after a time of x' = slope - rate (x - x now): exact for the linear part."""
    return value + slope * (1.0 - exp(-rate * spent_s)) / rate
