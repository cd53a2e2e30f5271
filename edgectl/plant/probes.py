"""A probe: what it shows of a quantity, and how it lies.

Two rules. Between two reads the quantity is taken as a straight line, for which the lag has an exact answer, so a
probe costs the same after a second and after an hour. And a missing reading is NaN, never zero.
"""

from math import exp, nan
from random import Random

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import OF_CHANNEL, Fault
from edgectl.plant.layout import Gauge

_DAY_S = 86_400.0
SPIKES = 0.1  # of the readings, while the fault lasts
# What a fault shows when no value is given with it, and the quantity does not say more.
_BY_DEFAULT = {Fault.PROBE_STUCK: 0.0, Fault.PROBE_SPIKE: 5.0, Fault.PROBE_BIAS: 1.0}


class Probe:
    """First-order lag, then bias and drift, noise, quantisation, then whatever is broken."""

    def __init__(self, gauge: Gauge, random: Random) -> None:
        self.gauge, self._random = gauge, random
        self.broken: dict[Fault, float] = {}
        self._at: Nanos | None = None
        self._began: Nanos = 0
        self._true = self._lagged = 0.0
        self._shown: float | None = None

    def break_probe(self, fault: Fault, broken: bool, value: float | None = None) -> None:
        """Break or mend it; `value` is what it is stuck at, or how far a spike or a bias goes."""
        if fault not in OF_CHANNEL:
            raise ValueError(f"{fault} is no fault of a probe")
        if broken:
            self.broken[fault] = _BY_DEFAULT.get(fault, 0.0) if value is None else value
        else:
            self.broken.pop(fault, None)

    def read(self, true: float, at: Nanos) -> float:
        """What it shows at this instant of the true value; NaN is no answer. Instants may not go back."""
        lagged = self._follow(true, at)
        broken = self.broken
        if broken:  # mostly nothing is
            if Fault.PROBE_DROPOUT in broken:
                return nan
            if Fault.PROBE_FREEZE in broken and self._shown is not None:
                return self._shown
            if Fault.PROBE_STUCK in broken:
                return self._quantised(broken[Fault.PROBE_STUCK])
        gauge = self.gauge
        shown = lagged + gauge.bias + gauge.drift_per_day * (at - self._began) / SECOND / _DAY_S
        if gauge.noise:
            shown += self._random.gauss(0.0, gauge.noise)
        if broken:
            shown += broken.get(Fault.PROBE_BIAS, 0.0)
            if Fault.PROBE_SPIKE in broken and self._random.random() < SPIKES:
                shown += broken[Fault.PROBE_SPIKE]
        self._shown = self._quantised(shown)
        return self._shown

    def _follow(self, true: float, at: Nanos) -> float:
        """y' = (x - y)/tau along the straight line from the last x to this one."""
        if self._at is None:
            self._began, self._lagged = at, true
        elif at > self._at and self.gauge.tau_s:
            spent_s, tau_s = (at - self._at) / SECOND, self.gauge.tau_s
            behind = (true - self._true) / spent_s * tau_s
            self._lagged = true - behind + (self._lagged - self._true + behind) * exp(-spent_s / tau_s)
        elif not self.gauge.tau_s:
            self._lagged = true
        self._at, self._true = at, true
        return self._lagged

    def _quantised(self, value: float) -> float:
        step = self.gauge.step
        return round(round(value / step) * step, 9) if step else value
