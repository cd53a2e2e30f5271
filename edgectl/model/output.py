"""What is owed to an output: an OFF.

The row is written in the commit that lets the ON out, and closed only by a read-back. At any restart an open row means
OFF, now.
"""

from dataclasses import dataclass

from edgectl.model.quick import quick
from edgectl.model.time import Nanos


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The debt of one actuator. `closing` is the instant at which OFF was ordered."""

    name: str
    owed_off: bool
    cmd_id: str | None
    task_id: str | None
    zone: str | None
    off_by: Nanos  # mono: the latest end that the last ON carried
    closing: Nanos | None = None
    planned: bool = False  # the OFF was the plan, not a trip
    tries: int = 0
    ask_at: Nanos = 0  # mono: when to read back again
    off_at: Nanos | None = None  # mono: when the last debt was closed, for min_off
    boot_id: str = ""
