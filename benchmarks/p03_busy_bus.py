"""P3: a bus of 19200 baud that eight pollers keep busy: what a command and an emergency stop wait for.

The line of P4 paces. pymodbus has one queue for everybody: eight tasks poll, a ninth gives the commands.
Beside it, in virtual time, ten slaves of which one is dead: how much slower do the others get?
"""

import asyncio
import contextlib
import os
import random
import statistics
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

import uvloop
from paced_line import PacedLine, keep_silence, reply_to
from pymodbus.client import AsyncModbusSerialClient
from rows import Goal, main, quantile, spread

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs import modbus
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.profile import Channel, Outlet, Profile, Register
from edgectl.drivers.sim.lines import crc
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.host.timer import Alarm
from edgectl.model.inputs import Input, MakeSafe, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND

BAUD, POLLERS, ROUNDS, SECONDS = 19200, 8, 3, 10.0
LINE = SerialLine(port="", baudrate=BAUD)
POLL = (8 + 7) * LINE.character + 2 * LINE.silence  # one register read, with its silences
COMMAND = (8 + 8) * LINE.character + 2 * LINE.silence  # one coil written and echoed
BOARD = 100


@dataclass
class Waits:
    """What was waited for, in polls: commands to their echo, stops to their first byte. `before` are the frames that
    began between a stop and its first byte: one is on its way already, or the bus has just spoken."""

    commands: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def read(self, line: PacedLine, ordered: list[int]) -> None:
        """What the line saw of these stops."""
        for instant in ordered:
            if (found := line.waited(instant)) is not None:
                self.stops.append(found[0] / POLL)
                self.before.append(found[1])
        self.shares.append(line.share)


def bus(port: str, pollers: int) -> tuple[Bus, Site]:
    """Sensors that are due all the time, and a board."""
    air = {"t": Channel(name="t", unit="", register=Register(function=4, address=1))}
    sensor = Profile(name="a", title="", buses=frozenset(), evidence="", source="", channels=air, turnaround=0)
    relay = {"r": Outlet(name="r", fail_safe=FailSafe.NONE, coil=0)}
    board = Profile(name="b", title="", buses=frozenset(), evidence="", source="", outlets=relay, turnaround=0)
    devices = [Device(name=f"u{n}", unit=n, profile=sensor) for n in range(1, pollers + 1)]
    devices.append(Device(name="board", unit=BOARD, profile=board))
    pump = Actuator(name="pump", channel="board.r", role=Role.PUMP, fail_safe=FailSafe.NONE)
    sensors = {f"s{n}": Sensor(name=f"s{n}", channel=f"u{n}.t", unit="", poll_every=1) for n in range(1, pollers + 1)}
    site = Site(site_id="s", name="s", timezone="UTC", sensors=sensors, actuators={"pump": pump}, zones={})
    return Bus(name="b", kind="modbus-rtu", line=SerialLine(port=port, baudrate=BAUD), devices=tuple(devices)), site


async def ours(line: PacedLine, waits: Waits) -> None:
    """Commands and stops at random instants, one after the other."""
    rng, loop, answered, last = random.Random(1), asyncio.get_running_loop(), asyncio.Event(), ReplyStatus.SENT

    def deliver(item: Input) -> None:
        nonlocal last
        if isinstance(item, Reply) and item.status is not ReplyStatus.SENT:
            last = item.status
            answered.set()

    made, site = bus(line.line.port, POLLERS)
    task = BusTask(
        BusOwner(made, site), link_of(made), mono=time.monotonic_ns, deliver=deliver, alarm=partial(Alarm, loop)
    )
    running, ordered = asyncio.create_task(task.run()), list[int]()
    await asyncio.sleep(0.5)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        answered.clear()
        at = time.monotonic_ns()
        task.take(Send(cmd_id="c", actuator="pump", on=True, lease=None, not_after=at + SECOND))
        await answered.wait()
        if last is ReplyStatus.ECHO:  # a machine that stalls lets one time out now and then
            waits.commands.append((time.monotonic_ns() - at) / POLL)
        await asyncio.sleep(rng.uniform(0.02, 0.06))
        ordered.append(time.monotonic_ns())
        task.take(MakeSafe(actuator="pump", reason="stop"))
        await asyncio.sleep(rng.uniform(0.05, 0.09))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    waits.read(line, ordered)


async def theirs(line: PacedLine, waits: Waits) -> None:
    rng = random.Random(1)
    client = AsyncModbusSerialClient(line.line.port, baudrate=BAUD, timeout=1, retries=0)
    await client.connect()

    async def poll(unit: int) -> None:
        while True:
            await client.read_input_registers(1, count=1, device_id=unit)

    polling = [asyncio.create_task(poll(unit)) for unit in range(1, POLLERS + 1)]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        at = time.monotonic_ns()
        await client.write_coil(0, True, device_id=BOARD)
        waits.commands.append((time.monotonic_ns() - at) / POLL)
        await asyncio.sleep(rng.uniform(0.02, 0.06))
    for task in polling:
        task.cancel()
    await asyncio.gather(*polling, return_exceptions=True)
    client.close()
    waits.shares.append(line.share)


