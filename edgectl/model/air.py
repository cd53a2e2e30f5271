"""The air of a zone: what measures it, what moves it, and where it is to be kept. Frozen values of the site file.

Sensors and actuators are given by name. Temperatures in degC, humidity in %RH, wind in m/s, rain in mm/h or as 0 and 1.
"""

from dataclasses import dataclass

from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Vent:
    """A drive with three wires: one output for each way, never both. Its position is known by the time it has run."""

    name: str
    opens: str
    closes: str
    travel: Nanos  # the whole way


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Set-points have a value for the day and one for the night; `day` is its begin and end in minutes, local time.

    Heaters and fans come on one after the other, in the order given. What has no set-point is not controlled.
    """

    temperature: str
    humidity: str | None = None
    outside: str | None = None
    wind: str | None = None
    rain: str | None = None
    heaters: tuple[str, ...] = ()
    fans: tuple[str, ...] = ()
    vents: tuple[Vent, ...] = ()
    fog: str | None = None
    heat: tuple[float, float] | None = None  # by day, by night: heated below
    vent: tuple[float, float] | None = None  # by day, by night: ventilated above
    day: tuple[int, int] = (6 * 60, 20 * 60)
    driest: float | None = None
    wettest: float | None = None
    overheat: float = 38.0

    @property
    def outputs(self) -> tuple[str, ...]:
        """Everything that moves this air."""
        drives = tuple(name for vent in self.vents for name in (vent.opens, vent.closes))
        return (*self.heaters, *self.fans, *drives, *((self.fog,) if self.fog is not None else ()))

    @property
    def sensors(self) -> tuple[str, ...]:
        """Everything that is looked at."""
        named = (self.temperature, self.humidity, self.outside, self.wind, self.rain)
        return tuple(name for name in named if name is not None)
