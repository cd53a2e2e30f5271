"""Measurements. Missing is not zero: whoever reads must say what an absent value means.

A value carries its quality, 0 to 1: the weakest of what speaks for it. How old and how good it must be depends on what
it is used for, not on the sensor alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edgectl.model.quick import quick
from edgectl.model.time import SECOND, Nanos


class Absence(StrEnum):
    """Why there is no usable value."""

    NEVER_READ = "never_read"
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    FROM_THE_FUTURE = "from_the_future"
    FROZEN = "frozen"
    DISAGREES = "disagrees"
    IN_CALIBRATION = "in_calibration"
    LOW_QUALITY = "low_quality"
    WARMING_UP = "warming_up"  # it answers, and its numbers mean nothing yet
    WRONG_SCALE = "wrong_scale"  # a clone that counts in other steps than its profile says


class Use(StrEnum):
    """What a value is wanted for."""

    GUARD = "guard"
    LEVEL = "level"  # of a source, while a pump runs
    FLOW = "flow"  # the proof that water moves
    DOSING = "dosing"
    CLIMATE = "climate"
    WIND = "wind"
    WEATHER = "weather"
    IRRIGATION = "irrigation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a use asks of a value. The sensor's own max_age holds besides; None asks no more than that."""

    max_age: Nanos | None = None
    quality: float = 0.0


LIMITS: Mapping[Use, Limit] = {
    Use.GUARD: Limit(),
    Use.LEVEL: Limit(max_age=10 * SECOND),
    # A proof of flow should be a second old at most. A meter on a slow serial line is not polled that often, and a
    # stricter limit than it can keep would stop every run as dry: what the site file promises is the limit.
    Use.FLOW: Limit(),
    Use.DOSING: Limit(max_age=10 * SECOND, quality=0.8),
    Use.CLIMATE: Limit(max_age=60 * SECOND),
    Use.WIND: Limit(max_age=60 * SECOND),
    Use.WEATHER: Limit(max_age=1200 * SECOND),
    Use.IRRIGATION: Limit(quality=0.5),
}


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One raw value of one device channel, with the monotonic instant at which its read began.

    It cannot be re-stamped: a value that waited in a queue is as old as it is. `why` is set where the value is none.
    """

    sample_id: int
    channel: str
    value: float
    at: Nanos
    why: Absence | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A usable value in the sensor's unit.

    `weakest` names what lowered the quality, empty at 1. A median is as old as the oldest of its samples; `sample_id`
    is the one in the middle, `others` are the rest.
    """

    sensor: str
    value: float
    sample_id: int
    at: Nanos
    age: Nanos
    quality: float = 1.0
    weakest: str = ""
    others: tuple[int, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """No usable value, and why."""

    sensor: str
    reason: Absence
    age: Nanos | None = None
