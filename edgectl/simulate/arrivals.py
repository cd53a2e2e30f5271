"""What a centre holds of a simulated house, in the order of arrival, and promise 23 held against it.

It keeps the seam of the real one (`edgectl/sync/seam.py:Session`): a line is there once, under its number, behind its
predecessor; another line under a known number is refused. It may be put back to an older day by its own people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edgectl.model.ask import Ask
from edgectl.model.parcel import EVER, DaySum, Line, Parcel
from edgectl.model.telemetry import Minute, Reel
from edgectl.sync.errors import CentreRefuses


@dataclass(slots=True)
class Arrivals:
    """Lines by journal, and readings by their number, as they came."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    minutes: list[int] = field(default_factory=list)

    def take(self, parcel: Parcel) -> int:
        """Put in what is new. Returns how far the journal has arrived."""
        held = self.lines.setdefault(parcel.journal_id, [])
        for line in parcel.lines:
            if line.seq <= len(held):
                if held[line.seq - 1].hash != line.hash:
                    raise CentreRefuses(f"line {line.seq} is another one here", "the simulated house has two pasts")
            elif line.seq == len(held) + 1:
                held.append(line)
            else:
                break  # it waits for its predecessors
        return len(held)

    def take_minutes(self, minutes: list[Minute]) -> None:
        """The same for readings."""
        known = set(self.minutes)
        self.minutes += [minute.number for minute in minutes if minute.number not in known]

    def put_back(self, share: float) -> None:
        """A backup of the lines is put back: the newest are gone."""
        for held in self.lines.values():
            del held[round(len(held) * share) :]


@dataclass(slots=True)
class Talk:
    """One conversation. `mishap` may end it before or after anything that is sent, by raising; what is sent arrives
    once more where `twice` says so."""

    arrivals: Arrivals
    mishap: Callable[[str], None]
    twice: Callable[[], bool]

    async def arrived(self, journal_id: str) -> tuple[int, bytes | None]:
        """How far it is."""
        self.mishap("before")
        held = self.arrivals.lines.get(journal_id, [])
        return len(held), held[-1].hash if held else None

    async def push(self, parcel: Parcel) -> tuple[int, int]:
        """Lines."""
        self.mishap("before")
        for _ in range(1 + self.twice()):
            arrived = self.arrivals.take(parcel)
        self.mishap("after")
        return arrived, 0

    async def push_minutes(self, minutes: list[Minute]) -> None:
        """Readings."""
        self.mishap("before")
        for _ in range(1 + self.twice()):
            self.arrivals.take_minutes(minutes)
        self.mishap("after")

    async def push_reels(self, reels: list[Reel]) -> None:
        """Nobody asks for samples as they were read."""

    async def day_sums(self, journal_id: str, *, since: str = EVER) -> list[DaySum]:
        """Nobody adds up here: the judge looks at each line."""
        return []

    async def payloads_of(self, journal_id: str, day: str) -> dict[int, bytes]:
        """As above."""
        return {}

    async def state_days(self, sums: list[DaySum]) -> None:
        """As above."""

    async def asks(self) -> list[Ask]:
        """The desk of this house speaks for itself."""
        return []

    async def listen(self, wake: Callable[[], None]) -> None:
        """Nobody wakes."""

    async def ping(self) -> None:
        """It is there."""


def odd_lines(journal_id: str, held: list[Line], told: list[Line]) -> Iterator[str]:
    """What a centre holds and should not, or holds in another order, or otherwise than it was written."""
    if len(held) > len(told):
        yield f"23: the centre holds {len(held) - len(told)} lines of {journal_id} that nobody wrote"
    for number, (theirs, ours) in enumerate(zip(held, told, strict=False), 1):
        if (theirs.seq, theirs.event_type, theirs.task_id, theirs.body) != (
            number,
            ours.event_type,
            ours.task_id,
            ours.body,
        ):
            yield f"23: place {number} of {journal_id} holds line {theirs.seq} {theirs.event_type} at the centre"
            return
