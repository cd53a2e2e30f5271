"""How a device is doing: who it is, when it last answered, and how often it may be asked while it is silent."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edgectl.drivers.profile import Arm, Check, Demand, Put
from edgectl.drivers.wiring import Device
from edgectl.model.time import MS, SECOND, Nanos

SILENT_AFTER = 3  # unanswered requests in a row
FIRST_REST = 500 * MS
LONGEST_REST = 10 * SECOND
AUDIT: Nanos = 3600 * SECOND


@dataclass(slots=True, kw_only=True)
class Health:
    """One device as its bus owner sees it. All instants mono."""

    device: Device
    demands: tuple[Demand, ...]
    misses: int = 0
    rest_until: Nanos = 0
    last_good: Nanos | None = None
    down: bool = False
    why: str = ""
    unverified: list[Demand] = field(default_factory=list)
    mute: Demand | None = None  # a question that it left unanswered: it comes again once anything else is answered
    spoke: bool = False  # it answered something else since
    put: list[Put] = field(default_factory=list)  # written since it was doubted, and not yet read back
    audit_at: Nanos = 0
    warm_at: Nanos | None = None  # when its numbers mean something; None until it has spoken

    def __post_init__(self) -> None:
        self.doubt()

    def doubt(self) -> None:
        """It may be another one now: ask again who it is before it is believed."""
        self.unverified = [demand for demand in self.demands if demand is not self.mute]
        self.spoke = False
        self.put.clear()
        self.warm_at = None

    def cold(self, now: Nanos) -> bool:
        """True while its numbers mean nothing: it may have been without power until it spoke again."""
        if self.warm_at is None:
            self.warm_at = now + self.device.profile.warm_up
        return now < self.warm_at

    def audit(self, now: Nanos) -> None:
        """Somebody else may have changed what lets it fall safe by itself: look again now and then."""
        if now >= self.audit_at:
            self.audit_at = now + AUDIT
            self.unverified += [d for d in self.demands if isinstance(d, Arm) and d not in self.unverified]

    def cannot_show(self, check: Demand) -> None:
        """What proves nothing where it is missing is not asked for again."""
        if check in self.unverified:
            self.unverified.remove(check)

    def unheard(self, demand: Demand | None) -> None:
        """It left a question unanswered. Many drop what they do not know: a register that it need not have is asked for
        again when it has answered something else, and one that stays without an answer then is not there."""
        if not isinstance(demand, Check) or not demand.own:
            if self.mute is not None:
                self.unverified.insert(0, self.mute)
            self.mute, self.spoke = None, False
            return
        self.cannot_show(demand)
        self.mute, self.spoke = None if self.spoke else demand, False

    def speaks(self) -> bool:
        """It answered. True when it owes another answer, which is asked for at once."""
        if self.mute is None:
            return False
        self.unverified.insert(0, self.mute)
        self.mute, self.spoke = None, True
        return True

    def strange(self, now: Nanos) -> None:
        """Not the device of the site file: it has everything to show again, later."""
        self.misses = SILENT_AFTER
        self.doubt()
        self.rest(now)

    def write(self, puts: Iterable[Put]) -> None:
        """What lets it fall safe by itself is missing: these come first, and then the look that found it again."""
        self.unverified[:0] = puts

    def fence(self, demands: Iterable[Demand]) -> None:
        """Something is on its way to it: where answers do not name their question, these come in between."""
        if not self.unverified:
            self.unverified = list(demands)

    def answered(self, now: Nanos) -> None:
        """A good reply came."""
        self.misses, self.rest_until, self.last_good = 0, 0, now

    def missed(self, now: Nanos) -> None:
        """No believable reply came; polls of this device rest, longer each time."""
        self.misses += 1
        self.rest(now)

    def silence(self, bus: str, now: Nanos, why: str) -> str:
        """Where it sits, since when nobody has heard it, and how often it was asked in vain."""
        since = "" if self.last_good is None else f" for {-(-(now - self.last_good) // SECOND)} s"
        return f"{self.device.place(bus)} silent{since}, {self.misses} requests unanswered ({why})"

    def rest(self, now: Nanos) -> None:
        """Leave it alone for a while."""
        self.rest_until = now + min(FIRST_REST << min(max(self.misses, 1) - 1, 10), LONGEST_REST)
