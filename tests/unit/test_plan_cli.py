"""`edgectl plan`: what the schedules will do, and what becomes of them when something comes between."""

import json
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.model.time import SECOND, Nanos, from_datetime
from edgectl.scheduler.occurrence import Verdict
from edgectl.scheduler.preview import Course, Gap, around, foresee, next_change
from edgectl.scheduler.schedule import CatchUp, Cron, Every, Policy, Schedule
from tests.unit.site_files import EXAMPLES, changed

BERLIN = ZoneInfo("Europe/Berlin")
HOUR: Nanos = 3600 * SECOND
CRON = 'cron: "0 6-20/2 * * *"'
JUNE = "2026-06-01T05:30"


def instant(text: str) -> Nanos:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def plan(*args: str, file: Path = EXAMPLES / "small.yaml") -> Result:
    return CliRunner().invoke(main, ["plan", str(file), *args])


def fates(*args: str, schedule: str = "morning", file: Path = EXAMPLES / "small.yaml") -> list[tuple[str, str, str]]:
    """Local time of day, verdict and reason."""
    result = plan("--json", *args, file=file)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)["occurrences"]
    return [
        (_local(row["scheduled_for"]).strftime("%d %H:%M"), row["verdict"], row["reason"])
        for row in rows
        if row["schedule"] == schedule
    ]


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(BERLIN)


def test_a_plain_day_in_the_time_of_the_house() -> None:
    assert fates("--from", JUNE, "--hours", "5") == [
        ("01 06:00", "run", "due"),
        ("01 08:00", "run", "due"),
        ("01 10:00", "run", "due"),
    ]
    said = plan("--from", JUNE, "--hours", "5").output
    assert "\nMon 08:00  morning  run  zone-1  irrigation 90 s\n" in said
    assert "lamps: nothing in this time; next Mon 2026-06-01 21:00:00 CEST" in said


def test_without_a_time_it_begins_now() -> None:
    result = plan("--json", "--hours", "48")
    body = json.loads(result.stdout)
    assert len([row for row in body["occurrences"] if row["schedule"] == "lamps"]) in (3, 4, 5)


def test_an_outage_shows_what_is_left_out_and_what_is_run_late() -> None:
    outage = ("--from", JUNE, "--hours", "5", "--outage", "2026-06-01T05:40..2026-06-01T09:15")
    assert fates(*outage) == [
        ("01 06:00", "skip", "catchup_skipped"),
        ("01 08:00", "replay", "late"),
        ("01 10:00", "run", "due"),
    ]
    (late,) = [row for row in json.loads(plan("--json", *outage).stdout)["occurrences"] if row["verdict"] == "replay"]
    assert 0 <= (_local(late["decided_at"]) - _local("2026-06-01T07:15Z")).total_seconds() <= 10
    assert late["payload"]["catchup_original_trigger_time"] == "2026-06-01T06:00:00.000Z"
    assert "outage: Mon 2026-06-01 05:40:00 CEST" in plan(*outage).output


def test_a_day_reads_as_people_tell_it(tmp_path: Path) -> None:
    """Times of day are enough, and each line says what becomes of it."""
    said = plan("--from", "2026-06-07T04:30", "--hours", "9", "--outage", "05:30..10:40").output
    assert said.splitlines() == [
        "gh-small: Sun 2026-06-07 04:30:00 CEST to Sun 2026-06-07 13:30:00 CEST",
        "outage: Sun 2026-06-07 05:30:00 CEST to Sun 2026-06-07 10:40:00 CEST",
        "Sun 05:00  lamps    on      zone-1  lighting",
        "Sun 06:00  morning  skip    zone-1  irrigation 90 s  down; replay takes only the newest within 2 h",
        "Sun 08:00  morning  skip    zone-1  irrigation 90 s  down; replay takes only the newest within 2 h",
        "Sun 10:00  morning  replay  zone-1  irrigation 90 s  at about 10:40:09, original time kept",
        "Sun 10:40  lamps    on      zone-1  lighting         reconciled: the window still holds",
        "Sun 12:00  morning  run     zone-1  irrigation 90 s",
    ]


def test_two_zones_at_one_pump_come_one_after_the_other(tmp_path: Path) -> None:
    second = "  zone-2: {number: 2, pump: main_pump, valve: irrigation_valve}\n"
    text = changed("# When. Cron is", f"{second}# When. Cron is")
    at = '  also: {zone: zone-2, task: irrigation, at: ["08:00"], duration: 60s}\n'
    (tmp_path / "site.yaml").write_text(changed("schedules:\n", f"schedules:\n{at}", text))
    said = plan("--from", "2026-06-07T07:30", "--hours", "1", file=tmp_path / "site.yaml").output
    assert said.splitlines()[1:3] == [
        "Sun 08:00  also     run    zone-2  irrigation 60 s",
        "Sun 08:00  morning  waits  zone-1  irrigation 90 s  irrigation_valve is in use by also until 08:01:05;"
        " begins at about 08:01:05",
    ]


