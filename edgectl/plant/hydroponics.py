"""The two-tank site as its sensors show it: floats and flow at once, pH and EC through probes that lag and jitter."""

from dataclasses import dataclass, field
from random import Random

from edgectl.model.time import Nanos
from edgectl.plant.probe import Probe
from edgectl.plant.two_tanks import TwoTanks

FLOATS = ("clean_low", "clean_high", "solution_low", "solution_high")


@dataclass(slots=True, kw_only=True)
class Hydroponics:
    """`stuck` pins a float to a value, by channel."""

    tanks: TwoTanks
    random: Random
    watched: bool = True
    ph: Probe = field(default_factory=lambda: Probe(tau_s=15.0, noise=0.004, step=0.01, air=7.0))
    ec: Probe = field(default_factory=lambda: Probe(tau_s=4.0, noise=0.003, step=0.01, air=0.0))
    stuck: dict[str, float] = field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        """The suction lets nothing through this time."""
        return self.tanks.mischief.blocked_now

    @blocked.setter
    def blocked(self, value: bool) -> None:
        self.tanks.mischief.blocked_now = value

    @property
    def dry(self) -> Nanos:
        """The longest that the pump ran in one go without moving water."""
        return self.tanks.dry

    def switched(self, name: str, on: bool, at: Nanos) -> None:
        """A relay moved."""
        self.tanks.switched(name, on, at)

    def advance(self, to: Nanos) -> None:
        """Let time pass."""
        self.tanks.advance(to)

    def values(self, at: Nanos) -> dict[str, float | None]:
        """What the sensors show, by channel."""
        self.tanks.advance(at)
        shown: dict[str, float | None] = {f"floats.{name}": self.tanks.read(name) for name in FLOATS}
        shown |= {channel: value for channel, value in self.stuck.items() if channel in shown}
        shown["meter.flow"] = self.tanks.read("flow")
        shown["meter.volume"] = self.tanks.read("volume")
        shown["probe.ph"] = self.ph.read(self.tanks.read("ph"), at, self.random)
        shown["probe.ec"] = self.ec.read(self.tanks.read("ec"), at, self.random)
        return shown
