"""Runs that something measured asks for: light, the thirst of the air, the drain. Never too soon, never too late."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.config.loader import load
from edgectl.engine.lightsum import LightSum
from edgectl.model.air import Climate
from edgectl.model.channel import Sample
from edgectl.model.site import Sensor, Site
from edgectl.model.time import SECOND, Nanos, Now
from edgectl.model.timeline import Cursor
from edgectl.scheduler.describe import words
from edgectl.scheduler.plan import due
from edgectl.scheduler.schedule import Gauge, Schedule, Trigger
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.unit.site_files import SMALL, changed, rejected

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
SUN = Sensor(name="sun", channel="sun.radiation", unit="W/m2", max_age=MINUTE, low=0, high=2000)
Weather = Callable[[Nanos], dict[str, float | None]]


def trigger(gauge: Gauge, limit: float) -> Schedule:
    cadence = Trigger(gauge=gauge, limit=limit, min_gap=20 * MINUTE, interval=4 * HOUR)
    return replace(example_schedules()[0], cadence=cadence, payload={"duration_s": 30.0})


# ---------------------------------------------------------------- the sum of light


def folded(*samples: tuple[float, float]) -> float:
    found = LightSum(sensor=SUN)
    for number, (second, value) in enumerate(samples):
        found.fold(Sample(sample_id=number, channel=SUN.channel, value=value, at=round(second * SECOND)))
    return found.total


def test_light_is_summed_over_time() -> None:
    assert folded(*((10.0 * n, 600.0) for n in range(201))) == pytest.approx(120)
    assert folded((0, 0), (60, 1000)) == pytest.approx(3)  # half of a minute of 1,000 W/m2


def test_what_nobody_saw_was_dark() -> None:
    assert folded((0, 1000), (61, 1000)) == 0  # longer than the sensor's own age limit
    assert folded((0, 1000), (30, float("nan")), (60, 1000)) == 0
    assert folded((0, 1000), (30, 5000), (60, 1000)) == 0  # no sun is that bright
    assert folded((0, 1000), (0, 1000)) == 0


# ---------------------------------------------------------------- when it runs


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3600), st.booleans()), min_size=1, max_size=60))
def test_two_runs_keep_the_shortest_gap_and_none_waits_beyond_the_longest(looks: list[tuple[int, bool]]) -> None:
    schedule, at = trigger(Gauge.VPD, 1.2), 0
    cursor = due(schedule, None, Now(mono=0, wall=0), ZoneInfo("UTC"), busy=False, lost=False).cursor
    runs, waited = [0], 0
    for seconds, asked in looks:
        at += seconds * SECOND
        planned = due(schedule, cursor, Now(mono=at, wall=at), ZoneInfo("UTC"), busy=False, lost=False, asked=asked)
        cursor = planned.cursor
        if planned.occurrences:
            assert planned.occurrences[0].reason == ("vpd" if asked else "max_gap")
            cursor = replace(cursor, last_finished=at)
            runs.append(at)
        waited = max(waited, at - runs[-1])
    assert all(b - a >= 20 * MINUTE for a, b in pairwise(runs))
    assert waited < 4 * HOUR


class Meadow(Ground):
    """The example's ground, and a weather that is told."""

    weather: Weather = staticmethod(lambda at: {})

    def values(self, at: Nanos) -> dict[str, float | None]:
        """What the sensors show."""
        return {**super().values(at), **self.weather(at)}


class Watched(World):
    """A house whose light is read every ten seconds, whatever its engine has to decide."""

    def _next_poll(self) -> Nanos:
        return min(super()._next_poll(), self._polled + 10 * SECOND)


def lived(schedule: Schedule, site: Site, weather: Weather, hours: int) -> tuple[World, list[tuple[int, str]]]:
    ground = Meadow.small(Random(1))
    ground.__class__, ground.weather = Meadow, weather  # type: ignore[assignment, method-assign]
    world = Watched(site, (schedule,), 1, ground=ground)
    world.run(hours * HOUR)
    return world, runs_of(world)


