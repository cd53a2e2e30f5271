"""What a schedule is: a name, a cadence, a task, and what becomes of runs that were missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeGuard

from edgectl.model.time import SECOND, Nanos
from edgectl.scheduler.days import ANY_DAY, Days


class Policy(StrEnum):
    """What becomes of missed runs."""

    SKIP = "skip"
    REPLAY_LIMITED = "replay_limited"
    REPLAY_ALL = "replay_all"


class Overlap(StrEnum):
    """What becomes of a run that is due while the run before it has not ended."""

    SKIP = "skip"
    QUEUE_ONE = "queue_one"  # the newest one waits; the older ones are left out
    CANCEL_RUNNING = "cancel_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Missed runs that are not older than `within` are run late, one after the other, the oldest first; with
    `replay_limited` only the newest `max` of what is unanswered, a run that is just due included. The others are rows.
    Each late run begins up to `jitter` later, so that houses and zones do not all draw water in the same second."""

    policy: Policy = Policy.SKIP
    max: int = 0
    within: Nanos = 0
    jitter: Nanos = 10 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Five fields, in the site's time zone."""

    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Local minutes of the day: 390 is 06:30."""

    minutes: tuple[int, ...]


class SunEvent(StrEnum):
    """What the sun does once a day."""

    SUNRISE = "sunrise"
    NOON = "noon"
    SUNSET = "sunset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """What the sun does at a place (degrees, north and east are positive), and how much later; less than zero is
    before. A day without a sunrise has no strike."""

    event: SunEvent
    latitude: float
    longitude: float
    offset: Nanos = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A rest after the last finished run, on the monotonic clock."""

    interval: Nanos


class Gauge(StrEnum):
    """What is measured, and asks for a run."""

    LIGHT_SUM = "light_sum"  # J/cm2 since the last run
    VPD = "vpd"  # kPa: how thirsty the air is
    DRAIN = "drain"  # percent: how much of the last watering ran through


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Every):
    """A rest that something measured cuts short: light or thirsty air above the limit, or a drain below it. Not sooner
    than `min_gap` after the end of the last run, and after `interval` whatever is measured."""

    gauge: Gauge
    limit: float
    min_gap: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A state to hold: on from a local minute of the day, for a length."""

    start_minute: int
    length: Nanos


Calendar = Cron | At | Sun | Window
Cadence = Calendar | Every


def by_calendar(cadence: Cadence) -> TypeGuard[Calendar]:
    """Does it strike at instants that can be told beforehand?"""
    return not isinstance(cadence, Every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One schedule of one zone."""

    name: str
    zone: str
    task_type: str
    cadence: Cadence
    days: Days = ANY_DAY
    payload: Mapping[str, Any] = field(default_factory=dict)
    catch_up: CatchUp = CatchUp()
    overlap: Overlap = Overlap.SKIP
    queue_patience: Nanos = 15 * SECOND  # how long an accepted run may wait for the parts that others use
    needs_synced_clock: bool = False  # the best guess of a clock will not do, however long it takes
