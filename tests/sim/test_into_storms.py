"""A storm that breaks while a vent is being opened: the way is ended at once, and what is open is shut, whoever opened
it. And a storm is over when its lull has been seen to last, whatever died in between."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from edgectl.engine.air import LESS_OPEN
from edgectl.engine.airing import Airing
from edgectl.engine.draft import Draft
from edgectl.engine.rules import drives, guards, overrides, storms
from edgectl.model.air import HOME_MORE
from edgectl.model.inputs import ManualOn, Mode, SetMode, TaskRequest
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.draughts import SEEN_S
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_air_house import FILE, HOUR, moved, promises, vent
from tests.unit.test_overrides import Heard, order

TRAVEL: Nanos = 180 * SECOND
WIND = "counter.frequency_1"


def site_of(**changes: object) -> Site:
    """A roof that takes three minutes, in a house that wants no air by itself."""
    zone = FILE.site.zones["house"]
    assert zone.climate is not None
    roof = replace(zone.climate.vents[0], travel=TRAVEL)
    plain: dict[str, Any] = {"vents": (roof,), "vent": None, "wettest": None, **changes}
    return replace(FILE.site, zones={"house": replace(zone, climate=replace(zone.climate, **plain))})


def slow() -> World:
    """The same after its first minutes."""
    world = house(site_of())
    assert vent(world) == 0, "it has been run home"
    return world


def house(site: Site = FILE.site) -> World:
    world = World(site, (), 1, ground=estate(site, Random(1)))
    world.run(600 * SECOND)
    return world


def break_it(world: World, fault: Fault, of: str = "", value: float | None = None) -> None:
    world.field.advance(world.now)
    world.field.ground.plant.break_part(fault, of, world.now, value=value)


def mend(world: World, fault: Fault, of: str = "") -> None:
    world.field.advance(world.now)
    world.field.ground.plant.mend(fault, of, world.now)


def until(world: World, holds: Callable[[], bool], within: Nanos) -> Nanos:
    """How long it takes until something holds."""
    began = world.now
    while not holds():
        assert world.now - began < within, "it does not come to that"
        world.run(world.now + SECOND // 2)
    return world.now - began


def by_hand(world: World) -> None:
    world.offer(ManualOn(token=1, actuator="roof_open", lease=170 * SECOND, who="Ana"))


def by_hand_alone(world: World) -> None:
    world.offer(SetMode(token=2, zone="house", mode=Mode.MANUAL, who="Ana"))
    by_hand(world)


def by_overheat(world: World) -> None:
    break_it(world, Fault.PROBE_STUCK, "inside.temperature", 40.0)


def by_task(world: World) -> None:
    airs(world, 300)


def airs(world: World, seconds: float) -> None:
    wall = world.wall
    late = {"due_at": wall + 60 * SECOND, "expires_at": wall + 120 * SECOND}
    named = {"source": "cli", "correlation_id": f"airing-{wall}", "scheduled_for": wall}
    asked = {"zone": "house", "task_type": "ventilation", "payload": {"duration_s": seconds}}
    wish: dict[str, Any] = {**asked, **named, **late}
    world.offer(TaskRequest(token=9, **wish))


OPENERS = {"hand": by_hand, "manual mode": by_hand_alone, "overheat": by_overheat, "task": by_task}


def goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    staying = tuple(row for row in guards.STAYING if row[0] != "weather")
    monkeypatch.setattr(guards, "STAYING", staying)


def opening(opener: str) -> World:
    """A vent that has been on its way for some seconds."""
    world = slow()
    OPENERS[opener](world)
    world.run(world.now + SECOND)
    until(world, lambda: world.field.relays["roof_open"].on, 120 * SECOND)
    world.run(world.now + 20 * SECOND)
    assert world.field.relays["roof_open"].on
    return world


@pytest.mark.parametrize("opener", OPENERS)
def test_a_storm_ends_the_way_of_a_vent_that_is_being_opened(opener: str) -> None:
    world = opening(opener)
    stood = vent(world)
    break_it(world, Fault.WIND_STORM)
    assert until(world, lambda: not world.field.relays["roof_open"].on, 20 * SECOND) <= 4 * SECOND
    off = world.now
    until(world, lambda: world.field.relays["roof_close"].on, 20 * SECOND)
    assert world.now - off >= SECOND // 2, "a drive that is thrown into reverse breaks its gear"
    until(world, lambda: vent(world) == 0, HOUR)
    assert world.now - off < SEEN_S * SECOND + HOME_MORE * (stood + 0.05) * TRAVEL
    told = [e.details for e in world.journal.timeline if e.event_type == "VETO"]
    assert (told[0]["rule"], told[0]["actuator"]) == ("weather", "roof_open")
    assert "stays shut while the wind is too strong" in told[0]["why"]
    assert len(told) == 1, "no flood of vetoes"
    world.run(world.now + 10 * 60 * SECOND)
    assert world.state.airing["house"].drives["roof"].position == 0.0
    assert promises(world) == []


@pytest.mark.parametrize("opener", OPENERS)
def test_without_that_rule_it_goes_on_into_the_storm(opener: str, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on(monkeypatch)
    world = opening(opener)
    break_it(world, Fault.WIND_STORM)
    world.run(world.now + 400 * SECOND)
    assert any("was opened on for" in broken for broken in promises(world)), promises(world)


@pytest.mark.parametrize("planted", [False, True])
def test_a_vent_that_stands_wide_open_may_run_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """A tenth more than its whole way was more than the output may be on: each try was refused, all night."""
    if planted:
        monkeypatch.setattr(drives, "min", lambda home, way: way, raising=False)
    world = slow()
    world.offer(SetMode(token=2, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.offer(ManualOn(token=1, actuator="roof_open", lease=TRAVEL, who="Ana"))
    world.run(world.now + TRAVEL + 30 * SECOND)
    assert vent(world) > 0.95
    break_it(world, Fault.WIND_STORM)
    world.run(world.now + 2 * TRAVEL)
    assert (vent(world) > 0.95) is planted


@pytest.mark.parametrize("after", [0, 1, 3, 20])
def test_a_power_cut_while_it_is_ended_leaves_no_vent_open(after: int) -> None:
    world = opening("hand")
    break_it(world, Fault.WIND_STORM)
    world.run(world.now + after * SECOND)
    world._die()
    world._begin()
    began, opened = world.now, moved(world, "roof_open")
    until(world, lambda: vent(world) == 0, HOUR)
    assert world.now - began < (SEEN_S + 10) * SECOND + HOME_MORE * 0.4 * TRAVEL
    world.run(world.now + HOUR)
    assert moved(world, "roof_open") == opened
    assert promises(world) == []


def test_strong_wind_ends_a_way_that_would_go_too_far_and_leaves_a_quarter_open() -> None:
    world = opening("overheat")
    break_it(world, Fault.PROBE_STUCK, WIND, 9.0)
    assert until(world, lambda: not world.field.relays["roof_open"].on, 20 * SECOND) <= 4 * SECOND
    world.run(world.now + 20 * 60 * SECOND)
    assert vent(world) == pytest.approx(LESS_OPEN, abs=0.06)


@pytest.mark.parametrize(("opener", "ends"), [("overheat", True), ("hand", False)])
def test_wind_that_can_no_longer_be_seen_ends_what_the_climate_opens_and_no_hand(opener: str, ends: bool) -> None:
    """Whoever opens by hand may look out of the door."""
    world = opening(opener)
    break_it(world, Fault.PROBE_DROPOUT, WIND)
    world.run(world.now + 60 * SECOND)
    assert world.field.relays["roof_open"].on is not ends
    world.run(world.now + 20 * 60 * SECOND)
    assert vent(world) < 0.25


# -- how long a storm lasts


def stormy() -> World:
    world = house()
    world.run(10 * HOUR)  # noon
    break_it(world, Fault.WIND_STORM)
    world.run(world.now + 300 * SECOND)
    assert vent(world) == 0
    return world


@pytest.mark.parametrize("planted", [False, True])
def test_a_restart_in_the_lull_opens_no_vent_before_it_has_lasted(planted: bool) -> None:
    world = stormy()
    mend(world, Fault.WIND_STORM)
    world.run(world.now + 20 * SECOND)
    opened = moved(world, "roof_open")
    if planted:
        del world.journal.values["Latch", "storm:house"]
    world._begin()
    world.run(world.now + 570 * SECOND)
    assert (moved(world, "roof_open") > opened) is planted
    world.run(world.now + HOUR)
    assert moved(world, "roof_open") > opened
    assert "storm:house" not in world.state.held


@pytest.mark.parametrize("planted", [False, True])
def test_a_storm_whose_wind_falls_silent_is_not_over(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(storms, "UNSEEN", 0)
    world = stormy()
    break_it(world, Fault.PROBE_DROPOUT, WIND)
    world.run(world.now + HOUR)
    assert (vent(world) > 0) is planted
    world.run(world.now + HOUR // 2)
    assert 0 < vent(world) <= 0.21, "but not for ever: a shut house cooks its plants"


def begins_anew(draft: Draft, zone: str) -> None:
    draft.airing = {**draft.airing, zone: replace(draft.airing.get(zone, Airing()), looked_at=0)}


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize(("silent", "passed", "left"), [(False, 9, 5), (True, 50, 25)], ids=["lull", "unseen wind"])
def test_a_persons_setting_begins_no_storm_anew(
    monkeypatch: pytest.MonkeyPatch, planted: bool, silent: bool, passed: int, left: int
) -> None:
    """Each press for more air shut the house for another ten minutes, and under a silent anemometer for an hour."""
    if planted:
        monkeypatch.setattr(overrides, "_look_anew", begins_anew)
    world = stormy()
    world.people = Heard(world)
    if silent:
        break_it(world, Fault.PROBE_DROPOUT, WIND)
    else:
        mend(world, Fault.WIND_STORM)
    world.run(world.now + passed * 60 * SECOND)
    assert order(world, value=50.0).ok
    assert vent(world) == 0, "a hand does not stand above the storm"
    world.run(world.now + left * 60 * SECOND)
    assert (vent(world) == 0) is planted
