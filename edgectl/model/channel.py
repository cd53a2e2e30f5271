"""Measurements. Missing is not zero: whoever reads must say what an absent value means."""

from dataclasses import dataclass
from enum import StrEnum

from edgectl.model.time import Nanos


class Absence(StrEnum):
    """Why there is no usable value."""

    NEVER_READ = "never_read"
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    FROM_THE_FUTURE = "from_the_future"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One raw value of one device channel, with the monotonic instant at which its read began.

    It cannot be re-stamped: a value that waited in a queue is as old as it is.
    """

    sample_id: int
    channel: str
    value: float
    at: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A usable value in the sensor's unit."""

    sensor: str
    value: float
    sample_id: int
    at: Nanos
    age: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """No usable value, and why."""

    sensor: str
    reason: Absence
    age: Nanos | None = None
