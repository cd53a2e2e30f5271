"""Schedules: no occurrence twice, none lost without a row, and daylight saving fires a daily job once."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edgectl.model.time import SECOND, Nanos, Now, from_datetime, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import next_strike, window_state
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.plan import due
from edgectl.scheduler.schedule import CatchUp, Cron, Policy, Schedule, Window

BERLIN = ZoneInfo("Europe/Berlin")
START = from_datetime(datetime(2026, 6, 1, tzinfo=UTC))


def _schedule(expression: str, policy: CatchUp | None = None) -> Schedule:
    return Schedule(
        name="s", zone="z", task_type="irrigation", cadence=Cron(expression=expression), catch_up=policy or CatchUp()
    )


def _now(wall: Nanos) -> Now:
    return Now(mono=wall - START, wall=wall)


@given(
    st.lists(st.integers(min_value=-3 * 86400, max_value=3 * 86400), min_size=1, max_size=20),
    st.integers(min_value=0, max_value=3),
)
def test_each_occurrence_is_answered_for_exactly_once(steps: list[int], replays: int) -> None:
    policy = CatchUp(policy=Policy.REPLAY_LIMITED, max=replays, within=7200 * SECOND, jitter=0)
    schedule = _schedule("0 */2 * * *", policy)
    wall, cursor, answered = START, None, []
    for step in [0, *steps]:
        wall += step * SECOND
        late = 0
        while True:  # until nothing is left to answer for: late runs come one by one
            planned = due(schedule, cursor, _now(wall), BERLIN, busy=False, lost=False)
            assert cursor is None or planned.cursor.position >= cursor.position
            if planned.cursor == cursor:
                break
            cursor = planned.cursor
            answered += [o.scheduled_for for o in planned.occurrences]
            for occurrence in planned.occurrences:
                if occurrence.verdict is Verdict.REPLAY:
                    late += 1
                    assert wall - occurrence.scheduled_for <= 7200 * SECOND
        assert late <= replays
    assert answered == sorted(set(answered))
    highest = START + max(0, max(sum(steps[: n + 1]) for n in range(len(steps)))) * SECOND
    expected = [START + n * 7200 * SECOND for n in range(1, (highest - START) // (7200 * SECOND) + 1)]
    assert answered == expected


def test_a_daily_job_runs_once_on_both_daylight_saving_days() -> None:
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        start = from_datetime(day.replace(hour=0)) - 3 * 3600 * SECOND
        cursor = Cursor(schedule="s", position=start)
        fired = []
        for minute in range(24 * 60):
            planned = due(
                _schedule("30 2 * * *"), cursor, _now(start + minute * 60 * SECOND), BERLIN, busy=False, lost=False
            )
            cursor = planned.cursor
            fired += [o.scheduled_for for o in planned.occurrences]
        assert len(fired) == 1, [to_datetime(at).astimezone(BERLIN) for at in fired]


def test_a_year_of_downtime_is_bounded_and_folded() -> None:
    cursor = Cursor(schedule="s", position=START)
    year = START + 365 * 86400 * SECOND
    planned = due(_schedule("* * * * *"), cursor, _now(year), BERLIN, busy=False, lost=False)
    assert len(planned.occurrences) == 100
    assert planned.occurrences[0].folded
    assert planned.cursor.position == year
    assert planned.occurrences[-1].verdict is Verdict.RUN


def test_a_rebuilt_journal_replays_nothing() -> None:
    policy = CatchUp(policy=Policy.REPLAY_LIMITED, max=3, within=86400 * SECOND)
    cursor = Cursor(schedule="s", position=START)
    wall = START + 5 * 3600 * SECOND
    planned = due(_schedule("0 */2 * * *", policy), cursor, _now(wall), BERLIN, busy=False, lost=True)
    assert {o.reason for o in planned.occurrences} == {"journal_lost"}


def test_a_window_over_midnight_holds_its_state() -> None:
    window = Window(start_minute=22 * 60, length=8 * 3600 * SECOND)
    schedule = Schedule(name="w", zone="z", task_type="lighting", cadence=window)
    midnight_utc = START  # 02:00 in Berlin
    planned = due(schedule, None, _now(midnight_utc), BERLIN, busy=False, lost=False)
    assert [o.payload["on"] for o in planned.occurrences] == [True]
    later = due(schedule, planned.cursor, _now(START + 6 * 3600 * SECOND), BERLIN, busy=False, lost=False)
    assert [o.payload["on"] for o in later.occurrences] == [False]


def test_a_long_window_is_not_cut_off_by_its_own_end_on_the_short_day() -> None:
    window = Window(start_minute=300, length=24 * 3600 * SECOND)
    at = from_datetime(datetime(2026, 3, 27, 12, tzinfo=UTC))
    for hour in range(96):  # over the night of 28 to 29 March
        assert window_state(window, at + hour * 3600 * SECOND, BERLIN), hour
    edge = at
    for _ in range(6):
        edge = next_strike(window, edge, BERLIN)
        assert window_state(window, edge, BERLIN)
