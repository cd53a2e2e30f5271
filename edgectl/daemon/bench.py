"""What a person does to one device of a bus that the daemon drives: it goes through the owner of the bus.

Reads are questions between those of the owner, and none leaves while something dangerous is on that needs the bus. A
write is asked of the engine before the first question and again before it leaves, which writes it down in between; one
write at a time. One person at a time asks on a bus; another is told so at once. Who has gone is asked for no more. Who
lets the questions wait for a rest is told meanwhile what they wait for, and whoever is broken off gets what was found.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from edgectl.api.house import Body, Unavailable
from edgectl.daemon.field import Field
from edgectl.daemon.hands import name_of
from edgectl.daemon.house import DaemonHouse
from edgectl.daemon.refusals import HINTS, STILL_THERE
from edgectl.daemon.visit import Visit, VisitedLine
from edgectl.drivers import settle
from edgectl.drivers.codecs import modbus
from edgectl.drivers.codecs.modbus import BadReply, DeviceRefused
from edgectl.drivers.guest import MayLeave, NotLeft
from edgectl.drivers.line import BusTask
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.settle import Meant, NotDone
from edgectl.drivers.wiring import Device
from edgectl.engine.draft import Draft
from edgectl.engine.rules import guests, handwork
from edgectl.model.hands import Handwork, Kept
from edgectl.model.time import SECOND

ROOMS = {"coils": 1, "inputs": 2, "holding": 3, "input-registers": 4}
T = TypeVar("T")


class DeviceBench:
    """Identify, read and write. `look` is a view of the engine's state as it is now. Raises Unavailable."""

    def __init__(self, house: DaemonHouse, field: Field, look: Callable[[], Draft]) -> None:
        self._house, self._field, self._look = house, field, look
        self._writing = asyncio.Lock()
        self._visits: dict[str, Visit] = {}  # the last person who asked on a bus
        # Threads of their own: who waits for an hour takes none from pages, the outbox and the numbers. One a bus and
        # as many more, for who has gone may still hold one for a moment.
        self._threads = ThreadPoolExecutor(max(2, 2 * len(field.tasks)), "visitor")

    async def identify(self, bus: str, unit: int, wait_s: int = 0) -> Body:
        """Every profile that fits, and what it would read."""
        task = self._task(bus)
        async with self._alone(bus, Visit(unit=unit, wait_s=wait_s)) as visit:
            return await self._with(task, visit, lambda line: line.identify())

    def asking(self, bus: str) -> Body:
        """How far the last person is who asked on a bus, and what the next question waits for."""
        self._task(bus)
        visit = self._visits.get(bus) or Visit(unit=0, over=True)
        kept = None if visit.over else visit.kept
        return {
            "asking": not visit.over,
            "unit": visit.unit,
            "asked": visit.asked,
            "waits_for": kept.why if kept is not None else None,
            "left_s": self._left(kept) if kept is not None and kept.until is not None else None,
            "so_far": visit.so_far,
        }

    async def read(self, bus: str, unit: int, room: str, address: int, count: int, wait_s: int = 0) -> Body:
        """Registers or bits, as they are."""
        task, function = self._task(bus), ROOMS.get(room)
        if function is None:
            raise Unavailable(422, "payload_invalid", f"there are no {room[:40]!r}", f"one of {', '.join(ROOMS)}")
        if wrong := modbus.beyond(address, count):
            raise Unavailable(422, "payload_invalid", wrong, "ask for fewer, or from a lower one on")
        async with self._alone(bus, Visit(unit=unit, wait_s=wait_s)) as visit:
            pdu = await self._with(task, visit, lambda line: line.exchange(modbus.read(unit, function, address, count)))
        numbers = modbus.bits(pdu, count) if function < 3 else [modbus.number(pdu, n, "u16") for n in range(count)]
        return {"values": [{"address": address + n, "value": int(value)} for n, value in enumerate(numbers)]}

    async def write(self, bus: str, unit: int, setting: str, request: Body, who: str) -> Body:
        """Set one setting and read it back."""
        task, value = self._task(bus), str(request["value"])
        if setting == settle.SPEED:
            why = "a device at another speed is lost to the bus that the daemon drives; nothing was written"
            raise Unavailable(409, "device_in_use", why, "stop the daemon, and set the speed of the whole line")
        wanted, place = request.get("profile"), f"bus {bus}"
        device, takes = _at(task, unit), _at(task, value) if setting == settle.ADDRESS else ""
        follows = request.get("follows") is True
        work = partial(Handwork, device=device, takes=takes, follows=follows, who=name_of(request, who))
        async with self._alone(bus, Visit(unit=unit, wait_s=request.get("wait_s") or 0)) as visit:
            may_leave = self._under_these_locks(bus, device, takes, follows)
            kind, seat_at = task.owner.bus.kind, partial(_seat, task)
            what = await self._with(
                task, visit, lambda line: settle.meant(line, kind, unit, setting, value, wanted, place, seat_at)
            )
            if setting == settle.ADDRESS and _at(task, what.raw) != takes:  # judged was what was said, and it rounds
                why = f"{value} is no whole address; nothing was written"
                raise Unavailable(422, "payload_invalid", why, f"say {what.raw} if that is meant")
            if setting == settle.ADDRESS and request.get("only_one") is not True:  # the last to be asked for
                why = "two devices at one address would both move; nothing was written"
                said = {"missing": "only_one"}
                raise Unavailable(422, "payload_invalid", why, "say that it is the only one: only_one", said)
            done: Body = {"line": bus, "unit": unit, "setting": setting, "value": value, "before": what.was}
            done |= {"follows": takes} if follows else {}
            async with self._writing:
                writing = asyncio.ensure_future(self._written(task, what, work, done, may_leave))
                try:
                    done = await asyncio.shield(writing)
                except asyncio.CancelledError:
                    await asyncio.wait([writing])  # what was begun gets its outcome, also when nobody waits for it
                    raise
        in_force = done["taken"] and (setting != settle.ADDRESS or done["answers_at"] == what.raw)
        return {**done, "in_force": in_force}

    async def _written(
        self, task: BusTask, what: Meant, work: "partial[Handwork]", done: Body, may_leave: MayLeave
    ) -> Body:
        """From the intent to the outcome. Raises Unavailable, after the outcome was noted."""
        await self._noted(work, done, done=False)
        left, visit = False, Visit(unit=what.unit)  # what was meant is not left lying for minutes
        try:
            await self._with(task, visit, lambda line: settle.send(line, what), may_leave)
            left = True
            at, held = await self._with(task, visit, lambda line: settle.seen(line, what))
        except Unavailable as no:  # it may have left: what nobody saw is written down as well
            kept = not left and isinstance(no, _Kept)
            unseen = {"after": what.was if kept else None, "taken": False, "why": no.message}
            await self._noted(work, done | unseen, done=True)
            if kept:
                raise
            _doubt(task)
            how = "was written" if left else "may have been written"
            raise Unavailable(no.http, no.code, f"it {how} and was not read back: {no.message}", no.hint) from None
        after = None if held is None else what.knob.told(held)
        done = {**done, "after": after, "answers_at": at, "taken": held == what.raw}
        await self._noted(work, done, done=True)
        _doubt(task)
        return done

    def _under_these_locks(self, bus: str, device: str, takes: str, follows: bool) -> MayLeave:
        """May the write leave: still off, still locked, and by the same locks as now? Raises Unavailable if not now."""
        draft = self._look()
        if refused := handwork.refusals(draft, device, takes, follows):
            code, why = refused[0]
            taken = follows and takes != device and handwork.answers(draft, takes)
            hint = STILL_THERE.format(takes=takes) if taken and code == "device_in_use" else HINTS[code]
            raise Unavailable(409, code, why, hint)
        locks = handwork.locks(draft, device, takes)

        def may_leave() -> Kept | None:
            draft = self._look()
            if refused := handwork.refusals(draft, device, takes, follows):
                return Kept(why=refused[0][1], for_good=True)
            if handwork.locks(draft, device, takes) != locks:
                return Kept(why="the lock was taken off meanwhile; nothing was written", for_good=True)
            return guests.kept(draft, bus)

        return may_leave

    @asynccontextmanager
    async def _alone(self, bus: str, visit: Visit) -> AsyncIterator[Visit]:
        other = self._visits.get(bus)
        if other is not None and not other.over:
            why = f"somebody asks unit {other.unit} on bus {bus} already"
            waits = f"; that waits: {other.kept.why}" if other.kept is not None else ""
            raise Unavailable(409, "not_done", f"{why}{waits}", "ask again when that is done")
        self._visits[bus] = visit
        try:
            yield visit
        finally:
            visit.over = True

    async def _noted(self, work: "partial[Handwork]", details: Body, *, done: bool) -> None:
        said = dict(details)
        await self._house.ask(lambda token: work(token=token, details=said, done=done))

    async def _with(
        self, task: BusTask, visit: Visit, act: Callable[[VisitedLine], T], may_leave: MayLeave | None = None
    ) -> T:
        bus = task.owner.bus.name
        may_leave = may_leave or (lambda: guests.kept(self._look(), bus))
        line = VisitedLine(task, visit, may_leave, lambda: self._look().now.mono)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act, line)
        except NotDone as no:
            raise Unavailable(409, "not_done", str(no), no.hint) from None
        except NotLeft as no:
            raise self._kept(bus, no.kept, visit) from None
        except (BadReply, LinkDown, TimeoutError) as error:
            why = str(error) or "no answer in time"
            raise Unavailable(
                409, "not_done", why, "edgectl bus monitor shows the frames", _how(error, visit)
            ) from None
        finally:
            line.leave()

    def _kept(self, bus: str, kept: Kept, visit: Visit) -> "_Kept":
        """What a person is told whose question did not leave."""
        asked, part = visit.asked, _part(visit)
        so_far = f"; broken off after {asked} question{'s' * (asked != 1)}" if asked > 0 else ""
        if kept.until is None:
            hint = "" if kept.for_good else f"edgectl bus monitor {bus} shows what passes"
            return _Kept(409, "bus_in_use", f"{kept.why}{so_far}", hint, part)
        left, now = self._left(kept), self._look().now
        end = datetime.fromtimestamp(now.wall_at(now.mono + left * SECOND) / SECOND, ZoneInfo(self._house.timezone))
        hint = f"ask again at {end:%H:%M:%S}, let it wait (--wait 10m), or lock what it belongs to: edgectl lock ZONE"
        why = f"{kept.why}, {left} s more at the most{so_far}"
        return _Kept(409, "bus_in_use", why, hint, {"retry_after_s": left, **part})

    def _left(self, kept: Kept) -> int:
        """How many seconds it keeps the bus at the most."""
        return max(1, -(-((kept.until or 0) - self._look().now.mono) // SECOND))

    def _task(self, bus: str) -> BusTask:
        task: Any = self._field.tasks.get(bus)
        if not isinstance(task, BusTask) or not task.owner.bus.kind.startswith("modbus"):
            names = [n for n, t in self._field.tasks.items() if isinstance(t, BusTask) and "modbus" in t.owner.bus.kind]
            hint = f"Modbus buses that are driven: {', '.join(names) or 'none'}"
            raise Unavailable(404, "unknown_bus", f"there is no driven Modbus bus {bus[:60]!r}", hint)
        return task


class _Kept(Unavailable):
    """Nothing left the port."""


def _at(task: BusTask, address: int | str) -> str:
    """The device that the site file has at this address of a bus; empty where it has none, or where it is no number."""
    try:
        there = _seat(task, float(address))
    except ValueError:
        return ""
    return "" if there is None else there.name


def _seat(task: BusTask, address: float) -> Device | None:
    """The same as the site file has it."""
    return next((one.device for one in task.owner.health.values() if one.device.unit == address), None)


def _part(visit: Visit) -> Body:
    """What was found until it was broken off."""
    return {} if visit.so_far is None else {"so_far": visit.so_far}


def _how(error: Exception, visit: Visit) -> Body:
    """What a program wants to know of a question that was not answered, beside what was found until then."""
    said: Body = {"exception": error.code} if isinstance(error, DeviceRefused) else {}
    return said | ({"no_reply": True} if isinstance(error, BadReply) and not said else {}) | _part(visit)


def _doubt(task: BusTask) -> None:
    """Somebody may answer elsewhere now, or be set up otherwise: every device of the bus says anew who it is."""
    for health in task.owner.health.values():
        health.doubt()
