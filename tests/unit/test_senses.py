"""From samples to a reading: what is believed, how much, and what is Missing for which use."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgectl.engine.draft import Draft
from edgectl.engine.state import Phase, State
from edgectl.engine.trace import NOISE_STEPS, RECENT
from edgectl.engine.turn import Stepper
from edgectl.model.channel import LIMITS, Absence, Missing, Reading, Sample, Use
from edgectl.model.inputs import Samples
from edgectl.model.site import Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Latch, Stored

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
BASE = 1000 * SECOND
PH = Sensor(name="ph", channel="a.ph", unit="pH", low=0, high=14)
THREE = replace(PH, median_of=("a.ph", "b.ph", "c.ph"), agree_within=0.3)
TWO = replace(THREE, median_of=("a.ph", "b.ph"))
anything = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308])


class Desk:
    """One sensor and an engine that hears its samples."""

    def __init__(self, sensor: Sensor) -> None:
        site = Site(site_id="s", name="s", timezone="UTC", sensors={sensor.name: sensor}, actuators={}, zones={})
        stored = Stored(journal_id="j", last_seq=0)
        self.sensor = sensor
        self.state = State.begin(site=site, schedules=(), stored=stored, boot_id="b", started=0)
        self.state.phase = Phase.READY
        self.stepper = Stepper(self.state)
        self.count = 0
        self.now: Nanos = BASE

    def hear(self, value: float, at: Nanos | None = None, channel: str | None = None) -> None:
        """One sample, at once part of the image."""
        self.now = self.now if at is None else at
        self.count += 1
        sample = Sample(sample_id=self.count, channel=channel or self.sensor.channel, value=value, at=self.now)
        self.stepper.offer(Samples(block=(sample,)))
        self.stepper.turn(Now(mono=self.now, wall=self.now))

    def series(self, values: list[float], every: Nanos = 2 * SECOND) -> None:
        """Samples in a steady rhythm."""
        for value in values:
            self.hear(value, self.now + every)

    def read(self, after: Nanos = 0, use: Use = Use.GUARD, **now: Any) -> Reading | Missing:
        mono = self.now + after
        return Draft(self.state, Now(**{"mono": mono, "wall": mono, **now})).read(self.sensor.name, use)

    def good(self, after: Nanos = 0, use: Use = Use.GUARD, **now: Any) -> Reading:
        found = self.read(after, use, **now)
        assert isinstance(found, Reading), found
        return found

    def why(self, after: Nanos = 0, use: Use = Use.GUARD) -> Absence:
        found = self.read(after, use)
        assert isinstance(found, Missing), found
        return found.reason


def hears(sensor: Sensor, *values: float | None) -> Desk:
    """Each channel of a sensor says something, or nothing."""
    desk = Desk(sensor)
    for channel, value in zip(sensor.channels, values, strict=True):
        if value is not None:
            desk.hear(value, channel=channel)
    return desk


# ---------------------------------------------------------------- freshness, range, numbers


@pytest.mark.parametrize(
    ("age", "quality", "weakest"),
    [
        (0, 1.0, ""),
        (5 * SECOND, 1.0, ""),
        (6 * SECOND, 0.9, "freshness"),
        (7500 * MS, 0.75, "freshness"),
        (10 * SECOND, 0.5, "freshness"),
    ],
)
def test_a_value_fades_in_the_second_half_of_its_life(age: Nanos, quality: float, weakest: str) -> None:
    reading = hears(PH, 6.0).good(after=age)
    assert (reading.value, reading.age, reading.sample_id) == (6.0, age, 1)
    assert reading.quality == pytest.approx(quality)
    assert reading.weakest == weakest


def test_the_reasons_why_there_is_no_value() -> None:
    desk = Desk(PH)
    assert desk.why() is Absence.NEVER_READ
    desk.hear(6.0)
    assert desk.why(after=10 * SECOND + 1) is Absence.STALE
    assert desk.why(after=-1) is Absence.FROM_THE_FUTURE
    for value, reason in (
        (math.nan, Absence.NOT_A_NUMBER),
        (math.inf, Absence.NOT_A_NUMBER),
        (-math.inf, Absence.NOT_A_NUMBER),
        (14.001, Absence.OUT_OF_RANGE),
        (-0.001, Absence.OUT_OF_RANGE),
    ):
        desk.hear(value)
        assert desk.why() is reason
    desk.hear(14.0)
    assert desk.good().value == 14.0


def test_a_sensor_in_calibration_is_missing_for_every_use() -> None:
    desk = hears(PH, 6.0)
    desk.state.in_calibration.add("ph")
    assert {desk.why(use=use) for use in Use} == {Absence.IN_CALIBRATION}
    desk.state.in_calibration.clear()
    assert desk.good().value == 6.0


# ---------------------------------------------------------------- uses


@pytest.mark.parametrize(
    ("use", "declared", "limit"),
    [
        (Use.GUARD, 5000, 5000),
        (Use.FLOW, 3, 3),
        (Use.LEVEL, 5000, 10),
        (Use.LEVEL, 4, 4),
        (Use.DOSING, 5000, 7),  # at 10 s its quality is 0.5; 0.8 is reached at seven tenths
        (Use.CLIMATE, 5000, 60),
        (Use.WIND, 5000, 60),
        (Use.WEATHER, 5000, 1200),
        (Use.WEATHER, 10, 10),
        (Use.IRRIGATION, 5000, 5000),
    ],
)
def test_freshness_is_per_use_and_never_longer_than_declared(use: Use, declared: int, limit: int) -> None:
    desk = hears(replace(PH, max_age=declared * SECOND), 6.0)
    assert desk.good(after=limit * SECOND - MS, use=use).value == 6.0
    assert desk.why(after=limit * SECOND + MS, use=use) in (Absence.STALE, Absence.LOW_QUALITY)


def test_what_is_too_poor_for_one_use_serves_another() -> None:
    desk = hears(TWO, 6.0, None)
    assert desk.good(use=Use.IRRIGATION).quality == 0.5
    assert desk.why(use=Use.DOSING) is Absence.LOW_QUALITY
    assert {use for use in Use if LIMITS[use].quality} == {Use.DOSING, Use.IRRIGATION}


# ---------------------------------------------------------------- rate


def test_a_jump_spoils_the_value_until_it_has_been_quiet_for_one_max_age() -> None:
    desk = Desk(replace(PH, max_rate=0.5))
    desk.series([6.0, 6.01, 6.5])
    reading = desk.good()
    assert (reading.value, reading.quality, reading.weakest) == (6.5, 0.0, "rate")
    assert desk.why(use=Use.DOSING) is desk.why(use=Use.IRRIGATION) is Absence.LOW_QUALITY
    desk.series([6.5] * 5)
    assert desk.good().quality == 0.0  # ten seconds: just not over
    assert desk.good(after=1, use=Use.DOSING).quality == 1.0


@pytest.mark.parametrize(
    ("step", "every", "quality"), [(0.5, MINUTE, 1.0), (0.51, MINUTE, 0.0), (0.1, 12 * SECOND, 1.0)]
)
def test_a_change_on_the_limit_is_believed(step: float, every: Nanos, quality: float) -> None:
    for direction in (1, -1):
        desk = Desk(replace(PH, max_rate=0.5, max_age=2 * MINUTE))
        desk.series([6.0, 6.0 + direction * step], every)
        assert desk.good().quality == quality


def test_the_rounding_of_binary_fractions_is_no_jump() -> None:
    assert 5.9 - 5.8 > 0.1
    desk = Desk(replace(PH, max_rate=0.5, max_age=2 * MINUTE))
    desk.series([5.8, 5.9], 12 * SECOND)
    assert desk.good().quality == 1.0


def test_the_rate_is_in_the_unit_of_the_sensor() -> None:
    desk = Desk(replace(PH, scale=(0, 10, 14, 0), max_rate=0.5, max_age=2 * MINUTE))
    desk.series([5.0, 5.3], MINUTE)  # 0.42 pH down
    assert desk.good().quality == 1.0
    desk.series([5.7], MINUTE)  # 0.56 pH down
    assert desk.good().quality == 0.0


def test_what_the_declared_noise_explains_is_no_jump() -> None:
    trembling = [6.0, 6.03, 5.99, 6.02, 6.0, 6.03]
    for noise, quality in ((None, 0.0), (0.03, 1.0)):
        desk = Desk(replace(PH, max_rate=0.5, noise=noise))
        desk.series(trembling)
        assert desk.good().quality == quality


def test_two_sensors_judge_one_channel_each_by_its_own_limits() -> None:
    calm, wild = replace(PH, name="calm", max_rate=0.1), replace(PH, name="wild", max_rate=100.0)
    desk = Desk(calm)
    site = replace(desk.state.site, sensors={"calm": calm, "wild": wild})
    stored = Stored(journal_id="j", last_seq=0)
    desk.state = State.begin(site=site, schedules=(), stored=stored, boot_id="b", started=0)
    desk.state.phase = Phase.READY
    desk.stepper = Stepper(desk.state)
    desk.series([6.0, 6.5])
    assert desk.good().quality == 0.0
    desk.sensor = wild
    assert desk.good().quality == 1.0


# ---------------------------------------------------------------- noise


def test_noise_lowers_the_quality_by_how_much_there_is_too_much() -> None:
    for height, quality in ((0.01, 1.0), (0.02, 1.0), (0.04, 0.5), (0.08, 0.25)):
        desk = Desk(replace(PH, noise=0.02 / math.sqrt(2)))
        desk.series([6.0, 6.0 + height] * 200)
        reading = desk.good()
        assert reading.quality == pytest.approx(quality)
        assert reading.weakest == ("" if quality == 1 else "noise")


def test_a_slow_drift_and_one_step_are_no_noise() -> None:
    desk = Desk(replace(PH, noise=0.02))
    desk.series([5.0 + 0.002 * i for i in range(1000)])
    desk.series([6.5] * 50)
    assert desk.good().quality == 1.0


def test_what_happened_in_a_silence_is_no_noise() -> None:
    desk = Desk(replace(PH, noise=0.01))
    desk.series([6.0 + i % 2 for i in range(20)], 11 * SECOND)
    assert desk.good().quality == 1.0


def test_noise_is_not_judged_before_there_is_enough_of_it_and_is_forgotten_within_hours() -> None:
    desk = Desk(replace(PH, noise=0.01))
    desk.series([6.0 + i % 2 for i in range(NOISE_STEPS)])
    assert desk.good().quality == 1.0
    desk.series([6.0 + NOISE_STEPS % 2])
    assert desk.good().quality < 0.5
    desk.series([6.0] * (4 * 1800))
    assert desk.good().quality == 1.0


# ---------------------------------------------------------------- frozen


def test_a_value_that_never_moves_by_a_bit_is_frozen() -> None:
    desk = Desk(replace(PH, frozen_after=10 * MINUTE))
    desk.hear(6.0)
    desk.series([6.0] * 300)
    assert desk.good().quality == 1.0  # ten minutes, and not longer
    desk.series([6.0])
    assert desk.why() is Absence.FROZEN
    desk.series([6.001])
    assert desk.good().value == 6.001


def test_what_was_silent_may_come_back_with_the_same_value() -> None:
    desk = Desk(replace(PH, frozen_after=10 * MINUTE))
    desk.series([6.0] * 10)
    desk.hear(6.0, desk.now + 60 * MINUTE)
    assert desk.good().value == 6.0
    desk.series([6.0] * 301)
    assert desk.why() is Absence.FROZEN


def test_a_gap_of_no_numbers_does_not_thaw() -> None:
    desk = Desk(replace(PH, frozen_after=MINUTE))
    desk.series([6.0] * 25 + [math.nan] + [6.0] * 10)
    assert desk.why() is Absence.FROZEN


# ---------------------------------------------------------------- calibration


def calibrated(at: Nanos) -> Latch:
    return Latch(name="calibrated:ph", held=True, since=at, who="Ana", why="ph, 2 points", value=0.0)


@pytest.mark.parametrize(
    ("days", "quality"), [(0, 1.0), (30, 1.0), (36, 0.9), (45, 0.75), (60, 0.5), (400, 0.5), (-1, 1)]
)
def test_a_probe_that_was_not_calibrated_in_time_loses_half_its_word(days: int, quality: float) -> None:
    desk = hears(replace(PH, calibrate_every=30 * DAY), 6.0)
    wall = 20_000 * DAY
    assert desk.good(wall=wall).quality == 1.0  # nobody knows when it was
    desk.state.calibrations["ph"] = calibrated(wall - days * DAY)
    reading = desk.good(wall=wall)
    assert reading.quality == pytest.approx(quality)
    assert reading.weakest == ("" if quality == 1 else "calibration")
    assert desk.good(wall=wall, trust=Trust.UNTRUSTED).quality == 1.0


# ---------------------------------------------------------------- median of several


@pytest.mark.parametrize(
    ("values", "value", "quality"),
    [
        ((6.0, 6.2, 6.1), 6.1, 1.0),
        ((6.0, 6.1, 9.0), 6.05, 1.0),  # the odd one out is dropped
        ((1.0, 6.1, 6.0), 6.05, 1.0),
        ((6.0, 6.2, None), 6.1, 1.0),
        ((6.0, math.nan, 6.2), 6.1, 1.0),
        ((6.0, 6.2, 15.0), 6.1, 1.0),  # impossible: not a voice at all
        ((None, None, 6.0), 6.0, 0.5),  # nobody confirms it
        ((6.0, 6.3, 6.6), 6.3, 1.0),
        ((6.0, 6.25, 6.6), 6.125, 1.0),  # two of three agree
    ],
)
def test_a_median(values: tuple[float | None, ...], value: float, quality: float) -> None:
    reading = hears(THREE, *values).good()
    assert reading.value == pytest.approx(value)
    assert (reading.quality, reading.weakest) == (quality, "" if quality == 1 else "agreement")


@pytest.mark.parametrize("values", [(6.0, 6.31, None), (6.0, 7.0, 8.0), (6.0, None, 5.0)])
def test_nobody_is_believed_where_no_majority_agrees(values: tuple[float | None, ...]) -> None:
    assert hears(THREE, *values).why() is Absence.DISAGREES


def test_two_on_the_limit_agree() -> None:
    assert hears(replace(TWO, agree_within=0.25), 6.0, 6.25).good().value == 6.125
    assert hears(replace(TWO, agree_within=0.25), 6.0, 6.26).why() is Absence.DISAGREES


def test_a_mean_that_is_no_number_any_more_is_missing() -> None:
    assert hears(replace(TWO, low=None, high=None), 1.7e308, 1.7e308).why() is Absence.NOT_A_NUMBER


def test_without_a_limit_all_agree() -> None:
    assert hears(replace(THREE, agree_within=None), 5.0, 6.0, 9.0).good().value == 6.0
    assert hears(replace(TWO, agree_within=None), 5.0, 6.0).good().value == 5.5


def test_a_median_is_as_old_as_its_oldest_sample_and_names_them_all() -> None:
    desk = Desk(THREE)
    for channel, value in zip(THREE.channels, (6.2, 6.0, 6.1), strict=True):
        desk.hear(value, desk.now + SECOND, channel)
    reading = desk.good()
    assert (reading.at, reading.age) == (BASE + SECOND, 2 * SECOND)
    assert (reading.sample_id, set(reading.others)) == (3, {1, 2})
    # The third best would be at 0.5; the median lies between the better two.
    assert desk.good(after=8 * SECOND).quality == pytest.approx(0.6)
    assert desk.good(after=9 * SECOND).quality == pytest.approx(0.5)


def test_a_frozen_channel_has_no_voice() -> None:
    desk = Desk(replace(THREE, frozen_after=MINUTE))
    for i in range(40):
        desk.now += 2 * SECOND
        for channel, value in zip(THREE.channels, (6.0, 6.1 + i / 1000, 6.2 - i / 1000), strict=True):
            desk.hear(value, channel=channel)
    assert set(desk.good().others) | {desk.good().sample_id} == {119, 120}


def test_nothing_from_any_channel_says_why_of_the_youngest() -> None:
    desk = hears(TWO, None, math.nan)
    assert desk.why() is Absence.NOT_A_NUMBER
    assert Desk(TWO).why() is Absence.NEVER_READ


# ---------------------------------------------------------------- what holds always


SENSORS = st.builds(
    replace,
    st.sampled_from([PH, TWO, THREE, replace(THREE, agree_within=None, low=None, high=None)]),
    max_age=st.integers(1, 20).map(lambda n: n * SECOND),
    max_rate=st.none() | st.floats(0.01, 100),
    noise=st.none() | st.floats(0.001, 10),
    frozen_after=st.none() | st.integers(1, 60).map(lambda n: n * SECOND),
    calibrate_every=st.none() | st.just(30 * DAY),
    scale=st.none() | st.just((0.0, 10.0, 14.0, 0.0)),
)
HEARD = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5000), anything | st.floats(5, 8)), max_size=40)


@given(SENSORS, HEARD, st.integers(0, 30_000), st.sampled_from(Use))
def test_a_reading_is_a_fresh_number_in_range_with_a_quality(
    sensor: Sensor, heard: list[tuple[int, int, float]], after: int, use: Use
) -> None:
    desk = Desk(sensor)
    for channel, pause, value in heard:
        desk.hear(value, desk.now + pause * MS, sensor.channels[channel % len(sensor.channels)])
    desk.state.calibrations["ph"] = calibrated(desk.now - 40 * DAY)
    found = desk.read(after * MS, use)
    if isinstance(found, Missing):
        return
    assert math.isfinite(found.value)
    assert 0 <= found.age <= sensor.max_age
    assert found.at + found.age == desk.now + after * MS
    assert LIMITS[use].quality <= found.quality <= 1
    assert found.quality >= 0
    assert (found.weakest == "") == (found.quality == 1)
    assert sensor.low is None or sensor.low <= found.value
    assert sensor.high is None or found.value <= sensor.high


@given(SENSORS, st.lists(st.floats(5, 8), min_size=3, max_size=20), st.lists(st.integers(0, 30_000), min_size=2))
def test_waiting_makes_nothing_better(sensor: Sensor, values: list[float], ages: list[int]) -> None:
    desk = Desk(replace(sensor, max_rate=None, median_of=(), scale=None))
    desk.series(values, SECOND)
    found = [desk.read(age * MS) for age in sorted(ages)]
    qualities = [reading.quality if isinstance(reading, Reading) else -1.0 for reading in found]
    assert qualities == sorted(qualities, reverse=True)


@given(st.permutations([0, 1, 2]), st.floats(5, 8), st.floats(0, 0.29), anything)
def test_one_liar_of_three_moves_nothing_beyond_the_honest_two(
    order: list[int], honest: float, apart: float, lie: float
) -> None:
    said = [honest, honest + apart, lie]
    for sensor in (THREE, replace(THREE, agree_within=None)):
        assert honest <= hears(sensor, *[said[index] for index in order]).good().value <= honest + apart


@given(st.lists(anything, max_size=100))
def test_a_trace_stays_small_and_finite(values: list[float]) -> None:
    desk = Desk(replace(PH, noise=0.1, max_rate=0.5, frozen_after=MINUTE))
    desk.series(values)
    trace = desk.state.traces["a.ph"]["ph"]
    assert len(trace.recent) <= RECENT
    assert all(math.isfinite(sample.value) for sample in trace.recent)
    assert math.isfinite(trace.variance)
    assert [s.at for s in trace.window(desk.now - 8 * SECOND)] == [
        s.at for s in trace.recent if s.at >= desk.now - 8 * SECOND
    ]


def test_only_what_needs_a_past_has_one() -> None:
    assert Desk(PH).state.traces == {}
    assert Desk(replace(PH, calibrate_every=DAY)).state.traces == {}
    for asks in ({"max_rate": 1.0}, {"noise": 1.0}, {"frozen_after": MINUTE}):
        assert set(Desk(replace(PH, **asks)).state.traces) == {"a.ph"}
    assert set(Desk(TWO).state.traces) == {"a.ph", "b.ph"}
