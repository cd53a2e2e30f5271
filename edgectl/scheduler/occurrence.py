"""What a schedule gives out: occurrences, each with its fate, and the cursor that answers for them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgectl.model.time import Nanos, iso
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import Schedule

ROWS = 100  # older missed runs share one row


class Verdict(StrEnum):
    """What becomes of an occurrence."""

    RUN = "run"
    REPLAY = "replay"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence and its fate. `folded` says that older missed ones share this row; `cancels`, that whoever starts
    it ends the run of the same schedule that is still open."""

    scheduled_for: Nanos
    verdict: Verdict
    reason: str
    payload: Mapping[str, Any]
    folded: bool = False
    cancels: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Occurrences, the oldest first, and the cursor that answers for them."""

    occurrences: tuple[Occurrence, ...]
    cursor: Cursor


def left_out(schedule: Schedule, at: Nanos, reason: str, *, folded: bool = False) -> Occurrence:
    """The row of an occurrence that does not run."""
    return Occurrence(scheduled_for=at, verdict=Verdict.SKIP, reason=reason, payload=schedule.payload, folded=folded)


def correlation(zone_number: int, task_type: str, scheduled_for: Nanos, schedule: str) -> str:
    """The idempotency key of a scheduled run; a late run keeps the key of its original time."""
    text = f"{zone_number}|{task_type}|{iso(scheduled_for)}|{schedule}"
    return f"sch:z{zone_number}:{task_type}:{hashlib.sha256(text.encode()).hexdigest()[:20]}"
