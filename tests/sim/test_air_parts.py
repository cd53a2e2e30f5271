"""Screens, mixing valves and gas in the air house: what they want, what they do, and what no hand may make them do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine.air import Seen, Wanted
from edgectl.engine.ramps import day_share, ramped
from edgectl.engine.rules import climate as climate_rule
from edgectl.engine.rules import gas, guards
from edgectl.engine.shade import DRAWN, FOLDED, GAP, with_shade
from edgectl.model.air import Climate, Gas, Screen, Vent
from edgectl.model.inputs import ManualOn, Mode, SetMode
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_air_house import FILE, HOUR, promises, temperature, vent
from tests.unit.site_files import EXAMPLES, changed, rejected
from tests.unit.test_overrides import Heard

SCREEN = Screen(
    drive=Vent(name="energy", opens="screen_open", closes="screen_close", travel=200 * SECOND),
    shade_above=600,
    cold_below=12,
)
MIXER = Vent(name="pipes", opens="mix_open", closes="mix_close", travel=120 * SECOND)
FEED = Gas(valve="gas", sensor="co2", target=900, most=1500)


def fitted() -> Site:
    """The air house with a screen, a mixing valve in the place of its heaters, and gas."""
    site, zone = FILE.site, FILE.site.zones["house"]
    assert zone.climate is not None
    climate = replace(zone.climate, heaters=(), screens=(SCREEN,), mixers=(MIXER,), gas=FEED, radiation="sun")
    more = {
        name: Actuator(name=name, channel=f"board.{name}", role=role, fail_safe=FailSafe.PULSE, max_on=300 * SECOND)
        for name, role in (
            ("screen_open", Role.SCREEN),
            ("screen_close", Role.SCREEN),
            ("mix_open", Role.MOTOR_VALVE),
            ("mix_close", Role.MOTOR_VALVE),
            ("gas", Role.CO2),
        )
    }
    sensors = {
        "sun": Sensor(name="sun", channel="counter.sun", unit="W/m2", max_age=60 * SECOND),
        "co2": Sensor(name="co2", channel="inside.co2", unit="ppm", max_age=60 * SECOND),
    }
    pairs = (frozenset({"screen_open", "screen_close"}), frozenset({"mix_open", "mix_close"}))
    return replace(
        site,
        sensors={**site.sensors, **sensors},
        actuators={**site.actuators, **more},
        zones={"house": replace(zone, climate=climate)},
        never_together=(*site.never_together, *pairs),
    )


def house(site: Site | None = None, *, until: Nanos = 300 * SECOND) -> World:
    site = site or fitted()
    world = World(site, (), 1, ground=estate(site, Random(1)))
    world.people = Heard(world)
    world.run(until)
    return world


def position(world: World, name: str) -> float:
    draughts = world.field.ground.draughts
    assert draughts is not None
    world.field.advance(world.now)
    return draughts.positions[name]


def break_it(world: World, fault: Fault, of: str = "", value: float | None = None) -> None:
    world.field.advance(world.now)
    world.field.ground.plant.break_part(fault, of, world.now, value=value)


# -- what they want


CLIMATE = Climate(
    temperature="t", heat=(18, 15), wettest=85, screens=(SCREEN,), mixers=(MIXER,), gas=FEED, radiation="sun"
)
DAY = Seen(temperature=20, humidity=70, outside=10, radiation=300, co2=500)


@pytest.mark.parametrize(
    ("night", "seen", "was", "folded"),
    [
        (False, DAY, FOLDED, FOLDED),
        (False, replace(DAY, radiation=650), FOLDED, DRAWN),
        (False, replace(DAY, radiation=550), FOLDED, FOLDED),
        (False, replace(DAY, radiation=550), DRAWN, DRAWN),  # a cloud folds nothing away
        (False, replace(DAY, radiation=450), DRAWN, FOLDED),
        (False, replace(DAY, radiation=None), DRAWN, FOLDED),  # plants want light
        (True, DAY, FOLDED, DRAWN),
        (True, replace(DAY, outside=12.5), FOLDED, FOLDED),
        (True, replace(DAY, outside=12.5), DRAWN, DRAWN),
        (True, replace(DAY, outside=None), DRAWN, FOLDED),
        (True, replace(DAY, humidity=90), DRAWN, GAP),
        (True, replace(DAY, temperature=40), DRAWN, FOLDED),
    ],
)
def test_a_screen_is_drawn_against_sun_and_cold(night: bool, seen: Seen, was: float, folded: float) -> None:
    after = with_shade(CLIMATE, seen, Wanted(), Wanted(screens=(was,)), night=night)
    assert after.screens == (folded,)


@pytest.mark.parametrize(
    ("at", "was", "share"),
    [(22.0, 0.0, 0.0), (18.0, 0.0, 0.5), (15.0, 0.0, 1.0), (18.2, 0.5, 0.5), (None, 0.8, 0.0), (38.5, 1.0, 0.0)],
)
def test_a_mixing_valve_follows_the_temperature(at: float | None, was: float, share: float) -> None:
    after = with_shade(CLIMATE, replace(DAY, temperature=at), Wanted(), Wanted(mix=was), night=False)
    assert after.mix == pytest.approx(share)


@pytest.mark.parametrize(
    ("night", "seen", "found", "before", "on"),
    [
        (False, DAY, Wanted(), Wanted(), True),
        (True, DAY, Wanted(), Wanted(), False),
        (False, replace(DAY, radiation=20), Wanted(), Wanted(), False),
        (False, replace(DAY, radiation=None), Wanted(), Wanted(), False),
        (False, replace(DAY, co2=None), Wanted(), Wanted(), False),
        (False, replace(DAY, temperature=None), Wanted(), Wanted(), False),
        (False, DAY, Wanted(vent=0.2), Wanted(), False),
        (False, DAY, Wanted(fans=1), Wanted(), False),
        (False, replace(DAY, co2=870), Wanted(), Wanted(), False),
        (False, replace(DAY, co2=870), Wanted(), Wanted(gas=True), True),
        (False, replace(DAY, co2=910), Wanted(), Wanted(gas=True), False),
    ],
)
def test_gas_is_given_by_day_into_a_shut_house(
    night: bool, seen: Seen, found: Wanted, before: Wanted, on: bool
) -> None:
    assert with_shade(CLIMATE, seen, found, before, night=night).gas is on


# -- what they do


def wasted(world: World) -> int:
    """How often gas was let out while the roof stood open, as the plant saw it."""
    return sum(opening > gas.SHUT + 0.02 for opening in openings(world))


def openings(world: World) -> list[float]:
    found: list[float] = []
    place, at, way = 0.3, 0, 0
    for move in sorted(world.field.trace, key=lambda one: one.at):
        place = min(1.0, max(0.0, place + way * (move.at - at) / (120 * SECOND)))
        at = move.at
        if move.name in ("roof_open", "roof_close"):
            way = (1 if move.name == "roof_open" else -1) if move.on else 0
        elif move.name == "gas" and move.on:
            found.append(place)
    return found


def test_three_days_with_a_screen_a_mixing_valve_and_gas() -> None:
    world = house()
    coldest, richest, drawn = 99.0, 0.0, set[bool]()
    for hour in range(1, 72):
        world.run(hour * HOUR)
        coldest = min(coldest, temperature(world))
        climate = world.field.ground.plant.climate
        assert climate is not None
        richest = max(richest, climate.air.co2_ppm)
        drawn.add(position(world, "energy") < 0.2)
    assert promises(world) == []
    assert not world.state.alarms, "a healthy run raises none"
    assert coldest > 12.5, "the set-point of the night is 15"
    assert 600 < richest < FEED.most
    assert drawn == {True, False}, "drawn by night, folded by day"
    assert len(openings(world)) > 20
    assert wasted(world) == 0
    for name in ("roof", "energy", "pipes"):
        assert world.state.airing["house"].drives[name].position == pytest.approx(position(world, name), abs=0.03)


def test_gas_into_an_open_house_is_caught_without_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(climate: Climate, seen: Seen, found: Wanted, before: Wanted, *, night: bool) -> Wanted:
        return replace(with_shade(climate, seen, found, before, night=night), gas=True)

    monkeypatch.setattr(climate_rule, "with_shade", careless)
    world = house(until=14 * HOUR)
    assert wasted(world) == 0, "the guard alone holds it"
    monkeypatch.setattr(gas, "veto", lambda draft, valve: None)
    assert wasted(house(until=14 * HOUR)) > 0


def by_hand(world: World, name: str, seconds: int) -> str:
    world.offer(ManualOn(token=1, actuator=name, lease=seconds * SECOND, who="Ana"))
    world.run(world.now + 2 * SECOND)
    assert isinstance(world.people, Heard)
    return str(world.people.answers[-1].body)


def in_hand(*, until: Nanos = 300 * SECOND) -> World:
    """Nobody but a person moves anything; the roof has been run home."""
    world = house(until=until)
    world.offer(SetMode(token=2, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.run(world.now + 150 * SECOND)
    return world


def _spoil(world: World) -> None:
    break_it(world, Fault.PROBE_DROPOUT, "inside.co2")


def _too_much(world: World) -> None:
    break_it(world, Fault.PROBE_STUCK, "inside.co2", 1700.0)


@pytest.mark.parametrize(("arrange", "words"), [(_spoil, "nobody knows how much gas"), (_too_much, "1500 is the most")])
@pytest.mark.parametrize("planted", [False, True])
def test_gas_by_hand_ends_when_its_probe_says_so(
    arrange: Callable[[World], None], words: str, planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if planted:
        for table in ("STARTING", "STAYING"):
            monkeypatch.setattr(guards, table, tuple(row for row in getattr(guards, table) if row[0] != "gas"))
    world = in_hand()
    assert "''" in by_hand(world, "gas", 280), "into a shut house it may"
    arrange(world)
    world.run(world.now + 150 * SECOND)
    assert world.field.relays["gas"].on is planted
    if not planted:
        told = [str(entry.details["why"]) for entry in world.journal.timeline if entry.event_type == "VETO"]
        assert words in told[-1]
        assert words in by_hand(world, "gas", 60)
        assert (arrange is _too_much) is ("co2_high:house" in world.state.alarms)


def test_gas_by_hand_waits_until_the_roof_is_known_to_be_shut() -> None:
    world = house(until=10 * SECOND)
    assert "nobody knows yet whether roof is shut" in by_hand(world, "gas", 10)
    break_it(world, Fault.HEAT_WAVE)
    world.run(14 * HOUR)
    assert vent(world) > 0.1
    assert "roof is open, and the gas would leave by it" in by_hand(world, "gas", 10)


def test_a_cold_house_opens_its_mixing_valve_and_a_heater_that_is_out_is_told() -> None:
    world = house()
    break_it(world, Fault.COLD_NIGHT)
    world.run(world.now + 3 * HOUR)
    assert position(world, "pipes") > 0.5
    assert "heater_no_gain:house" not in world.state.alarms
    break_it(world, Fault.HEATER_COLD)
    world.run(world.now + 3 * HOUR)
    assert "heater_no_gain:house" in world.state.alarms


# -- set-points that go up slowly


@pytest.mark.parametrize(
    ("minute", "heat"), [(300, 15.0), (360, 15.0), (375, 16.5), (390, 18.0), (1199, 18.0), (1215, 16.5), (1230, 15.0)]
)
def test_a_ramp_brings_the_night_to_the_day_and_back(minute: int, heat: float) -> None:
    slow = replace(CLIMATE, ramp=1800 * SECOND)
    assert ramped(slow, minute).heat == pytest.approx((heat, heat))
    assert ramped(CLIMATE, minute).heat == (18, 15), "without a ramp they leap"


def test_a_ramp_over_midnight() -> None:
    late = replace(CLIMATE, ramp=3600 * SECOND, day=(23 * 60, 11 * 60))
    assert [day_share(late, minute) for minute in (23 * 60, 23 * 60 + 30, 0, 30, 11 * 60, 11 * 60 + 30)] == [
        0.0,
        0.5,
        1.0,
        1.0,
        1.0,
        0.5,
    ]


def test_the_set_points_in_force_are_those_of_the_ramp() -> None:
    site = fitted()
    zone = site.zones["house"]
    assert zone.climate is not None
    slow = replace(zone, climate=replace(zone.climate, ramp=3600 * SECOND))
    leaps, ramps = house(site), house(replace(site, zones={"house": slow}))
    for world in (leaps, ramps):
        world.run(4 * HOUR + 10 * 60 * SECOND)  # ten past six there
    assert ramps.state.airing["house"].wanted.mix < leaps.state.airing["house"].wanted.mix


# -- in the site file

TEXT = (EXAMPLES / "climate.yaml").read_text()
MORE = """  screen_open:  {to: board2.relay_1, role: screen, max_on: 6m}
  screen_close: {to: board2.relay_2, role: screen, max_on: 6m}
  mix_open:     {to: board2.relay_3, role: motor_valve, max_on: 3m}
  mix_close:    {to: board2.relay_4, role: motor_valve, max_on: 3m}
  gas:          {to: board2.relay_5, role: co2, max_on: 1m}
