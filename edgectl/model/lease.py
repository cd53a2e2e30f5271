"""Who of a redundant pair leads: two small state machines, one for who leads and one for who waits. No clock, no I/O.

Two rules. The leader counts its time from before it asked for it, on its own monotonic clock, and the waiting one from
after it saw the other's last sign, on its own: whatever clocks and lines do, the first has ended before the second
begins. And an epoch only grows, so that whatever is still on its way under an older one is known for what it is.
"""

from dataclasses import dataclass, replace
from typing import Protocol, Self

from edgectl.model.time import SECOND, Nanos

SHORTEST, LONGEST = 6 * SECOND, 600 * SECOND
USUAL: Nanos = 15 * SECOND
SAFE_WRITES: Nanos = 5 * SECOND  # as long as an orderly end takes to see everything off


class LeaseUnreachable(Exception):
    """The place where the lease is kept cannot be asked now. The sentence says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a lease lasts without a sign, and what follows from it."""

    ttl: Nanos = USUAL

    @property
    def margin(self) -> Nanos:
        """What the waiting one adds: two clocks do not run equally fast."""
        return max(SECOND, self.ttl // 5)

    @property
    def renew_every(self) -> Nanos:
        """How often the leader gives a sign. Two of three may be lost."""
        return self.ttl // 5

    @property
    def safe_writes(self) -> Nanos:
        """How long before its end the leader stands down, to see its outputs off while it still may speak."""
        return min(SAFE_WRITES, self.ttl // 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """The lease as it is kept. `beat` grows with every sign of the leader; `over` is by the clock of the database;
    `returned` says that the last leader has seen its outputs off and given it back."""

    holder: str
    epoch: int
    beat: int
    ttl: Nanos
    over: bool
    returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """How this controller came to lead. `took_over`: somebody else has led since it last did, or may have, so that the
    journal does not know what was done meanwhile. `why_late` is the code of what it waited for."""

    epoch: int
    took_over: bool = False
    waited: Nanos = 0
    why_late: str = ""


class LeaseStore(Protocol):
    """Where the lease is kept. Each call is one answer or LeaseUnreachable, and never takes long."""

    async def look(self) -> LeaseRow | None:
        """The row, or None when nobody has led yet."""

    async def take(self, seen: LeaseRow | None, holder: str, floor: int, ttl: Nanos) -> int | None:
        """Take it if it is still as it was seen. The new epoch, above the old one and above `floor`; None: too late."""

    async def renew(self, holder: str, epoch: int, ttl: Nanos) -> bool:
        """A sign of life. False when somebody else has taken it."""

    async def give_back(self, holder: str, epoch: int) -> None:
        """It may be taken at once: nothing of ours is on, and nothing of ours will speak."""

    async def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who waits. `seen` is the newest row, `since` when it was first seen so."""

    holder: str
    terms: Terms
    since: Nanos
    seen: LeaseRow | None = None

    def look(self, row: LeaseRow | None, now: Nanos) -> Self:
        """What was found at the latest look. Any sign of the leader begins the wait anew."""
        same = _sign(row) == _sign(self.seen)
        return replace(self, seen=row, since=self.since if same else now)

    def may_take(self, now: Nanos) -> bool:
        """May the lease be taken? Ours of a former life may: that process is dead, or we would not hold its folder."""
        row = self.seen
        if row is not None and (row.returned or row.holder == self.holder):
            return True
        # Both clocks: the database's may have been set, and ours has not seen what came before.
        ttl = self.terms.ttl if row is None else row.ttl
        return (row is None or row.over) and now - self.since >= ttl + self.terms.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """Who leads. `until` is when not one byte of ours may leave any more."""

    epoch: int
    terms: Terms
    until: Nanos

    def renewed(self, asked_at: Nanos) -> Self:
        """A sign was taken. It counts from before it was given."""
        return replace(self, until=max(self.until, asked_at + self.terms.ttl))

    def overtaken(self, now: Nanos) -> Self:
        """Somebody else leads: nothing leaves any more."""
        return replace(self, until=min(self.until, now))

    @property
    def stands_down_at(self) -> Nanos:
        """When it begins to switch off, if no sign was taken until then."""
        return self.until - self.terms.safe_writes

    def may_speak(self, now: Nanos) -> bool:
        """May a byte leave now?"""
        return now < self.until


def _sign(row: LeaseRow | None) -> tuple[str, int, int, bool] | None:
    return None if row is None else (row.holder, row.epoch, row.beat, row.returned)
