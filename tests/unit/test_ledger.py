"""The ledger never forgets too early: what was given in the last hour counts, across restarts and clocks."""

from hypothesis import given
from hypothesis import strategies as st

from edgectl.journal import rows
from edgectl.model.ledger import DAY, HOUR, LARGEST, Ledger
from edgectl.model.time import SECOND, Now, Trust

# What happens next: so many seconds pass, the machine may be off for a while, an amount is given.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.one_of(st.none(), st.tuples(st.integers(0, 90_000), st.sampled_from(Trust), st.integers(0, 10**6))),
        st.floats(0.1, 50),
    ),
    max_size=40,
)


@given(STEPS)
def test_what_was_given_within_an_hour_is_never_left_out(steps: list) -> None:  # type: ignore[type-arg]
    """True time is counted beside it; the machine boots, with a clock that is right only when it is synced."""
    ledger, truth = Ledger(name="acid"), [(0, 0.0)][:0]
    true, boot, mono, started, trust, wrong = 10**15, 0, 0, 0, Trust.SYNCED, 0
    for passes, restart, amount in steps:
        true, mono = true + passes * SECOND, mono + passes * SECOND
        if restart is not None:
            off, trust, apart = restart
            true, boot, mono, started = true + off * SECOND, boot + 1, 5 * SECOND, 5 * SECOND
            wrong = 0 if trust is Trust.SYNCED else apart * SECOND
        now = Now(mono=mono, wall=true - wrong, trust=trust)
        for span in (HOUR, DAY):
            given_ = sum(ml for at, ml in truth if true - at < span)
            assert ledger.total(span, now, str(boot), started) >= given_ * (1 - 1e-9)
        ledger = ledger.add(amount, mono, now, str(boot), started)
        truth.append((true, amount))


@given(STEPS)
def test_it_forgets_what_is_older_while_the_controller_runs(steps: list) -> None:  # type: ignore[type-arg]
    ledger, mono = Ledger(name="acid"), 0
    for passes, _, amount in steps:
        mono += passes * SECOND
        ledger = ledger.add(amount, mono, Now(mono=mono, wall=mono), "b", 0)
    later = Now(mono=mono + DAY, wall=mono + DAY)
    assert ledger.total(DAY, later, "b", 0) == 0


def test_it_stays_bounded_and_comes_back_from_its_row_as_it_was() -> None:
    ledger = Ledger(name="acid")
    for second in range(LARGEST + 10):
        ledger = ledger.add(1.0, second * SECOND, Now(mono=second * SECOND, wall=second), "b", 0)
    assert len(ledger.spent) == LARGEST
    _, row = rows.statement(ledger)
    assert rows.ledger(row[-1]) == ledger
