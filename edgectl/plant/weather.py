"""The weather outside: a synthetic day, with wind and rain that a seed decides.

Weather can be asked for at any instant and in any order, and always answers the same: each hour draws its own numbers
from the seed and its index, and the time between two hours is a straight line.
"""

from dataclasses import dataclass
from math import cos, exp, pi, sin
from random import Random

from edgectl.model.time import SECOND, Nanos

HOUR: Nanos = 3600 * SECOND
GUST_M_S, WAVE_DEG_C, FROST_DEG_C = 18.0, 14.0, -20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """Radiation W/m2, temperature degC, vapour kg/m3, wind m/s, rain mm/h."""

    radiation: float
    temperature: float
    vapour: float
    wind: float
    rain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A kind of day. Hours are of the local day; temperature is the mean and the swing around it."""

    sunrise_h: float = 6.0
    sunset_h: float = 18.0
    radiation: float = 900.0
    temperature: float = 16.0
    swing: float = 6.0
    humidity: float = 0.75  # of the air at the mean temperature
    wind: float = 3.0
    wet_hours: float = 0.08  # share of the hours with rain


SPRING = Season()
WINTER = Season(sunrise_h=8, sunset_h=16, radiation=250, temperature=-2, swing=4, humidity=0.85, wind=4)
SUMMER = Season(sunrise_h=5, sunset_h=21, radiation=960, temperature=22, swing=7, humidity=0.65, wind=2.5)


def saturated(temperature: float) -> float:
    """Vapour of saturated air in kg/m3, at degC. From the van Henten model (domain facts 4.1)."""
    return 9348.0 / (8314.0 * (temperature + 273.15)) * exp(17.4 * temperature / (temperature + 239.0))


class Weather:
    """One place. `midnight` is an instant at which a local day begins."""

    def __init__(self, season: Season, random: Random, midnight: Nanos = 0) -> None:
        self.season, self.midnight = season, midnight
        self.storm = self.wave = self.frost = False
        self._seed = random.getrandbits(64)
        self._drawn: dict[int, tuple[float, float]] = {}

    def at(self, at: Nanos) -> Sky:
        """The sky at an instant: I = 900 sin^1.3 between sunrise and sunset, temperature two hours behind the sun."""
        season = self.season
        hours = (at - self.midnight) / HOUR
        hour = hours % 24
        height = (hour - season.sunrise_h) / (season.sunset_h - season.sunrise_h)
        radiation = season.radiation * max(0.0, sin(pi * height)) ** 1.3 if 0 < height < 1 else 0.0
        noon = (season.sunrise_h + season.sunset_h) / 2
        temperature = season.temperature + season.swing * cos(2 * pi * (hour - noon - 2) / 24)
        temperature += WAVE_DEG_C * self.wave + FROST_DEG_C * self.frost
        index = int(hours // 1)
        part = hours - index
        (wind, rain), (next_wind, _) = self._hour(index), self._hour(index + 1)
        return Sky(
            radiation=radiation * (0.3 if rain else 1.0),
            temperature=temperature,
            vapour=min(season.humidity * saturated(season.temperature), saturated(temperature)),
            wind=wind + (next_wind - wind) * part + GUST_M_S * self.storm,
            rain=rain,
        )

    def _hour(self, index: int) -> tuple[float, float]:
        """Wind and rain of one hour."""
        if index not in self._drawn:
            if len(self._drawn) > 48:
                self._drawn.clear()
            random = Random(f"{self._seed} {index}")
            wind = self.season.wind * random.lognormvariate(-0.08, 0.4)
            rain = random.uniform(0.2, 6.0) if random.random() < self.season.wet_hours else 0.0
            self._drawn[index] = (wind, rain)
        return self._drawn[index]
