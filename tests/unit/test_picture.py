"""The picture of a large house is drawn for one asker and shown to the next: orders do not wait for those who look."""

from typing import Any

import pytest

from edgectl.daemon.picture import SHARE, Picture
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
