"""The place of a lease in memory, with a database clock that can be set: the fake beside the real one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgectl.model.lease import LeaseRow, LeaseUnreachable
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    row: LeaseRow
    expires: Nanos


class LeaseTable:
    """The one row, by the clock of the database."""

    def __init__(self, clock: Callable[[], Nanos]) -> None:
        self.clock = clock
        self.kept: _Kept | None = None

    def row(self) -> LeaseRow | None:
        """As the database shows it now."""
        kept = self.kept
        return None if kept is None else replace(kept.row, over=kept.expires <= self.clock())

    def sign(self, at: Nanos) -> None:
        """The leader gave its last sign at an instant that has passed: a row among many that nobody looked at."""
        assert self.kept is not None
        row = self.kept.row
        self.kept = _Kept(row=replace(row, beat=row.beat + 1), expires=at + row.ttl)

    def put(self, row: LeaseRow) -> None:
        """Write it, with its time beginning now."""
        assert self.kept is None or row.epoch >= self.kept.row.epoch, "an epoch only grows"
        self.kept = _Kept(row=row, expires=self.clock() + row.ttl)


class MemoryLease:
    """One controller's way to the table. `cut` makes it unreachable."""

    def __init__(self, table: LeaseTable) -> None:
        self._table = table
        self.cut = False

    async def look(self) -> LeaseRow | None:
        """The row, or None."""
        self._reach()
        return self._table.row()

    async def take(self, seen: LeaseRow | None, holder: str, floor: int, ttl: Nanos) -> int | None:
        """The new epoch, or None."""
        self._reach()
        row = self._table.row()
        if (row is None) != (seen is None):
            return None
        if row is not None and seen is not None:
            moved = (row.epoch, row.beat) != (seen.epoch, seen.beat)
            if moved or not (row.returned or row.over or row.holder == holder):
                return None
        epoch = max(floor, 0 if row is None else row.epoch) + 1
        self._table.put(LeaseRow(holder=holder, epoch=epoch, beat=0, ttl=ttl, over=False, returned=False))
        return epoch

    async def renew(self, holder: str, epoch: int, ttl: Nanos) -> bool:
        """True when the sign was taken."""
        self._reach()
        row = self._table.row()
        if row is None or (row.holder, row.epoch) != (holder, epoch) or row.returned:
            return False
        self._table.put(replace(row, beat=row.beat + 1, ttl=ttl, over=False))
        return True

    async def give_back(self, holder: str, epoch: int) -> None:
        """Free for whoever asks next."""
        self._reach()
        row = self._table.row()
        if row is not None and (row.holder, row.epoch) == (holder, epoch):
            self._table.put(replace(row, returned=True, beat=row.beat + 1))

    async def close(self) -> None:
        """Nothing is open."""

    def _reach(self) -> None:
        if self.cut:
            raise LeaseUnreachable("the database of the lease does not answer")
