"""Long answers: the same JSON as ever, written in pieces, and once for all who ask for the same."""

import asyncio
import json
from typing import Any

import pytest

from edgectl.api import rendering as rendering_of
from edgectl.api.rendering import AT_ONCE, Rendering

MANY = [{"sensor": f"s{n}", "value": n / 7, "age_s": None, "words": '°C "ü"'} for n in range(10 * AT_ONCE + 7)]
DEVICES = [{"bus": "a", "devices": [{"unit": n} for n in range(3 * AT_ONCE)]}, {"bus": "b", "devices": []}]


def text_of(data: Any, rendering: Rendering | None = None) -> bytes:
    return asyncio.run((rendering or Rendering()).text(data))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        [1, "a", None],
        {"a": [], "b": {"c": [1.5, True]}},
        MANY,
        {"readings": MANY, "buses": DEVICES},
        DEVICES,
    ],
    ids=["none", "list", "dict", "row", "small", "many", "status", "buses"],
)
def test_it_is_the_json_that_it_would_be_in_one_piece(data: Any) -> None:
    assert text_of(data) == json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def test_whatever_is_due_has_its_turn_between_two_pieces() -> None:
    async def race() -> int:
        turns = 0

        async def control() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.ensure_future(control())
        await Rendering().text({"readings": MANY})
        beside.cancel()
        return turns

    assert asyncio.run(race()) >= len(MANY) // AT_ONCE


def test_a_picture_that_is_drawn_anew_around_the_same_rows_writes_them_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the status of a large house: readings and buses stay for a while, the rest changes with every line."""
    rendering, written, plain = Rendering(), list[object](), rendering_of._plain

    def noted(value: object) -> bytes:
        written.append(value)
        return plain(value)

    monkeypatch.setattr(rendering_of, "_plain", noted)
    buses = [{"bus": f"b{n}", "devices": [dict(row) for row in MANY]} for n in range(6)]
    text_of({"readings": MANY, "buses": buses, "seq": 1}, rendering)
    first = len(written)
    assert b'"seq":2' in text_of({"readings": MANY, "buses": buses, "seq": 2}, rendering)
    assert len(written) - first <= 4, "the names of the fields, and what has changed"


def test_what_two_ask_for_in_one_moment_is_written_once_and_nothing_smaller_pushes_it_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rendering, pieces, plain = Rendering(), list[object](), rendering_of._plain
    monkeypatch.setattr(rendering_of, "_plain", lambda value: pieces.append(value) or plain(value))  # type: ignore[func-returns-value]

    async def asked(seq: int) -> bytes:
        zones = [{"zone": n, "words": "w" * 500} for n in range(60)]  # drawn anew with every line, and long too
        outputs = [{"output": n, "words": "w" * 500} for n in range(60)]
        return await rendering.text({"readings": MANY, "zones": zones, "outputs": outputs, "seq": seq})

    async def crowd() -> None:
        for seq in range(0, 20, 2):
            await asyncio.gather(asked(seq), asked(seq + 1))

    asyncio.run(crowd())
    assert len([piece for piece in pieces if piece == MANY[:AT_ONCE]]) == 1


def test_what_several_ask_for_is_written_once_and_nothing_else_is_taken_for_it() -> None:
    rendering = Rendering()
    first = text_of({"readings": MANY}, rendering)
    assert text_of(MANY, rendering) is text_of(MANY, rendering), "the rows were kept"
    other = [dict(row) for row in MANY]
    other[3]["value"] = -1
    assert b"-1" in text_of({"readings": other}, rendering)
    assert text_of({"readings": MANY}, rendering) == first
    for n in range(20):
        text_of([{**row, "n": n} for row in MANY], rendering)
    assert len(rendering._kept) <= 4, "bounded"
