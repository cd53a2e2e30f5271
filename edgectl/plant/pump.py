"""A pump: its curve, what it has moved, and how long it ran without moving anything."""

from dataclasses import dataclass, field
from math import sqrt

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import PumpPart

SPIN_UP: Nanos = SECOND // 2  # a pump needs this long before water moves
# The pump curve H = H0 - a Q^2 against H = Hs + k Q^2 / x^2 (domain facts 4.3), in units of H0 and the nominal flow.
_STATIC, _OWN, _SUCTION, _DELIVERY = 0.15, 0.5, 0.15, 0.35
_WORN = 0.5  # of H0 is left


@dataclass(slots=True)
class Spell:
    """How long something lasted, in nanoseconds: this time, the longest time, and in all."""

    current: Nanos = 0
    longest: Nanos = 0
    total: Nanos = 0

    def count(self, lasts: bool, spent: Nanos) -> None:
        """Let time pass."""
        if not lasts:
            self.current = 0
            return
        self.current += spent
        self.total += spent
        self.longest = max(self.longest, self.current)


@dataclass(slots=True)
class Pump:
    """A pump as it stands: what it moves (L/s) and what it has moved (L)."""

    part: PumpPart
    since: Nanos | None = None
    flow_l_s: float = 0.0
    moved_l: float = 0.0
    dry: bool = False  # on, and no water can come
    closed: bool = False  # on, and no water can leave
    dry_spell: Spell = field(default_factory=Spell)
    dead_head: Spell = field(default_factory=Spell)

    @property
    def power_w(self) -> float:
        """Electrical power: dry ~40 %, against a closed valve ~60 % of nominal (4.3, unverified)."""
        if self.since is None:
            return 0.0
        load = self.flow_l_s * 60 / self.part.rate_l_min
        return self.part.power_w * (0.4 if self.dry else 0.6 + 0.4 * min(1.25, load))


def flow_at(part: PumpPart, suction: float, delivery: float, *, worn: bool = False) -> float:
    """L/s through these openings: 1 is one open valve, 2 two of them, 0.5 one half open. Neither may be 0.

    A second way out lets more through, a second suction hardly matters.
    """
    head = (_WORN if worn else 1.0) - _STATIC
    drag = _OWN + _SUCTION / min(1.0, suction) ** 2 + _DELIVERY / delivery**2
    return part.rate_l_min / 60 * sqrt(head / (1 - _STATIC) / drag)
