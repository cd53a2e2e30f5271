"""Who looks takes a share of the loop, none of it while an order is on its way, and comes to an end all the same."""

import asyncio
from collections.abc import Callable

import pytest

from edgectl.api import leisure as leisure_of
from edgectl.api.leisure import CALM_WITHIN, PIECE, SHARE, SPARED, Leisure
from edgectl.api.turns import Turns
from edgectl.model.time import MS, SECOND, Nanos


class Loop:
    """A loop whose clock goes on only while somebody sleeps or works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, busy: Callable[[Nanos], bool] = lambda _: False) -> None:
        self.now: Nanos = 0
        monkeypatch.setattr(leisure_of.asyncio, "sleep", self._sleep)
        self.leisure = Leisure(lambda: busy(self.now), lambda: self.now)

    async def _sleep(self, seconds: float) -> None:
        self.now += max(round(seconds * SECOND), 0)

    def look(self, pieces: int, each: Nanos = MS) -> Nanos:
        """How long it takes to look in so many pieces."""
        begin = self.now

        async def work() -> None:
            for _ in range(pieces):
                self.now += each
                await self.leisure.after(each)

        asyncio.run(work())
        return self.now - begin


def test_whoever_comes_alone_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Loop(monkeypatch).look(50) == 50 * MS


def test_a_crowd_has_its_share_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch)
    loop.look(SPARED // MS)
    assert loop.look(1000) == pytest.approx(1000 * MS / SHARE, rel=0.1)
    loop.now += 10 * SECOND
    assert loop.look(50) == 50 * MS, "what was not used is there for the next one"
    assert loop.look(1000) > 3 * SECOND, "and not more than that"


def test_a_piece_that_the_machine_held_up_is_not_charged_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Loop(monkeypatch).look(10, each=SECOND) == 10 * SECOND


def test_no_piece_begins_while_an_order_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    order = range(10 * MS, 25 * MS)
    loop = Loop(monkeypatch, lambda now: now in order)
    loop.look(10)
    assert loop.now == order.stop, "it has ended before the last piece: nothing was due while it looked"
    begun: list[Nanos] = []
    again = Loop(monkeypatch, lambda now: now in order)
    for _ in range(30):
        begun.append(again.now)
        again.look(1)
    assert not [at for at in begun if at in order]


def test_in_a_house_that_is_never_calm_a_look_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch, lambda _: True)
    assert loop.look(10) <= 10 * (MS + CALM_WITHIN + MS)


def test_what_is_no_piece_rests_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop(monkeypatch, lambda _: True)
    assert loop.look(4, each=PIECE // 5) == 4 * (PIECE // 5)
    assert loop.look(1, each=PIECE // 5) >= CALM_WITHIN, "many small ones are one"


async def asked(turns: Turns, asker: str, served: list[str]) -> None:
    async with turns.of(asker):
        await asyncio.sleep(0)
        served.append(asker)


async def test_whoever_asks_fiftyfold_waits_behind_themselves() -> None:
    turns, served = Turns(2), list[str]()
    crowd = [asyncio.ensure_future(asked(turns, "board", served)) for _ in range(50)]
    await asyncio.sleep(0)
    phone = asyncio.ensure_future(asked(turns, "phone", served))
    await phone
    assert len(served) < 8
    await asyncio.gather(*crowd)
    assert served.count("board") == 50
    await asyncio.wait_for(asked(turns, "phone", served), 60)


@pytest.mark.parametrize("called", [False, True], ids=["while it waits", "as it is called"])
async def test_whoever_hangs_up_takes_nobodys_place(called: bool) -> None:
    turns, served = Turns(1), list[str]()
    async with turns.of("first"):
        gone = asyncio.ensure_future(asked(turns, "gone", served))
        next_ = asyncio.ensure_future(asked(turns, "next", served))
        await asyncio.sleep(0)
        if not called:
            gone.cancel()
            await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(next_, 60)
    assert served == ["next"]
    await asyncio.wait_for(asked(turns, "again", served), 60)


def test_what_is_looked_at_in_pieces_is_all_of_it_and_is_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    two_hundred = Loop(monkeypatch).look(200)
    loop, seen = Loop(monkeypatch), list[int]()

    async def look() -> None:
        async for some in loop.leisure.pieces(range(1995), 10):
            assert len(some) <= 10
            loop.now += MS
            seen.extend(some)

    asyncio.run(look())
    assert seen == list(range(1995))
    assert loop.now == two_hundred > 200 * MS, "each piece, the last one too"
