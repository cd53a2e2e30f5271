"""Pieces of the page as they are drawn from the picture of a house: what is not seen is not said to be so."""

import asyncio
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.web import strip
from edgectl.api.web.draw import Drawing
from edgectl.api.web.words import Words
from edgectl.daemon import views
from edgectl.daemon.air_views import vents
from edgectl.daemon.looks import ahead
from edgectl.daemon.zone_views import shown
from edgectl.engine.air import Wanted
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules.drives import MOVE_REST, rests_until
from edgectl.model.air import Climate, Vent
from edgectl.model.time import SECOND, iso
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World

DRAWING = Drawing()
PERSON = SimpleNamespace(who="Ana", role="operator")


class House:
    """A picture that a daemon would give, of a simulated house. It begins at midnight, all is off."""

    def __init__(self) -> None:
        self.world = World(example_site(), example_schedules(), 1)
        self.world.run(20 * SECOND)

    def status(self) -> dict[str, Any]:
        status = views.status(self.world.state, self.world._clock())
        return status | {"buses": [], "centre": None, "ready": True, "not_ready_because": [], "missed": []}

    def drawn(self, piece: str, language: str = "en", **more: Any) -> str:
        """The text of a piece, as one reads it."""
        status = more.pop("status", None) or self.status()
        fields = {
            "status": status,
            "zone": status["zones"][0],
            "outputs": {row["output"]: row for row in status["outputs"]},
            "readings": {row["sensor"]: row for row in status["readings"]},
            "pasts": {name: {"lines": [], "span_s": 0} for name in status["zones"][0]["sensors"]},
            "missed": {"zone-1": None},
            "ended": {"zone-1": None},
            "person": PERSON,
            "may_run": True,
            **more,
        }
        html = asyncio.run(DRAWING.text(piece, Words(language, "Europe/Berlin"), **fields))
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def silent() -> House:
    """The board fell silent ten seconds ago."""
    house = House()
    house.world.hear_of("board", healthy=False)
    house.world.run(house.world.now + 10 * SECOND)
    return house


def test_the_outputs_of_a_board_that_is_silent_are_not_known(silent: House) -> None:
    for row in silent.status()["outputs"]:
        assert (row["on"], row["last_on"], row["silent"]) == (None, False, True)
    assert re.search(r"pump: not known, last seen off \d+ s ago", silent.drawn("_zone.html"))
    assert re.search(
        r"lamp: неизвестно, последний раз видели выключенным \d+ с назад", silent.drawn("_zone.html", "ru")
    )


def test_what_would_be_refused_there_is_not_offered(silent: House) -> None:
    hands = silent.drawn("_hands.html")
    assert re.search(r"pump not known, last seen off \d+ s ago off", hands), "it may always be switched off"
    assert "30 min on" not in hands
    assert "30 min on" in House().drawn("_hands.html")


def test_the_alarm_says_what_the_silence_means(silent: House) -> None:
    (alarm,) = [row for row in silent.status()["alarms"] if row["id"] == "device_silent:board"]
    assert "Until it answers nothing switches lamp, pump, valve on." in silent.drawn("_alarm.html", alarm=alarm)
    assert "ничто не включит lamp, pump, valve" in silent.drawn("_alarm.html", "ru", alarm=alarm)


def test_an_output_that_was_not_seen_for_long_is_not_known_either() -> None:
    house = House()
    now = house.world._clock()
    late = type(now)(mono=now.mono + 60 * SECOND, wall=now.wall + 60 * SECOND, trust=now.trust)
    assert {row["on"] for row in views.outputs(house.world.state, now)} == {False}
    assert {row["on"] for row in views.outputs(house.world.state, late)} == {None}


def test_a_silenced_alarm_is_named_and_asks_for_nothing(silent: House) -> None:
    status = silent.status()
    for row in status["alarms"]:
        row["shelved_until"], row["active"] = "2026-06-01T06:00:00Z", False
    needs = silent.drawn("_needs.html", status=status)
    assert "silent until" in needs
    assert "· over" in needs
    assert "I have seen it" not in needs


def test_under_a_stop_what_would_be_refused_is_not_offered_in_green() -> None:
    house = House()
    status = house.status()
    assert "is stopped" not in house.drawn("_hands.html", status=status)
    assert "nothing can be switched on" in house.drawn("_hands.html", status=status | {"stopped": True})
    dry = {"what": "stop_water", "zone": "", "who": "Ana", "why": "", "until": None, "since": status["now"]}
    assert "pumps and valves stay off" in house.drawn("_hands.html", status=status | {"restraints": [dry]})


ROOF = Vent(name="roof", opens="valve", closes="lamp", travel=60 * SECOND)


def resting(house: House, wanted: float, moved: int) -> tuple[Draft, Airing]:
    """A vent that is shut and was moved `moved` seconds ago."""
    draft = Draft(house.world.state, house.world._clock())
    drive = Drive(position=0.0, moved_at=draft.now.mono - moved * SECOND)
    return draft, Airing(wanted=Wanted(vent=wanted), drives={"roof": drive})


