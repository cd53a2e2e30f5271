"""Pieces of the page as they are drawn from the picture of a house: what is not seen is not said to be so."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.web.draw import Drawing
from edgectl.api.web.words import Words
from edgectl.daemon import views
from edgectl.model.time import SECOND
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
