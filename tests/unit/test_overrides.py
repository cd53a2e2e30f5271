"""Another value for a while: what it changes, what stands above it, and that it always ends."""

import asyncio
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.config.loader import load
from edgectl.daemon import views
from edgectl.daemon.air_views import CHOICES_PCT
from edgectl.daemon.looks import DaemonLooks
from edgectl.engine.air import by_hand
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules import climate, drives, overrides
from edgectl.model.air import Vent
from edgectl.model.hands import Override
from edgectl.model.inputs import Answer, Mode, SetMode
from edgectl.model.time import SECOND, Nanos, iso
from edgectl.simulate.estate import estate
from edgectl.simulate.people import People
from edgectl.simulate.world import World
from tests.unit.site_files import EXAMPLES
from tests.unit.test_air import CALM, HOUSE, want

FILE = load(EXAMPLES / "climate.yaml")
HOUR: Nanos = 3600 * SECOND


class Heard(People):
    """Nobody does anything; what the controller answers is kept."""

    def __init__(self, world: World) -> None:
        super().__init__(world, Random(1))
        self.next_at = 1 << 62
        self.answers: list[Answer] = []

    def hear(self, answer: Answer) -> None:
        self.answers.append(answer)


def house() -> World:
    world = World(FILE.site, (), 1, ground=estate(FILE.site, Random(1)))
    world.people = Heard(world)
    world.run(60 * SECOND)
    return world


def order(world: World, setting: str = "vent", value: float | None = 40.0, **more: Any) -> Answer:
    asked: dict[str, Any] = {"token": 1, "zone": "house", "lasts": HOUR, "who": "Ana", "why": "smoke", **more}
    world.offer(Override(setting=setting, value=value, **asked))
    world.run(world.now + SECOND)
    assert isinstance(world.people, Heard)
    return world.people.answers[-1]


def said(world: World, event: str) -> list[dict[str, Any]]:
    return [dict(entry.details) for entry in world.journal.timeline if entry.event_type == event]


def opening(world: World) -> float:
    world.field.advance(world.now)
    assert world.field.ground.draughts is not None
    return world.field.ground.draughts.positions["roof"]


def test_the_vents_go_where_a_person_wants_them_and_come_back_by_themselves() -> None:
    world = house()
    world.run(20 * 60 * SECOND)
    assert opening(world) < 0.25
    assert order(world, value=70.0).ok
    world.run(world.now + 40 * 60 * SECOND)
    assert opening(world) == pytest.approx(0.7, abs=0.1)
    world.run(world.now + HOUR)
    assert opening(world) < 0.25
    assert [(e["before"], e["after"], e["who"]) for e in said(world, "OVERRIDE_SET")] == [(None, 70.0, "Ana")]
    assert [(e["before"], e["why"]) for e in said(world, "OVERRIDE_ENDED")] == [(70.0, "its time is over")]