"""
AIR = """      radiation: sun
      screens: {energy: {opens: screen_open, closes: screen_close, travel: 300s, shade_above: 600, cold_below: 8}}
      mixing: {pipes: {opens: mix_open, closes: mix_close, travel: 120s}}
      co2: {valve: gas, sensor: co2, target: 900, most: 1500}
"""
SENSORS = """  sun: {from: counter.frequency_3, unit: W/m2, scale: [0, 1, 0, 1], max_age: 60s, range: [0, 2000]}
  co2: {from: counter.frequency_4, unit: ppm, scale: [0, 1, 0, 1], max_age: 60s, range: [0, 5000]}
"""


def written(old: str = "", new: str = "") -> str:
    text = changed("actuators:\n", f"actuators:\n{MORE}", TEXT)
    text = changed("sensors:\n", f"sensors:\n{SENSORS}", text)
    text = changed("      rain: rain\n", f"      rain: rain\n{AIR}", text)
    board = "  board2: {bus: cabinet, profile: waveshare-relay-8ch, unit: 3}\n"
    text = changed("devices:\n", f"devices:\n{board}", text)
    text = changed("declare: [", "declare: [co2_detector, ", text)
    return changed(old, new, text) if old else text


def test_a_site_file_with_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(written())
    site = load(path).site
    climate = site.zones["house"].climate
    assert climate is not None
    assert climate.screens == (replace(SCREEN, drive=replace(SCREEN.drive, travel=300 * SECOND), cold_below=8),)
    assert (climate.mixers, climate.gas, climate.radiation) == ((MIXER,), FEED, "sun")
    assert frozenset({"mix_open", "mix_close"}) in site.never_together


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written(", shade_above: 600, cold_below: 8", ""), "is never drawn"),
        (written("      radiation: sun\n", ""), "means nothing without radiation"),
        (
            written("      rain: rain\n", "      rain: rain\n      ramp: 11h\n"),
            "longer than the shorter of day and night",
        ),
        (written("most: 1500", "most: 1000"), "1000 ppm is less than 200 above the target 900"),
        (
            written("valve: gas, sensor: co2", "valve: gas, sensor: sun"),
            "sun is measured in W/m2, and a target speaks ppm",
        ),
        (written("valve: gas", "valve: fog_valve"), "fog_valve has role fog, not co2"),
        (written("opens: mix_open", "opens: screen_open"), "screen_open has role screen, not motor_valve or motor"),
        (written("co2_detector, ", ""), "no wired room detector is declared"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    found = rejected(tmp_path, text)
    assert any(words in problem.what for problem in found), [problem.what for problem in found]