def runs_of(world: World) -> list[tuple[int, str]]:
    told = [entry for entry in world.journal.timeline if entry.event_type == "TASK_RECEIVED"]
    return [(entry.mono // MINUTE, str(entry.details["reason_code"])) for entry in told]


def sunny() -> Site:
    site = example_site()
    zone = replace(site.zones["zone-1"], radiation="sun")
    return replace(site, sensors={**site.sensors, "sun": SUN}, zones={"zone-1": zone})


def test_light_asks_for_water_and_darkness_waits_for_the_longest_gap() -> None:
    _, runs = lived(trigger(Gauge.LIGHT_SUM, 120), sunny(), lambda at: {SUN.channel: 600.0}, 2)
    assert [reason for _, reason in runs] == ["light_sum"] * 3
    assert all(33 <= b - a <= 36 for (a, _), (b, _) in pairwise(runs))  # 2,000 s of 600 W/m2, and the run
    _, dark = lived(trigger(Gauge.LIGHT_SUM, 120), sunny(), lambda at: {SUN.channel: 0.0}, 9)
    assert [(minute // 60, reason) for minute, reason in dark] == [(4, "max_gap"), (8, "max_gap")]


def test_a_sensor_that_died_neither_floods_nor_dries_the_plants() -> None:
    _, runs = lived(trigger(Gauge.LIGHT_SUM, 120), sunny(), lambda at: {SUN.channel: 600.0 if at < HOUR else None}, 9)
    reasons = [reason for _, reason in runs]
    assert reasons == ["light_sum", "max_gap", "max_gap"]


def test_a_glaring_sun_keeps_to_the_shortest_gap() -> None:
    _, runs = lived(trigger(Gauge.LIGHT_SUM, 1), sunny(), lambda at: {SUN.channel: 1000.0}, 3)
    assert len(runs) in (8, 9)
    assert all(b - a >= 20 for (a, _), (b, _) in pairwise(runs))


def test_a_restart_forgets_a_tenth_of_the_light_at_most() -> None:
    world, runs = lived(trigger(Gauge.LIGHT_SUM, 120), sunny(), lambda at: {SUN.channel: 600.0}, 0)
    world.run(28 * MINUTE)  # 100 of 120 J/cm2
    assert runs_of(world) == runs == []
    world._begin()
    world.run(40 * MINUTE)
    (first,) = runs_of(world)
    assert 33 <= first[0] <= 36 + 4
    assert world.state.cursors["morning"].light < 60


@pytest.mark.parametrize(("celsius", "reason"), [(30.0, "vpd"), (18.0, "max_gap")])
def test_thirsty_air_asks_for_water(celsius: float, reason: str) -> None:
    """30 °C and 50 %RH are 2.1 kPa, 18 °C are 1.0."""
    site = example_site()
    air = {
        name: Sensor(name=name, channel=f"air.{name}", unit="", max_age=MINUTE) for name in ("temperature", "humidity")
    }
    zone = replace(site.zones["zone-1"], climate=Climate(temperature="temperature", humidity="humidity"))
    site = replace(site, sensors={**site.sensors, **air}, zones={"zone-1": zone})
    weather = {"air.temperature": celsius, "air.humidity": 50.0}
    _, runs = lived(trigger(Gauge.VPD, 1.2), site, lambda at: dict(weather), 5)
    assert {told for _, told in runs} == {reason}
    assert runs[0][0] == (20 if reason == "vpd" else 240)


def test_too_little_drain_asks_for_water_sooner() -> None:
    site = example_site()
    cup = Sensor(name="cup", channel="cup.share", unit="%", max_age=MINUTE)
    zone = replace(site.zones["zone-1"], drain="cup")
    site = replace(site, sensors={**site.sensors, "cup": cup}, zones={"zone-1": zone})
    _, dry = lived(trigger(Gauge.DRAIN, 15), site, lambda at: {cup.channel: 5.0}, 2)
    _, wet = lived(trigger(Gauge.DRAIN, 15), site, lambda at: {cup.channel: 30.0}, 5)
    assert [reason for _, reason in dry] == ["drain"] * 5
    assert [reason for _, reason in wet] == ["max_gap"]


def test_the_sum_that_was_written_down_is_carried_into_the_next_life() -> None:
    from edgectl.engine.state import State
    from edgectl.journal.memory import MemoryJournal

    stored = replace(MemoryJournal().load(), cursors=(Cursor(schedule="morning", position=0, light=60.0),))
    schedules = (trigger(Gauge.LIGHT_SUM, 120),)
    state = State.begin(site=sunny(), schedules=schedules, stored=stored, boot_id="b", started=0)
    assert state.cursors["morning"].light_from == -60.0


# ---------------------------------------------------------------- what a site file says

LINE = 'cron: "0 6-20/2 * * *"'
LATE = "    catch_up: {policy: replay_limited, max: 1, within: 2h}\n"
LIT = changed(
    "    light: lamp\n",
    "    light: lamp\n    radiation: sun\n",
    changed(
        "  air_humidity:",
        "  sun: {from: air.temperature, unit: W/m2, scale: [0, 50, 0, 1000], max_age: 60s}\n  air_humidity:",
        changed(LATE, ""),
    ),
)
WORDS = "light_sum: 120 J/cm2\n    min_gap: 20m\n    max_gap: 4h"


def test_a_site_file_names_the_light_that_asks_for_water(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed(LINE, WORDS, LIT))
    loaded = load(tmp_path / "site.yaml")
    assert loaded.schedules[0].cadence == trigger(Gauge.LIGHT_SUM, 120).cadence
    assert words(loaded.schedules[0]) == "light_sum 120 J/cm2, 20m to 4h apart"
    assert loaded.site.zones["zone-1"].radiation == "sun"


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        (changed(LINE, WORDS, changed(LATE, "", SMALL)), "schedules.morning.light_sum", "needs a reading"),
        (changed(LINE, "light_sum: 120 J/cm2\n    min_gap: 20m", LIT), "schedules.morning.max_gap", "is missing"),
        (changed(LINE, WORDS.replace("20m", "5h"), LIT), "schedules.morning.max_gap", "is not longer than min_gap 5h"),
        (changed(LINE, WORDS.replace("120 J/cm2", "120"), LIT), "schedules.morning.light_sum", "needs a unit"),
        (changed(LINE, WORDS.replace("120 J/cm2", "0 J/cm2"), LIT), "schedules.morning.light_sum", "without end"),
        (changed(LINE, "every: 4h\n    min_gap: 20m", LIT), "schedules.morning.min_gap", "means nothing here"),
        (changed("unit: W/m2", "unit: lx", changed(LINE, WORDS, LIT)), "zones.zone-1.radiation", "speaks W/m2"),
        (changed(LINE, "vpd: 1.2 kPa\n    min_gap: 20m\n    max_gap: 4h", LIT), "schedules.morning.vpd", "a reading"),
        (changed(LINE, f"{WORDS}\n    overlap: skip", LIT), "schedules.morning.overlap", "means nothing"),
    ],
)
def test_what_does_not_make_sense_is_told(tmp_path: Path, text: str, path: str, what: str) -> None:
    (problem,) = rejected(tmp_path, text)
    assert problem.path == path
    assert what in problem.what
