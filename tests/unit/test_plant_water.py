"""Water behaves like the table of the domain facts (4.2): buffers, titration, and small doses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.plant.water import ACID, HARD, RO, SOFT, Solute, alkalinity_at, buffer_at, fed, ph_of, water

TABLE = {
    # carbonate: buffers at 5.0, 5.5, 5.8, 6.5, 7.0; ml of acid for 100 L from 7.5 to 5.8; 6.2 after 10 ml, after 20 ml
    0.05: ((0.05, 0.07, 0.11, 0.35, 0.58), 68, 5.32, 4.11),
    0.3: ((0.07, 0.13, 0.21, 0.49, 0.66), 86, 5.86, 5.11),
    3.0: ((0.32, 0.80, 1.27, 2.00, 1.60), 279, 6.15, 6.09),
}


@pytest.mark.parametrize("carbonate", TABLE)
def test_the_table(carbonate: float) -> None:
    buffers, acid_ml, after_10, after_20 = TABLE[carbonate]
    for ph, expected in zip((5.0, 5.5, 5.8, 6.5, 7.0), buffers, strict=True):
        assert buffer_at(ph, carbonate, 1, 1) == pytest.approx(expected, abs=0.006)
    start, end = (alkalinity_at(ph, carbonate, 1, 1) for ph in (7.5, 5.8))
    assert 100 * (start - end) == pytest.approx(acid_ml, abs=0.6)
    tank = water(ph=6.2, ec=1.5, carbonate=carbonate, phosphate=1, ammonium=1).times(100)
    for ml, expected in ((10, after_10), (20, after_20)):
        assert ph_of(tank.plus(ACID.times(ml)).times(1 / 100)) == pytest.approx(expected, abs=0.006)


@given(
    ph=st.floats(2.5, 11),
    carbonate=st.floats(0, 5),
    phosphate=st.floats(0, 3),
    ammonium=st.floats(0, 3),
    guess=st.floats(-5, 20),
)
def test_ph_is_found_from_any_guess(
    ph: float, carbonate: float, phosphate: float, ammonium: float, guess: float
) -> None:
    litre = water(ph=ph, ec=1, carbonate=carbonate, phosphate=phosphate, ammonium=ammonium)
    assert ph_of(litre, guess) == pytest.approx(ph, abs=1e-5)


@given(st.floats(-1000, 1000))
def test_no_bottle_breaks_the_balance(meq: float) -> None:
    assert -1 <= ph_of(Solute(alkalinity=meq)) <= 15


def test_the_taps_differ_in_what_they_swallow() -> None:
    after = [ph_of(fed(tap, ph=6.2, ec=1.5).plus(ACID.times(0.2))) for tap in (RO, SOFT, HARD)]
    assert after == sorted(after)
    assert after[2] - after[0] > 1.5
