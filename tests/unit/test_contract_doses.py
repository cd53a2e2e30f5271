"""How large a dose may be: clamped, then counted; in whole steps of its pump; the first into an unknown one half."""

from hypothesis import given as drawn
from hypothesis import strategies as st

from edgectl.engine import steady
from edgectl.engine.workflows import correction
from edgectl.engine.workflows.doses import given, size
from edgectl.model.time import MS, SECOND
from edgectl.model.water import Doser
from tests.sim.test_two_tanks import FILE

ACID = next(part.doser for part in FILE.site.actuators.values() if part.name == "acid")
assert ACID is not None
DOSER: Doser = ACID


@drawn(error=st.floats(0.001, 5), left_ml=st.floats(0, 500), first=st.booleans())
def test_no_dose_is_more_than_was_asked_for_or_is_left(error: float, left_ml: float, *, first: bool) -> None:
    dose = size(DOSER, error, first=first, left_ml=left_ml)
    wanted_ml = error / DOSER.gain * (0.5 if first else 1)
    most_ml = min(wanted_ml, left_ml, DOSER.max_dose_ml)
    least_ml = max(DOSER.least, DOSER.step) / SECOND * DOSER.ml_per_s
    if dose is None:
        assert most_ml < least_ml * (1 + 1e-6), "it was more than the pump can measure"
        return
    assert dose.ml <= most_ml * (1 + 1e-6)
    assert most_ml - dose.ml < DOSER.step / SECOND * DOSER.ml_per_s * (1 + 1e-6), "down to its resolution, not further"
    assert dose.pulse % DOSER.step == 0
    assert abs(dose.change - dose.ml * DOSER.gain) < 1e-9, "what it brings follows from what is left of it"


def test_less_than_the_pump_can_measure_is_no_dose() -> None:
    assert given(DOSER, DOSER.ml_per_s * max(DOSER.step, DOSER.least) / SECOND * 0.99) is None


def test_the_numbers_of_a_decision_are_those_of_the_contract() -> None:
    assert (correction.PH_DEADBAND, correction.EC_DEADBAND) == (0.05, 0.06)
    assert (correction.PH_STEADY, correction.EC_STEADY) == (0.04, 0.08)
    assert (steady.WINDOW, steady.LEAST) == (8000 * MS, 4)
    assert (correction.ENOUGH, correction.INEFFECTIVE) == (0.15, 4)
    assert correction.WARM_UP == 120 * SECOND
