"""A tank of solution in two parts: 15 % near the suction, where the pump draws and the probes hang, and the bulk.

Litres of water, millimoles of salt as mS/cm times litres, milliequivalents of alkalinity. Nothing is made or lost: what
is added and not drawn is here, or went over the edge and is counted.
"""

import math
from dataclasses import dataclass, field

NEAR = 0.15
STILL_S = 7200.0  # without a pump the two parts still mix, slowly


@dataclass(slots=True, kw_only=True)
class Parts:
    """Salt and alkalinity per litre, near the suction and in the bulk."""

    near: float
    bulk: float

    def add(self, amount: float, litres: float) -> None:
        """Put an amount into the bulk, where the return line and the dosing lines end."""
        self.bulk += amount / max(1e-9, litres * (1 - NEAR))

    def dilute(self, before_l: float, added_l: float, content: float) -> None:
        """Fresh water comes into the bulk, and the parts grow together."""
        total = self.near * before_l * NEAR + self.bulk * before_l * (1 - NEAR) + content * added_l
        after = before_l + added_l
        share = min(1.0, added_l / max(1e-9, after))
        # The near part keeps its share of old water for a moment; the rest is where the water came in.
        self.near += (total / after - self.near) * share
        self.bulk = (total - self.near * after * NEAR) / (after * (1 - NEAR))

    def mix(self, litres: float, rate_l_s: float, spent_s: float) -> None:
        """Let the two parts exchange at the rate of the pump, or slowly without it. Exact for any span."""
        near_l, bulk_l = litres * NEAR, litres * (1 - NEAR)
        if near_l <= 0:
            return
        speed = rate_l_s * (1 / near_l + 1 / bulk_l) + 1 / STILL_S
        mean = self.near * NEAR + self.bulk * (1 - NEAR)
        left = math.exp(-speed * spent_s)
        gap = (self.bulk - self.near) * left
        self.near, self.bulk = mean - gap * (1 - NEAR), mean + gap * NEAR


@dataclass(slots=True, kw_only=True)
class SolutionTank:
    """A tank with its contents. `alk` and `ec` are per litre."""

    capacity_l: float
    litres: float
    alk: Parts
    ec: Parts
    overflow_l: float = 0.0
    near_alk_seen: float = field(default=math.nan, init=False)

    def pour(self, litres: float, *, alk: float, ec: float) -> None:
        """Water with what it brings. What does not fit goes over the edge."""
        fits = min(litres, self.capacity_l - self.litres)
        self.overflow_l += litres - fits
        if fits <= 0:
            return
        self.alk.dilute(self.litres, fits, alk)
        self.ec.dilute(self.litres, fits, ec)
        self.litres += fits

    def draw(self, litres: float) -> float:
        """Take water from the suction side; the parts keep what they hold per litre. Returns what was there."""
        taken = min(litres, self.litres)
        self.litres -= taken
        return taken

    def mix(self, rate_l_s: float, spent_s: float) -> None:
        """Let time pass with so much circulation."""
        self.alk.mix(self.litres, rate_l_s, spent_s)
        self.ec.mix(self.litres, rate_l_s, spent_s)
