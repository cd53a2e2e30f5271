"""Instants and durations.

Two rules. Inside edgectl every instant and duration is an integer of nanoseconds; a name says which clock it is on:
`mono` (never steps, same for every process of one machine boot) or `wall` (UTC since 1970, may step).
And time is always an argument: nothing below the shell asks for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from edgectl.model.quick import quick

Nanos = int
SECOND: Nanos = 1_000_000_000
MS: Nanos = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Trust(StrEnum):
    """How far the wall clock may be believed."""

    UNTRUSTED = "untrusted"
    RESTORED = "restored"
    SYNCED = "synced"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """One reading of both clocks, taken together."""

    mono: Nanos
    wall: Nanos
    trust: Trust = Trust.SYNCED

    def mono_at(self, wall: Nanos) -> Nanos:
        """The monotonic instant at which this wall instant will come, if the wall clock does not step."""
        return self.mono + (wall - self.wall)

    def wall_at(self, mono: Nanos) -> Nanos:
        """The wall instant that belongs to a monotonic instant of this boot."""
        return self.wall + (mono - self.mono)


def seconds(value: float) -> Nanos:
    """Seconds to nanoseconds."""
    return round(value * SECOND)


def to_datetime(wall: Nanos) -> datetime:
    """A wall instant as an aware UTC datetime, to the microsecond below."""
    return _EPOCH + timedelta(microseconds=wall // 1000)


def from_datetime(moment: datetime) -> Nanos:
    """An aware datetime as a wall instant. Raises ValueError for a naive one: its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: write it with an offset, for example +00:00")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def iso(wall: Nanos) -> str:
    """A wall instant as ISO 8601 in UTC with milliseconds."""
    return to_datetime(wall).isoformat(timespec="milliseconds").replace("+00:00", "Z")