def test_a_vent_whose_motor_rests_says_until_when() -> None:
    house = House()
    draft, memory = resting(house, 0.25, 10)
    assert rests_until(draft, memory, ROOF) == draft.now.mono + MOVE_REST - 10 * SECOND
    assert rests_until(*resting(house, 0.0, 10), ROOF) is None, "it stands where it should"
    assert rests_until(*resting(house, 0.25, 301), ROOF) is None, "it has rested"
    zone = replace(house.world.state.site.zones["zone-1"], climate=Climate(temperature="level", vents=(ROOF,)))
    house.world.state.airing = {"zone-1": memory}
    (row,) = vents(Draft(house.world.state, house.world._clock()), zone)
    status = house.status()
    status["zones"][0]["vents"] = [row]
    assert re.search(
        r"roof shut its motor rests, then it goes to 25 %, at \d\d:\d\d:\d\d", house.drawn("_zone.html", status=status)
    )


def test_a_zone_whose_vent_moves_is_not_idle() -> None:
    house = House()
    status = house.status()
    assert "zone-1 idle" in house.drawn("_zone.html", status=status)
    vent = {"vent": "roof", "outputs": [], "open_pct": 10, "wanted_pct": 0, "why": None, "rests_until": None}
    status["zones"][0]["vents"] = [{**vent, "moves": "closing"}]
    assert "idle" not in house.drawn("_zone.html", status=status)


def test_the_card_of_a_zone_shows_what_decides_its_vents() -> None:
    climate = Climate(temperature="air", wind="wind", rain="rain")
    zone = replace(example_site().zones["zone-1"], climate=climate)
    assert shown(zone, ["a", "b", "c", "d", "e", "wind", "rain", "air"]) == ["a", "b", "c", "d", "air", "wind", "rain"]
    assert shown(example_site().zones["zone-1"], ["a", "b"]) == ["a", "b"]


def test_no_longer_time_is_offered_than_an_output_may_be_on() -> None:
    house = House()
    status = house.status()
    (pump,) = [row for row in status["outputs"] if row["output"] == "pump"]
    assert pump["max_on_s"] == 600
    pump["max_on_s"] = 30.0
    before, _, after = house.drawn("_hands.html", status=status).partition("pump off")
    assert "2 s 5 s 10 s 30 s on" in after
    assert before


def test_many_runs_are_counted_and_what_went_wrong_is_listed_the_newest_first() -> None:
    row: dict[str, Any] = {"at": "2026-06-01T04:00:00Z", "zone": "zone-1", "schedule": "morning", "task_id": None}
    row |= {"task_type": None, "how": "", "idle": False, "every_s": None, "code": None, "why": None, "who": None}
    rows = [{**row, "kind": "done", "folded": 1} for _ in range(31)]
    rows += [{**row, "kind": "failed", "at": f"2026-06-01T0{hour}:00:00Z", "folded": 1} for hour in (5, 6)]
    told = House().drawn("_rows.html", rows=rows)
    assert told.startswith("done: 31 failed: 2 Mon 08:00")
    assert "all 33 runs" in told


@pytest.mark.parametrize(("status", "said"), [("running", 1), ("completed", 0)])
def test_a_task_says_once_that_it_runs(status: str, said: int) -> None:
    task: dict[str, Any] = {"status": status, "due_at": "2026-06-01T06:00:00Z", "result": None, "started_in_time": True}
    task |= {"task_type": "irrigation", "zone": "zone-1", "schedule": None, "source": "cli", "task_id": "st-1"}
    task |= {"scheduled_for": "2026-06-01T05:00:00Z", "expires_at": "2026-06-01T07:00:00Z"}
    told = House().drawn("_task.html", task=task, may_run=False)
    assert told.count("running") == said
    assert "start by 08:00:00" in told


def test_from_probes_and_pumps_one_finds_the_way_back() -> None:
    person = SimpleNamespace(who="Ana", role=SimpleNamespace(value="operator"))
    word = SimpleNamespace(kind="good", word="Well", why="nothing needs you", code="", fields=None)
    drawn = House().drawn("calibrations.html", probes=[], pumps=[], person=person, word=word, path="/page/calibrate")
    assert "‹ zone-1" in drawn


def test_a_run_that_follows_its_last_one_stays_planned_after_its_time() -> None:
    noon = 1_780_000_000 * SECOND
    often = {"at": iso(noon), "at_wall": noon, "every_s": 60.0}
    assert ahead(often, noon - SECOND) == often
    assert ahead(often, noon + 61 * SECOND) == {**often, "at": iso(noon + 120 * SECOND), "at_wall": noon + 120 * SECOND}
    once = {**often, "every_s": None}
    assert ahead(once, noon + 61 * SECOND) == once


def test_a_run_has_one_name_whether_it_was_done_planned_or_left_out() -> None:
    instants = {"scheduled_for": "2026-06-01T06:00:00Z", "at": "2026-06-01T06:00:00Z"}
    run = {"zone": "zone-1", "schedule": "morning", "task_type": "irrigation", **instants}
    left = {**run, "reason_code": "hold", "why": "hold", "folded": 1}
    ran = {**run, "task_id": "st-1", "status": "completed", "result": None, "created_at": "", "updated_at": ""}
    plan = {**run, "verdict": "run", "reason_code": "due", "every_s": None}
    told = House().drawn("_rows.html", rows=strip.rows({"runs": [ran], "skipped": [left], "planned": [plan]}))
    assert told.count("irrigation · morning · zone-1") == 3
