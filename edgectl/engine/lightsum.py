"""How much light has fallen since a controller began to look: J/cm2, summed sample by sample.

Two rules. A pause longer than the sensor's own age limit counts as darkness: nobody knows what the sun did meanwhile.
And what is no believable number breaks the sum and adds nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edgectl.model.channel import Sample
from edgectl.model.site import Sensor, Site
from edgectl.model.time import SECOND
from edgectl.scheduler.schedule import Gauge, Schedule, Trigger

CM2_PER_M2 = 10_000


@dataclass(slots=True, kw_only=True)
class LightSum:
    """The sum of one sensor in this life of the controller. It only grows."""

    sensor: Sensor
    total: float = 0.0  # J/cm2
    last: Sample | None = None

    def fold(self, sample: Sample) -> None:
        """Take in the newest sample: the light between two is the mean of both."""
        value = self._watts(sample)
        before, self.last = self.last, None if value is None else sample
        if before is None or value is None or not 0 < sample.at - before.at <= self.sensor.max_age:
            return
        mean = (value + (self._watts(before) or 0.0)) / 2
        self.total += mean * (sample.at - before.at) / SECOND / CM2_PER_M2

    def _watts(self, sample: Sample) -> float | None:
        value = self.sensor.scaled(sample.value)
        low, high = self.sensor.low, self.sensor.high
        if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            return None
        return max(0.0, value)


def sums_of(site: Site, schedules: tuple[Schedule, ...]) -> Mapping[str, LightSum]:
    """A sum for each channel of light that a schedule waits for, by the channel."""
    sums: dict[str, LightSum] = {}
    for schedule in schedules:
        name = site.zones[schedule.zone].radiation
        waits = isinstance(schedule.cadence, Trigger) and schedule.cadence.gauge is Gauge.LIGHT_SUM
        if waits and name is not None:
            sensor = site.sensors[name]
            sums.setdefault(sensor.channel, LightSum(sensor=sensor))
    return sums