async def raw(line: PacedLine, waits: Waits) -> None:
    """The least that the machine allows: a loop that polls, and lets a stop that was due meanwhile go next."""
    rng, descriptor = random.Random(1), os.open(line.line.port, os.O_RDWR | os.O_NOCTTY)
    polls = cycle([modbus.rtu_frame(modbus.read(unit, 4, 1, 1)) for unit in range(1, POLLERS + 1)])
    off, due, ordered = modbus.rtu_frame(modbus.write_coil(BOARD, 0, on=False)), 0, list[int]()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if 0 < due <= time.monotonic_ns():
            ordered.append(due)
            due = 0
            reply_to(descriptor, off, 8)
        else:
            reply_to(descriptor, next(polls), 7)
        due = due or time.monotonic_ns() + round(rng.uniform(0.09, 0.21) * SECOND)
        keep_silence(line.line.silence)
    os.close(descriptor)
    waits.read(line, ordered)


def virtual(dead: int | None, seconds: int) -> int:
    """Readings of the nine slaves that live, within so many seconds of virtual time."""
    made, site = bus("/dev/x", 10)
    owner, now, readings = BusOwner(made, site), 100 * SECOND, 0
    owner.link(True, now)
    end = now + seconds * SECOND
    turn = 10 * MS  # what a slave thinks
    while now < end:
        if (frame := owner.step(now)) is not None:
            if frame[0] != dead:
                now += 15 * LINE.character + turn
                body = frame[:2] + (bytes([1, 0]) if frame[1] == 1 else bytes([2, 0, 225]))
                owner.hear(body + crc(body), now)
        else:
            wake = owner.wake_at(now)
            now = max(now + 1, end if wake is None else wake)
        for item in owner.news():
            if isinstance(item, Samples):
                readings += sum(sample.channel != "u3.t" for sample in item.block)
    return readings


async def bounded(side: Coroutine[None, None, None]) -> None:
    """A side that gets stuck ends with what it has measured."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(3 * SECONDS):
            await side


def told(values: list[float]) -> str:
    """p50 and p99."""
    return f"{quantile(values, 0.5):.2f}  {quantile(values, 0.99):.2f}"


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    mine, peer, least = Waits(), Waits(), Waits()
    for _ in range(ROUNDS):
        for side, waits in ((ours, mine), (theirs, peer), (raw, least)):
            line = PacedLine(BAUD)
            uvloop.run(bounded(side(line, waits)))
            line.end()
    whole, halved = virtual(None, 600), virtual(3, 600)
    numbers = [
        ("one poll, the unit of what follows, ms", f"{POLL / MS:.2f}"),
        ("edgectl: command, p50 and p99", told(mine.commands)),
        ("pymodbus: command behind eight pollers, p50 and p99", told(peer.commands)),
        ("edgectl: emergency stop to its first byte, p50 and p99", told(mine.stops)),
        ("raw loop: a stop that goes next, p50 and p99", told(least.stops)),
        ("edgectl: share of the time that the line was busy", spread(mine.shares)),
        ("raw loop: the same", spread(least.shares)),
        ("ten slaves, virtual: readings of nine in 10 min", f"{whole} with all alive, {halved} with one dead"),
    ]
    slots = quantile(mine.commands, 0.99) * POLL / (POLL + 2 * COMMAND)
    fifo, stop = quantile(mine.commands, 0.99) / quantile(peer.commands, 0.99), quantile(mine.stops, 0.99)
    floor, share, alive = quantile(least.stops, 0.99), statistics.median(mine.shares), halved / whole
    busy = share / statistics.median(least.shares)
    return numbers, [
        Goal(row="P3", what="command p99 against a poll and two commands", value=slots, limit=1),
        Goal(row="P3", what="command p99 against pymodbus", value=fifo, limit=1 / 6),
        Goal(row="P3", what="frames that begin before an emergency stop, at most", value=max(mine.before), limit=1),
        Goal(row="P3", what="emergency stop p99 against one frame", value=stop, limit=1),
        Goal(row="P3", what="emergency stop p99 against the raw loop's", value=stop / floor, limit=1.1),
        Goal(row="P3", what="bus busy", value=share, limit=0.95, at_most=False),
        Goal(row="P3", what="bus busy against the raw loop", value=busy, limit=0.99, at_most=False),
        Goal(row="P3", what="nine slaves beside a dead one, their readings", value=alive, limit=0.95, at_most=False),
    ]


if __name__ == "__main__":
    main("P3 busy bus", measure)
