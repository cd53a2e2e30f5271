"""Samples to one point a minute: the least, the mean, the most, the last, how many, and how good. Pure."""

import math
from collections.abc import Iterable

from edgectl.model.channel import Sample
from edgectl.model.site import Sensor
from edgectl.model.telemetry import Point


class _Sums:
    __slots__ = ("all", "good", "last", "least", "most", "total")

    def __init__(self) -> None:
        self.all = self.good = 0
        self.least, self.most, self.last, self.total = math.inf, -math.inf, math.nan, 0.0


Sums = dict[str, _Sums]  # of a minute, by sensor


class Fold:
    """The minute that is running."""

    def __init__(self, sensors: Iterable[Sensor]) -> None:
        self._sensors = tuple(sensors)
        self._by_channel: dict[str, list[Sensor]] = {}
        for sensor in self._sensors:
            for channel in sensor.channels:
                self._by_channel.setdefault(channel, []).append(sensor)
        self._sums: dict[str, _Sums] = {}

    def add(self, block: Iterable[Sample]) -> None:
        """More samples. A value outside of what the sensor can show counts as a sample, not as a value."""
        for sample in block:
            for sensor in self._by_channel.get(sample.channel, ()):
                sums = self._sums.get(sensor.name)
                if sums is None:
                    sums = self._sums[sensor.name] = _Sums()
                sums.all += 1
                value = sensor.scaled(sample.value)
                if not math.isfinite(value) or not sensor.shows(value):
                    continue
                sums.good += 1
                sums.total += value
                sums.last = value
                sums.least, sums.most = min(sums.least, value), max(sums.most, value)

    def close(self) -> tuple[Point, ...]:
        """The points of this minute; the next one begins. A sensor without a single sample has no point."""
        return self.points(self.cut())

    def cut(self) -> Sums:
        """The minute is over, and the next one begins."""
        sums, self._sums = self._sums, {}
        return sums

    def points(self, sums: Sums) -> tuple[Point, ...]:
        """The points of a minute that was cut. Of 1,500 channels that takes milliseconds: call it off the loop."""
        return tuple(_point(s, sums[s.name]) for s in self._sensors if s.name in sums)


def _point(sensor: Sensor, sums: _Sums) -> Point:
    some = sums.good > 0
    return Point(
        sensor=sensor.name,
        unit=sensor.unit,
        least=_short(sums.least) if some else None,
        mean=_short(sums.total / sums.good) if some else None,
        most=_short(sums.most) if some else None,
        last=_short(sums.last) if some else None,
        samples=sums.all,
        quality=round(sums.good / sums.all, 3),
    )


def _short(value: float) -> float:
    """Six digits are more than any of these probes has."""
    return float(f"{value:.6g}")
