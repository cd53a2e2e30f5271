"""The language of schedules: what is written in the site file is what the scheduler reads."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.model.time import SECOND
from edgectl.scheduler.days import Days, Season
from edgectl.scheduler.schedule import At, Cadence, CatchUp, Overlap, Policy, Schedule, Sun, SunEvent, Window
from tests.unit.site_files import EXAMPLES, changed, rejected

HOUR = 3600 * SECOND
CRON = 'cron: "0 6-20/2 * * *"'
PLACED = changed("Berlin}", "Berlin, latitude: 52.52, longitude: 13.40}")
LATE = "    catch_up: {policy: replay_limited, max: 1, within: 2h}\n"


def morning(folder: Path, text: str) -> Schedule:
    path = folder / "site.yaml"
    path.write_text(text)
    loaded = load(path)
    assert loaded.ignored == ()
    return loaded.schedules[0]


def by_sun(event: SunEvent, offset: int) -> Sun:
    return Sun(event=event, latitude=52.52, longitude=13.40, offset=offset)


@pytest.mark.parametrize(
    ("words", "cadence"),
    [
        ('at: ["18:30", "06:00"]', At(minutes=(360, 1110))),
        ("sun: sunrise+1h", by_sun(SunEvent.SUNRISE, HOUR)),
        ("sun: sunset - 30m", by_sun(SunEvent.SUNSET, -HOUR // 2)),
        ("sun: noon", by_sun(SunEvent.NOON, 0)),
    ],
)
def test_times_of_day_and_the_sun(tmp_path: Path, words: str, cadence: Cadence) -> None:
    schedule = morning(tmp_path, changed(CRON, words, PLACED))
    assert schedule.cadence == cadence
    assert schedule.days == Days()
    # A missed watering is worth one late run, whichever calendar it comes from.
    left_out = morning(tmp_path, changed(LATE, "", changed(CRON, words, PLACED)))
    assert left_out.catch_up == schedule.catch_up == CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=2 * HOUR)


def test_days_season_overlap_and_replay_of_all(tmp_path: Path) -> None:
    words = '\n    days: [wed, mon]\n    season: ["10-15", "04-01"]\n    overlap: queue_one'
    late = "    catch_up: {policy: replay_all, within: 6h, jitter: 0s}\n"
    schedule = morning(tmp_path, changed(LATE, late, changed(CRON, CRON + words)))
    assert schedule.days == Days(week=frozenset({0, 2}), season=Season(first=(10, 15), last=(4, 1)))
    assert schedule.overlap is Overlap.QUEUE_ONE
    assert schedule.catch_up == CatchUp(policy=Policy.REPLAY_ALL, max=0, within=6 * HOUR, jitter=0)


def test_the_clock_and_a_run_that_ends_the_one_before_it(tmp_path: Path) -> None:
    words = "\n    overlap: cancel_running\n    needs_synced_clock: true"
    text = changed(CRON, CRON + words) + "clock: {patience: 2m}\n"
    schedule = morning(tmp_path, text)
    assert (schedule.overlap, schedule.needs_synced_clock) == (Overlap.CANCEL_RUNNING, True)
    assert load(tmp_path / "site.yaml").site.clock_patience == 120 * SECOND
    assert load(EXAMPLES / "small.yaml").site.clock_patience == 600 * SECOND


def test_who_shares_a_pump_has_the_patience_of_half_an_interval(tmp_path: Path) -> None:
    second = "  zone-2: {number: 2, pump: main_pump, valve: irrigation_valve}\n"
    also = '  also: {zone: zone-2, task: irrigation, at: ["08:00", "08:20"], duration: 60s}\n'
    other = "  rests: {zone: zone-2, task: irrigation, every: 4h, duration: 60s}\n"
    text = changed("schedules:\n", f"schedules:\n{also}{other}", changed("# When. Cron", f"{second}# When. Cron"))
    (tmp_path / "site.yaml").write_text(text)
    patience = {one.name: one.queue_patience // SECOND for one in load(tmp_path / "site.yaml").schedules}
    assert patience == {"also": 600, "rests": 3600, "morning": 3600, "lamps": 15}
    assert morning(tmp_path, changed(CRON, CRON)).queue_patience == 15 * SECOND


def test_a_window_keeps_to_its_days(tmp_path: Path) -> None:
    window = 'window: {start: "05:00", photoperiod: 16h}'
    (tmp_path / "site.yaml").write_text(changed(window, window + "\n    days: [sun]"))
    lamps = load(tmp_path / "site.yaml").schedules[1]
    assert lamps.cadence == Window(start_minute=300, length=16 * HOUR)
    assert lamps.days == Days(week=frozenset({6}))


def test_a_place_alone_is_no_mistake_and_a_sun_that_never_rises_is_one(tmp_path: Path) -> None:
    assert morning(tmp_path, PLACED).overlap is Overlap.SKIP
    north = PLACED.replace("52.52", "78.2").replace("13.40", "15.6")
    dark = changed(CRON, 'sun: sunrise\n    season: ["11-15", "01-20"]', north)
    (problem,) = rejected(tmp_path, dark)
    assert problem.path == "schedules.morning.season"
    assert "there is no sunrise on these days" in problem.what
    pole = changed(CRON, "sun: sunset", PLACED.replace("52.52", "90"))
    (problem,) = rejected(tmp_path, pole)
    assert (problem.path, problem.hint) == ("schedules.morning.sun", "write sun: noon, or another cadence")


def test_a_refused_place_is_not_missed_once_more(tmp_path: Path) -> None:
    text = changed(CRON, "sun: sunrise", changed("52.52", "152", PLACED))
    assert [problem.path for problem in rejected(tmp_path, text)] == ["site.latitude"]


def test_what_is_in_force_is_told_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(changed(LATE, "", changed(CRON, 'at: ["06:00"]')))
    told = {line.path: (line.value, line.origin) for line in load(path).effective}
    assert told["schedules.morning.catch_up"] == ("replay_limited 1 within 2h", "default of irrigation")
    assert told["schedules.morning.overlap"] == ("skip", "default")


def test_how_long_a_run_waits_for_what_others_use_may_be_written(tmp_path: Path) -> None:
    assert morning(tmp_path, changed(LATE, "    queue_patience: 10m\n")).queue_patience == HOUR // 6
    (long,) = rejected(tmp_path, changed(LATE, "    queue_patience: 2h\n"))
    assert (long.path, long.hint) == ("schedules.morning.queue_patience", "write at most 1h")
    window = 'window: {start: "05:00", photoperiod: 16h}'
    (idle,) = rejected(tmp_path, changed(window, window + "\n    queue_patience: 1m"))
    assert (idle.path, idle.hint) == ("schedules.lamps.queue_patience", "remove it")
