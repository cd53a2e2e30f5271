"""A tank loses nothing, mixes as its equations say, and crashes when acid is dosed faster than it mixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.plant.tank import NEAR, STILL_L_S, Flows, Tank
from edgectl.plant.water import ACID, HARD, NUTRIENT_A, RO, SOFT, Solute, fed

rates = st.floats(0, 0.5)


def tank(litre: Solute = SOFT, volume_l: float = 100) -> Tank:
    return Tank(capacity_l=200, dead_l=2, volume_l=volume_l, litre=litre)


@given(
    steps=st.lists(st.tuples(rates, rates, rates, rates, st.floats(0, 0.05), st.floats(0.001, 60)), max_size=20),
    volume_l=st.floats(90, 200),
)
def test_water_and_salt_are_in_out_or_stored(steps: list[tuple[float, ...]], volume_l: float) -> None:
    it = tank(fed(SOFT, ph=6, ec=1.5), volume_l)
    begin, begin_l, moved_l, moved = it.solute, it.volume_l, 0.0, Solute()
    for into, out, leak, circling, ml_s, spent_s in steps:
        if it.volume_l - (out + leak) * spent_s < it.dead_l:
            continue
        to_brim = (it.capacity_l - it.volume_l) / max(into - out - leak, 1e-9)
        spent_s = min(spent_s, to_brim) if to_brim > 1e-6 else spent_s
        dose = NUTRIENT_A.plus(ACID).times(ml_s)
        gone = it.pass_time(
            spent_s,
            Flows(into=into, inlet=HARD, out=out, leak=leak, round=circling, dose=dose, evaporation=1e-5),
        )
        moved_l += into * spent_s - gone.drawn_l - gone.leaked_l
        moved = moved.plus(HARD.times(into * spent_s)).plus(dose.times(spent_s))
        for part in (gone.drawn, gone.leaked, gone.over):
            assert part.salt >= -1e-9
            moved = moved.plus(part.times(-1))
    assert it.volume_l == pytest.approx(begin_l + moved_l - it.overflow_l - it.evaporated_l, abs=1e-6)
    assert it.volume_l <= it.capacity_l
    for stored, expected in zip(it.solute, begin.plus(moved), strict=True):
        assert stored == pytest.approx(expected, abs=1e-6)
    assert min(*it.near[:1], *it.bulk[:1]) >= 0


@given(into=rates, out=rates, circling=rates, ml_s=st.floats(0, 1), parts=st.integers(1, 9))
def test_one_step_is_as_good_as_many(into: float, out: float, circling: float, ml_s: float, parts: int) -> None:
    flows = Flows(into=into, inlet=HARD, out=out, round=circling, dose=ACID.times(ml_s))
    one, many = tank(), tank()
    one.pass_time(90, flows)
    for _ in range(parts):
        many.pass_time(90 / parts, flows)
    assert many.near == pytest.approx(one.near, abs=1e-7)
    assert many.bulk == pytest.approx(one.bulk, abs=1e-7)


def test_the_closed_form_is_the_equation() -> None:
    flows = Flows(into=0.3, inlet=HARD, out=0.1, round=0.2, dose=Solute(salt=0.05))
    it = tank(fed(SOFT, ph=6, ec=2))
    volume, near, bulk, step = 100.0, it.near.salt, it.bulk.salt, 0.005
    for _ in range(int(120 / step)):
        c1, c2 = near / (NEAR * volume), bulk / ((1 - NEAR) * volume)
        rise = flows.into - flows.out
        circling = flows.round + STILL_L_S
        across = circling + flows.out + NEAR * rise
        near += step * (across * c2 - (circling + flows.out) * c1 + flows.dose.salt)
        bulk += step * (flows.into * HARD.salt + circling * c1 - across * c2)
        volume += step * rise
    it.pass_time(120, flows)
    assert (it.volume_l, it.near.salt, it.bulk.salt) == pytest.approx((volume, near, bulk), rel=1e-4)


def test_what_runs_over_is_bulk_and_what_is_drawn_is_near() -> None:
    flows = Flows(into=0.5, inlet=HARD, out=0.2, dose=Solute(salt=0.05))
    it, fine = tank(volume_l=200), tank(volume_l=200)
    gone = it.pass_time(300, flows)
    drawn = over = 0.0
    for _ in range(3000):
        drawn += 0.02 * fine.litre_near.salt
        over += 0.03 * fine.litre_bulk.salt
        fine.pass_time(0.1, flows)
    assert (gone.drawn.salt, gone.over.salt) == pytest.approx((drawn, over), rel=1e-3)


def dose_for_an_hour(tap: Solute, wait_s: int) -> tuple[float, float]:
    """20 ml of 1 N acid per pH, at most 35, from 6.8 to 5.8 with deadband 0.1: the end pH and the lowest."""
    it = tank(fed(tap, ph=6.8, ec=1.5))
    circling = Flows(round=20 / 60)
    seen, lowest, arrive_at, ml, decide_at = 6.8, 7.0, -1, 0.0, 0
    for second in range(3600):
        if second == arrive_at:
            it.pour(ACID.times(ml))
        it.pass_time(1.0, circling)
        seen += (it.ph - seen) / 11.0
        lowest = min(lowest, it.ph)
        if second >= decide_at and seen > 5.9:
            ml, arrive_at, decide_at = min(35.0, 20 * (seen - 5.8)), second + 4, second + wait_s
    return it.ph_mixed, lowest


@pytest.mark.parametrize(
    ("wait_s", "ro", "soft", "hard"),
    [(20, 3.76, 3.94, 5.82), (60, 4.82, 5.65, 5.85), (120, 5.51, 5.85, 5.87), (300, 5.65, 5.79, 6.06)],
)
def test_acid_faster_than_the_tank_mixes_crashes_soft_water(wait_s: int, ro: float, soft: float, hard: float) -> None:
    for tap, expected in ((RO, ro), (SOFT, soft), (HARD, hard)):
        end, lowest = dose_for_an_hour(tap, wait_s)
        assert end == pytest.approx(expected, abs=0.12)
        if wait_s >= 120:
            assert lowest > 5.3


def test_overflow_is_counted() -> None:
    it = tank(volume_l=200)
    it.pass_time(60, Flows(into=0.5, inlet=HARD))
    assert it.overflow_l == pytest.approx(30)
    assert it.volume_l == 200


def test_a_tank_starts_between_dead_and_full() -> None:
    with pytest.raises(ValueError, match="dead"):
        Tank(capacity_l=100, dead_l=2, volume_l=120, litre=RO)
