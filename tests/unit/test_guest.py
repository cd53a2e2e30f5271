"""A person's question on a driven bus, and the engine's word on a write: what waits for whom, and who says no."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.drivers import line as drivers_line
from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs import modbus
from edgectl.drivers.framing import LONGEST_HEARD
from edgectl.drivers.guest import THINKS, WAITS, Guest, NotLeft
from edgectl.drivers.line import BusTask
from edgectl.drivers.links.seam import LinkDown
from edgectl.drivers.talk import NoReply
from edgectl.drivers.wiring import Bus
from edgectl.engine.rules import handwork
from edgectl.model.hands import Handwork, Kept
from edgectl.model.inputs import (
    Acknowledge,
    Answer,
    ForeignMaster,
    Input,
    MakeSafe,
    ManualOn,
    Restrain,
    Restraint,
    Samples,
    Send,
)
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.simulate.world import World
from edgectl.testing.scripted import ScriptedLink
from tests.unit.test_bus_owner import GOOD, OFF_PUMP, RTU, SITE, TCP, crc, settled
from tests.unit.test_calibrations import Bench

ASKED, SAID = "0e 03 00 06 00 01", "0e 03 02 02 88"
ON_PUMP = modbus.rtu_frame(modbus.pulse_coil(1, 0x200, 2 * SECOND))
KEPT = Kept(why="bus relays is kept for pump while it is on")


class Line:
    """A driven line in a loop whose clock is ours."""

    def __init__(self, bus: Bus = RTU, **more: str) -> None:
        self.now: Nanos = 100 * SECOND
        replies = {crc(body): crc(reply) for body, reply in {**GOOD, **more}.items()}
        replies |= {frame: frame for frame in (bytes.fromhex(OFF_PUMP), ON_PUMP)}
        self.link = ScriptedLink(replies)
        self.alarm = Quiet()
        self.news: list[Input] = []
        self.kept: Kept | None = None
        self.task = BusTask(
            BusOwner(bus, SITE), self.link, mono=lambda: self.now, deliver=self.news.append, alarm=lambda _: self.alarm
        )

    async def settle(self, seconds: float = 3) -> None:
        for _ in range(round(seconds * 200)):
            await asyncio.sleep(0)
            self.now += 5 * MS
            self.task._pump()

    def asks(self, unit: int = 14) -> "asyncio.Task[bytes]":
        return asyncio.create_task(self.task.exchange(modbus.read(unit, 3, 6, 1), lambda: self.kept))

    async def ask(self, unit: int = 14, within_s: float = 8) -> bytes:
        asking = self.asks(unit)
        for _ in range(round(within_s * 200)):
            await asyncio.sleep(0)
            if asking.done():
                break
            self.now += 5 * MS
            self.task._pump()
        return await asking

    def on(self, name: str) -> None:
        order = Send(cmd_id=name, actuator="pump", on=True, lease=2 * SECOND, not_after=self.now + 5 * SECOND)
        self.task.take(order)

    def left(self, note: str = "by hand") -> list[Nanos]:
        """When frames of this kind left."""
        return [one.at for one in self.task.owner.log.lines if one.direction == ">" and note in one.note]


class Quiet:
    """A timer that the test rings itself. It remembers what it was set to."""

    at: Nanos = 0

    def set(self, at: Nanos, *, seldom: bool = False) -> None:
        """It would ring then."""
        self.at = at

    def cancel(self) -> None:
        """Nothing."""


def live(scene: Callable[[Line], Any], bus: Bus = RTU, **more: str) -> Line:
    async def run() -> Line:
        line = Line(bus, **more)
        keeper = asyncio.create_task(line.task.run())
        await line.settle()
        await scene(line)
        keeper.cancel()
        return line

    return asyncio.run(run())


def test_a_question_is_answered_between_the_reads_and_they_go_on() -> None:
    async def scene(line: Line) -> None:
        before = len(line.link.written)
        assert (await line.ask()).hex(" ") == "03 02 02 88"
        await line.settle(5)
        assert len(line.link.written) > before + 3

    line = live(scene, **{ASKED: SAID})
    assert [one.note for one in line.task.owner.log.lines].count("by hand") == 1
    assert not any(health.down for health in line.task.owner.health.values())


def test_nobody_at_an_address_and_an_exception_are_told_apart_and_an_off_goes_first() -> None:
    async def scene(line: Line) -> None:
        with pytest.raises(NoReply):
            await line.ask(unit=33)
        with pytest.raises(modbus.DeviceRefused):
            await line.ask(unit=14)
        line.task.take(MakeSafe(actuator="pump", reason="now"))
        asking = asyncio.create_task(line.task.exchange(modbus.read(14, 3, 6, 1)))
        begun = len(line.link.written)
        await line.settle(1)
        with pytest.raises(modbus.DeviceRefused):
            await asking
        said = [frame.hex(" ") for frame in line.link.written[begun - 1 :]]
        assert said.index(OFF_PUMP) < said.index(crc(ASKED).hex(" "))

    live(scene, **{ASKED: "0e 83 02"})


def test_a_line_that_goes_takes_the_question_with_it() -> None:
    async def scene(line: Line) -> None:
        asking = asyncio.create_task(line.task.exchange(modbus.read(14, 3, 6, 1)))
        await asyncio.sleep(0)
        line.link.cut("unplugged")
        with pytest.raises(LinkDown, match="unplugged"):
            await asking

    live(scene)


def test_the_owner_lends_nothing_while_something_of_its_own_waits() -> None:
    desk = settled()
    desk.run(10 * MS)
    free = [desk.owner.lends(desk.now + n * MS, 0) for n in range(0, 50, 10)]
    assert any(free)
    desk.owner.take(MakeSafe(actuator="pump", reason="now"), desk.now)
    assert not desk.owner.lends(desk.now + SECOND, 0), "an OFF is due"


def test_a_crowd_of_guests_stops_no_reads() -> None:
    async def scene(line: Line) -> None:
        begun = len(line.link.written)
        crowd = [asyncio.create_task(line.task.exchange(modbus.read(14, 3, 6, 1))) for _ in range(1000)]
        await line.settle(4)
        said = line.link.written[begun:]
        assert any(not one.done() for one in crowd), "the crowd is there all the time"
        assert sum(frame != crc(ASKED) for frame in said) >= 4
        assert crc(ASKED) in said
        await line.settle(6)
        await asyncio.gather(*crowd, return_exceptions=True)

    live(scene, **{ASKED: SAID})


def test_a_question_waits_while_something_is_on_and_is_then_told_that_it_never_left() -> None:
    async def scene(line: Line) -> None:
        line.kept = KEPT
        asking, begun = line.asks(), line.now
        await line.settle(WAITS / SECOND - 0.1)
        assert not asking.done()
        await line.settle(0.5)
        with pytest.raises(NotLeft, match="kept for pump"):
            await asking
        assert line.now - begun < WAITS + SECOND
        asking = line.asks()
        await line.settle(1)
        line.kept = None
        await line.settle(1)
        assert asking.done(), "it ended in time"

    assert len(live(scene, **{ASKED: SAID}).left()) == 1


def test_what_no_waiting_helps_is_told_at_once() -> None:
    async def scene(line: Line) -> None:
        line.kept = Kept(why="the lock is gone", for_good=True)
        asking = line.asks()
        await line.settle(1)
        with pytest.raises(NotLeft, match="the lock is gone"):
            await asking

    assert live(scene, **{ASKED: SAID}).left() == []


def test_a_line_that_is_down_is_told_from_a_unit_that_is_silent() -> None:
    async def scene(line: Line) -> None:
        line.link.cut("unplugged")
        with pytest.raises(LinkDown, match="unplugged"):
            await line.ask()

    live(scene)


def test_whoever_has_gone_leaves_the_line_at_once() -> None:
    async def scene(line: Line) -> None:
        line.kept = KEPT
        waiting = line.asks()
        await line.settle(0.1)
        waiting.cancel()
        await line.settle(0.1)
        line.kept = None
        asked = line.asks(unit=33)  # silent: it is on the line for a while
        await line.settle(0.1)
        asked.cancel()
        assert (await line.ask()).hex(" ") == "03 02 02 88"

    assert len(live(scene, **{ASKED: SAID}).left()) == 2


def test_orders_of_another_master_beside_a_guest_are_heard() -> None:
    async def scene(line: Line) -> None:
        for unit in (33, 14):  # one is answered by nobody, the other after the stranger has spoken
            asking = line.asks(unit)
            while not line.task._guests or line.task._guests[0].deadline is None:
                await line.settle(0.005)
            line.task._on_bytes(crc("02 05 00 01 ff 00"))
            await line.settle(1)
            await asyncio.gather(asking, return_exceptions=True)
        assert [one.heard for one in line.news if isinstance(one, ForeignMaster)] == [True]

    live(scene)


STRANGER = "02 05 00 01 ff 00"


def heard_by_a_guest(*chunks: bytes) -> Guest:
    async def run() -> Guest:
        framing = Line().task._framing
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        asked = modbus.read(14, 3, 6, 1)
        guest = Guest(request=asked, framing=framing, answer=answer, gives_up=0, may_leave=lambda: None)
        guest.leave(0, 0)
        for chunk in chunks:
            guest.hear(chunk)
        answer.cancel()
        return guest

    return asyncio.run(run())


@pytest.mark.parametrize("before", ["", ASKED, STRANGER, "ff 00", "0e 06 01 00 00 0f"])
@pytest.mark.parametrize("answer", ["", SAID, "0e 83 02"])
@pytest.mark.parametrize("behind", ["", STRANGER])
def test_its_own_words_and_the_answer_are_nobody_else(before: str, answer: str, behind: str) -> None:
    parts = [crc(part) if part else b"" for part in (before, answer, behind)]
    beside = heard_by_a_guest(b"".join(parts)).beside
    assert beside == b"".join((b"" if before == ASKED else parts[0], parts[2]))


def test_a_line_that_babbles_beside_a_guest_is_not_kept_whole() -> None:
    guest = heard_by_a_guest(*[bytes(LONGEST_HEARD)] * 3, crc(SAID))
    assert (len(guest.heard), guest.said.hex(" ")) == (LONGEST_HEARD, "03 02 02 88")


# -- a device that thinks for long

THINKING = 400 * MS  # so long may it: its owner waits three times that
SLOW = replace(RTU.devices[1], profile=replace(RTU.devices[1].profile, turnaround=THINKING))
SLOW_BUS = replace(RTU, devices=(RTU.devices[0], SLOW, RTU.devices[2]))
ASKED_SLOWLY, SAID_SLOWLY = crc("05 03 00 06 00 02"), crc("05 03 04 00 01 03 e8")  # it looks like an answer to its poll


class Slow(Line):
    """A line on which unit 5 answers `late`, and a stranger at 33 as well."""

    def __init__(self, late: Nanos) -> None:
        super().__init__(SLOW_BUS)
        self.due: list[tuple[Nanos, bytes]] = []
        quick = self.link.write

        def write(data: bytes) -> None:
            if data[0] not in (5, 33):
                return quick(data)
            self.link.written.append(data)
            body = SAID_SLOWLY[1:-2].hex(" ")
            said = crc(f"{data[0]:02x} {body}") if data[1:-2] == ASKED_SLOWLY[1:-2] else self.link.replies.get(data)
            if said is not None:
                self.due.append((self.now + late, said))

        self.link.write = write  # type: ignore[method-assign]

    async def settle(self, seconds: float = 3) -> None:
        for _ in range(round(seconds * 200)):
            while self.due and self.due[0][0] <= self.now:
                self.link._answer(self.due.pop(0)[1])
            await super().settle(0.005)


def asked_slowly(late: Nanos, unit: int = 5) -> tuple[list[Any], set[float]]:
    """What three guests in a row are told, and what is then believed of the level."""

    async def run() -> tuple[list[Any], set[float]]:
        line = Slow(late)
        keeper = asyncio.create_task(line.task.run())
        await line.settle(12)
        line.news.clear()
        told = list[Any]()
        for _ in range(3):
            asking = asyncio.create_task(line.task.exchange(modbus.read(unit, 3, 6, 2)))
            while not asking.done():
                await line.settle(0.1)
            told += await asyncio.gather(asking, return_exceptions=True)
        await line.settle(5)
        keeper.cancel()
        blocks = [one.block for one in line.news if isinstance(one, Samples)]
        return told, {sample.value for block in blocks for sample in block if sample.channel == "level.level"}

    return asyncio.run(run())


def a_guest_waits_for_a_slow_device_as_long_as_its_owner(unit: int) -> None:
    told, levels = asked_slowly(3 * THINKING - 100 * MS, unit)
    assert len(levels) == 1, "no answer to a guest is taken for one to a poll"
    assert [one.hex(" ") for one in told if isinstance(one, bytes)] == ["03 04 00 01 03 e8"] * 3


@pytest.mark.parametrize("unit", [5, 33])
def test_a_guest_waits_for_a_slow_device_as_long_as_its_owner(unit: int) -> None:
    a_guest_waits_for_a_slow_device_as_long_as_its_owner(unit)


def test_a_guest_that_does_not_wait_as_long_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers_line, "patience", lambda *_: THINKS)
    with pytest.raises(AssertionError, match="taken for one to a poll"):
        a_guest_waits_for_a_slow_device_as_long_as_its_owner(5)


LATEST = 2 * SECOND + 2 * THINKS + 700 * MS  # every 2 s, a guest that nobody answers and its rest, a round of the owner


async def a_day(line: Line, deeds: list[tuple[str, int]]) -> list[tuple[Nanos, Nanos]]:
    """Guests, orders and reads in the order of the lot; when the pump was wanted on, from the order to its OFF."""
    runs, asking = list[tuple[Nanos, Nanos]](), list["asyncio.Task[bytes]"]()
    for number, (deed, tenths) in enumerate(deeds):
        match deed:
            case "guests":
                asking += [line.asks(unit) for unit in (14, 33, 14)]
            case "run":
                line.kept, begun = KEPT, line.now
                line.on(f"c{number}")
                await line.settle(tenths / 10)
                line.task.take(MakeSafe(actuator="pump", reason="its time is over"))
                runs.append((begun, line.now))
                await line.settle(0.4)
                line.kept = None
        await line.settle(tenths / 10)
    await line.settle(6)
    await asyncio.gather(*asking, return_exceptions=True)
    return runs


def guests_orders_and_reads(deeds: list[tuple[str, int]]) -> None:
    runs: list[tuple[Nanos, Nanos]] = []

    async def scene(line: Line) -> None:
        runs.extend(await a_day(line, deeds))

    line = live(scene, **{ASKED: SAID})
    for begun, ended in runs:
        assert not [at for at in line.left() if begun < at <= ended], "a guest beside a pump that is on"
        on = [at for at in sent_on(line) if begun <= at <= begun + 2 * THINKS + 200 * MS]
        short = ended - begun <= 2 * THINKS + 200 * MS  # its OFF may have overtaken it
        assert on or short, "a guest that was on the line ends, and the order leaves"
        offs = [at for at in line.left("safe board") if at >= ended]
        assert offs[0] - ended <= THINKS, "the OFF waits for one frame"
    for device in ("poll level", "poll air"):
        read = line.left(device)
        assert max(late - early for early, late in itertools.pairwise(read)) <= LATEST, device


def sent_on(line: Line) -> list[Nanos]:
    return [one.at for one in line.task.owner.log.lines if one.data == ON_PUMP and one.direction == ">"]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["guests", "run"]), st.integers(1, 20)), min_size=3, max_size=8))
def test_guests_orders_and_reads_in_any_order(deeds: list[tuple[str, int]]) -> None:
    guests_orders_and_reads(deeds)


@pytest.mark.parametrize("plant", ["asked before it waits", "whenever the line is free"])
def test_a_planted_guest_is_seen(plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if plant == "asked before it waits":
        monkeypatch.setattr(Guest, "stays", lambda *_: False)
    else:
        lends = BusOwner.lends
        monkeypatch.setattr(BusOwner, "lends", lambda self, now, _: lends(self, now, -1 << 62))
    with pytest.raises(AssertionError):
        guests_orders_and_reads([("guests", 1)] * 12 + [("run", 15), ("guests", 1)])


def test_an_off_leaves_as_early_with_a_guest_that_waits_as_without() -> None:
    async def scene(line: Line) -> None:
        await line.ask()
        line.task.owner.lent(line.now, 0, b"")  # the line is in its silence now
        asking = asyncio.create_task(line.task.exchange(modbus.read(14, 3, 6, 1)))
        await asyncio.sleep(0)
        line.task.take(MakeSafe(actuator="pump", reason="now"))
        assert line.alarm.at == line.now + line.task.owner.language.silence
        await line.settle(1)
        await asking

    live(scene, **{ASKED: SAID})


def test_the_late_echo_of_a_guests_write_is_no_foreign_master() -> None:
    async def scene(line: Line) -> None:
        for value in (15, 16):
            asking = asyncio.create_task(line.task.exchange(modbus.write_register(14, 0x100, value)))
            await line.settle(1)
            with pytest.raises(NoReply):
                await asking
            while line.task.owner._flight is not None:
                await line.settle(0.005)
            line.task._on_bytes(modbus.rtu_frame(modbus.write_register(14, 0x100, value)))
        assert line.task.owner._foreign.since is None

    live(scene)


def test_a_number_on_a_connection_is_never_a_guests_and_the_owners() -> None:
    owner = BusOwner(TCP, SITE)
    task = BusTask(owner, ScriptedLink({}), mono=lambda: 0, deliver=lambda _: None)
    owner.link(True, SECOND)
    first, second = modbus.read(14, 3, 6, 1), modbus.read(14, 3, 7, 1)
    frames = [task._framing.frame(first), owner.step(SECOND) or b"", task._framing.frame(second)]
    assert len({frame[:2] for frame in frames}) == 3


# -- the engine's word


def work(world: World, device: str = "board", *, done: bool = False) -> Answer:
    details = {"setting": "address", "value": "6", "before": "5"}
    world.offer(Handwork(token=1, device=device, who="Ana", details=details, done=done))
    world.run(world.now + SECOND)
    return world.people.answers[-1]  # type: ignore[attr-defined]


def lock(world: World) -> None:
    world.offer(Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="a probe"))
    world.run(world.now + SECOND)


def a_write_waits_for_off_and_for_the_lock() -> None:
    bench = Bench()
    world = bench.world
    device = next(iter(world.site.actuators.values())).device
    assert work(world, device).code == "zone_not_locked"
    lamp = next(a for a in world.site.actuators.values() if a.device == device and not a.dangerous)
    world.offer(ManualOn(token=1, actuator=lamp.name, lease=60 * SECOND, who="Ana"))
    world.run(world.now + 5 * SECOND)
    refused = work(world, device)
    assert (refused.code, f"{lamp.name} of {device} is on" in refused.body["why"]) == ("device_in_use", True)
    lock(world)
    world.run(world.now + 5 * SECOND)
    assert work(world, device).ok
    assert work(world, device, done=True).ok
    said = [entry for kind in ("DEVICE_WRITE_MEANT", "DEVICE_WRITTEN") for entry in bench.said(kind)]
    assert [(entry["device"], entry["who"], entry["before"]) for entry in said] == [(device, "Ana", "5")] * 2


def test_a_write_waits_for_off_and_for_the_lock() -> None:
    a_write_waits_for_off_and_for_the_lock()


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_a_write_whose_outcome_no_life_saw_calls_a_person(
    monkeypatch: pytest.MonkeyPatch, planted: bool, seen: bool
) -> None:
    if planted:
        monkeypatch.setattr(handwork, "close", lambda draft: None)
    bench = Bench()
    world = bench.world
    details = {"line": "field", "unit": 5, "setting": "address", "value": "6", "before": "5"}
    for done in (False, True) if seen else (False,):
        world.offer(Handwork(token=1, device="", who="Ana", details=details, done=done))
        world.run(world.now + SECOND)
    for _ in range(2):
        world._begin()  # killed
        world.run(world.now + 20 * SECOND)
    told = [alarm for name, alarm in world.state.alarms.items() if name.startswith("device_write_unseen:")]
    outcomes = bench.said("DEVICE_WRITTEN")
    assert (len(told), len(outcomes)) == ((0, 1) if seen else (0, 0) if planted else (1, 1))
    if told:
        assert told[0].message.startswith("address of unit 5 on field was being written as edgectl ended")
        assert (outcomes[0]["who"], outcomes[0]["taken"]) == ("Ana", False)
        world.offer(Acknowledge(token=1, alarm_id=told[0].alarm_id, who="Ana"))
        world.run(world.now + SECOND)
        assert told[0].alarm_id not in world.state.alarms


def test_the_probe_that_dosing_looks_at_waits_for_the_lock() -> None:
    world = Bench().world
    assert work(world, "probe").code == "zone_not_locked"
    lock(world)
    assert work(world, "probe").ok


def test_an_output_that_nobody_has_seen_off_is_not_taken_for_off() -> None:
    world = Bench().world
    lock(world)
    assert work(world).ok
    world.state.seen.pop("acid")
    refused = work(world)
    assert (refused.code, "acid of board" in refused.body["why"]) == ("device_in_use", True)


def test_what_the_site_does_not_name_needs_no_lock() -> None:
    assert work(Bench().world, "").ok


@pytest.mark.parametrize("plant", ["nothing is ever needed", "nothing is ever refused"])
def test_a_planted_bug_is_seen(plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if plant == "nothing is ever needed":
        monkeypatch.setattr(handwork, "_zones", lambda *_: [])
    else:
        monkeypatch.setattr(handwork, "refusals", lambda *_: [])
    with pytest.raises(AssertionError):
        a_write_waits_for_off_and_for_the_lock()
