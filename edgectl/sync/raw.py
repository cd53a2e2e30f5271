"""Samples as they were read, for the hours in which somebody wants them so. Pure.

One rule: nothing is kept that nobody asked for, and what is kept until the end of a minute has a bound.
"""

import math
from collections.abc import Iterable

from edgectl.model.channel import Sample
from edgectl.model.site import Sensor
from edgectl.model.telemetry import Raw
from edgectl.model.time import Now

MOST = 20_000  # samples of one minute: some 30 sensors ten times a second


class Tape:
    """What was read since the last cut."""

    def __init__(self, sensors: Iterable[Sensor], *, most: int = MOST) -> None:
        self._by_channel: dict[str, list[Sensor]] = {}
        for sensor in sensors:
            for channel in sensor.channels:
                self._by_channel.setdefault(channel, []).append(sensor)
        self._most, self._lost = most, 0
        self._samples: list[Raw] = []

    def add(self, block: Iterable[Sample], wanted: frozenset[str], now: Now) -> None:
        """More samples; those of sensors that nobody wants are passed over. What is beyond the bound is counted."""
        for sample in block:
            for sensor in self._by_channel.get(sample.channel, ()):
                if sensor.name not in wanted:
                    continue
                if len(self._samples) >= self._most:
                    self._lost += 1
                    continue
                self._samples.append(_raw(sensor, sample, now))

    def cut(self) -> tuple[tuple[Raw, ...], int]:
        """The samples in the order in which they came, and how many had no room; the next piece begins."""
        samples, lost = tuple(self._samples), self._lost
        self._samples, self._lost = [], 0
        return samples, lost


def _raw(sensor: Sensor, sample: Sample, now: Now) -> Raw:
    value = sensor.scaled(sample.value)
    finite = math.isfinite(value)
    return Raw(
        sensor=sensor.name,
        channel=sample.channel,
        at=now.wall_at(sample.at),
        value=float(f"{value:.6g}") if finite else None,
        good=finite and sensor.shows(value),
    )
