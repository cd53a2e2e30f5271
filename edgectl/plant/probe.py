"""A probe: it follows what it hangs in with a lag, drifts, jitters, and tells whole steps. It can lie in several ways.

The step between two reads is exact, however long it was.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from edgectl.model.time import SECOND, Nanos

DAY_S = 86_400.0


class Lie(StrEnum):
    """How a probe can be wrong."""

    FROZEN = "frozen"  # the last value, for ever
    AIR = "air"  # it hangs in the air
    NAN = "nan"
    BIAS = "bias"  # half a unit too high
    DEAD = "dead"  # no answer at all


@dataclass(slots=True, kw_only=True)
class Probe:
    """tau in seconds, noise as one sigma, step the resolution, drift per day; `air` is shown out of the water."""

    tau_s: float
    noise: float
    step: float
    air: float = 0.0
    drift: float = 0.0
    bias: float = 0.5
    lie: Lie | None = None
    _value: float | None = field(default=None, init=False)
    _told: float = field(default=0.0, init=False)
    _at: Nanos = field(default=0, init=False)

    def read(self, truth: float, at: Nanos, random: Random) -> float | None:
        """What it says at an instant, None when it does not answer."""
        spent_s = (at - self._at) / SECOND
        if self._value is None:
            self._value = truth
        else:
            self._value = truth + (self._value - truth) * math.exp(-max(0.0, spent_s) / self.tau_s)
        self._at = at
        match self.lie:
            case Lie.DEAD:
                return None
            case Lie.NAN:
                return math.nan
            case Lie.FROZEN:
                return self._told
            case Lie.AIR:
                return self.air
        value = self._value + self.drift * at / SECOND / DAY_S + random.gauss(0.0, self.noise)
        value += self.bias if self.lie is Lie.BIAS else 0.0
        self._told = round(value / self.step) * self.step
        return self._told
