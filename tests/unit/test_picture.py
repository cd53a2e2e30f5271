"""The picture of a large house is drawn for one asker and shown to the next: orders do not wait for those who look."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from edgectl.daemon.picture import AT_ONCE, SHARE, Picture, Sight
from edgectl.model.time import MS, SECOND, Nanos


class Drawn:
    """A house whose picture takes as long as one says."""

    def __init__(self, takes: Nanos) -> None:
        self.mono: Nanos = 100 * SECOND
        self.takes, self.times, self.seq = takes, 0, 1
        self.status = Picture(self.draw, lambda: self.seq, lambda: self.mono).now

    def draw(self) -> dict[str, Any]:
        self.mono += self.takes
        self.times += 1
        return {"number": self.times}


def test_who_asks_at_once_gets_the_same_picture_and_who_asks_later_a_new_one() -> None:
    house = Drawn(20 * MS)
    first = house.status()
    house.mono += 20 * MS * SHARE - 1
    assert house.status() is first
    house.mono += 1
    assert house.status()["number"] == 2


def test_what_has_happened_is_shown_to_the_very_next_asker() -> None:
    house = Drawn(20 * MS)
    house.status()
    house.seq += 1
    assert house.status()["number"] == 2


@pytest.mark.parametrize("takes", [MS, 40 * MS, 400 * MS])
def test_askers_cost_a_bounded_share_of_the_loop_and_no_picture_is_older_than_a_second(takes: Nanos) -> None:
    house = Drawn(takes)
    begin, drawn_at, oldest = house.mono, house.mono, 0
    while house.mono < begin + 20 * SECOND:
        before = house.times
        house.status()
        drawn_at = house.mono if house.times > before else drawn_at
        oldest = max(oldest, house.mono - drawn_at)
        house.mono += MS // 4
    assert oldest <= SECOND
    if takes * SHARE <= SECOND:
        assert house.times * takes <= (house.mono - begin) / (SHARE - 1)


class Seen:
    """A house of many sensors, of which each takes a while to be looked at."""

    def __init__(self, many: int, each: Nanos) -> None:
        self.mono: Nanos = 100 * SECOND
        self.each, self.pieces, self.about = each, list[int](), 0
        self.sight = Sight([f"s{n}" for n in range(many)], self.draw, lambda: self.about, lambda: self.mono)

    def draw(self, names: Sequence[str]) -> list[dict[str, Any]]:
        self.mono += self.each * len(names)
        self.pieces.append(len(names))
        return [{"sensor": name, "at": self.mono} for name in names]


def test_sensors_are_looked_at_piece_by_piece_once_for_all_who_ask() -> None:
    house = Seen(10 * AT_ONCE, MS // 20)

    async def crowd() -> None:
        await asyncio.gather(*(house.sight.prepare() for _ in range(50)))

    asyncio.run(crowd())
    assert house.pieces == [AT_ONCE] * 10, "no piece is larger, and nobody looked again"
    rows = house.sight.now()
    assert [row["sensor"] for row in rows] == [f"s{n}" for n in range(10 * AT_ONCE)]
    house.mono += 10 * AT_ONCE * house.each * SHARE
    asyncio.run(house.sight.prepare())
    assert len(house.pieces) == 20, "later it is looked anew"


def test_a_probe_that_is_taken_into_a_hand_is_shown_so_to_the_very_next_asker() -> None:
    house = Seen(2 * AT_ONCE, MS)
    first = house.sight.now()
    assert house.sight.now() is first
    house.about += 1
    assert house.sight.now() is not first


def test_what_the_sensors_show_is_never_older_than_a_second() -> None:
    house = Seen(100, 10 * MS)
    first = house.sight.now()
    house.mono += SECOND
    assert house.sight.now() is not first
