"""Whoever is let in waits for the line of it, and whoever is put out does not: over the real loop and a slow disk."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edgectl.api import giving
from edgectl.api.access import Role
from edgectl.api.giving import Access, Change
from edgectl.api.house import Unavailable
from edgectl.api.pairing import Pairings
from edgectl.api.tokens import TokenBook
from edgectl.daemon.control import Control, Refused
from edgectl.engine import turn
from tests.unit.test_control import Disk, Hand, control_of, turns

Plant = Callable[[pytest.MonkeyPatch], None]
FEW = 30  # turns of the loop, in which everything that may happen has happened


class Gate:
    """A house that lets people in: a loop that turns, a disk that writes when it is told to, and a book."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk, clock = Disk(), Hand()
        self.control: Control = control_of(clock, self.disk, lambda _: None)
        self.book = TokenBook(folder / "tokens.json", lambda: clock.mono)
        self.pairings = Pairings(lambda: clock.mono)
        self.access = Access(self.book, self.pairings, lambda make: self._note(make))
        self._loop: asyncio.Task[None] | None = None

    async def _note(self, make: Change) -> None:
        """As the house does it."""
        try:
            await self.control.ask(make)
        except Refused as full:
            raise Unavailable(503, full.code, "no room") from full

    def turn(self) -> None:
        """It turns from now on."""
        self._loop = asyncio.create_task(self.control.run())

    @property
    def lines(self) -> list[tuple[str, Any]]:
        """What the timeline tells of access."""
        found = self.disk.journal.timeline
        return [(one.event_type, one.details["name"]) for one in found if one.event_type.startswith("ACCESS_")]

    def known(self, secret: str) -> bool:
        return self.book.known(secret, "token") is not None


@pytest.fixture
def house(tmp_path: Path) -> Gate:
    (tmp_path / "state").mkdir()
    return Gate(tmp_path / "state")


async def given(house: Gate) -> str:
    """A token that is given, its line written."""
    house.disk.gate.set()
    house.turn()
    return (await house.access.give("grafana", Role.VIEWER, "Ana"))[1]


