"""What an actuator has given within the last day: doses, starts, litres. The caps are counted from this.

Two rules. An amount is entered in the commit that lets it out, so a dose with an unknown outcome counts as given. And
time that passed while the controller was off counts for nothing, unless both ends of it had a clock to believe.
"""

from dataclasses import dataclass, replace

from edgectl.model.quick import quick
from edgectl.model.time import SECOND, Nanos, Now, Trust

HOUR: Nanos = 3600 * SECOND
DAY: Nanos = 86_400 * SECOND
LARGEST = 4096  # entries of one actuator: more than one every 21 s for a whole day


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One amount: millilitres of a dosing pump, litres of a water pump; `at` is when it was
    all out, monotonic, of the boot `boot_id`."""

    amount: float
    at: Nanos
    wall: Nanos
    boot_id: str
    synced: bool


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The last day of one actuator, the oldest first."""

    name: str
    spent: tuple[Spent, ...] = ()

    def add(self, amount: float, until: Nanos, now: Now, boot_id: str, started: Nanos) -> "Ledger":
        """One more amount, all of it out at `until` on the monotonic clock. What is older than a day falls out."""
        wall, synced = now.wall_at(until), now.trust is Trust.SYNCED
        entry = Spent(amount=amount, at=until, wall=wall, boot_id=boot_id, synced=synced)
        kept = [old for old in self.spent if age(old, now, boot_id, started) < DAY]
        return Ledger(name=self.name, spent=(*kept, entry)[-LARGEST:])

    def adrift(self) -> "Ledger":
        """The wall clock was set: what its old hands said of these amounts cannot be compared with its new ones."""
        return Ledger(name=self.name, spent=tuple(replace(entry, synced=False) for entry in self.spent))

    def within(self, span: Nanos, now: Now, boot_id: str, started: Nanos) -> tuple[Spent, ...]:
        """What was given in the last `span`."""
        return tuple(entry for entry in self.spent if age(entry, now, boot_id, started) < span)

    def total(self, span: Nanos, now: Now, boot_id: str, started: Nanos) -> float:
        """The sum of it."""
        return sum(entry.amount for entry in self.within(span, now, boot_id, started))


def age(entry: Spent, now: Now, boot_id: str, started: Nanos) -> Nanos:
    """How long ago at the least. Of an earlier boot only the time since this start is certain, unless both had a clock
    that could be believed; and even then nothing is older than the clock says now."""
    if entry.boot_id == boot_id:
        return now.mono - entry.at
    since_start = now.mono - started
    if entry.synced and now.trust is Trust.SYNCED:
        return max(since_start, now.wall - entry.wall)
    return since_start