def test_a_run_that_will_be_rejected_says_who_has_its_pump(tmp_path: Path) -> None:
    """Of two that fall due together the one that is listed first goes first; a lot decides which, each time anew."""
    second = "  zone-2: {number: 2, pump: main_pump}\n"
    text = changed("# When. Cron is", f"{second}# When. Cron is")
    also = '  also: {zone: zone-2, task: irrigation, cron: "0 8,10 * * *", duration: 60s, queue_patience: 30s}\n'
    text = changed(CRON, f"{CRON}\n    queue_patience: 30s", changed("schedules:\n", f"schedules:\n{also}", text))
    (tmp_path / "site.yaml").write_text(text)
    hours = ("--from", "2026-06-07T07:30", "--hours", "72")
    said = [line.split(maxsplit=8) for line in plan(*hours, file=tmp_path / "site.yaml").output.splitlines()[1:]]
    met = [(before, line) for before, line in pairwise(said) if line[3:4] == ["rejected"]]
    assert len(met) == 6
    for first, last in met:
        minute = {"also": "01,", "morning": "01:3"}[first[2]]
        assert first[:2] == last[:2]
        assert {first[2], last[2]} == {"also", "morning"}
        assert last[8].startswith(f"main_pump is in use by {first[2]} until {first[1][:2]}:{minute}"), last
    assert {last[2] for _, last in met} == {"also", "morning"}
    rows = json.loads(plan("--json", *hours, file=tmp_path / "site.yaml").stdout)["occurrences"]
    lost = [row for row in rows if row["outcome"] == "rejected"]
    assert [row["behind"]["part"] for row in lost] == ["main_pump"] * 6
    assert all(row["begins_at"] is None and row["verdict"] == "run" for row in lost)


def test_a_clock_that_is_set_back_repeats_nothing_and_one_set_forwards_loses_nothing_unsaid() -> None:
    back = fates("--from", JUNE, "--hours", "7", "--clock-step", "2026-06-01T08:30,-3600")
    assert back == fates("--from", JUNE, "--hours", "7", "--clock-step", "2026-06-01T08:30,-1h")
    assert [row[0] for row in back] == ["01 06:00", "01 08:00", "01 10:00"]
    ahead = fates("--from", JUNE, "--hours", "2", "--clock-step", "2026-06-01T06:30,14400")
    assert ahead == [
        ("01 06:00", "run", "due"),
        ("01 08:00", "skip", "catchup_skipped"),
        ("01 10:00", "replay", "late"),
    ]


