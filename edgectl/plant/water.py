"""What is dissolved in water, and the pH that follows from it.

Two rules. Amounts mix, pH does not: everything that flows is a `Solute`, and pH is asked for at the end. And pH comes
from the balance of charges, so that the same millilitre of acid moves soft water five times as far as hard water.
"""

from math import log
from typing import NamedTuple

_LN10 = log(10.0)
# Dissociation at 25 degC: carbonic 6.35/10.33, phosphoric 2.15/7.20/12.35, ammonium 9.25, water 14.00.
_K_C1, _K_C2 = 10**-6.35, 10**-10.33
_K_P1, _K_P2, _K_P3 = 10**-2.15, 10**-7.20, 10**-12.35
_K_N = 10**-9.25
_K_W = 1e-14
_CLOSE = 1e-7  # pH; far below what any probe shows
_STEPS = 80  # bisection alone needs 28


class Solute(NamedTuple):
    """Five dissolved things that add up: per litre a concentration, in a tank an amount, in a stock what 1 ml brings.

    A tuple, because the tank mixes it by position.
    """

    salt: float = 0.0  # mS/cm times litre: electrical conductivity is salt per litre
    alkalinity: float = 0.0  # meq: strong base minus strong acid
    carbonate: float = 0.0  # mmol, all of CO2, HCO3-, CO3--
    phosphate: float = 0.0  # mmol
    ammonium: float = 0.0  # mmol, NH4+ and NH3

    def times(self, factor: float) -> "Solute":
        """As much of everything, `factor` times."""
        a, b, c, d, e = self
        return Solute(a * factor, b * factor, c * factor, d * factor, e * factor)

    def plus(self, other: "Solute") -> "Solute":
        """Both together."""
        a, b, c, d, e = self
        return Solute(a + other[0], b + other[1], c + other[2], d + other[3], e + other[4])


NOTHING = Solute()


def alkalinity_at(ph: float, carbonate: float, phosphate: float = 0.0, ammonium: float = 0.0) -> float:
    """The alkalinity in meq/L of water with this pH; the other three in mmol/L.

    Alk = CT(a1 + 2 a2) + P(p2 + 2 p3 - p0) + N n + OH - H.
    """
    return _charges(10.0**-ph, carbonate, phosphate, ammonium)[0]


def buffer_at(ph: float, carbonate: float, phosphate: float = 0.0, ammonium: float = 0.0) -> float:
    """How many meq/L of strong base raise the pH by one, at this pH."""
    return _charges(10.0**-ph, carbonate, phosphate, ammonium)[1]


def ph_of(litre: Solute, guess: float = 7.0) -> float:
    """The pH of water with this concentration. A guess near the answer (the last pH) saves steps.

    Newton inside a bracket: a step that leaves the bracket becomes a bisection, so it always ends.
    """
    low, high = -1.0, 15.0
    ph = min(high, max(low, guess))
    wanted, carbonate, phosphate, ammonium = litre[1], litre[2], litre[3], litre[4]
    for _ in range(_STEPS):
        found, slope = _charges(10.0**-ph, carbonate, phosphate, ammonium)
        if found < wanted:
            low = ph
        else:
            high = ph
        step = (wanted - found) / slope
        if -_CLOSE < step < _CLOSE:
            return ph + step
        ph += step
        if not low < ph < high:
            ph = (low + high) / 2
    return ph


def _charges(h: float, carbonate: float, phosphate: float, ammonium: float) -> tuple[float, float]:
    """Alkalinity in meq/L and its slope per pH.

    The slope of an acid's mean charge with pH is ln 10 times the variance of that charge.
    """
    one, two = _K_C1 / h, _K_C1 * _K_C2 / (h * h)
    whole = 1.0 + one + two
    mean_c = (one + 2 * two) / whole
    var_c = (one + 4 * two) / whole - mean_c * mean_c
    p1 = _K_P1 / h
    p2 = p1 * _K_P2 / h
    p3 = p2 * _K_P3 / h
    whole = 1.0 + p1 + p2 + p3
    mean_p = (p1 + 2 * p2 + 3 * p3) / whole
    var_p = (p1 + 4 * p2 + 9 * p3) / whole - mean_p * mean_p
    ammonia = _K_N / (h + _K_N)
    oh = _K_W / h
    charge = carbonate * mean_c + phosphate * (mean_p - 1.0) + ammonium * ammonia + 1e3 * (oh - h)
    spread = carbonate * var_c + phosphate * var_p + ammonium * ammonia * (1.0 - ammonia) + 1e3 * (oh + h)
    return charge, _LN10 * spread


def water(*, ph: float, ec: float, carbonate: float, phosphate: float = 0.0, ammonium: float = 0.0) -> Solute:
    """One litre of water that has this pH and EC (mS/cm); the other three in mmol/L."""
    return Solute(ec, alkalinity_at(ph, carbonate, phosphate, ammonium), carbonate, phosphate, ammonium)


# As they come from the tap, one litre each: EC is the usual one of such water, carbonate is the table of the domain.
RO = water(ph=6.2, ec=0.02, carbonate=0.05)
SOFT = water(ph=7.2, ec=0.15, carbonate=0.3)
HARD = water(ph=7.5, ec=0.7, carbonate=3.0)

# What one ml of the usual bottles brings. Acid and base are 1 normal.
ACID = Solute(alkalinity=-1.0)
BASE = Solute(alkalinity=1.0)
# 1 ml per litre of A, B and C together gives 0.4 mS/cm, and 2.5 ml per litre 1 mmol/L of phosphate and of ammonium.
NUTRIENT_A = Solute(salt=0.2, ammonium=0.4)
NUTRIENT_B = Solute(salt=0.15, phosphate=0.4)
NUTRIENT_C = Solute(salt=0.05)


def fed(tap: Solute, *, ph: float, ec: float) -> Solute:
    """One litre of nutrient solution on this tap water: 1 mmol/L of phosphate and of ammonium, set to pH and EC."""
    return water(ph=ph, ec=ec, carbonate=tap.carbonate, phosphate=1.0, ammonium=1.0)
