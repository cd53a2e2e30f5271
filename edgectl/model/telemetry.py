"""Readings for the centre: folded to one row a minute, and for a while as they were read when somebody wants that."""

from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos

MINUTE: Nanos = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One sensor in one minute, in its own unit. `quality` is the share of its samples that could be believed; without
    any the values are None."""

    sensor: str
    unit: str
    least: float | None
    mean: float | None
    most: float | None
    last: float | None
    samples: int
    quality: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """All sensors in one minute. `number` grows with each that is kept; `at` is the wall instant of its beginning."""

    number: int
    at: Nanos
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One sample as it was read: its value in the sensor's unit, the wall instant of the read, and whether the value is
    one that the sensor can show. A value that is no number is None."""

    sensor: str
    channel: str
    at: Nanos
    value: float | None
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """Samples of up to a minute. `number` grows with each that is kept."""

    number: int
    samples: tuple[Raw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHours:
    """A part of each day in which samples travel as they were read. `start_minute` is one of the local day; without
    names every sensor is meant."""

    sensors: tuple[str, ...]
    start_minute: int
    length: Nanos