def test_the_week_around_the_next_change_of_the_clocks(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(changed('cron: "0 6-20/2 * * *"', 'at: ["02:30"]'))
    spring = fates("--dst", "--from", "2026-02-01", file=file)
    assert [at for at, _, _ in spring] == [f"{day} 02:30" for day in (26, 27, 28)] + ["29 03:00"] + [
        f"{day} 02:30" for day in ("30", "31", "01")
    ]
    night = plan("--dst", "--from", "2026-02-01", "--hours", "30", file=file).output
    assert "gh-small: Sat 2026-03-28 11:00:00 CET to Sun 2026-03-29 18:00:00 CEST" in night
    assert "Sun 03:00 CEST  morning  run  zone-1  irrigation 90 s\n" in night
    autumn = plan("--dst", "--from", "2026-09-01", file=file).output
    assert autumn.count("02:30") == 8
    assert "Sun 25 Oct 2026 02:30 CEST  morning  run        zone-1  irrigation 90 s\n" in autumn
    twice = "Sun 25 Oct 2026 02:30 CET   morning  not again  zone-1  irrigation  it has its row from before"
    twice += " the clock is set back by 1 h\n"
    assert twice.replace(" ", "") in autumn.replace(" ", "")


@pytest.mark.parametrize(
    ("when", "again"),
    [
        ('at: ["02:30"]', ["2026-10-25T01:30:00.000Z"]),
        ('at: ["01:59", "03:00"]', []),
        ('cron: "30 2 * * *"', ["2026-10-25T01:30:00.000Z"]),
        ('cron: "30 * * * *"', []),  # every hour is every hour: it runs in both of them
        ("sun: noon", []),
    ],
)
def test_a_time_that_the_autumn_night_has_twice_is_told_once_as_run_and_once_as_not_again(
    tmp_path: Path, when: str, again: list[str]
) -> None:
    placed = changed("Berlin}", "Berlin, latitude: 52.52, longitude: 13.40}")
    file = tmp_path / "site.yaml"
    file.write_text(changed(CRON, when, placed))
    night = json.loads(plan("--json", "--dst", "--from", "2026-09-01", "--hours", "30", file=file).stdout)
    assert [one["scheduled_for"] for one in night["again"]] == again
    assert all(one["seen_again_after"] == "2026-10-25T01:00:00.000Z" for one in night["again"])
    asked = [row["scheduled_for"] for row in night["occurrences"] if row["schedule"] == "morning"]
    assert not set(again) & set(asked)
    short = plan("--json", "--from", "2026-10-25T02:00+02:00", "--hours", "1", file=file)
    assert json.loads(short.stdout)["again"] == []  # the second one lies beyond the end of the look


def test_a_house_whose_clock_is_never_changed(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed("Europe/Berlin", "Asia/Tokyo"))
    result = plan("--dst", file=tmp_path / "site.yaml")
    assert result.exit_code == 1
    assert "is not changed within a year" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "tomorrow"), "'tomorrow' is no time"),
        (("--outage", "2026-06-01T05:00"), "has no end"),
        (("--outage", "5:00..26:00"), "'26:00' is no time"),
        (("--power-cut", "2026-06-01T05:00..2026-06-01T04:00"), "ends before it begins"),
        (("--clock-step", "2026-06-01T05:00"), "does not say by how much"),
        (("--clock-step", "2026-06-01T05:00,nan"), "does not say by how much"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(args: tuple[str, ...], words: str) -> None:
    result = plan(*args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_wrong_file_is_refused_with_its_mistakes(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed("0 6-20/2 * * *", "0 26 * * *"))
    result = plan(file=tmp_path / "site.yaml")
    assert result.exit_code == 1
    assert "not a calendar" in result.stderr


def _one(name: str, cadence: Cron | Every, **catch_up: Any) -> Schedule:
    rule = CatchUp(**catch_up)
    return Schedule(
        name=name, zone="z", task_type="irrigation", cadence=cadence, payload={"duration_s": 90.0}, catch_up=rule
    )


def test_a_site_starts_no_more_than_twenty_late_runs_a_minute() -> None:
    begin = instant("2026-06-01T05:30")
    many = tuple(
        _one(f"s{n}", Cron(expression="0 6 * * *"), policy=Policy.REPLAY_ALL, within=6 * HOUR, jitter=0)
        for n in range(30)
    )
    gap = Gap(begin=begin + SECOND, end=begin + 2 * HOUR, boots=True)
    late = foresee(many, BERLIN, {"z": 1}, Course(begin=begin, span=3 * HOUR, gaps=(gap,))).rows
    begun = [one.decided for one in late if one.occurrence.verdict is Verdict.REPLAY]
    assert len(begun) == 30
    assert sum(at < gap.end + 60 * SECOND for at in begun) == 20


def test_an_interval_goes_on_from_the_end_of_its_run_and_from_a_boot() -> None:
    begin = instant("2026-06-01T05:00")
    gap = Gap(begin=begin + 2 * HOUR, end=begin + 5 * HOUR, boots=True)
    rested = (_one("s", Every(interval=HOUR)),)
    seen = foresee(rested, BERLIN, {"z": 1}, Course(begin=begin, span=8 * HOUR, gaps=(gap,))).rows
    minutes = [(one.decided - begin) // (60 * SECOND) for one in seen]
    assert minutes == [60, 360, 421]


def test_what_falls_due_before_the_end_has_its_row_although_the_controller_comes_back_after_it() -> None:
    over = ("--from", JUNE, "--outage", "10:40..05:30")
    assert fates(*over)[3:] == [(f"01 {hour}:00", "skip", "catchup_skipped") for hour in (12, 14, 16, 18, 20)]
    assert fates(*over, schedule="lamps") == [("01 21:00", "skip", "catchup_skipped"), ("02 05:00", "run", "window")]
    short = ("--from", JUNE, "--hours", "4", "--outage", "05:50..09:50")
    assert fates(*short) == [("01 06:00", "skip", "catchup_skipped"), ("01 08:00", "replay", "late")]
    late = ("--from", JUNE, "--hours", "16", "--outage", "19:40..00:30")
    assert fates(*late)[-1] == ("01 20:00", "skip", "catchup_skipped")
    said = plan("--from", "2026-06-01T20:30", "--hours", "4", "--outage", "20:50..04:00").output
    assert "Mon 21:00  lamps  off  zone-1  lighting  at about Tue 04:00" in said


def test_a_clock_that_is_set_back_shows_what_comes_a_second_time_and_is_not_run_again() -> None:
    back = ("--from", JUNE, "--hours", "6", "--clock-step", "08:30,-7200")
    assert fates(*back) == [("01 06:00", "run", "due"), ("01 08:00", "run", "due")]
    (again,) = json.loads(plan("--json", *back).stdout)["again"]
    assert (again["schedule"], _local(again["scheduled_for"]).strftime("%H:%M")) == ("morning", "08:00")
    line = "Mon 08:00  morning  not again  zone-1  irrigation       it has its row from before"
    line += " the clock is set back by 2 h"
    assert line in plan(*back).output


def test_a_window_follows_a_clock_that_is_set_back() -> None:
    back = ("--from", "2026-06-01T20:30", "--hours", "4", "--clock-step", "21:30,-1h")
    lines = [line for line in plan(*back).output.splitlines() if "lamps" in line]
    assert lines == [
        "Mon 20:30  lamps  on   zone-1  lighting  reconciled: the window still holds",
        "Mon 21:00  lamps  off  zone-1  lighting",
        "Mon 21:00  lamps  off  zone-1  lighting",
    ]


def test_a_clock_that_is_set_forward_says_so_and_not_that_the_house_was_down() -> None:
    said = plan("--from", JUNE, "--hours", "8", "--clock-step", "05:45,14400").output
    assert (
        "Mon 06:00  morning  skip    zone-1  irrigation 90 s  the clock is set past it; replay takes only the newest"
        in said
    )
    assert "down" not in said


def test_a_clock_that_comes_back_from_another_year_brings_the_calendar_back() -> None:
    back = ("--from", JUNE, "--hours", "30", "--clock-step", f"06:30,{-365 * 86400}")
    assert "the calendar is brought back" in plan(*back).output
    body = json.loads(plan("--json", *back).stdout)
    assert body["again"] == []
    ran = [row["scheduled_for"][:13] for row in body["occurrences"] if row["schedule"] == "morning"]
    assert ran[:3] == ["2026-06-01T04", "2025-06-01T06", "2025-06-01T08"]


@pytest.mark.parametrize("hours", [1, 2, 5, 24, 200])
@pytest.mark.parametrize(
    ("zone", "begin", "change"),
    [
        ("Europe/Berlin", "2026-02-01", "2026-03-29T01:00+00:00"),
        ("Europe/Berlin", "2026-09-01", "2026-10-25T01:00+00:00"),
        ("America/Havana", "2026-02-01", "2026-03-08T05:00+00:00"),  # midnight itself is left out
        ("America/Havana", "2026-09-01", "2026-11-01T05:00+00:00"),
    ],
)
def test_a_look_at_the_change_of_the_clocks_has_it_in_the_middle(
    hours: int, zone: str, begin: str, change: str
) -> None:
    of, at = ZoneInfo(zone), from_datetime(datetime.fromisoformat(change))
    day = next_change(from_datetime(datetime.fromisoformat(begin).replace(tzinfo=of)), of)
    assert day is not None
    first, span = around(day, of, hours * HOUR)
    assert span == hours * HOUR
    assert at - first == min(span // 2, 72 * HOUR)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--clock-step", "06:30,-99999999999"), "more than a hundred years"),
        (("--clock-step", "06:30,1e18"), "more than a hundred years"),
        (("--clock-step", "06:30,3000000000", "--clock-step", "06:40,3000000000"), "more than a hundred years"),
        (("--clock-step", "06:30,nan"), "does not say by how much"),
        (("--from", "9999-12-31T23:59"), "is no time"),
        (("--from", "0001-01-01T00:00"), "is no time"),
    ],
)
def test_a_clock_beyond_every_calendar_is_a_mistake_and_no_traceback(words: tuple[str, ...], told: str) -> None:
    said = plan(*(words if "--from" in words else ("--from", JUNE, *words)))
    assert said.exit_code == 2, said.output
    assert told in said.output.replace("\n", " ")


@pytest.mark.parametrize("by", ["-1780000000", "3000000000"])
def test_a_clock_that_comes_up_in_another_century_is_foreseen(by: str) -> None:
    assert plan("--from", JUNE, "--hours", "5", "--clock-step", f"06:30,{by}").exit_code == 0


def test_the_times_of_a_plan_have_seconds_in_every_line_or_in_none(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    alone = changed("    catch_up: {policy: replay_limited, max: 1, within: 2h}\n", "")
    site.write_text(changed(CRON, "every: 75s", alone))
    said = plan("--from", JUNE, "--hours", "1", file=site).output
    lines = [line for line in said.splitlines() if " morning " in line]
    assert len(lines) > 10, said
    assert all(re.match(r"Mon \d\d:\d\d:\d\d  ", line) for line in lines)