@pytest.mark.parametrize("planted", [False, True])
def test_in_manual_mode_they_go_where_a_person_wants_them_too_and_stay_there_afterwards(
    monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """It was said to hold while nothing moved: in manual mode people alone decide, and this is what one has decided."""
    world = house()
    world.offer(SetMode(token=1, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.run(20 * 60 * SECOND)
    if planted:
        monkeypatch.setattr(climate, "in_force", lambda draft, zone, setting: None)
    assert order(world, value=70.0).ok
    world.run(world.now + 40 * 60 * SECOND)
    assert (opening(world) == pytest.approx(0.7, abs=0.1)) is not planted
    there = opening(world)
    world.run(world.now + HOUR)
    assert said(world, "OVERRIDE_ENDED")
    assert opening(world) == pytest.approx(there, abs=0.02), "nobody has asked for anything else"


@pytest.mark.parametrize("planted", [False, True])
def test_what_was_wanted_is_thought_over_in_the_same_turn(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    """Half a minute after the button the page still said where the vents had been wanted before."""
    if planted:
        monkeypatch.setattr(overrides, "_look_anew", lambda draft, zone: None)
    world = house()
    while world.now - world.state.airing["house"].looked_at > 5 * SECOND:
        world.run(world.now + SECOND)
    assert order(world, value=70.0).ok
    assert (world.state.airing["house"].wanted.vent == 0.7) is not planted
    assert order(world, value=None).ok
    assert world.state.airing["house"].wanted.vent < 0.7


@pytest.mark.parametrize(("runs_before", "value"), [(20 * 60, 70.0), (20 * 60, 25.0), (22, 50.0)])
def test_who_sets_the_vents_hears_by_when_they_are_there(runs_before: int, value: float) -> None:
    world = house()
    world.run(runs_before * SECOND)
    begun, there = world.now, order(world, value=value, lasts=2 * HOUR).body["there_s"]
    while abs(opening(world) - value / 100) > 0.06:
        world.run(world.now + 5 * SECOND)
        assert world.now < begun + HOUR
    late = (world.now - begun) / SECOND - there
    assert -10 <= late <= 4 * 30, "the house looks at its air every half a minute, before each way"
    assert order(world, value=value).body["before"]["who"] == "Ana"


def test_how_long_vents_take_is_asked_by_the_form_and_by_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six places, up to twelve ways to each, for each vent: the loop that drives the house waits meanwhile."""
    world, asked = house(), list[float]()
    there_at = drives.there_at

    def counted(draft: Draft, memory: Airing, vent: Vent, opening: float) -> Nanos:
        asked.append(opening)
        return there_at(draft, memory, vent, opening)

    monkeypatch.setattr(drives, "there_at", counted)
    assert any(zone["vents"] for zone in views.status(world.state, world._clock())["zones"])
    assert asked == []
    draft = Draft(world.state, world._clock())
    fastest = {pct: drives.there_s(draft, world.state.site.zones["house"], pct) for pct in CHOICES_PCT}
    nothing: Any = None
    knows: Any = SimpleNamespace(stepper=world)
    looks = DaemonLooks(knows, nothing, SimpleNamespace(now=world._clock), nothing, nothing)
    asked.clear()
    assert asyncio.run(looks.vents_reach("house")) == fastest
    assert len(set(fastest.values())) > 3
    air = world.state.site.zones["house"].climate
    assert air is not None
    assert len(asked) == len(CHOICES_PCT) * len(air.vents)


def test_a_motor_that_overshoots_is_not_looked_ahead_for_ever() -> None:
    world = house()
    climate = world.state.site.zones["house"].climate
    assert climate is not None
    quick = replace(climate.vents[0], travel=2 * SECOND)
    memory = Airing(drives={quick.name: Drive(position=0.0)})
    draft = Draft(world.state, world._clock())
    assert drives.there_at(draft, memory, quick, 0.3) < draft.now.mono + HOUR * 2


def test_no_restart_prolongs_it() -> None:
    world = house()
    assert order(world).ok
    for _ in range(5):
        world.run(world.now + 15 * 60 * SECOND)
        world._begin()
    world.run(world.now + 60 * SECOND)
    assert len(said(world, "OVERRIDE_ENDED")) == 1
    assert "override:house:vent" not in world.state.latches


def test_it_is_over_after_a_restart_of_the_machine_whose_clock_cannot_be_believed() -> None:
    world = house()
    assert order(world).ok
    latch = world.state.latches["override:house:vent"]
    assert not latch.over(world._clock(), "another boot"), "both clocks could be believed"
    assert replace(latch, synced=False).over(world._clock(), "another boot")


@pytest.mark.parametrize("step", [2 * HOUR, -HOUR])
def test_a_clock_that_is_set_moves_neither_its_end_nor_what_is_told_of_it(step: Nanos) -> None:
    world = house()
    assert order(world).ok
    now = world._clock()
    latch, stepped = world.state.latches["override:house:vent"], replace(now, wall=now.wall + step)
    assert latch.until is not None
    shown = [row["until"] for row in views.restraints(Draft(world.state, stepped))]
    assert shown == [iso(latch.until + step)], "as far away as before"
    assert latch.ends_at(stepped, "another boot") == latch.until


def test_without_the_rule_it_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overrides, "expire", lambda draft, latch: None)
    world = house()
    assert order(world).ok
    world.run(world.now + 26 * HOUR)
    assert not said(world, "OVERRIDE_ENDED")


def test_a_person_takes_it_back() -> None:
    world = house()
    assert order(world).ok
    assert order(world, value=None).ok
    assert [e["why"] for e in said(world, "OVERRIDE_ENDED")] == ["taken back by Ana"]
    assert order(world, value=None).code == "not_held"


def test_it_is_kept_warmer_but_never_so_warm_that_the_vents_open() -> None:
    world = house()
    assert order(world, "heat", 30.0).ok
    climate = FILE.site.zones["house"].climate
    assert climate is not None
    found = overrides.overridden(Draft(world.state, world._clock()), "house", climate)
    assert found.heat == (20.0, 20.0), "a degree below the vents of the night"


# what is asked, the code of the refusal, words of the sentence
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"zone": "attic"}, "unknown_zone", "there are: house"),
    ({"setting": "lamp"}, "unknown_setting", "it can be set: heat, vent"),
    ({"value": 140.0}, "value_out_of_range", "from 0 to 100 %"),
    ({"setting": "dosing"}, "unknown_setting", "it can be set: heat, vent"),
    ({"setting": "heat", "value": 45.0}, "value_out_of_range", "from 2 to 30"),
    ({"lasts": 0}, "override_needs_an_end", "at most 24 h"),
    ({"lasts": 25 * HOUR}, "override_needs_an_end", "at most 24 h"),
]


@pytest.mark.parametrize(("asked", "code", "words"), REFUSED)
def test_what_cannot_be_set_is_refused_with_a_sentence(asked: dict[str, Any], code: str, words: str) -> None:
    world = house()
    answer = order(world, **asked)
    assert (answer.ok, str(answer.code)) == (False, code)
    assert words in answer.body["why"]
    assert not said(world, "OVERRIDE_SET")


def test_a_zone_without_vents_has_none_to_set() -> None:
    world = house()
    zone = FILE.site.zones["house"]
    world.state.site = replace(FILE.site, zones={"house": replace(zone, climate=None)})
    assert order(world).code == "unknown_setting"


# what is seen, stormy, how far the vent may be open at 80 % by hand
ABOVE = {
    "calm": (CALM, False, 0.8),
    "wind": (replace(CALM, wind=9), False, 0.25),
    "storm": (replace(CALM, wind=13), False, 0.0),
    "after a storm": (CALM, True, 0.0),
    "rain": (replace(CALM, rain=1), False, 0.1),
    "nobody sees the wind": (replace(CALM, wind=None), False, 0.2),
}


@pytest.mark.parametrize("case", ABOVE)
def test_wind_and_rain_stand_above_a_hand(case: str) -> None:
    seen, stormy, most = ABOVE[case]
    found = by_hand(HOUSE, seen, want(seen, stormy=stormy), 0.8, stormy=stormy)
    assert found.vent == most


def test_overheat_opens_what_a_hand_has_shut() -> None:
    hot = replace(CALM, temperature=39)
    assert by_hand(HOUSE, hot, want(hot), 0.0, stormy=False).vent == 1.0