def full(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(turn, "INBOX_BOUND", 0)


async def test_nobody_is_let_in_before_the_line_of_it_is_on_the_disk(house: Gate) -> None:
    house.turn()
    giving_ = asyncio.create_task(house.access.give("grafana", Role.VIEWER, "Ana"))
    await turns(FEW)
    assert (house.disk.flying, giving_.done()) == (1, False)
    assert house.book.listed() == (), "were the power to die now, nobody could come in"
    house.disk.gate.set()
    token, secret = await giving_
    assert house.known(secret)
    assert (house.book.listed(), house.lines) == ((token,), [("ACCESS_GIVEN", "grafana")])


async def test_whoever_is_put_out_is_out_before_the_line_of_it_is_on_the_disk(house: Gate) -> None:
    secret = await given(house)
    house.disk.gate.clear()
    taking = asyncio.create_task(house.access.take(house.book.listed()[0].token_id, "Ana"))
    await turns(FEW)
    assert (taking.done(), house.known(secret)) == (False, False)
    assert TokenBook(house.folder / "tokens.json", lambda: 0).listed() == (), "and after a start too"
    house.disk.gate.set()
    assert (await taking).name == "grafana"
    assert house.lines[1:] == [("ACCESS_TAKEN", "grafana")]


async def test_where_the_inbox_is_full_nobody_is_let_in_and_no_code_is_lost(
    house: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.disk.gate.set()
    house.turn()
    code = (await house.access.offer("phone", Role.OPERATOR, "Ana")).code
    with monkeypatch.context() as patch:
        full(patch)
        wishes: list[Awaitable[object]] = [
            house.access.give("grafana", Role.VIEWER, "Ana"),
            house.access.offer("tablet", Role.VIEWER, "Ana"),
            house.access.enter(code),
        ]
        for wish in wishes:
            with pytest.raises(Unavailable, check=lambda no: no.code == "busy"):
                await wish
    assert house.book.listed() == ()
    entered = await house.access.enter(code)
    assert entered is not None
    assert house.book.known(entered[1], "page") == entered[0]
    assert await house.access.enter(code) is None, "once"
    assert house.lines == [("ACCESS_OFFERED", "phone"), ("ACCESS_GIVEN", "phone")]


async def test_a_code_that_is_entered_twice_while_the_disk_is_slow_lets_in_once(house: Gate) -> None:
    """A second tap: the browser drops the first answer, and with it the only cookie of a code that is used up."""
    house.disk.gate.set()
    house.turn()
    code = (await house.access.offer("phone", Role.OPERATOR, "Ana")).code
    house.disk.gate.clear()
    first, second = (asyncio.create_task(house.access.enter(one)) for one in (code, code.lower()))
    await turns(FEW)
    first.cancel()
    await turns(FEW)
    assert not second.done()
    house.disk.gate.set()
    entered = await second
    assert entered is not None
    assert house.book.known(entered[1], "page") == entered[0]
    assert [token.name for token in house.book.listed()] == ["phone"]
    assert await house.access.enter(code) is None, "once"


async def test_what_was_taken_back_is_said_as_soon_as_there_is_room_for_it(
    house: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await given(house)
    monkeypatch.setattr(giving, "AGAIN_S", 0)
    with monkeypatch.context() as patch:
        full(patch)
        taking = asyncio.create_task(house.access.take(house.book.listed()[0].token_id, "Ana"))
        await turns(FEW)
        assert (taking.done(), house.known(secret)) == (False, False)
    await taking
    assert house.lines[1:] == [("ACCESS_TAKEN", "grafana")]


async def test_what_the_book_does_not_take_was_not_given_and_the_timeline_says_so(house: Gate) -> None:
    house.disk.gate.set()
    house.turn()
    house.folder.rename(house.folder.with_name("away"))
    with pytest.raises(Unavailable, match="takes no writes"):
        await house.access.give("grafana", Role.VIEWER, "Ana")
    assert house.book.listed() == ()
    assert house.lines == [("ACCESS_GIVEN", "grafana"), ("ACCESS_TAKEN", "grafana")]


async def test_whoever_is_out_of_a_book_that_takes_no_writes_is_told_of_in_the_timeline(house: Gate) -> None:
    secret = await given(house)
    token_id = house.book.listed()[0].token_id
    house.folder.rename(house.folder.with_name("away"))
    with pytest.raises(Unavailable, match="is out, until the next start only"):
        await house.access.take(token_id, "Ana")
    assert not house.known(secret)
    assert house.lines[1:] == [("ACCESS_TAKEN", "grafana")]
    with pytest.raises(Unavailable, match="there is no token"):
        await house.access.take("none", "Ana")
    assert len(house.lines) == 2, "of one that is not there nothing is said"


async def test_of_two_who_give_one_name_at_once_one_is_refused_and_the_timeline_tells_of_one(house: Gate) -> None:
    house.turn()
    wishes = [asyncio.create_task(house.access.give("grafana", Role.VIEWER, who)) for who in ("Ana", "Ben")]
    await turns(FEW)
    house.disk.gate.set()
    done = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [one for one in done if isinstance(one, Unavailable)]
    assert [no.code for no in refused] == ["name_taken"]
    assert [token.name for token in house.book.listed()] == ["grafana"]
    assert sorted(house.lines) == [("ACCESS_GIVEN", "grafana")] * 2 + [("ACCESS_TAKEN", "grafana")]


def the_token_is_there_before_its_line(patch: pytest.MonkeyPatch) -> None:
    draw = TokenBook.draw

    def early(self: TokenBook, *args: Any, **more: Any) -> Any:
        drawn = draw(self, *args, **more)
        self.add(drawn[0])
        return drawn

    patch.setattr(TokenBook, "draw", early)


def nobody_waits_for_the_line(patch: pytest.MonkeyPatch) -> None:
    note = Gate._note

    async def unheard(self: Gate, make: Change) -> None:
        asyncio.create_task(note(self, make)).add_done_callback(lambda done: done.exception())

    patch.setattr(Gate, "_note", unheard)


def a_code_is_used_up_by_a_refusal(patch: pytest.MonkeyPatch) -> None:
    give = Access.give

    async def refused(self: Access, *args: Any, **more: Any) -> Any:
        try:
            return await give(self, *args, **more)
        except Unavailable:
            self._pairings._open = []
            patch.setattr(Pairings, "put_back", lambda self, one: None)
            raise

    patch.setattr(Access, "give", refused)


def what_is_dropped_is_said_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(giving, "TRIES", 1)


def a_line_stays_that_is_not_true(patch: pytest.MonkeyPatch) -> None:
    async def silent(self: Access, token: object) -> None:
        """Nothing."""

    patch.setattr(Access, "_not_given", silent)


PLANTS: list[tuple[Plant, Callable[..., Awaitable[None]]]] = [
    (the_token_is_there_before_its_line, test_nobody_is_let_in_before_the_line_of_it_is_on_the_disk),
    (nobody_waits_for_the_line, test_nobody_is_let_in_before_the_line_of_it_is_on_the_disk),
    (nobody_waits_for_the_line, test_whoever_is_put_out_is_out_before_the_line_of_it_is_on_the_disk),
    (a_code_is_used_up_by_a_refusal, test_where_the_inbox_is_full_nobody_is_let_in_and_no_code_is_lost),
    (what_is_dropped_is_said_once, test_what_was_taken_back_is_said_as_soon_as_there_is_room_for_it),
    (a_line_stays_that_is_not_true, test_of_two_who_give_one_name_at_once_one_is_refused_and_the_timeline_tells_of_one),
    (a_line_stays_that_is_not_true, test_what_the_book_does_not_take_was_not_given_and_the_timeline_says_so),
]


@pytest.mark.parametrize(
    ("plant", "test"), PLANTS, ids=[f"{plant.__name__}-{at}" for at, (plant, _) in enumerate(PLANTS)]
)
async def test_what_is_planted_here_is_seen(
    house: Gate, monkeypatch: pytest.MonkeyPatch, plant: Plant, test: Callable[..., Awaitable[None]]
) -> None:
    plant(monkeypatch)
    more = (
        {"monkeypatch": monkeypatch} if "monkeypatch" in test.__code__.co_varnames[: test.__code__.co_argcount] else {}
    )
    with pytest.raises((AssertionError, pytest.fail.Exception, Unavailable)):
        await test(house, **more)
