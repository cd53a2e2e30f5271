"""Of two journals of which neither knows all: the more careful word counts, whichever is asked first."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.journal import carried
from edgectl.model.ledger import Ledger, Spent
from edgectl.model.timeline import Alarm, Cursor, Latch

SOON = st.integers(0, 5)
LATCHES = st.builds(
    Latch,
    name=st.just("lock:beds"),
    held=st.booleans(),
    since=SOON,
    who=st.just("Ana"),
    why=st.just(""),
    count=SOON,
    until=st.none() | SOON,
)
SPENT = st.builds(Spent, amount=st.just(1.0), at=SOON, wall=SOON, boot_id=st.sampled_from("ab"), synced=st.booleans())
LEDGERS = st.builds(Ledger, name=st.just("acid"), spent=st.lists(SPENT, max_size=4).map(tuple))
ALARM = Alarm(alarm_id="dry:pump", code="dry", subject="pump", raised_at=5, message="", advice="")


@given(LATCHES, LATCHES)
def test_a_restraint_that_either_holds_is_held_for_as_long_as_either_says(one: Latch, other: Latch) -> None:
    chosen = carried.latch(one, other)
    assert chosen.held == (one.held or other.held)
    holding = [latch.until for latch in (one, other) if latch.held]
    if holding:
        assert chosen.until == (None if None in holding else max(until for until in holding if until is not None))
    else:
        assert chosen.count == max(one.count, other.count), "failures are not forgotten"


def test_a_start_is_counted_as_a_fall_unless_both_say_that_it_is_none() -> None:
    well = Latch(name="ended_well", held=True, since=9, who="engine", why="it was asked to end")
    fell = replace(well, held=False, since=1)
    assert carried.latch(well, fell) == carried.latch(fell, well) == fell


@given(LEDGERS, LEDGERS)
def test_what_either_has_given_is_given_and_nothing_twice(one: Ledger, other: Ledger) -> None:
    both = carried.ledger(one, other)
    once = [replace(entry, synced=False) for entry in both.spent]
    for ledger in (one, other):
        given_ = [replace(entry, synced=False) for entry in ledger.spent]
        assert all(once.count(entry) >= given_.count(entry) for entry in given_)
    assert len(once) <= len(one.spent) + len(other.spent)
    assert carried.ledger(one, one) == one
    if both.spent:
        newest = max((of for of in (one, other) if of.spent), key=lambda of: of.spent[-1].wall)
        assert both.spent[-1].wall == newest.spent[-1].wall


@pytest.mark.parametrize(
    "calm",
    [
        replace(ALARM, active=False, acknowledged_by="Ana", raised_at=9),
        replace(ALARM, active=False, raised_at=9),
        replace(ALARM, acknowledged_by="Ana", raised_at=9),
        replace(ALARM, shelved_until=20, raised_at=9),
        replace(ALARM, raised_at=4),
    ],
)
def test_of_two_alarms_the_one_stays_that_somebody_has_more_to_do_with(calm: Alarm) -> None:
    """Without it nobody could release what it has locked."""
    assert carried.alarm(calm, ALARM) == carried.alarm(ALARM, calm) == ALARM


def test_what_either_has_answered_for_is_not_watered_again() -> None:
    near, far = Cursor(schedule="beds", position=5), Cursor(schedule="beds", position=7)
    again = Cursor(schedule="beds", position=1, round=1)
    assert carried.cursor(near, far) == carried.cursor(far, near) == far
    assert carried.cursor(again, far) == carried.cursor(far, again) == again
