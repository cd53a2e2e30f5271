"""Readings, folded to one row a minute."""

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
