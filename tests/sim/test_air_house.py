"""The air house in virtual time: kept within its set-points, shut in a storm, and honest about a heater that is out."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine import air
from edgectl.engine.rules import drives, guards, weather
from edgectl.model.channel import Sample
from edgectl.model.inputs import (
    Cancel,
    ManualOff,
    ManualOn,
    Mode,
    Restrain,
    Restraint,
    Samples,
    SetMode,
    StopAll,
    TaskRequest,
)
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.draughts import broken_air
from edgectl.simulate.estate import estate
from edgectl.simulate.field import Faults
from edgectl.simulate.invariants import broken
from edgectl.simulate.world import DAY, World
from tests.unit.site_files import EXAMPLES
from tests.unit.test_overrides import Heard

FILE = load(EXAMPLES / "climate.yaml")
HOUR: Nanos = 3600 * SECOND


def house(seed: int = 1, *, faults: Faults | None = None, crash: float = 0.0) -> World:
    return World(FILE.site, FILE.schedules, seed, ground=estate(FILE.site, Random(seed)), faults=faults, crash=crash)


def promises(world: World) -> list[str]:
    world.field.advance(world.now)
    return [
        *broken(world.site, world.journal, world.field.trace, world.report.ready_at),
        *broken_air(world.field.ground),
    ]


def temperature(world: World) -> float:
    world.field.advance(world.now)
    climate = world.field.ground.plant.climate
    assert climate is not None
    return climate.air.temperature


def vent(world: World) -> float:
    draughts = world.field.ground.draughts
    assert draughts is not None
    return draughts.positions["roof"]


def moved(world: World, name: str) -> int:
    return sum(move.on for move in world.field.trace if move.name == name)


def test_three_spring_days_stay_within_the_set_points_and_wear_no_motor() -> None:
    world = house()
    coldest, hottest = 99.0, -99.0
    for hour in range(1, 72):
        world.run(hour * HOUR)
        coldest, hottest = min(coldest, temperature(world)), max(hottest, temperature(world))
    assert promises(world) == []
    assert coldest > 12.5, "the set-point of the night is 15"
    assert hottest < 30, "ventilated above 24"
    assert not world.state.alarms, "a healthy run raises none"
    for name in ("fan_1", "heater_1"):
        assert moved(world, name) > 3
    assert moved(world, "roof_open") + moved(world, "roof_close") < 3 * 120
    drive = world.state.airing["house"].drives["roof"]
    assert drive.position == pytest.approx(vent(world), abs=0.02), "the clock knows where the vent is"


def test_fog_comes_in_short_pulses_and_never_into_damp_air() -> None:
    zone = FILE.site.zones["house"]
    assert zone.climate is not None
    dry = replace(FILE.site, zones={"house": replace(zone, climate=replace(zone.climate, driest=80.0))})
    world = World(dry, (), 1, ground=estate(dry, Random(1)))
    world.run(12 * HOUR)
    assert promises(world) == []
    assert moved(world, "fog_valve") > 20
    on = [move.at for move in world.field.trace if move.name == "fog_valve" and move.on]
    assert min(b - a for a, b in pairwise(on)) >= 90 * SECOND


def asked(world: World, kind: str, payload: dict[str, float], name: str) -> Task:
    wall = world.wall
    world.offer(
        TaskRequest(
            token=9,
            zone="house",
            task_type=kind,
            payload=payload,
            source="cli",
            correlation_id=name,
            scheduled_for=wall,
            due_at=wall + 60 * SECOND,
            expires_at=wall + 120 * SECOND,
        )
    )
    world.run(world.now + 400 * SECOND)
    return next(v for v in world.journal.values.values() if isinstance(v, Task) and v.correlation_id == name)


def test_airing_and_mist_by_order_end_by_the_clock_and_the_weather_has_its_say() -> None:
    world = house()
    world.run(60 * SECOND)
    aired = asked(world, "ventilation", {"duration_s": 300.0}, "air-the-house")
    assert aired.outcome is not None
    assert (aired.outcome.success, aired.outcome.reason_code) == (True, "ventilation_required")
    assert aired.outcome.commands_effect_confirmed == aired.outcome.commands_total == 2
    fogged = asked(world, "mist", {"duration_s": 5.0}, "a-little-mist")
    assert fogged.outcome is not None
    assert fogged.outcome.success
    assert fogged.outcome.effect_amounts["fog_valve_s"] == pytest.approx(5.0, abs=0.3)
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    world.run(world.now + 60 * SECOND)
    blown = asked(world, "ventilation", {}, "air-in-a-storm")
    assert blown.outcome is not None
    assert (blown.outcome.decision, blown.outcome.reason_code) == ("skip", "wind_blocked")
    assert promises(world) == []


def test_a_storm_shuts_the_vent_at_once_and_it_opens_ten_minutes_after() -> None:
    world = house()
    world.run(10 * HOUR)  # noon
    assert vent(world) > 0.3
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    world.run(world.now + 200 * SECOND)
    assert vent(world) == 0
    world.run(world.now + HOUR)
    assert vent(world) == 0
    world.field.ground.plant.mend(Fault.WIND_STORM, "", world.now)
    mended = world.now
    world.run(mended + 560 * SECOND)
    assert vent(world) == 0
    world.run(mended + 2 * HOUR)
    assert vent(world) > 0.2
    assert promises(world) == []


def test_a_heater_that_brings_no_warmth_calls_a_person() -> None:
    world = house()
    world.field.ground.plant.break_part(Fault.HEATER_COLD, "", 0)
    world.run(8 * HOUR)
    assert "heater_no_gain:house" in world.state.alarms
    assert promises(world) == []


@pytest.mark.parametrize("sensor", ["inside.temperature", "counter.frequency_1"])
def test_what_cannot_be_seen_is_not_acted_on(sensor: str) -> None:
    world = house()
    world.run(9 * HOUR)
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, sensor, world.now)
    world.run(world.now + 10 * 60 * SECOND)
    heats = moved(world, "heater_1")
    world.run(2 * DAY)
    assert any(name.startswith("climate_blind:") for name in world.state.alarms)
    if sensor == "inside.temperature":
        assert moved(world, "heater_1") == heats, "nobody heats without a thermometer"
    else:
        assert vent(world) <= 0.21, "without the wind a vent opens a little at most"
    assert promises(world) == []


def test_a_lock_and_manual_mode_keep_their_hands_off_the_air() -> None:
    world = house()
    world.run(HOUR)
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="house", why="roof"))
    world.run(world.now + 60 * SECOND)
    before = len(world.field.trace)
    world.run(world.now + 12 * HOUR)
    assert not any(move.on for move in world.field.trace[before:])
    assert not [entry for entry in world.journal.timeline if entry.event_type == "VETO"][:-1], "no flood of vetoes"
    world.offer(Restrain(token=2, what=Restraint.LOCK, on=False, who="Ana", zone="house"))
    world.offer(SetMode(token=3, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.run(world.now + 12 * HOUR)
    assert {move.name for move in world.field.trace[before:] if move.on} <= {"roof_close"}, "rain shuts the roof"


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("planted", [False, True])
def test_in_manual_mode_a_storm_shuts_the_vent_too(
    monkeypatch: pytest.MonkeyPatch, planted: bool, by_hand: bool
) -> None:
    """Whoever set the mode had gone home, and the roof stood open for as long as the storm lasted."""
    if planted and by_hand:
        monkeypatch.setattr(drives, "_by_another_hand", lambda draft, vent, drive: drive)
    elif planted:
        monkeypatch.setattr(drives, "move", lambda *rest, only_shuts=False: rest[-1])
    world = house()
    world.run(HOUR if by_hand else 10 * HOUR)
    world.offer(SetMode(token=1, zone="house", mode=Mode.MANUAL, who="Ana"))
    if by_hand:
        world.offer(ManualOn(token=2, actuator="roof_open", lease=60 * SECOND, who="Ana"))
    elif planted:
        world.field.ground.draughts.positions["roof"] = 0.5  # type: ignore[union-attr]
    world.run(world.now + 120 * SECOND)
    assert vent(world) > 0.3
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    world.run(world.now + 200 * SECOND)
    assert (vent(world) > 0.3) is planted
    opened = moved(world, "roof_open")
    world.field.ground.plant.mend(Fault.WIND_STORM, "", world.now)
    world.run(world.now + HOUR)
    assert moved(world, "roof_open") == opened, "nobody opens it again but a person"


@pytest.mark.parametrize("manual", [False, True])
@pytest.mark.parametrize("planted", [False, True])
def test_a_closing_that_a_hand_cut_short_is_not_taken_for_shut(
    monkeypatch: pytest.MonkeyPatch, planted: bool, manual: bool
) -> None:
    """The whole lease was counted: the roof stood open in the storm, and was believed to be shut."""
    if planted:
        monkeypatch.setattr(drives, "_cut_short", lambda draft, command: False)
    world = house()
    world.run(10 * HOUR)
    assert vent(world) > 0.3
    if manual:
        world.offer(SetMode(token=1, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    while not world.field.relays["roof_close"].on:
        world.run(world.now + SECOND)
    world.offer(ManualOff(token=2, actuator="roof_close", who="Ana"))
    world.run(world.now + 2 * SECOND)
    assert vent(world) > 0.3
    world.run(world.now + 400 * SECOND)
    assert (vent(world) > 0.3) is planted
    assert bool(promises(world)) is planted


@pytest.mark.parametrize("planted", [False, True])
def test_a_storm_shuts_at_once_what_a_hand_has_left_open(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    """The climate never wanted it open, so by what was wanted nothing had become urgent."""
    if planted:
        aims = drives._aims
        monkeypatch.setattr(drives, "_aims", lambda *rest: [replace(aim, most=1.0) for aim in aims(*rest)])
    zone = FILE.site.zones["house"]
    assert zone.climate is not None
    shut = replace(zone, climate=replace(zone.climate, vent=None, wettest=None))
    site = replace(FILE.site, zones={"house": shut})
    world = World(site, (), 1, ground=estate(site, Random(1)))
    world.run(HOUR)
    world.offer(ManualOn(token=1, actuator="roof_open", lease=60 * SECOND, who="Ana"))
    world.run(world.now + 65 * SECOND)
    assert vent(world) > 0.3
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    world.run(world.now + 200 * SECOND)
    assert (vent(world) > 0) is planted


@pytest.mark.parametrize("planted", [False, True])
def test_a_storm_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(weather, "turned", lambda draft, climate, memory: False)
    world = house()
    world.run(10 * HOUR)
    looked = world.state.airing["house"].looked_at
    while world.state.airing["house"].looked_at == looked:
        world.run(world.now + SECOND)
    assert vent(world) > 0.3
    world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
    before = moved(world, "roof_close")
    for _ in range(2):
        world.offer(Cancel(token=1, task_id="nobody's", who="Ana"))  # a turn, for whatever reason
        world.run(world.now + 2 * SECOND)
    assert (moved(world, "roof_close") > before) is not planted


def test_strong_wind_and_rain_do_not_wait_for_a_turn() -> None:
    world = house()
    world.run(10 * HOUR)
    assert world._stepper.idle
    zone = FILE.site.zones["house"]
    assert zone.climate is not None
    assert zone.climate.wind is not None
    sensor = FILE.site.sensors[zone.climate.wind]

    def waits(metres_per_second: float) -> bool:
        raw = next(value for value in range(100_000) if sensor.scaled(value) >= metres_per_second)
        sample = Sample(sample_id=1, channel=sensor.channel, value=raw, at=world.now)
        return world._stepper.may_wait(Samples(block=(sample,)))

    assert waits(2.0)
    assert not waits(air.LESS_WIND)


@pytest.mark.parametrize(("planted", "storm"), [(False, False), (False, True), (True, True)])
def test_no_hand_opens_a_vent_into_a_storm(monkeypatch: pytest.MonkeyPatch, planted: bool, storm: bool) -> None:
    if planted:
        monkeypatch.setattr(guards, "STARTING", tuple(row for row in guards.STARTING if row[0] != "weather"))
    world = house()
    world.people = heard = Heard(world)
    world.run(HOUR)
    if storm:
        world.field.ground.plant.break_part(Fault.WIND_STORM, "", world.now)
        world.run(world.now + 90 * SECOND)
    world.offer(ManualOn(token=1, actuator="roof_open", lease=60 * SECOND, who="Ana"))
    world.run(world.now + SECOND)
    answer = heard.answers[-1]
    assert answer.ok is (planted or not storm)
    if not answer.ok:
        assert "stays shut while the wind is too strong" in answer.body["why"]


@pytest.mark.parametrize("seed", range(3))
def test_rough_days_break_no_promise(seed: int) -> None:
    rough = Faults(lost_request=0.02, lost_reply=0.02, stuck_relay=0.01, bad_level=0.005)
    world = house(seed, faults=rough, crash=0.002)
    world.run(4 * DAY)
    assert promises(world) == []
    assert world.report.crashes > 3
    assert world.field.injected > 20


def test_a_house_that_is_stopped_in_winter_calls_before_it_freezes() -> None:
    world = house()
    plant = world.field.ground.plant
    plant.break_part(Fault.HEATER_COLD, "", 0)
    world.run(HOUR)
    assert plant.climate is not None
    world.offer(StopAll(token=1, who="Ana"))
    while "frost_risk:house" not in world.state.alarms:
        plant.climate.air = replace(plant.climate.air, temperature=2.0)
        world.run(world.now + 10 * SECOND)
        assert world.now < 2 * HOUR
    assert "release what holds the heating" in world.state.alarms["frost_risk:house"].advice


@pytest.mark.parametrize(("humidity", "alarm"), [(99.9, "biz_high_humidity:house"), (22.0, "biz_low_humidity:house")])
def test_air_that_stays_far_too_damp_or_dry_calls_a_person(humidity: float, alarm: str) -> None:
    world = house()
    world.run(HOUR)
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "inside.humidity", world.now, value=humidity)
    world.run(world.now + HOUR)
    assert alarm not in world.state.alarms
    world.run(world.now + 2 * HOUR)
    assert world.state.alarms[alarm].active


@pytest.mark.parametrize(("degrees", "alarm"), [(44.0, "biz_high_temp:house"), (6.0, "biz_low_temp:house")])
def test_air_that_stays_far_too_hot_or_cold_calls_a_person(degrees: float, alarm: str) -> None:
    world = house()
    world.run(HOUR)
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "inside.temperature", world.now, value=degrees)
    world.run(world.now + HOUR // 12)
    assert alarm not in world.state.alarms
    world.run(world.now + HOUR)
    assert world.state.alarms[alarm].active
