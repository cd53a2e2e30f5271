"""The seams of the uplink: what each side must guarantee."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from edgectl.model.ask import Ask
from edgectl.model.parcel import EVER, DaySum, Parcel, Shelf
from edgectl.model.telemetry import Minute, Reel


class Outbox(Protocol):
    """The journals of this site as the uplink sees them. Reading never holds up whoever writes."""

    async def shelves(self) -> list[Shelf]:
        """Journals that may have lines for the centre, the oldest first; the one in use is the last."""

    async def parcel(self, journal_id: str, after: int, *, lines: int, size: int) -> Parcel | None:
        """The next lines after one, at most so many and about so many bytes; None when there are none."""

    async def acknowledge(self, journal_id: str, seq: int) -> None:
        """Everything up to this line is at the centre. May be forgotten: the centre is asked again at each contact."""

    async def minutes(self, most: int) -> list[Minute]:
        """Readings that the centre does not have, the oldest first."""

    async def forget_minutes(self, upto: int) -> None:
        """The centre has these. May be forgotten: what is sent again is there already."""

    async def reels(self, most: int) -> list[Reel]:
        """Samples as they were read that the centre does not have, the oldest first."""

    async def forget_reels(self, upto: int) -> None:
        """The centre has these. May be forgotten as above."""

    async def hash_at(self, journal_id: str, seq: int) -> bytes | None:
        """The hash of one line, None when it is not there."""

    async def day_sums(self, journal_id: str, *, since: str, upto: int) -> list[DaySum]:
        """What each day from that one on holds, up to a line."""


class Session(Protocol):
    """One conversation with the centre. Every method raises CentreError and nothing else."""

    async def arrived(self, journal_id: str) -> tuple[int, bytes | None]:
        """How far this journal has arrived, and the hash of its newest line there."""

    async def push(self, parcel: Parcel) -> tuple[int, int]:
        """Everything in it is at the centre when this returns, once: how far the journal has arrived there, and how
        many values it did not take. Lines are always taken."""

    async def push_minutes(self, minutes: list[Minute]) -> None:
        """These readings are at the centre when this returns, once."""

    async def push_reels(self, reels: list[Reel]) -> None:
        """These samples are at the centre when this returns, once."""

    async def day_sums(self, journal_id: str, *, since: str = EVER) -> list[DaySum]:
        """What has arrived, day by day from that one on."""

    async def payloads_of(self, journal_id: str, day: str) -> dict[int, bytes]:
        """Each line of a day with the hash of what it says."""

    async def state_days(self, sums: list[DaySum]) -> None:
        """Leave at the centre what this side says each day held."""

    async def asks(self) -> list[Ask]:
        """What waits there for an answer of this site, in the order in which it was asked."""

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call back when something new is asked. Best effort: whoever relies on it asks now and then anyway."""

    async def ping(self) -> None:
        """Is it still there?"""


class Centre(Protocol):
    """Where conversations begin."""

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Connect, and look whether the schema fits and who we are there. Raises CentreError."""
