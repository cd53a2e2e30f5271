"""pH of a nutrient solution by charge balance: carbonate, phosphate, ammonium, water.

Concentrations in mmol/L, alkalinity in meq/L. pKa at 25 degrees: carbonic acid 6.35 and 10.33, phosphoric acid 2.15,
7.20 and 12.35, ammonium 9.25. The buffer of RO, soft and hard water follows from the carbonate alone.
"""

from dataclasses import dataclass

K1, K2 = 10**-6.35, 10**-10.33
P1, P2, P3 = 10**-2.15, 10**-7.20, 10**-12.35
KN = 10**-9.25
KW = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """What buffers the solution; it does not change when acid or base is added."""

    carbonate: float
    phosphate: float = 1.0
    ammonium: float = 1.0


RO, SOFT, HARD = Water(carbonate=0.05), Water(carbonate=0.3), Water(carbonate=3.0)


def alkalinity(water: Water, ph: float) -> float:
    """The alkalinity that belongs to a pH. It grows with pH."""
    h = 10**-ph
    carbonic = h * h + K1 * h + K1 * K2
    a1, a2 = K1 * h / carbonic, K1 * K2 / carbonic
    phosphoric = h**3 + P1 * h * h + P1 * P2 * h + P1 * P2 * P3
    p0, p2, p3 = h**3 / phosphoric, P1 * P2 * h / phosphoric, P1 * P2 * P3 / phosphoric
    n = KN / (KN + h)
    return (
        water.carbonate * (a1 + 2 * a2) + water.phosphate * (p2 + 2 * p3 - p0) + water.ammonium * n + 1e3 * (KW / h - h)
    )


def ph_of(water: Water, alk: float, guess: float = 7.0) -> float:
    """The pH of an alkalinity, to 1e-6, by bisection between 1 and 13. A good guess narrows where it begins."""
    low, high = max(1.0, guess - 0.3), min(13.0, guess + 0.3)
    if alkalinity(water, low) > alk or alkalinity(water, high) < alk:
        low, high = 1.0, 13.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if alkalinity(water, middle) < alk:
            low = middle
        else:
            high = middle
    return (low + high) / 2
