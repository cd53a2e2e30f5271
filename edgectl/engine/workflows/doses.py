"""How large the next dose is. Pure arithmetic; the caps are journaled elsewhere and come in as what is left of them."""

import math
from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import Doser

SETTLE: Nanos = 90 * SECOND  # of circulation before the first decision
LONGEST_PULSE: Nanos = 60 * SECOND
FIRST_SHARE = 0.5  # the first dose into an unknown solution is half of what the gain asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """Millilitres, the pulse that gives them, and the change that they should bring."""

    ml: float
    pulse: Nanos
    change: float


def size(doser: Doser, error: float, *, first: bool, left_ml: float) -> Dose | None:
    """The dose for an error in the unit of the gain, always positive; None when it is less than the pump can give.

    `left_ml` is what the caps of this hour and this day leave. Every clamp is applied to the volume, and the change is
    computed from the volume that is left in the end.
    """
    if not doser.gain:
        return None
    wanted_ml = error / doser.gain * (FIRST_SHARE if first else 1.0)
    return given(doser, min(wanted_ml, left_ml))


def given(doser: Doser, ml: float) -> Dose | None:
    """So many millilitres as whole steps of the pump, never more than was asked for and never more than one dose."""
    steps = math.floor(min(ml, doser.max_dose_ml) / doser.ml_per_s * SECOND / doser.step * (1 + 1e-9))
    pulse = steps * doser.step
    if pulse < max(doser.least, doser.step):
        return None
    exact_ml = pulse / SECOND * doser.ml_per_s
    return Dose(ml=exact_ml, pulse=pulse, change=exact_ml * doser.gain)
