"""What a person does to one device of a bus that the daemon drives: it goes through the owner of the bus.

Reads are questions between two of the owner's. A write is asked of the engine first, which writes it down before it
leaves; one write at a time. One person at a time asks on a bus; another is told so at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from edgectl.api.house import Body, Unavailable
from edgectl.daemon.field import Field
from edgectl.daemon.hands import name_of
from edgectl.daemon.house import DaemonHouse
from edgectl.drivers import discover, settle
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, Request
from edgectl.drivers.discover import Asks, body
from edgectl.drivers.line import BusTask
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.settle import NotDone
from edgectl.model.hands import Handwork

ANSWER_WITHIN_S = 60.0
ROOMS = {"coils": 1, "inputs": 2, "holding": 3, "input-registers": 4}
T = TypeVar("T")


class _Line:
    """The bus as a tool in a thread asks over it."""

    def __init__(self, task: BusTask, loop: asyncio.AbstractEventLoop) -> None:
        self._task, self._loop = task, loop

    def exchange(self, request: Request) -> bytes:
        """The reply PDU. Raises BadReply and LinkDown."""
        return asyncio.run_coroutine_threadsafe(self._task.exchange(request), self._loop).result(ANSWER_WITHIN_S)


class DeviceBench:
    """Identify, read and write. Raises Unavailable."""

    def __init__(self, house: DaemonHouse, field: Field) -> None:
        self._house, self._field = house, field
        self._writing = asyncio.Lock()
        self._asked: set[str] = set()  # the buses on which a person asks now

    async def identify(self, bus: str, unit: int) -> Body:
        """Every profile that fits, and what it would read."""
        task = self._task(bus)
        async with self._alone(bus):
            return body(await self._at(task, lambda line: discover.probe(line, task.owner.bus.kind, unit)))

    async def read(self, bus: str, unit: int, room: str, address: int, count: int) -> Body:
        """Registers or bits, as they are."""
        task, function = self._task(bus), ROOMS.get(room)
        if function is None or count < 1 or address + count > 1 << 16:
            raise Unavailable(422, "payload_invalid", "no such registers", f"one of {', '.join(ROOMS)}, 0 to 65535")
        async with self._alone(bus):
            pdu = await self._at(task, lambda line: line.exchange(modbus.read(unit, function, address, count)))
        numbers = modbus.bits(pdu, count) if function < 3 else [modbus.number(pdu, n, "u16") for n in range(count)]
        return {"values": [{"address": address + n, "value": int(value)} for n, value in enumerate(numbers)]}

    async def write(self, bus: str, unit: int, setting: str, request: Body, who: str) -> Body:
        """Set one setting and read it back."""
        task, value = self._task(bus), str(request["value"])
        if setting == settle.SPEED:
            why = "a device at another speed is lost to the bus that the daemon drives; nothing was written"
            raise Unavailable(409, "device_in_use", why, "stop the daemon, and set the speed of the whole line")
        if setting == settle.ADDRESS and request.get("only_one") is not True:
            why = "two devices at one address would both move; nothing was written"
            raise Unavailable(422, "payload_invalid", why, "say that it is the only one: only_one")
        wanted, place = request.get("profile"), f"bus {bus}"
        async with self._writing, self._alone(bus):
            what = await self._at(
                task, lambda line: settle.meant(line, task.owner.bus.kind, unit, setting, value, wanted, place)
            )
            done: Body = {"line": bus, "unit": unit, "setting": setting, "value": value, "before": what.was}
            device = next((name for name, one in task.owner.health.items() if one.device.unit == unit), "")
            person = name_of(request, who)
            await self._noted(device, person, done, done=False)
            try:
                at, held = await self._at(task, lambda line: settle.sent_and_seen(line, what))
            except Unavailable as no:  # it may have left: what nobody saw is written down as well
                unseen = {"after": None, "taken": False, "why": no.message}
                _doubt(task)
                await self._noted(device, person, done | unseen, done=True)
                raise
            after = None if held is None else what.knob.told(held)
            taken = held == what.raw
            done |= {"after": after, "answers_at": at, "taken": taken}
            await self._noted(device, person, done, done=True)
            _doubt(task)
        in_force = taken and (setting != settle.ADDRESS or at == what.raw)
        return {**done, "in_force": in_force}

    @asynccontextmanager
    async def _alone(self, bus: str) -> AsyncIterator[None]:
        if bus in self._asked:
            raise Unavailable(409, "not_done", f"somebody asks on bus {bus} already", "ask again when that is done")
        self._asked.add(bus)
        try:
            yield
        finally:
            self._asked.discard(bus)

    async def _noted(self, device: str, who: str, details: Body, *, done: bool) -> None:
        said = dict(details)
        await self._house.ask(lambda token: Handwork(token=token, device=device, who=who, details=said, done=done))

    async def _at(self, task: BusTask, act: Callable[[Asks], T]) -> T:
        line = _Line(task, asyncio.get_running_loop())
        try:
            return await asyncio.to_thread(act, line)
        except NotDone as no:
            raise Unavailable(409, "not_done", str(no), no.hint) from None
        except (BadReply, LinkDown, TimeoutError) as error:
            raise Unavailable(
                409, "not_done", str(error) or "no answer in time", "edgectl bus monitor shows the frames"
            ) from None

    def _task(self, bus: str) -> BusTask:
        task: Any = self._field.tasks.get(bus)
        if not isinstance(task, BusTask) or not task.owner.bus.kind.startswith("modbus"):
            names = [n for n, t in self._field.tasks.items() if isinstance(t, BusTask) and "modbus" in t.owner.bus.kind]
            hint = f"Modbus buses that are driven: {', '.join(names) or 'none'}"
            raise Unavailable(404, "unknown_bus", f"there is no driven Modbus bus {bus[:60]!r}", hint)
        return task


def _doubt(task: BusTask) -> None:
    """Somebody may answer elsewhere now, or be set up otherwise: every device of the bus says anew who it is."""
    for health in task.owner.health.values():
        health.doubt()
