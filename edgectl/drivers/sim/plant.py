"""The plant behind the devices: a tank, a pump that pushes through a valve, a lamp, the air. Time is an argument."""

from dataclasses import dataclass, field
from typing import Protocol

SECOND = 1_000_000_000
SPIN_UP = SECOND // 2  # a pump needs this long before water moves


class Surroundings(Protocol):
    """What a device can feel of the plant that it hangs in."""

    capacity: float
    tank: float
    flow: float
    pumped: float
    temperature: float
    humidity: float

    def advance(self, now: int) -> None:
        """Let time pass."""


@dataclass(slots=True)
class Glimpse:
    """The plant as one device felt it last. Time passes in the plant, not here."""

    capacity: float = 200.0
    tank: float = 0.0
    flow: float = 0.0
    pumped: float = 0.0
    temperature: float = 0.0
    humidity: float = 0.0

    def advance(self, now: int) -> None:
        """Nothing: whoever asks says what there is."""


@dataclass(slots=True)
class Plant:
    """Litres, L/min, degrees Celsius, percent. `refill` is L/min, multiplied by `speed`."""

    capacity: float = 200.0
    tank: float = 140.0
    rate: float = 10.0
    refill: float = 0.07
    speed: float = 1.0
    pumped: float = 0.0
    refilled: float = 0.0
    temperature: float = 21.5
    humidity: float = 62.0
    pump_since: int | None = None
    valve: bool = False
    lamp: bool = False
    blocked: bool = False  # the suction filter lets nothing through
    flow: float = field(default=0.0, init=False)
    _at: int | None = field(default=None, init=False)

    def set(self, name: str, on: bool, now: int) -> None:
        """A part was switched. Time passes first, under the old state."""
        self.advance(now)
        if name == "pump":
            self.pump_since = (now if self.pump_since is None else self.pump_since) if on else None
        elif name == "valve":
            self.valve = on
        elif name == "lamp":
            self.lamp = on
        self.flow = self._flow(now)

    def advance(self, now: int) -> None:
        """Let time pass. Water is neither made nor lost: what leaves the tank went through the meter."""
        if self._at is None or now <= self._at:
            self._at = now if self._at is None else self._at
            return
        begin, self._at = self._at, now
        wet = now - max(begin, (self.pump_since or 0) + SPIN_UP) if self._pushes else 0
        out = min(self.tank, self.rate / 60 * max(0, wet) / SECOND)
        into = min(self.capacity - self.tank + out, self.refill / 60 * self.speed * (now - begin) / SECOND)
        self.tank += into - out
        self.pumped += out
        self.refilled += into
        aim = 26.0 if self.lamp else 20.0
        share = min(1.0, (now - begin) / SECOND / 600)
        self.temperature += (aim - self.temperature) * share
        self.humidity += (80.0 - 1.0 * self.temperature - self.humidity + 5.0) * share
        self.flow = self._flow(now)

    def _flow(self, now: int) -> float:
        runs = self.pump_since is not None and now - self.pump_since >= SPIN_UP
        return self.rate if runs and self._pushes and self.tank > 0.5 else 0.0

    @property
    def _pushes(self) -> bool:
        return self.pump_since is not None and self.valve and not self.blocked
