"""A thumb that trembles asks for the same water once."""

from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.web import deeds
from edgectl.api.web.deeds import Deeds
from edgectl.model.time import SECOND


def asked(hands: Deeds, wish: str, who: str = "Ana", zone: str = "beds", seconds: str = "30") -> str:
    return hands._wish(who, zone, {"wish": wish, "seconds": seconds})


@pytest.mark.parametrize("planted", [False, True])
def test_a_double_tap_is_one_press_and_who_asks_again_later_gets_more(
    monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    now = 100 * SECOND
    if planted:
        monkeypatch.setattr(deeds, "DOUBLE_TAP", 0)
    nobody: Any = SimpleNamespace(mono=lambda: now)
    hands = Deeds(nobody, nobody, nobody)
    first = asked(hands, "a1")
    assert first == "a1"
    now += SECOND // 3
    assert (asked(hands, "b2") == first) is not planted
    assert asked(hands, "c3", who="Bo") == "c3"
    assert asked(hands, "d4", zone="roof") == "d4"
    assert asked(hands, "e5", seconds="60") == "e5"
    now += deeds.DOUBLE_TAP
    assert asked(hands, "f6") == "f6"
    assert len(hands._wishes) <= 4, "what is over is forgotten"
