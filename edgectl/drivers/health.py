"""How a device is doing: who it is, when it last answered, and how often it may be asked while it is silent."""

from dataclasses import dataclass, field

from edgectl.drivers.profile import Check
from edgectl.drivers.wiring import Device
from edgectl.model.time import MS, SECOND, Nanos

SILENT_AFTER = 3  # unanswered requests in a row
FIRST_REST = 500 * MS
LONGEST_REST = 10 * SECOND


@dataclass(slots=True, kw_only=True)
class Health:
    """One device as its bus owner sees it. All instants mono."""

    device: Device
    misses: int = 0
    rest_until: Nanos = 0
    last_good: Nanos | None = None
    down: bool = False
    why: str = ""
    unverified: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.doubt()

    def doubt(self) -> None:
        """It may be another one now: ask again who it is before it is believed."""
        self.unverified = list(self.device.profile.checks)

    def answered(self, now: Nanos) -> None:
        """A good reply came."""
        self.misses, self.rest_until, self.last_good = 0, 0, now

    def missed(self, now: Nanos) -> None:
        """No believable reply came; polls of this device rest, longer each time."""
        self.misses += 1
        self.rest(now)

    def rest(self, now: Nanos) -> None:
        """Leave it alone for a while."""
        self.rest_until = now + min(FIRST_REST << min(max(self.misses, 1) - 1, 10), LONGEST_REST)
