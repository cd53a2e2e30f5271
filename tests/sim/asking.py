"""A wish as the command line would make it: water for zone-1, in times counted from now."""

from typing import Any

from edgectl.model.inputs import TaskRequest
from edgectl.model.time import SECOND, Nanos

MINUTE = 60 * SECOND


def wish(
    wall: Nanos,
    name: str = "asked-for-it",
    *,
    token: int = 1,
    payload: dict[str, Any] | None = None,
    scheduled: Nanos = 0,
    due: Nanos = MINUTE,
    expires: Nanos = 2 * MINUTE,
) -> TaskRequest:
    """`scheduled`, `due` and `expires` are counted from `wall`; five seconds of water unless told."""
    return TaskRequest(
        token=token,
        zone="zone-1",
        task_type="irrigation",
        payload=payload or {"duration_s": 5},
        source="cli",
        correlation_id=name,
        scheduled_for=wall + scheduled,
        due_at=wall + due,
        expires_at=wall + expires,
    )
