"""What a channel did before its newest sample, as far as a sensor's quality needs it.

Two rules. A trace is folded sample by sample, in the sensor's unit, and costs the same at the first and at the
millionth. What is no number leaves no trace.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from edgectl.model.channel import Sample
from edgectl.model.site import Sensor, Site
from edgectl.model.time import SECOND, Nanos

RECENT = 32  # samples kept
NOISE_MEMORY: Nanos = 3600 * SECOND
NOISE_STEPS = 8  # fewer steps than this tell nothing about noise
SWING = 3.0  # times the declared noise: as far as noise alone may go from one sample to the next
WILDEST = 10.0  # times the declared noise: a single glitch counts for no more, or an hour would remember nothing else
MINUTE = 60 * SECOND


@dataclass(slots=True, kw_only=True)
class Trace:
    """The past of one channel as one sensor sees it.

    Noise is the deviation from one sample to the next (half the mean square of the steps, decaying over an hour), not
    from an hourly mean: a morning that warms up, or a dose that does its work, is no noise.
    """

    sensor: Sensor
    recent: deque[Sample] = field(default_factory=lambda: deque(maxlen=RECENT))
    same_since: Nanos = 0  # the value is the same, bit for bit, in every sample since
    jumped_at: Nanos | None = None  # the newest change that was faster than max_rate
    steps: int = 0
    variance: float = 0.0

    def fold(self, sample: Sample) -> None:
        """Take in the channel's newest sample."""
        if not math.isfinite(sample.value):
            return
        if not self.recent:
            self.same_since = sample.at
            self.recent.append(sample)
            return
        last = self.recent[-1]
        self.recent.append(sample)
        pause = sample.at - last.at
        silent = pause > self.sensor.max_age
        if sample.value != last.value or silent:  # nobody knows what it did while it was silent
            self.same_since = sample.at
        step = self.sensor.gain * abs(sample.value - last.value)
        if self._too_fast(step, pause):
            self.jumped_at = sample.at
        if self.sensor.noise is not None and not silent:
            self._shake(step, pause, self.sensor.noise)

    @property
    def deviation(self) -> float | None:
        """How noisy the last hour was, in the sensor's unit, or None as long as nobody can tell."""
        return math.sqrt(self.variance) if self.steps >= NOISE_STEPS else None

    def window(self, since: Nanos) -> tuple[Sample, ...]:
        """The samples not older than an instant, the oldest first; 32 at most."""
        return tuple(sample for sample in self.recent if sample.at >= since)

    def _too_fast(self, step: float, pause: Nanos) -> bool:
        if self.sensor.max_rate is None:
            return False
        # What the declared noise explains is no change. One part in a billion: a step on the limit is not above it.
        change = step - SWING * (self.sensor.noise or 0.0)
        return change * MINUTE > self.sensor.max_rate * max(pause, 0) * (1 + 1e-9)

    def _shake(self, step: float, pause: Nanos, usual: float) -> None:
        step = min(WILDEST * usual, step)
        self.steps += 1
        # A plain mean at first, so that the first samples do not pass for an hour of silence.
        weight = max(min(pause, NOISE_MEMORY) / NOISE_MEMORY, 1 / self.steps)
        self.variance += weight * (step * step / 2 - self.variance)


Traces = dict[str, dict[str, Trace]]  # channel -> sensor -> trace


def traces_of(site: Site) -> Traces:
    """An empty trace for every channel of every sensor whose quality, or whose steadiness, depends on its past."""
    traces: Traces = {}
    dosed_on = {
        name
        for zone in site.zones.values()
        if zone.chemistry is not None
        for name in (zone.chemistry.ph, zone.chemistry.ec)
    }
    for sensor in site.sensors.values():
        if sensor.remembers or sensor.name in dosed_on:
            for channel in sensor.channels:
                traces.setdefault(channel, {})[sensor.name] = Trace(sensor=sensor)
    return traces
