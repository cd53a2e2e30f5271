"""A thumb that trembles asks for the same water once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.access import Role
from edgectl.api.house import Unavailable
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


@pytest.mark.parametrize("deed", ["release", "unlock", "schedule_release", "override_end", "unshelve"])
@pytest.mark.parametrize("code", [None, "not_held", "storage_unavailable"])
def test_the_second_tap_on_what_ends_something_is_no_refusal(deed: str, code: str | None) -> None:
    """The first one has ended it: now it is as the person wants it. Any other refusal stays one."""
    said: list[str] = []

    async def order(*_: Any, **__: Any) -> dict[str, Any]:
        if code is not None:
            raise Unavailable(409, code, "there is nothing to release")
        return {}

    async def answer(_: Any, phrase: str) -> None:
        said.append(phrase)

    inside: Any = SimpleNamespace(
        house=SimpleNamespace(restrain=order, override=order, shelve=order), calendar=SimpleNamespace(release=order)
    )
    names = dict.fromkeys(("zone", "setting", "name", "alarm_id"), "x")
    request: Any = SimpleNamespace(path_params=names)
    person: Any = SimpleNamespace(who="Ana", role=Role.OPERATOR)
    pressed = getattr(Deeds(inside, inside, answer), deed)(request, person)  # type: ignore[arg-type]  # nothing is sent
    if code == "storage_unavailable":
        with pytest.raises(Unavailable):
            asyncio.run(pressed)
        return
    asyncio.run(pressed)
    assert ("it has ended before" in said[0]) == (code == "not_held")
