"""Missed runs: which of them still run, how fast, and what the others leave behind. Faults of the past by name."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from edgectl.model.time import SECOND, Nanos, Now, from_datetime, iso, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler import cadence, sun
from edgectl.scheduler.catchup import late_start
from edgectl.scheduler.days import ANY_DAY, Days, Season
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.plan import due
from edgectl.scheduler.schedule import (
    At,
    Cadence,
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
HOUR: Nanos = 3600 * SECOND
START = from_datetime(datetime(2026, 6, 1, 0, 30, tzinfo=UTC))
TWO_HOURLY = Cron(expression="0 */2 * * *")  # in summer at the even hours of UTC


def schedule(
    policy: Policy, most: int = 0, within: Nanos = 24 * HOUR, cadence: Cadence = TWO_HOURLY, **more: Nanos | Overlap
) -> Schedule:
    rule = CatchUp(policy=policy, max=most, within=within, jitter=int(more.pop("jitter", 0)))
    overlap = Overlap(more.get("overlap", Overlap.SKIP))
    return Schedule(name="s", zone="z", task_type="irrigation", cadence=cadence, catch_up=rule, overlap=overlap)


def after_an_outage(one: Schedule, hours: int, then: Nanos = HOUR) -> Life:
    life = Life(schedule=one, zone=BERLIN, wall=START)
    life.live(60 * SECOND)
    life.down(hours * HOUR)
    life.live(then)
    return life


def hours_of(times: list[Nanos]) -> list[int]:
    return [to_datetime(at).hour for at in times]


def test_replay_all_runs_every_missed_run_and_not_one_window_of_them() -> None:
    life = after_an_outage(schedule(Policy.REPLAY_ALL), 9)
    assert hours_of(life.of(Verdict.REPLAY)) == [2, 4, 6, 8]
    assert life.of(Verdict.SKIP) == []


def test_replay_limited_runs_as_many_as_it_says_and_leaves_rows_for_the_rest() -> None:
    life = after_an_outage(schedule(Policy.REPLAY_LIMITED, 3), 9)
    assert hours_of(life.of(Verdict.REPLAY)) == [4, 6, 8]
    assert [(to_datetime(r.scheduled_for).hour, r.reason) for r, _ in life.rows if r.verdict is Verdict.SKIP] == [
        (2, "catchup_skipped")
    ]


def test_skip_runs_none_of_the_missed_runs() -> None:
    life = after_an_outage(schedule(Policy.SKIP), 9, then=600 * SECOND)
    assert life.of(Verdict.RUN) == life.of(Verdict.REPLAY) == []
    assert hours_of(life.of(Verdict.SKIP)) == [2, 4, 6, 8]
    assert {row.reason for row, _ in life.rows} == {"catchup_skipped"}


def test_a_clock_that_steps_back_fires_nothing_again() -> None:
    for policy in Policy:
        life = Life(schedule=schedule(policy, 5), zone=BERLIN, wall=START)
        life.live(6 * HOUR)
        life.step(-5 * HOUR)
        life.live(5 * HOUR)
        life.down(60 * SECOND, boot=True)
        life.live(60 * SECOND)
        assert hours_of([row.scheduled_for for row, _ in life.rows]) == [2, 4, 6]


def test_times_are_read_in_the_zone_of_the_house_and_not_as_utc() -> None:
    for cadence_ in (Cron(expression="0 6 * * *"), At(minutes=(360,)), Window(start_minute=360, length=HOUR)):
        life = Life(schedule=schedule(Policy.SKIP, cadence=cadence_), zone=BERLIN, wall=START)
        life.live(24 * HOUR)
        runs = [at for at in life.of(Verdict.RUN) if at != START]
        assert to_datetime(runs[0]).hour == 4


def test_what_is_too_old_to_be_replayed_is_left_out() -> None:
    life = after_an_outage(schedule(Policy.REPLAY_ALL, within=4 * HOUR), 9)
    assert hours_of(life.of(Verdict.REPLAY)) == [6, 8]
    assert hours_of(life.of(Verdict.SKIP)) == [2, 4]


def test_the_age_limit_is_exact() -> None:
    one, begin = schedule(Policy.REPLAY_ALL, within=HOUR), Cursor(schedule="s", position=START)
    strike = START + 90 * 60 * SECOND
    for age, verdict in ((HOUR, Verdict.REPLAY), (HOUR + 1, Verdict.SKIP)):
        planned = due(one, begin, Now(mono=0, wall=strike + age), BERLIN, busy=False, lost=False)
        assert [(row.scheduled_for, row.verdict) for row in planned.occurrences] == [(strike, verdict)]


def test_late_runs_come_one_after_the_other_and_a_new_one_waits_behind_them() -> None:
    one = schedule(Policy.REPLAY_ALL, cadence=Cron(expression="*/5 * * * *"), within=HOUR)
    life = after_an_outage(one, 1, then=40 * 60 * SECOND)
    begun = [at for row, at in life.rows if row.verdict is not Verdict.SKIP]
    assert all(b - a >= life.takes for a, b in pairwise(begun))
    times = [row.scheduled_for for row, _ in life.rows]
    assert all(b - a == 5 * 60 * SECOND for a, b in pairwise(times))
    assert {row.verdict for row, _ in life.rows[-3:]} == {Verdict.RUN}  # it has caught up


def test_a_late_run_keeps_its_original_time() -> None:
    life = after_an_outage(schedule(Policy.REPLAY_LIMITED, 1), 3)
    (late,) = [row for row, _ in life.rows if row.verdict is Verdict.REPLAY]
    assert late.payload["catchup_original_trigger_time"] == iso(late.scheduled_for) == "2026-06-01T02:00:00.000Z"
    assert late.payload["catchup_policy"] == "replay_limited"


def test_a_run_that_is_just_due_counts_among_those_that_may_run() -> None:
    life = Life(schedule=schedule(Policy.REPLAY_LIMITED, 1), zone=BERLIN, wall=START)
    life.look()
    life.down(5 * HOUR + 30 * 60 * SECOND)  # back on the stroke of six
    life.live(60 * SECOND)
    assert hours_of(life.of(Verdict.RUN)) == [6]
    assert hours_of(life.of(Verdict.SKIP)) == [2, 4]


def test_a_site_that_has_started_enough_late_runs_waits_and_says_so() -> None:
    one = schedule(Policy.REPLAY_ALL, within=3 * HOUR)
    life = Life(schedule=one, zone=BERLIN, wall=START)
    life.look()
    life.down(2 * HOUR)
    life.room = 0
    life.live(60 * SECOND)
    assert life.rows == []
    assert life.cursor is not None
    assert life.cursor.waits == "catchup_rate_limited"
    begun = replace(life)
    begun.rows, begun.room = [], 1
    begun.live(60 * SECOND)
    assert hours_of(begun.of(Verdict.REPLAY)) == [2]
    life.live(3 * HOUR)  # nobody ever made room: it became too old while it waited
    assert [(row.verdict, row.reason) for row, _ in life.rows] == [(Verdict.SKIP, "catchup_rate_limited")]


def test_the_jitter_of_a_run_is_its_own_and_the_same_after_every_crash() -> None:
    one = schedule(Policy.REPLAY_ALL, jitter=10 * SECOND)
    cursor, now = Cursor(schedule="s", position=START), Now(mono=0, wall=START + 2 * HOUR)
    strike = START + 90 * 60 * SECOND
    drawn = {late_start(one, strike, cursor, now, zone) for zone in range(50)}
    assert all(0 <= at <= 10 * SECOND for at in drawn)
    assert len(drawn) > 40
    assert late_start(one, strike, cursor, now, 7) == late_start(one, strike, cursor, now, 7)
    life = after_an_outage(one, 2)
    (begun,) = [at for row, at in life.rows if row.verdict is Verdict.REPLAY]
    assert begun == START + 60 * SECOND + 2 * HOUR + late_start(one, strike, cursor, now, 0)


def test_a_chosen_start_of_an_earlier_boot_does_not_hold_a_late_run_back() -> None:
    one = schedule(Policy.REPLAY_ALL, jitter=10 * SECOND)
    life = Life(schedule=one, zone=BERLIN, wall=START, mono=10**15)
    life.look()
    life.down(2 * HOUR)
    life.look()
    assert life.cursor is not None
    assert life.cursor.late_at is not None
    life.down(SECOND, boot=True)
    life.live(11 * SECOND)
    assert hours_of(life.of(Verdict.REPLAY)) == [2]


def test_overlap_skip_leaves_out_what_comes_during_a_run() -> None:
    life = Life(schedule=schedule(Policy.SKIP), zone=BERLIN, wall=START, takes=3 * HOUR)
    life.live(8 * HOUR)
    assert hours_of(life.of(Verdict.RUN)) == [2, 6]
    assert [(to_datetime(r.scheduled_for).hour, r.reason) for r, _ in life.rows if r.verdict is Verdict.SKIP] == [
        (4, "schedule_busy"),
        (8, "schedule_busy"),
    ]


def test_queue_one_lets_the_newest_wait_and_leaves_out_the_others() -> None:
    one = schedule(Policy.SKIP, overlap=Overlap.QUEUE_ONE)
    life = Life(schedule=one, zone=BERLIN, wall=START, takes=5 * HOUR)
    life.live(10 * HOUR)
    fates = [(to_datetime(row.scheduled_for).hour, row.verdict.value, row.reason) for row, _ in life.rows]
    assert fates == [
        (2, "run", "due"),
        (4, "skip", "schedule_busy"),
        (6, "run", "queued"),
        (8, "skip", "schedule_busy"),
    ]


def test_a_queued_run_is_missed_like_any_other_when_the_next_one_has_come() -> None:
    one = schedule(Policy.SKIP, overlap=Overlap.QUEUE_ONE)
    life = Life(schedule=one, zone=BERLIN, wall=START, takes=3 * HOUR)
    life.live(4 * HOUR)
    life.down(4 * HOUR)
    life.live(60 * SECOND)
    assert hours_of(life.of(Verdict.RUN)) == [2]
    assert hours_of(life.of(Verdict.SKIP)) == [4, 6, 8]


def test_cancel_running_is_told_to_whoever_starts_the_run() -> None:
    one = schedule(Policy.SKIP, overlap=Overlap.CANCEL_RUNNING)
    life = Life(schedule=one, zone=BERLIN, wall=START, takes=3 * HOUR)
    life.live(4 * HOUR)
    assert [(row.verdict, row.cancels) for row, _ in life.rows] == [(Verdict.RUN, False), (Verdict.RUN, True)]


PLACE = Sun(event=SunEvent.SUNRISE, latitude=52.52, longitude=13.4)
KINDS: list[tuple[Cadence, Days]] = [
    (Cron(expression="* * * * *"), ANY_DAY),
    (Cron(expression="* * * 1 *"), ANY_DAY),
    (Cron(expression="30 6 * * *"), Days(week=frozenset({2}))),
    (Cron(expression="0 0 29 2 *"), ANY_DAY),
    (At(minutes=tuple(range(0, 1440, 30))), ANY_DAY),
    (At(minutes=(360,)), Days(season=Season(first=(6, 2), last=(6, 3)))),
    (PLACE, ANY_DAY),
    (replace(PLACE, latitude=78.2), Days(week=frozenset({6}))),
    (Window(start_minute=300, length=16 * HOUR), ANY_DAY),
    (Every(interval=HOUR), ANY_DAY),
]


@pytest.mark.parametrize(("kind", "days"), KINDS, ids=[str(index) for index in range(len(KINDS))])
@pytest.mark.parametrize("policy", list(Policy))
def test_a_year_of_downtime_costs_milliseconds_with_any_schedule(kind: Cadence, days: Days, policy: Policy) -> None:
    one = replace(schedule(policy, 100, within=366 * 24 * HOUR, cadence=kind), days=days)
    took = []
    for _ in range(3):  # its own time, and the best of three: the machine may be busy with something else
        cadence._RUNS.clear()
        cadence._first.cache_clear()
        for table in (cadence._falling_on, sun.sun_strike):
            table.cache_clear()
        begin = Cursor(schedule="s", position=START, last_finished=0)
        before = process_time()
        now = Now(mono=366 * 24 * HOUR, wall=START + 365 * 24 * HOUR)
        planned = due(one, begin, now, BERLIN, busy=False, lost=False)
        took.append(process_time() - before)
        assert len(planned.occurrences) <= 100
    assert min(took) < 0.2, f"{min(took) * 1000:.0f} ms"
