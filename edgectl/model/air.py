"""The air of a zone: what measures it, what moves it, and where it is to be kept. Frozen values of the site file.

Sensors and actuators are given by name. Temperatures in degC, humidity in %RH, wind in m/s, rain in mm/h or as 0 and 1.
"""

from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos

HOME_MORE = 1.1  # of the whole way: the end switch stops the motor earlier
LONGEST_HOME: Nanos = 120 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Vent:
    """A drive with three wires: one output for each way, never both. Its position is known by the time it has run."""

    name: str
    opens: str
    closes: str
    travel: Nanos  # the whole way

    @property
    def home(self) -> Nanos:
        """How long it runs until it stands at its end, wherever it was."""
        return min(round(self.travel * HOME_MORE), max(self.travel, LONGEST_HOME))


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A screen on three wires; open is folded away. Drawn by day above so many W/m2, by night below so many degC
    outside; None is never."""

    drive: Vent
    shade_above: float | None = None
    cold_below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """CO2: its valve, its probe, what is wanted by day and what is never exceeded, in ppm."""

    valve: str
    sensor: str
    target: float
    most: float


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
    screens: tuple[Screen, ...] = ()
    mixers: tuple[Vent, ...] = ()  # three-way valves of the heating water; open is warm
    gas: Gas | None = None
    radiation: str | None = None  # W/m2
    heat: tuple[float, float] | None = None  # by day, by night: heated below
    vent: tuple[float, float] | None = None  # by day, by night: ventilated above
    day: tuple[int, int] = (6 * 60, 20 * 60)
    ramp: Nanos = 0  # how long the set-points take from the night to the day, and back
    driest: float | None = None
    wettest: float | None = None
    overheat: float = 38.0
    unseen: float = 0.2  # how far vents are open, 0..1, while wind or rain cannot be seen

    @property
    def drives(self) -> tuple[Vent, ...]:
        """Everything that runs on three wires."""
        return (*self.vents, *(screen.drive for screen in self.screens), *self.mixers)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Everything that moves this air."""
        drives = tuple(name for drive in self.drives for name in (drive.opens, drive.closes))
        valves = tuple(name for name in (self.fog, None if self.gas is None else self.gas.valve) if name is not None)
        return (*self.heaters, *self.fans, *drives, *valves)

    @property
    def sensors(self) -> tuple[str, ...]:
        """Everything that is looked at."""
        gas = None if self.gas is None else self.gas.sensor
        named = (self.temperature, self.humidity, self.outside, self.wind, self.rain, self.radiation, gas)
        return tuple(name for name in named if name is not None)
