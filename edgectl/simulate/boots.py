"""What a journal of former boots looks like on the clock of this one: their instants lie weeks ahead.

The monotonic clock begins anew with each boot of the machine, and mostly it had run for much longer before the power
went than it has since. The clock of a simulated house runs on, so the difference is put on what is loaded.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.model.command import Command
from edgectl.model.ledger import Ledger
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Change, Cursor, Stored, key_of

UP_FOR: Nanos = 40 * 86_400 * SECOND  # that the machine had been up before it was without power
INSTANTS: dict[type[Any], tuple[str, ...]] = {
    Task: ("due", "expires", "started", "act_until", "stage_since", "retry_at", "begins"),
    Command: ("queued_at", "not_after", "sent_at", "ack_at", "asked_at", "seen_at", "ended_at", "running_since"),
    Output: ("off_by", "closing", "ask_at", "off_at"),
    Cursor: ("last_finished", "waits_since", "late_at"),
}


def on_this_clock(stored: Stored, written: Mapping[tuple[str, str], int], boot: int, boot_id: str) -> Stored:
    """What was stored, as the boot of this number finds it. `written` says in which boot each value was."""

    def seen(value: Any) -> Any:
        return value if written.get(key_of(value), 0) == boot else _ahead(value)

    return replace(
        stored,
        tasks=tuple(map(seen, stored.tasks)),
        commands=tuple(map(seen, stored.commands)),
        outputs=tuple(map(seen, stored.outputs)),
        cursors=tuple(map(seen, stored.cursors)),
        ledgers=tuple(_account(ledger, boot_id) for ledger in stored.ledgers),
    )


def _ahead(value: Change) -> Change:
    instants = {name: getattr(value, name) for name in INSTANTS[type(value)]}
    return replace(value, **{name: at + UP_FOR for name, at in instants.items() if at is not None})


def _account(ledger: Ledger, boot_id: str) -> Ledger:
    spent = (one if one.boot_id == boot_id else replace(one, at=one.at + UP_FOR) for one in ledger.spent)
    return replace(ledger, spent=tuple(spent))
