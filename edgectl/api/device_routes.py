"""The doors of the devices on a driven bus: what one is, what its registers hold, and one setting at a time."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol

from starlette.requests import Request

from edgectl.api.access import Role
from edgectl.api.house import Body, Unavailable
from edgectl.api.operation import Call, Operation, Query
from edgectl.api.wishes import LONGEST_WAIT_S, SettingWish

WORD = {"type": "integer", "minimum": 0, "maximum": 65535}
WAIT = {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S}


class Devices(Protocol):
    """Where single devices are asked and set. Raises Unavailable."""

    async def identify(self, bus: str, unit: int, wait_s: int) -> Body:
        """Every profile that fits, and what the device would read under it."""

    def asking(self, bus: str) -> Body:
        """How far the last person is who asked on a bus."""

    async def read(self, bus: str, unit: int, room: str, address: int, count: int, wait_s: int) -> Body:
        """Registers or bits as they are."""

    async def write(self, bus: str, unit: int, setting: str, request: Body, who: str) -> Body:
        """Set one setting, and what it holds then."""


def device_routes(devices: Devices) -> list[Operation]:
    """Their part of the table."""

    async def identify(call: Call) -> Any:
        return await _while_there(call, devices.identify(call.path("bus"), _unit(call), _wait(call)))

    async def asking(call: Call) -> Any:
        return devices.asking(call.path("bus"))

    async def read(call: Call) -> Any:
        address, count = call.number("address", 0, 0, 65535), call.number("count", 1, 1, 100)
        room, wait_s = call.path("room"), _wait(call)
        return await _while_there(call, devices.read(call.path("bus"), _unit(call), room, address, count, wait_s))

    async def write(call: Call) -> Any:
        return await _while_there(
            call, devices.write(call.path("bus"), _unit(call), call.path("setting"), call.body, call.who)
        )

    wait = Query(name="wait_s", schema=WAIT, says="How long it may wait for a rest of the bus; 0.")
    queries = (
        Query(name="address", schema=WORD, says="The first, counted from 0."),
        Query(name="count", schema={"type": "integer", "minimum": 1, "maximum": 100}, says="How many; 1."),
        wait,
    )
    unit = "/buses/{bus}/units/{unit}"
    return [
        Operation(
            method="GET",
            path=unit,
            role=Role.OPERATOR,
            says="What a unit of a driven bus is.",
            handle=identify,
            answer="Unit",
            queries=(wait,),
            refusals=(404, 409, 422),
            turn=False,
        ),
        Operation(
            method="GET",
            path="/buses/{bus}/asking",
            role=Role.OPERATOR,
            says="How far the last question of a person on a driven bus is.",
            handle=asking,
            answer="Asking",
            refusals=(404,),
        ),
        Operation(
            method="GET",
            path=f"{unit}/registers/{{room}}",
            role=Role.OPERATOR,
            says="What its holding, input-registers, coils or inputs hold.",
            handle=read,
            answer="Registers",
            queries=queries,
            refusals=(404, 409, 422),
            turn=False,
        ),
        Operation(
            method="POST",
            path=f"{unit}/settings/{{setting}}",
            role=Role.ENGINEER,
            says="Set a register of it, once, and read it back. Its zones are locked, its outputs off.",
            handle=write,
            answer="Setting",
            wish=SettingWish,
            refusals=(404, 409),
        ),
    ]


async def _while_there(call: Call, doing: Coroutine[Any, Any, Body]) -> Body:
    """What a person asked for, as long as the person is there: a bus is not asked for somebody who has gone."""
    task, gone = asyncio.ensure_future(doing), asyncio.ensure_future(_has_gone(call.request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        raise Unavailable(409, "not_done", "whoever asked has gone")
    finally:
        task.cancel()
        gone.cancel()


async def _has_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _wait(call: Call) -> int:
    return call.number("wait_s", 0, 0, LONGEST_WAIT_S)


def _unit(call: Call) -> int:
    text = call.path("unit")
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 254):
        raise Unavailable(422, "number_out_of_range", f"unit: {text[:40]!r} is not a number from 1 to 254")
    return int(text)
