"""`/events`: whoever was cut off goes on behind the last line they have, and is told when lines are missing."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from edgectl.api import events
from edgectl.api.events import RING, Happenings
from edgectl.api.house import Unavailable
from edgectl.api.stream import MOST_STREAMS, Streams
from edgectl.model.timeline import Entry


def entry(seq: int) -> Entry:
    return Entry(seq=seq, event_type="HOLD_SET", wall=seq, mono=seq, boot_id="b", zone=None, details={})


class Told:
    """A timeline of which the oldest lines may be gone, and a reader."""

    def __init__(self, last: int, first: int = 1) -> None:
        self.streams, self.first, self.asked = Streams(), first, list[int]()
        self.happenings = Happenings(self.streams, "thisone", last, lambda one: {"seq": one.seq}, self.older)

    async def older(self, after: int, limit: int) -> Sequence[Entry]:
        self.asked.append(after)
        begin = max(after + 1, self.first)
        return [entry(seq) for seq in range(begin, min(begin + limit, self.happenings.last + 1))]

    async def read(self, after: int | str, many: int) -> list[tuple[str, Any]]:
        """So many events of a stream: what kind, and what is in them."""
        found: list[tuple[str, Any]] = []
        pieces = self.happenings.follow(str(after), "guest")._pieces
        while len(found) < many:
            piece = await asyncio.wait_for(anext(pieces), 60)
            for one in piece.split("\n\n"):
                if not one.startswith("id: ") or len(found) == many:
                    continue
                lines = dict(line.split(": ", 1) for line in one.split("\n"))
                self.last_id = lines["id"]
                found.append((lines["event"], json.loads(lines["data"])))
        await pieces.aclose()  # type: ignore[attr-defined]
        return found


def seqs(found: list[tuple[str, Any]]) -> list[int]:
    return [data["seq"] for kind, data in found if kind == "entry"]


async def test_a_reader_goes_on_behind_the_line_that_it_has_across_ring_and_journal() -> None:
    house = Told(last=1000)
    house.happenings.publish([entry(seq) for seq in range(1001, 1001 + RING + 44)])
    found = await house.read(990, RING + 54)
    assert seqs(found) == list(range(991, 1045 + RING)), "each once, in order, none left out"
    assert house.asked[0] == 990
    fresh = Told(last=10)
    fresh.happenings.publish([entry(11), entry(12)])
    assert seqs(await fresh.read(10, 2)) == [11, 12]
    assert fresh.asked == [], "what is in the ring asks no disk"


async def test_a_line_is_written_once_however_many_follow_and_few_are_kept() -> None:
    house = Told(last=10)
    written = list[int]()
    house.happenings._view = lambda one: written.append(one.seq) or {"seq": one.seq}  # type: ignore[func-returns-value]
    house.happenings.publish([entry(seq) for seq in range(11, 31)])
    found = await asyncio.gather(*(house.read(10, 20) for _ in range(50)))
    assert all(seqs(one) == list(range(11, 31)) for one in found)
    assert written == list(range(11, 31))
    house.happenings.publish([entry(seq) for seq in range(31, 5 * RING + 1)])
    await house.read(30, 5 * RING - 30)
    assert len(house.happenings._written) <= RING


async def test_fifty_readers_are_told_one_after_the_other_and_of_a_whole_commit_at_once() -> None:
    house, told, begun, turns = Told(last=10), list[str](), 0, 0

    async def reader() -> None:
        nonlocal begun
        pieces = house.happenings.follow("10", "guest")._pieces
        await anext(pieces)  # the comment that it begins with
        begun += 1
        told.append(await anext(pieces))

    async def control() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    readers = [asyncio.ensure_future(reader()) for _ in range(50)]
    beside = asyncio.ensure_future(control())
    while begun < len(readers):  # noqa: ASYNC110 - an event would tell of one of them
        await asyncio.sleep(0)
    before = turns
    house.happenings.publish([entry(11), entry(12), entry(13)])
    await asyncio.wait_for(asyncio.gather(*readers), 20)
    beside.cancel()
    assert turns - before >= 50, "whatever was due had its turn between two of them"
    assert {piece.count("event: entry") for piece in told} == {3}


async def test_lines_that_are_kept_no_more_are_named_and_the_reader_goes_on() -> None:
    house = Told(last=500, first=400)
    found = await house.read(3, 102)
    assert found[0] == ("gap", {"from": 4, "to": 399})
    assert seqs(found) == list(range(400, 501))
    nothing = Told(last=500, first=501)
    assert await nothing.read(3, 1) == [("gap", {"from": 4, "to": 500})]


async def test_a_number_of_another_journal_is_told_and_begins_anew() -> None:
    house = Told(last=20)
    assert await house.read(10**18, 1) == [("restarted", {"last": 20})]
    house.happenings.publish([entry(21)])
    assert await house.read(20, 1) == [("entry", {"seq": 21})]


async def test_an_id_of_another_journal_begins_anew_also_when_this_one_has_outgrown_it() -> None:
    house = Told(last=500)
    assert seqs(await house.read("thisone.490", 1)) == [491]
    assert house.last_id == "thisone.491"
    assert await house.read("0ldj0urnal.490", 1) == [("restarted", {"last": 500})]
    assert house.last_id == "thisone.500", "and from then on it is followed like any other"
    assert seqs(await house.read("490", 1)) == [491], "a number that a person types is of the journal that is here"


@pytest.mark.parametrize(
    "nonsense",
    [
        "a.",
        ".5",
        "a.b.5",
        "A.5",
        "é.5",
        "a" * 41 + ".5",
        "a.-1",
        "",
        " ",
        "-1",
        "1.5",
        "0x10",
        "1e3",
        "٣",
        "1" * 20,
        "1;drop",
        "1\n2",
        "None",
        "NaN",
    ],
)
def test_a_last_event_id_that_is_no_number_gets_a_sentence(nonsense: str) -> None:
    with pytest.raises(Unavailable) as refused:
        Told(last=5).happenings.follow(nonsense, "guest")
    assert refused.value.http == 422
    assert "no number of a line" in refused.value.message


def test_a_crowd_of_streams_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS", 1)
    house = Told(last=5)
    with house.streams.admit("guest"), pytest.raises(Unavailable) as refused:
        house.happenings.follow("1", "guest")
    assert refused.value.http == 503
    assert MOST_STREAMS > 50
