"""One person at a time on a driven bus, and what is written down when the line goes in the middle of a write."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgectl.api.access import Role
from edgectl.api.device_routes import device_routes
from edgectl.api.house import Unavailable
from edgectl.api.operation import LOOKING_AT_ONCE, Answering, Operation
from edgectl.daemon.bench import DeviceBench
from edgectl.drivers import settle
from edgectl.drivers.links.seam import LinkDown
from edgectl.model.hands import Handwork
from tests.unit.test_guest import ASKED, SAID, Line, live


class House:
    """It says yes, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Handwork] = []

    async def ask(self, make: Callable[[int], Handwork]) -> None:
        self.asked.append(make(1))


def bench(line: Line) -> tuple[DeviceBench, House, str]:
    house, bus = House(), line.task.owner.bus.name
    return DeviceBench(cast(Any, house), cast(Any, SimpleNamespace(tasks={bus: line.task}))), house, bus


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
        with pytest.raises(Unavailable, match="somebody asks on bus"):
            await devices.read(bus, 14, "holding", 6, 1)
        assert (await until(line, first))["values"] == [{"address": 6, "value": 0x288}]
        again = asyncio.create_task(devices.read(bus, 14, "holding", 6, 1))
        assert await until(line, again)

    live(scene, **{ASKED: SAID})


@pytest.mark.parametrize("lost", [LinkDown("unplugged"), TimeoutError()])
def test_a_write_whose_line_goes_has_an_outcome_too(lost: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def goes(*_: Any) -> Any:
        raise lost

    what = SimpleNamespace(was="5", raw=6)
    monkeypatch.setattr(settle, "meant", lambda *_: what)
    monkeypatch.setattr(settle, "sent_and_seen", goes)

    async def scene(line: Line) -> None:
        devices, house, bus = bench(line)
        request = {"value": "6", "only_one": True}
        with pytest.raises(Unavailable):
            await devices.write(bus, 14, "address", request, "Ana")
        assert [work.done for work in house.asked] == [False, True]
        told = house.asked[-1].details
        assert (told["after"], told["taken"]) == (None, False)
        assert told["why"] == (str(lost) or "no answer in time")

    live(scene)


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
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = Request({**scope, "path_params": {"bus": "a", "unit": "1", "room": "holding"}})
    routes = device_routes(cast(Any, SimpleNamespace(identify=slow, read=slow)))
    looks = Operation(method="GET", path="/status", role=Role.VIEWER, says="", handle=seen, answer="Status")
    asking = [
        asyncio.create_task(answering.guarded(request, one)) for one in routes[:2] for _ in range(LOOKING_AT_ONCE)
    ]
    await asyncio.sleep(0)
    answer = await asyncio.wait_for(answering.guarded(request, looks), 10)
    assert answer.status_code == 200
    gate.set()
    await asyncio.gather(*asking)
