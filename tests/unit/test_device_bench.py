"""One person at a time on a driven bus, and what is written down when the line goes in the middle of a write."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgectl.api.access import Role
from edgectl.api.device_routes import device_routes
from edgectl.api.house import Unavailable
from edgectl.api.operation import LOOKING_AT_ONCE, Answering, Call, Operation
from edgectl.daemon import bench as daemon_bench
from edgectl.daemon.bench import DeviceBench
from edgectl.drivers import settle
from edgectl.drivers.links.seam import LinkDown
from edgectl.engine.draft import Draft
from edgectl.engine.rules import handwork
from edgectl.engine.rules.interlock import LOUD_AFTER
from edgectl.model.hands import Handwork
from edgectl.model.inputs import Restrain, Restraint
from edgectl.model.output import Output
from edgectl.model.time import SECOND
from tests.unit.test_calibrations import Bench
from tests.unit.test_guest import ASKED, SAID, Line, live

# A device that has some registers and not the first: to identify it takes dozens of questions.
THERE = {ASKED: SAID, "0e 03 00 00 00 01": "0e 83 02"}


class House:
    """It says yes, keeps what it was asked, and has an engine that can be looked at. `then` happens after an intent."""

    timezone = "Europe/Berlin"

    def __init__(self) -> None:
        self.asked: list[Handwork] = []
        self.then: Callable[[], None] = lambda: None
        self.world = Bench().world
        self.world.state.site.buses["relays"] = frozenset({"board", "level", "air"})

    async def ask(self, make: Callable[[int], Handwork]) -> None:
        self.asked.append(make(1))
        self.then()

    def look(self) -> Draft:
        return Draft(self.world.state, self.world._clock())

    def lock(self, who: str, *, on: bool = True) -> None:
        order = Restrain(token=1, what=Restraint.LOCK, on=on, who=who, zone="zone-1", why="a probe", engineer=True)
        self.world.offer(order)
        self.world.run(self.world.now + SECOND)

    def switch(self, name: str) -> None:
        """Somebody has ordered it on."""
        by = self.world.now + 60 * SECOND
        output = Output(name=name, owed_off=True, cmd_id=None, task_id=None, zone=None, off_by=by)
        self.world.state.put(output)


def bench(line: Line) -> tuple[DeviceBench, House, str]:
    house, bus = House(), line.task.owner.bus.name
    field = SimpleNamespace(tasks={bus: line.task})
    return DeviceBench(cast(Any, house), cast(Any, field), house.look), house, bus


async def until(line: Line, asking: "asyncio.Task[Any]") -> Any:
    while not asking.done():
        await line.settle(0.1)
        await asyncio.sleep(0.001)  # the question comes from a thread
    return await asking


def test_a_second_person_on_a_bus_is_told_so_and_the_next_one_is_not() -> None:
    async def scene(line: Line) -> None:
        devices, _, bus = bench(line)
        first = asyncio.create_task(devices.read(bus, 14, "holding", 6, 1))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="somebody asks unit 14 on bus relays already"):
            await devices.read(bus, 14, "holding", 6, 1)
        assert (await until(line, first))["values"] == [{"address": 6, "value": 0x288}]
        again = asyncio.create_task(devices.read(bus, 14, "holding", 6, 1))
        assert await until(line, again)

    live(scene, **{ASKED: SAID})


def test_who_waits_for_a_rest_of_the_bus_takes_no_thread_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rests, exchange = threading.Event(), daemon_bench.VisitedLine.exchange

    def waits(line: daemon_bench.VisitedLine, request: Any) -> bytes:
        assert rests.wait(120)
        return exchange(line, request)

    monkeypatch.setattr(daemon_bench.VisitedLine, "exchange", waits)

    async def scene(line: Line) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        devices, _, bus = bench(line)
        first = asyncio.create_task(devices.read(bus, 14, "holding", 6, 1, 3600))
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(30):
                assert await asyncio.to_thread(str, "a page") == "a page"
        finally:
            rests.set()
        assert await until(line, first)

    live(scene, **{ASKED: SAID})


def certain(monkeypatch: pytest.MonkeyPatch, unit: int = 14, to: int = 6) -> None:
    """What the device is, and its setting, need no questions."""
    knob = SimpleNamespace(name="address", address=0x100, told=str)
    what = SimpleNamespace(unit=unit, knob=knob, raw=to, before=unit, was=str(unit))
    monkeypatch.setattr(settle, "meant", lambda *_: what)


async def written(line: Line, devices: DeviceBench, bus: str, unit: int = 14, to: str = "6") -> Any:
    asking = asyncio.create_task(devices.write(bus, unit, "address", {"value": to, "only_one": True}, "Ana"))
    return await until(line, asking)


@pytest.mark.parametrize("lost", [LinkDown("unplugged"), TimeoutError()])
@pytest.mark.parametrize("where", ["send", "seen"])
def test_a_write_whose_line_goes_has_an_outcome_too(
    lost: Exception, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes(*_: Any) -> Any:
        raise lost

    certain(monkeypatch)
    monkeypatch.setattr(settle, "send", lambda *_: None)
    monkeypatch.setattr(settle, where, goes)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        how = "it may have been written" if where == "send" else "it was written"
        with pytest.raises(Unavailable, match=how):
            await devices.write(bus, 14, "address", {"value": "6", "only_one": True}, "Ana")
        assert [work.done for work in house.asked] == [False, True]
        told = house.asked[-1].details
        assert (told["after"], told["taken"]) == (None, False)
        assert told["why"] == (str(lost) or "no answer in time")

    live(scene)


def a_write_that_is_refused_asks_nothing() -> None:
    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        with pytest.raises(Unavailable, match="zone-1 needs level and is not locked") as no:
            await written(line, devices, bus, unit=5)
        assert no.value.hint.startswith("edgectl lock ZONE")
        for address in ("5", "5.0", " 5e0"):
            with pytest.raises(Unavailable, match="the address is that of level: zone-1 needs level"):
                await written(line, devices, bus, to=address)
        house.lock("Ana")
        house.switch("pump")
        with pytest.raises(Unavailable, match="pump of board is on"):
            await written(line, devices, bus, unit=1)
        assert house.asked == []

    assert live(scene).left() == []


def test_a_write_that_is_refused_asks_nothing() -> None:
    a_write_that_is_refused_asks_nothing()


def test_a_person_is_asked_for_a_word_when_everything_else_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        with pytest.raises(Unavailable, match="zone-1 needs level and is not locked"):
            await devices.write(bus, 5, "address", {"value": "6"}, "Ana")
        with pytest.raises(Unavailable, match="two devices at one address would both move; nothing was written") as no:
            await until(line, asyncio.create_task(devices.write(bus, 14, "address", {"value": "6"}, "Ana")))
        assert (no.value.http, no.value.detail) == (422, {"missing": "only_one"})
        assert house.asked == []

    assert live(scene).left() == []


def a_number_that_rounds_to_the_address_of_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch, to=5)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        with pytest.raises(Unavailable, match=r"5\.0000000004 is no whole address; nothing was written") as no:
            await written(line, devices, bus, to="5.0000000004")
        assert (no.value.http, no.value.hint) == (422, "say 5 if that is meant")
        assert house.asked == []

    assert live(scene).left() == []


def test_a_number_that_rounds_to_the_address_of_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    a_number_that_rounds_to_the_address_of_another_is_refused(monkeypatch)
    by_text = daemon_bench._at
    monkeypatch.setattr(daemon_bench, "_at", lambda task, address: "" if address == 5 else by_text(task, address))
    with pytest.raises(pytest.fail.Exception):
        a_number_that_rounds_to_the_address_of_another_is_refused(monkeypatch)


CHANGES: dict[str, Callable[[House], None]] = {
    "the lock was taken off": lambda house: house.lock("Ana", on=False),
    "the lock is another": lambda house: (house.lock("Ana", on=False), house.lock("Ben"))[0],
    "an output went on": lambda house: house.switch("pump"),
}


def a_write_is_judged_in_the_instant_in_which_it_leaves(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch, unit=1)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        house.lock("Ana")
        house.then = lambda: None if house.asked[-1].done else CHANGES[change](house)
        with pytest.raises(Unavailable, match="nothing was written"):
            await written(line, devices, bus, unit=1)
        intent, outcome = house.asked
        assert (intent.done, outcome.done, outcome.details["taken"]) == (False, True, False)
        assert outcome.details["after"] == outcome.details["before"] == "1", "it is known that nothing left"
        assert "nothing was written" in outcome.details["why"]

    assert live(scene).left() == []


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_write_is_judged_in_the_instant_in_which_it_leaves(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_write_is_judged_in_the_instant_in_which_it_leaves(change, monkeypatch)


def test_under_its_lock_it_is_written_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch, unit=1)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        house.lock("Ana")
        done = await written(line, devices, bus, unit=1)
        assert (done["taken"], done["after"], done["answers_at"], done["in_force"]) == (True, "6", 6, True)
        assert [work.device for work in house.asked] == ["board"] * 2

    echo = "01 06 01 00 00 06"
    assert len(live(scene, **{echo: echo, "06 03 01 00 00 01": "06 03 02 00 06"}).left()) == 2


@pytest.mark.parametrize(
    ("plant", "seen_by"),
    [("nothing is refused", "before"), ("nothing is refused", "instant"), ("no lock is compared", "instant")],
)
def test_a_planted_write_is_seen(plant: str, seen_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if plant == "nothing is refused":
        monkeypatch.setattr(handwork, "refusals", lambda *_: [])
    else:
        monkeypatch.setattr(handwork, "locks", lambda *_: ())
    certain(monkeypatch)
    change = "an output went on" if plant == "nothing is refused" else "the lock is another"
    judged = partial(a_write_is_judged_in_the_instant_in_which_it_leaves, change, monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        (a_write_that_is_refused_asks_nothing if seen_by == "before" else judged)()


async def in_the_middle(line: Line, devices: DeviceBench, bus: str, wait_s: int = 0) -> "asyncio.Task[Any]":
    """An identify that has asked some of its questions."""
    asking = asyncio.create_task(devices.identify(bus, 14, wait_s))
    while len(line.left()) < 6:
        await line.settle(0.05)
        await asyncio.sleep(0.001)
    return asking


def test_an_identify_gives_way_to_what_goes_on_and_says_until_when() -> None:
    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        asking = await in_the_middle(line, devices, bus)
        house.switch("pump")
        begun = len(line.left())
        with pytest.raises(Unavailable, match="kept for pump while it is on, 60 s more at the most; broken off") as no:
            await until(line, asking)
        assert (no.value.http, no.value.code, no.value.detail["retry_after_s"]) == (409, "bus_in_use", 60)
        assert no.value.hint.startswith("ask again at ")
        part = no.value.detail["so_far"]
        assert (part["unit"], part["answers"], part["whole"]) == (14, [3], False), "what was found is not lost"
        assert len(line.left()) <= begun

    live(scene, **THERE)


async def over_two_rests(line: Line, devices: DeviceBench, house: House, bus: str) -> None:
    """It waits while the pump is on, and goes on at once when it is off, for a question or two."""
    for _ in range(2):
        house.switch("pump")
        await line.settle(40)
        told = devices.asking(bus)
        assert (told["asking"], told["waits_for"]) == (True, "bus relays is kept for pump while it is on")
        assert (told["unit"], told["so_far"]["answers"], told["so_far"]["whole"]) == (14, [3], False)
        begun = len(line.left())
        await line.settle(1)
        assert len(line.left()) == begun
        del house.world.state.outputs["pump"]
        while len(line.left()) < begun + 2 and devices.asking(bus)["asking"]:
            await line.settle(0.05)
            await asyncio.sleep(0.001)


def an_identify_that_may_wait_goes_on_at_the_next_rest(wait_s: int = 600) -> None:
    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        asking = await in_the_middle(line, devices, bus, wait_s)
        try:
            await over_two_rests(line, devices, house, bus)
            whole = await until(line, asking)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert (whole["answers"], whole["whole"], devices.asking(bus)["asking"]) == ([3], True, False)

    live(scene, **THERE)


def test_an_identify_that_may_wait_goes_on_at_the_next_rest() -> None:
    an_identify_that_may_wait_goes_on_at_the_next_rest()
    with pytest.raises((AssertionError, Unavailable)):
        an_identify_that_may_wait_goes_on_at_the_next_rest(0)


def a_new_board_follows_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch, unit=33, to=1)
    follows = {"value": "1", "only_one": True, "follows": True}

    async def write(line: Line, devices: DeviceBench, bus: str, **more: Any) -> Any:
        return await until(line, asyncio.create_task(devices.write(bus, 33, "address", follows | more, "Ana")))

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        state = house.world.state
        house.lock("Ana")
        still = "the address is that of board: board still answers; nothing was written"
        with pytest.raises(Unavailable, match=still) as refused:
            await write(line, devices, bus)
        assert "board is not: give a free address" in refused.value.hint, "and not that --follows is to be said"
        state.silent["board"] = "no answer"
        state.seen.clear()
        with pytest.raises(Unavailable, match="acid of board is on, or not seen off"):
            await write(line, devices, bus, follows=False)  # nobody says what became of the old one
        house.switch("pump")
        with pytest.raises(Unavailable, match="pump of board is ordered on"):
            await write(line, devices, bus)
        state.put(replace(state.outputs["pump"], closing=state.outputs["pump"].off_by, tries=LOUD_AFTER))
        done = await write(line, devices, bus)
        assert (done["taken"], done["follows"], done["in_force"]) == (True, "board", True)
        house.lock("Ana", on=False)
        with pytest.raises(Unavailable, match="zone-1 needs board and is not locked"):
            await write(line, devices, bus)

    echo = "21 06 01 00 00 01"
    live(scene, **{echo: echo, "01 03 01 00 00 01": "01 03 02 00 01"})


def test_a_new_board_follows_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    a_new_board_follows_a_dead_one(monkeypatch)


@pytest.mark.parametrize("plant", ["_meant_on", "_not_seen_off"])
def test_a_planted_successor_is_seen(plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handwork, plant, lambda *_: ())
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        a_new_board_follows_a_dead_one(monkeypatch)


def test_who_goes_away_in_the_middle_leaves_the_line_and_the_bus_to_others() -> None:
    async def scene(line: Line) -> None:
        devices, _, bus = bench(line)
        asking = await in_the_middle(line, devices, bus)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        begun = len(line.left())
        for _ in range(20):
            await line.settle(0.1)
            await asyncio.sleep(0.001)
        assert len(line.left()) == begun
        again = asyncio.create_task(devices.read(bus, 14, "holding", 6, 1))
        assert await until(line, again)

    live(scene, **THERE)


def test_a_write_that_was_begun_has_its_outcome_also_when_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    certain(monkeypatch)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        asking = asyncio.create_task(devices.write(bus, 14, "address", {"value": "6", "only_one": True}, "Ana"))
        house.then = asking.cancel
        with pytest.raises(asyncio.CancelledError):
            await until(line, asking)
        assert [work.done for work in house.asked] == [False, True]

    assert live(scene).left()


@pytest.mark.parametrize(("address", "count", "last"), [(65535, 100, 65634), (65500, 37, 65536)])
async def test_a_range_beyond_the_last_register_is_named(address: int, count: int, last: int) -> None:
    async def scene(line: Line) -> None:
        devices, _, bus = bench(line)
        with pytest.raises(Unavailable, match=f"{address} to {last} runs past the last address, 65535"):
            await devices.read(bus, 14, "holding", address, count)
        with pytest.raises(Unavailable, match="there are no 'coil'"):
            await devices.read(bus, 14, "coil", 0, 1)

    await asyncio.to_thread(live, scene)


async def test_whoever_hangs_up_is_not_asked_for_any_more() -> None:
    ended = asyncio.Event()

    async def slow(*_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    messages = iter(({"type": "http.request"}, {"type": "http.disconnect"}))

    async def receive() -> Any:
        return next(messages)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = Request({**scope, "path_params": {"bus": "a", "unit": "1"}}, receive)
    identify = device_routes(cast(Any, SimpleNamespace(identify=slow)))[0].handle
    call = Call(request=request, person=cast(Any, SimpleNamespace(who="Ana")), body={})
    with pytest.raises(Unavailable, match="has gone"):
        await identify(call)
    assert ended.is_set()


@pytest.mark.parametrize("unit", ["0", "255", "00019999", "1e1", "\u0661"])
async def test_what_is_no_unit_is_refused(unit: str) -> None:
    identify = device_routes(cast(Any, SimpleNamespace(identify=None)))[0].handle
    with pytest.raises(Unavailable, match="from 1 to 254"):
        await identify(cast(Any, SimpleNamespace(path=lambda _: unit)))


async def test_whoever_waits_for_a_device_keeps_nobody_who_looks_waiting() -> None:
    gate = asyncio.Event()

    async def slow(*_: Any) -> Any:
        await gate.wait()

    async def seen(_: Any) -> Any:
        return {}

    async def ok(given: Any) -> Response:
        return JSONResponse(given)

    keeper = SimpleNamespace(know=lambda *_: SimpleNamespace(who="Ana"))
    answering = Answering(cast(Any, keeper), ok, json_only=False)

    async def receive() -> Any:
        await gate.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = Request({**scope, "path_params": {"bus": "a", "unit": "1", "room": "holding"}}, receive)
    routes = device_routes(cast(Any, SimpleNamespace(identify=slow, read=slow)))
    looks = Operation(method="GET", path="/status", role=Role.VIEWER, says="", handle=seen, answer="Status")
    asking = [
        asyncio.create_task(answering.guarded(request, one)) for one in routes[:2] for _ in range(LOOKING_AT_ONCE)
    ]
    await asyncio.sleep(0)
    answer = await asyncio.wait_for(answering.guarded(request, looks), 60)
    assert answer.status_code == 200
    gate.set()
    await asyncio.gather(*asking)
