"""Random lives of random schedules: downtime, new boots, clocks that step both ways, slow runs. `Life` holds the
promises at every look; here stands what has to be true of the whole life."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.model.time import SECOND, Nanos, from_datetime
from edgectl.scheduler.days import Days, Season
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.schedule import (
    At,
    Calendar,
    CatchUp,
    Cron,
    Every,
    Overlap,
    Policy,
    Schedule,
    Sun,
    SunEvent,
    Window,
)
from tests.unit.schedule_life import Life

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE

# Shortly before each of the two edges of daylight saving, and a plain day.
STARTS = st.sampled_from([(3, 28), (10, 24), (6, 1)]).map(
    lambda day: from_datetime(datetime(2026, day[0], day[1], 20, tzinfo=UTC))
)
EVENTS: st.SearchStrategy[Calendar] = st.one_of(
    st.sampled_from(["*/20 * * * *", "30 2 * * *", "0 */2 * * *", "15,45 1-3 * * *"]).map(
        lambda text: Cron(expression=text)
    ),
    st.lists(st.integers(0, 95).map(lambda n: n * 15), min_size=1, max_size=4).map(lambda at: At(minutes=tuple(at))),
    st.builds(
        Sun,
        event=st.sampled_from(SunEvent),
        latitude=st.sampled_from([52.52, 69.65, -36.8]),
        longitude=st.just(13.4),
        offset=st.integers(-12, 12).map(lambda hours: hours * HOUR),
    ),
)
WINDOWS = st.builds(
    Window, start_minute=st.integers(0, 95).map(lambda n: n * 15), length=st.integers(1, 24).map(lambda n: n * HOUR)
)
DAYS = st.builds(
    Days,
    week=st.frozensets(st.integers(0, 6), min_size=3),
    season=st.none() | st.just(Season(first=(10, 25), last=(3, 29))),
)
CATCH_UPS = st.builds(
    CatchUp,
    policy=st.sampled_from(Policy),
    max=st.integers(0, 5),
    within=st.integers(0, 30).map(lambda hours: hours * HOUR),
    jitter=st.sampled_from([0, 10 * SECOND]),
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("live"), st.integers(1, 12 * 60)),
        st.tuples(st.just("down"), st.integers(1, 3 * 24 * 60)),
        st.tuples(st.just("boot"), st.integers(1, 3 * 24 * 60)),
        st.tuples(st.just("doubt"), st.integers(1, 12 * 60)),
        st.tuples(st.just("step"), st.integers(-2 * 24 * 60, 2 * 24 * 60)),
    ),
    max_size=8,
)
TAKES = st.sampled_from([90 * SECOND, 50 * MINUTE, 5 * HOUR])
Acts = list[tuple[str, int]]


def lived(schedule: Schedule, start: Nanos, acts: Acts, takes: Nanos) -> Life:
    life = Life(schedule=schedule, zone=BERLIN, wall=start, mono=HOUR, takes=takes)
    live(life, acts)
    return life


def live(life: Life, acts: Acts) -> None:
    life.look()
    for act, minutes in acts:
        match act:
            case "live":
                life.live(minutes * MINUTE)
            case "step":
                life.step(minutes * MINUTE)
            case "doubt":
                life.doubt(minutes * MINUTE)
            case _:
                life.down(minutes * MINUTE, boot=act == "boot")
        life.look()


@settings(deadline=None, max_examples=200)
@given(EVENTS, DAYS, CATCH_UPS, st.sampled_from(Overlap), STARTS, ACTS, TAKES)
def test_each_event_is_answered_for_once_whatever_happens(
    cadence: Calendar, days: Days, rule: CatchUp, overlap: Overlap, start: Nanos, acts: Acts, takes: Nanos
) -> None:
    schedule = Schedule(
        name="s", zone="z", task_type="irrigation", cadence=cadence, days=days, catch_up=rule, overlap=overlap
    )
    life = lived(schedule, start, acts, takes)
    assert life.names == sorted(set(life.names)), "an occurrence has two rows"
    assert life.unanswered(start) == []
    if rule.policy is Policy.SKIP:
        assert life.of(Verdict.REPLAY) == []
    known = {"due", "late", "queued", "catchup_skipped", "schedule_busy", "catchup_rate_limited", "clock_untrusted"}
    assert {row.reason for row, _ in life.rows} <= known


@settings(deadline=None, max_examples=60)
@given(EVENTS, DAYS, CATCH_UPS, STARTS, ACTS)
def test_after_everything_a_quiet_day_answers_for_all_that_has_passed(
    cadence: Calendar, days: Days, rule: CatchUp, start: Nanos, acts: Acts
) -> None:
    """Nothing waits for ever: when the runs are short, the cursor catches up with the clock."""
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=cadence, days=days, catch_up=rule)
    life = lived(schedule, start, acts, SECOND)
    life.live(30 * HOUR)
    assert life.cursor is not None
    assert life.cursor.waits in ("", "schedule_busy")
    highest = max(life.wall, life.cursor.position)
    due_by_now = [at for at in life.unanswered(start) if at <= highest - MINUTE]
    assert due_by_now == []


@settings(deadline=None, max_examples=60)
@given(WINDOWS, DAYS, STARTS, ACTS)
def test_a_window_always_returns_to_what_holds_now(window: Window, days: Days, start: Nanos, acts: Acts) -> None:
    schedule = Schedule(name="s", zone="z", task_type="lighting", cadence=window, days=days)
    life = lived(schedule, start, acts, SECOND)
    life.rows = [row for row in life.rows if row[0].scheduled_for != start]  # the first look, at no edge
    assert life.unanswered(start) == []
    assert {row.reason for row, _ in life.rows} <= {"window", "catchup_skipped", "reconciled"}
    assert life.names == sorted(set(life.names))


@settings(deadline=None, max_examples=60)
@given(st.integers(5, 300), STARTS, ACTS, TAKES)
def test_an_interval_rests_between_two_runs_and_notices_no_clock(
    rest: int, start: Nanos, acts: Acts, takes: Nanos
) -> None:
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=Every(interval=rest * MINUTE))
    life = lived(schedule, start, acts, takes)
    assert life.names == sorted(set(life.names))
    steady = Life(schedule=schedule, zone=BERLIN, wall=start, takes=takes)
    steady.live(48 * HOUR)
    begun = [at for _, at in steady.rows]
    assert all(b - a == takes + rest * MINUTE for a, b in pairwise(begun))


@settings(deadline=None, max_examples=60)
@given(
    EVENTS | WINDOWS,
    DAYS,
    CATCH_UPS,
    STARTS,
    ACTS,
    ACTS,
    st.sampled_from(["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Europe/London", "Pacific/Apia"]),
)
def test_a_site_file_that_names_another_time_zone_repeats_nothing_and_loses_nothing(
    cadence: Calendar, days: Days, rule: CatchUp, start: Nanos, before: Acts, after: Acts, zone: str
) -> None:
    """The cursor is an instant: from there on the calendar of the other place counts."""
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=cadence, days=days, catch_up=rule)
    here = lived(schedule, start, before, SECOND)
    assert here.cursor is not None
    moved = Life(
        schedule=schedule, zone=ZoneInfo(zone), wall=here.wall, mono=here.mono, cursor=here.cursor, takes=SECOND
    )
    live(moved, [("down", 10), *after])
    assert moved.cursor is not None
    if moved.cursor.round == here.cursor.round:
        assert moved.unanswered(here.cursor.position) == []
    names = [*here.names, *moved.names]
    assert names == sorted(set(names))
