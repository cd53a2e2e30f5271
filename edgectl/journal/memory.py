"""A journal without a disk, for the simulator: what was committed survives a crash, everything else is gone."""

from edgectl.model.command import Command
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.timeline import Alarm, Batch, Change, Cursor, Entry, Latch, Stored, key_of


class MemoryJournal:
    """Keeps whole values by their key and the timeline in order. `lost`: the one before it could not be read."""

    def __init__(self, *, lost: bool = False) -> None:
        self.lost = lost
        self.values: dict[tuple[str, str], Change] = {}
        self.timeline: list[Entry] = []

    def commit(self, batch: Batch) -> None:
        """Whole or not at all."""
        last = self.timeline[-1].seq if self.timeline else 0
        for entry in batch.entries:
            assert entry.seq == last + 1, f"entry {entry.seq} follows {last}"
            last = entry.seq
        self.values.update((key_of(change), change) for change in batch.changes)
        self.timeline.extend(batch.entries)

    def load(self) -> Stored:
        """What is open."""
        tasks = tuple(v for v in self.values.values() if isinstance(v, Task) and not v.terminal)
        open_ids = {task.task_id for task in tasks}
        values = self.values.values()
        return Stored(
            journal_id="memory",
            last_seq=self.timeline[-1].seq if self.timeline else 0,
            tasks=tasks,
            commands=tuple(v for v in values if isinstance(v, Command) and (not v.terminal or v.task_id in open_ids)),
            outputs=tuple(v for v in values if isinstance(v, Output)),
            cursors=tuple(v for v in values if isinstance(v, Cursor)),
            latches=tuple(v for v in values if isinstance(v, Latch) and (v.held or v.count)),
            alarms=tuple(v for v in values if isinstance(v, Alarm) and v.stands),
            ledgers=tuple(v for v in values if isinstance(v, Ledger)),
            lost=self.lost,
        )
