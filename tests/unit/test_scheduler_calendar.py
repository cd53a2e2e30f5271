"""What a calendar says: local times on both daylight-saving days, the sun, days of the week, seasons."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.model.time import SECOND, Nanos, Now, from_datetime, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.cadence import local_instant, next_strike, strikes, strikes_back, window_state
from edgectl.scheduler.days import ANY_DAY, Days, Season
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import At, Calendar, Cron, Every, Schedule, Sun, SunEvent, Window
from edgectl.scheduler.sun import sun_strike
from tests.unit.schedule_life import Life

BERLIN = ZoneInfo("Europe/Berlin")
HOUR: Nanos = 3600 * SECOND
DAY: Nanos = 24 * HOUR
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
START = from_datetime(datetime(2026, 1, 1, tzinfo=UTC))


def sun(event: SunEvent, offset: Nanos = 0, latitude: float = 52.52, longitude: float = 13.40) -> Sun:
    return Sun(event=event, latitude=latitude, longitude=longitude, offset=offset)


def of_day(cadence: Calendar, day: date, zone: ZoneInfo = BERLIN, days: Days = ANY_DAY) -> list[str]:
    """The local times of the strikes that fall on a local day, with the offset that tells the two passes apart."""
    begin, end = (from_datetime(datetime.combine(one, datetime.min.time(), zone)) for one in _around(day))
    found = takewhile(lambda at: at < end, strikes(cadence, begin - 1, zone, days))
    return [to_datetime(at).astimezone(zone).strftime("%H:%M%z") for at in found]


def _around(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


@pytest.mark.parametrize("cadence", [Cron(expression="30 2 * * *"), At(minutes=(150,))], ids=["cron", "at"])
def test_a_daily_time_strikes_once_on_both_edge_days(cadence: Calendar) -> None:
    assert of_day(cadence, SPRING) == ["03:00+0200"]  # the first minute that exists
    assert of_day(cadence, AUTUMN) == ["02:30+0200"]  # the first of the two
    assert of_day(cadence, SPRING + timedelta(days=1)) == ["02:30+0200"]


@pytest.mark.parametrize("cadence", [Cron(expression="30 2 * * *"), At(minutes=(150,))], ids=["cron", "at"])
def test_a_cursor_inside_the_repeated_hour_is_not_struck_a_second_time(cadence: Calendar) -> None:
    second_pass = local_instant(AUTUMN, 150, BERLIN) + 45 * 60 * SECOND  # 02:15 once more
    assert next_strike(cadence, second_pass, BERLIN) == local_instant(AUTUMN + timedelta(days=1), 150, BERLIN)


def test_two_times_that_a_short_day_throws_together_strike_once() -> None:
    assert of_day(At(minutes=(130, 150, 180, 400)), SPRING) == ["03:00+0200", "06:40+0200"]
    assert of_day(Cron(expression="10,30 2 * * *"), SPRING) == ["03:00+0200"]


def test_a_window_begins_and_ends_once_on_both_edge_days() -> None:
    window = Window(start_minute=150, length=6 * HOUR)
    assert of_day(window, SPRING) == ["03:00+0200", "09:00+0200"]
    assert of_day(window, AUTUMN) == ["02:30+0200", "07:30+0100"]  # six hours of light, whatever the clock shows
    middle = local_instant(AUTUMN, 180, BERLIN)
    assert window_state(window, middle, BERLIN)


@pytest.mark.parametrize("event", list(SunEvent))
def test_the_sun_strikes_once_on_both_edge_days_and_knows_no_daylight_saving(event: SunEvent) -> None:
    for edge in (SPRING, AUTUMN):
        struck = [next_strike(sun(event), local_instant(edge + timedelta(days=n), 0, BERLIN), BERLIN) for n in range(3)]
        assert len(of_day(sun(event), edge)) == 1
        assert all(b is not None and a is not None and abs(b - a - DAY) < HOUR // 10 for a, b in pairwise(struck))


# Printed for Berlin: the longest day by n-tv.de (2022), the others by whattime.city; such tables differ by minutes.
@pytest.mark.parametrize(
    ("day", "rises", "sets"),
    [
        (date(2026, 6, 1), 291, 1280),  # 04:51, 21:20
        (date(2026, 6, 21), 284, 1291),  # 04:44, 21:31
        (date(2026, 12, 1), 475, 958),  # 07:55, 15:58
    ],
)
def test_the_sun_of_berlin_keeps_to_what_is_printed(day: date, rises: int, sets: int) -> None:
    for event, minute in ((SunEvent.SUNRISE, rises), (SunEvent.SUNSET, sets)):
        struck = sun_strike(sun(event), day, BERLIN)
        assert struck is not None
        assert abs(struck - local_instant(day, minute, BERLIN)) <= 3 * 60 * SECOND
        assert struck % (60 * SECOND) == 0
        assert sun_strike(sun(event, -3 * HOUR), day, BERLIN) == struck - 3 * HOUR


@pytest.mark.parametrize(
    ("zone", "latitude", "longitude"),
    [
        ("Asia/Shanghai", 43.8, 87.6),  # Urumqi: the clock is two hours from the sun
        ("Pacific/Kiritimati", 1.87, -157.4),  # its noon is on the day before in UTC
        ("Pacific/Auckland", -36.8, 174.7),
        ("Atlantic/Reykjavik", 64.1, -21.9),  # in June the sunset slides past midnight
    ],
)
def test_each_day_has_one_sunrise_one_noon_and_one_sunset(zone: str, latitude: float, longitude: float) -> None:
    for event in SunEvent:
        cadence, info = sun(event, 0, latitude, longitude), ZoneInfo(zone)
        year = list(takewhile(lambda at: at < START + 366 * DAY, strikes(cadence, START, info)))
        assert 365 <= len(year) <= 367
        assert all(DAY - HOUR // 6 < b - a < DAY + HOUR // 6 for a, b in pairwise(year))


def test_a_polar_day_has_no_sunrise_and_no_strike() -> None:
    tromso, info = sun(SunEvent.SUNRISE, 0, 69.65, 18.96), ZoneInfo("Europe/Oslo")
    assert of_day(tromso, date(2026, 1, 1), info) == []
    assert of_day(tromso, date(2026, 6, 21), info) == []
    returned = next_strike(tromso, START, info)
    assert returned is not None
    assert to_datetime(returned).date() in (date(2026, 1, 14), date(2026, 1, 15), date(2026, 1, 16))
    assert len(of_day(sun(SunEvent.NOON, 0, 69.65, 18.96), date(2026, 1, 1), info)) == 1


def test_a_sun_that_never_rises_in_the_season_is_given_up() -> None:
    winter = Days(season=Season(first=(12, 10), last=(12, 31)))
    tromso = sun(SunEvent.SUNRISE, 0, 69.65, 18.96)
    assert next_strike(tromso, START, ZoneInfo("Europe/Oslo"), winter) is None
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=tromso, days=winter)
    cursor = Cursor(schedule="s", position=START)
    assert wake_at(schedule, cursor, Now(mono=0, wall=START), ZoneInfo("Europe/Oslo")) is None


def test_days_of_the_week_and_a_season_over_new_year() -> None:
    days = Days(week=frozenset({0, 2}), season=Season(first=(11, 15), last=(2, 29)))
    for cadence in (Cron(expression="30 6 * * *"), At(minutes=(390,))):
        found = strikes(cadence, from_datetime(datetime(2027, 2, 20, tzinfo=UTC)), BERLIN, days)
        dates = [to_datetime(at).astimezone(BERLIN).strftime("%a %d %b %Y") for at in islice(found, 4)]
        assert dates == ["Mon 22 Feb 2027", "Wed 24 Feb 2027", "Mon 15 Nov 2027", "Wed 17 Nov 2027"]


def test_a_window_of_the_last_day_of_its_season_still_ends() -> None:
    night = Window(start_minute=22 * 60, length=8 * HOUR)
    days = Days(week=frozenset({4}), season=Season(first=(1, 1), last=(6, 5)))  # Friday, 5 June 2026, is the last
    assert of_day(night, date(2026, 6, 5), BERLIN, days) == ["22:00+0200"]
    assert of_day(night, date(2026, 6, 6), BERLIN, days) == ["06:00+0200"]
    assert not window_state(night, local_instant(date(2026, 6, 6), 360, BERLIN), BERLIN, days)
    assert next_strike(night, local_instant(date(2026, 6, 6), 360, BERLIN), BERLIN, days) == local_instant(
        date(2027, 1, 1), 22 * 60, BERLIN
    )


def test_an_interval_keeps_to_its_days() -> None:
    schedule = Schedule(
        name="s", zone="z", task_type="irrigation", cadence=Every(interval=HOUR), days=Days(week=frozenset({3}))
    )
    midnight = local_instant(date(2026, 6, 4), 0, BERLIN)  # a Thursday
    cursor = Cursor(schedule="s", position=START, last_finished=0)

    def runs(wall: Nanos) -> int:
        now = Now(mono=10 * HOUR + wall - midnight, wall=wall)
        return len(due(schedule, cursor, now, BERLIN, busy=False, lost=False).occurrences)

    assert [runs(midnight - SECOND), runs(midnight), runs(midnight + DAY - 1), runs(midnight + DAY)] == [0, 1, 1, 0]
    evening = Now(mono=10 * HOUR, wall=midnight - HOUR)
    assert wake_at(schedule, cursor, evening, BERLIN) == 11 * HOUR
    fresh = due(schedule, None, evening, BERLIN, busy=False, lost=False)
    assert fresh.occurrences == ()
    assert wake_at(schedule, fresh.cursor, evening, BERLIN) == 11 * HOUR


def test_a_house_that_is_told_another_time_zone_repeats_nothing_and_loses_nothing() -> None:
    """The site file is corrected: from then on the hours are those of the new zone, and each instant has one row."""
    new_york = ZoneInfo("America/New_York")
    for cadence in (At(minutes=(360, 1080)), Cron(expression="0 6,18 * * *"), sun(SunEvent.NOON)):
        schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=cadence)
        life = Life(schedule=schedule, zone=BERLIN, wall=START, takes=SECOND)
        life.live(40 * HOUR)
        moved = life.wall
        life.zone = new_york
        life.live(48 * HOUR)
        times = [row.scheduled_for for row, _ in life.rows]
        assert times == sorted(set(times))
        expected = islice(strikes(cadence, moved, new_york), len([at for at in times if at > moved]) + 1)
        *answered, following = expected
        assert [at for at in times if at > moved] == answered
        assert following > life.wall


def test_the_leap_day_is_a_day_like_any_other_and_comes_every_fourth_year() -> None:
    leap = date(2028, 2, 29)
    assert of_day(At(minutes=(360,)), leap) == ["06:00+0100"]
    assert of_day(Window(start_minute=22 * 60, length=8 * HOUR), leap) == ["06:00+0100", "22:00+0100"]
    assert len(of_day(sun(SunEvent.SUNRISE), leap)) == 1
    only = Days(season=Season(first=(2, 29), last=(2, 29)))
    for cadence in (At(minutes=(360,)), Cron(expression="0 6 29 2 *"), Cron(expression="0 6 * * *")):
        found = strikes(cadence, START, BERLIN, only)
        assert [to_datetime(at).year for at in islice(found, 3)] == [2028, 2032, 2036]


CALENDARS: st.SearchStrategy[Calendar] = st.one_of(
    st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 6-20/2 * * *", "15 3 1 * *", "0 0 29 2 *"]).map(
        lambda text: Cron(expression=text)
    ),
    st.lists(st.integers(0, 1439), min_size=1, max_size=4).map(lambda minutes: At(minutes=tuple(minutes))),
    st.builds(sun, st.sampled_from(SunEvent), st.integers(-12, 12).map(lambda hours: hours * HOUR)),
    st.builds(Window, start_minute=st.integers(0, 1439), length=st.integers(1, 24).map(lambda hours: hours * HOUR)),
)
ENDS = st.tuples(st.integers(1, 12), st.integers(1, 28))
SEASONS = st.none() | st.builds(Season, first=ENDS, last=ENDS)
DAYS = st.builds(Days, week=st.frozensets(st.integers(0, 6), min_size=1), season=SEASONS)


@settings(deadline=None)
@given(CALENDARS, DAYS, st.integers(0, 365 * 24), st.integers(1, 20 * 24))
def test_backwards_a_calendar_says_the_same_as_forwards(cadence: Calendar, days: Days, hour: int, hours: int) -> None:
    after = START + hour * HOUR
    upto = after + hours * HOUR
    forwards = list(takewhile(lambda at: at <= upto, strikes(cadence, after, BERLIN, days)))
    assert forwards == sorted(set(forwards))
    assert list(reversed(list(strikes_back(cadence, after, upto, BERLIN, days)))) == forwards
    middle = after + hours * HOUR // 2  # where the reading begins changes nothing
    late = list(takewhile(lambda at: at <= upto, strikes(cadence, middle, BERLIN, days)))
    assert late == [at for at in forwards if at > middle]


@settings(deadline=None)
@given(CALENDARS, DAYS, st.integers(0, 365 * 24), st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_what_is_remembered_of_a_calendar_is_what_it_says(
    cadence: Calendar, days: Days, hour: int, walk: list[int]
) -> None:
    """Step by step along it (0), and here and there in between, forwards and back."""
    at = START + hour * HOUR
    for step in walk:
        found = next_strike(cadence, at, BERLIN, days)
        assert found == next(strikes(cadence, at, BERLIN, days), None)
        at = at - 30 * HOUR + step * HOUR if step or found is None else found


@settings(deadline=None)
@given(st.lists(st.integers(0, 1439), min_size=1, max_size=3), DAYS, st.integers(0, 364))
def test_at_means_the_clock_on_the_wall_of_the_house(minutes: list[int], days: Days, day: int) -> None:
    """The same is found by looking at the local clock minute by minute, as a person would."""
    begin = START + day * DAY
    seen, expected = set(), []
    for minute in range(24 * 60 * 2):
        at = begin + minute * 60 * SECOND
        local = to_datetime(at).astimezone(BERLIN)
        key = (local.date(), local.hour * 60 + local.minute)
        if key not in seen and key[1] in minutes and days.allow(local.date()) and not local.fold:
            expected.append(at)
        seen.add(key)
    found = takewhile(lambda at: at < begin + 2 * DAY, strikes(At(minutes=tuple(minutes)), begin - 1, BERLIN, days))
    shifted = local_instant(SPRING, 150, BERLIN)  # times that the short day lacks
    assert [at for at in found if at != shifted] == [at for at in expected if at != shifted]
