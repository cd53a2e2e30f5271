"""P3: a bus of 19200 baud that eight pollers keep busy: what a command and an emergency stop wait for.

The emulator of P4 paces the line. pymodbus has one queue for everybody: eight tasks poll, a ninth gives the commands.
Beside it, in virtual time, ten slaves of which one is dead: how much slower do the others get?
"""

import asyncio
import contextlib
import os
import random
import select
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial

import uvloop
from p04_rtu_wire import Emulator
from pymodbus.client import AsyncModbusSerialClient
from rows import Goal, main, quantile

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.profile import Channel, Outlet, Profile, Register
from edgectl.drivers.sim.lines import crc
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.host.timer import Alarm
from edgectl.model.inputs import Input, MakeSafe, Reply, ReplyStatus, Samples, Send
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site
from edgectl.model.time import MS, SECOND

BAUD, POLLERS, ROUNDS, SECONDS = 19200, 8, 3, 6.0
LINE = SerialLine(port="", baudrate=BAUD)
POLL = (8 + 7) * LINE.character + 2 * LINE.silence  # one register read, with its silences
COMMAND = (8 + 8) * LINE.character + 2 * LINE.silence  # one coil written and echoed


@dataclass
class BusyLine(Emulator):
    """Answers reads and writes at the pace of the line. `stops` are the instants at which an OFF began to arrive."""

    stops: list[int] = field(default_factory=list)
    busy: int = 0
    drawn: bool = False

    def _run(self) -> None:
        os.set_blocking(self.master, True)
        while True:
            try:
                frame = os.read(self.master, 64)
            except OSError:
                return
            if self.stop.is_set():
                return
            began = time.monotonic_ns()
            while len(frame) < 8 and select.select([self.master], [], [], 0.05)[0]:
                frame += os.read(self.master, 64)
            if len(frame) < 8:
                continue  # half a frame, and a silence: a slave forgets it
            frame = frame[:8]
            self.requests += 1
            if frame[1] == 5:
                self.drawn = frame[4] != 0
                if not self.drawn:
                    self.stops.append(began)
                body = frame[:6]
            else:
                body = frame[:2] + (bytes([1, self.drawn]) if frame[1] == 1 else bytes([2, 0, 225]))
            reply = body + crc(body)
            span = (8 + len(reply)) * self.line.character
            until = began + span + self.line.silence
            while (left := until - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)
            self.busy += span + 2 * self.line.silence
            os.write(self.master, reply)


def bus(port: str, pollers: int) -> tuple[Bus, Site]:
    """Sensors that are due all the time, and a board."""
    air = {"t": Channel(name="t", unit="", register=Register(function=4, address=1))}
    sensor = Profile(name="a", title="", buses=frozenset(), evidence="", source="", channels=air, turnaround=0)
    relay = {"r": Outlet(name="r", fail_safe=FailSafe.NONE, coil=0)}
    board = Profile(name="b", title="", buses=frozenset(), evidence="", source="", outlets=relay, turnaround=0)
    devices = [Device(name=f"u{n}", unit=n, profile=sensor) for n in range(1, pollers + 1)]
    devices.append(Device(name="board", unit=100, profile=board))
    pump = Actuator(name="pump", channel="board.r", role=Role.PUMP, fail_safe=FailSafe.NONE)
    sensors = {f"s{n}": Sensor(name=f"s{n}", channel=f"u{n}.t", unit="", poll_every=1) for n in range(1, pollers + 1)}
    site = Site(site_id="s", name="s", timezone="UTC", sensors=sensors, actuators={"pump": pump}, zones={})
    return Bus(name="b", kind="modbus-rtu", line=SerialLine(port=port, baudrate=BAUD), devices=tuple(devices)), site


async def ours(emulator: BusyLine, commands: list[float], stops: list[float]) -> None:
    """Commands and stops at random instants, one after the other."""
    rng, loop, answered, last = random.Random(1), asyncio.get_running_loop(), asyncio.Event(), ReplyStatus.SENT

    def deliver(item: Input) -> None:
        nonlocal last
        if isinstance(item, Reply) and item.status is not ReplyStatus.SENT:
            last = item.status
            answered.set()

    made, site = bus(emulator.slave, POLLERS)
    task = BusTask(
        BusOwner(made, site), link_of(made), mono=time.monotonic_ns, deliver=deliver, alarm=partial(Alarm, loop)
    )
    running = asyncio.create_task(task.run())
    await asyncio.sleep(0.5)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        answered.clear()
        at = time.monotonic_ns()
        task.take(Send(cmd_id="c", actuator="pump", on=True, lease=None, not_after=at + SECOND))
        await answered.wait()
        if last is ReplyStatus.ECHO:  # a machine that stalls lets one time out now and then
            commands.append((time.monotonic_ns() - at) / POLL)
        await asyncio.sleep(rng.uniform(0.02, 0.06))
        seen = len(emulator.stops)
        at = time.monotonic_ns()
        task.take(MakeSafe(actuator="pump", reason="stop"))
        while len(emulator.stops) == seen:  # noqa: ASYNC110  the emulator is a thread and rings no bell
            await asyncio.sleep(0.001)
        stops.append((emulator.stops[seen] - at) / POLL)
        await asyncio.sleep(rng.uniform(0.02, 0.06))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def theirs(emulator: BusyLine, commands: list[float]) -> None:
    rng = random.Random(1)
    client = AsyncModbusSerialClient(emulator.slave, baudrate=BAUD, timeout=1, retries=0)
    await client.connect()

    async def poll(unit: int) -> None:
        while True:
            await client.read_input_registers(1, count=1, device_id=unit)

    polling = [asyncio.create_task(poll(unit)) for unit in range(1, POLLERS + 1)]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        at = time.monotonic_ns()
        await client.write_coil(0, True, device_id=100)
        commands.append((time.monotonic_ns() - at) / POLL)
        await asyncio.sleep(rng.uniform(0.02, 0.06))
    for task in polling:
        task.cancel()
    await asyncio.gather(*polling, return_exceptions=True)
    client.close()


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


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    mine: list[float] = []
    stops: list[float] = []
    peer: list[float] = []
    shares: list[float] = []
    for _ in range(ROUNDS):
        for side in (ours, theirs):
            emulator = BusyLine(BAUD)
            emulator.start()
            begin = time.monotonic_ns()
            if side is ours:
                uvloop.run(bounded(ours(emulator, mine, stops)))
                shares.append(emulator.busy / (time.monotonic_ns() - begin))
            else:
                uvloop.run(bounded(theirs(emulator, peer)))
            emulator.end()
    whole, halved = virtual(None, 600), virtual(3, 600)
    allowed = (POLL + 2 * COMMAND) / POLL
    numbers = [
        ("one poll, the unit of what follows, ms", f"{POLL / MS:.2f}"),
        ("edgectl: command, p50 and p99", f"{quantile(mine, 0.5):.2f}  {quantile(mine, 0.99):.2f}"),
        (
            "edgectl: emergency stop to its first byte, p50 and p99",
            f"{quantile(stops, 0.5):.2f}  {quantile(stops, 0.99):.2f}",
        ),
        (
            "pymodbus: command behind eight pollers, p50 and p99",
            f"{quantile(peer, 0.5):.2f}  {quantile(peer, 0.99):.2f}",
        ),
        ("share of the time that the line was busy", ", ".join(f"{share:.1%}" for share in shares)),
        ("ten slaves, virtual: readings of nine in 10 min", f"{whole} with all alive, {halved} with one dead"),
    ]
    return numbers, [
        Goal(
            row="P3", what="command p99 against a poll and two commands", value=quantile(mine, 0.99) / allowed, limit=1
        ),
        Goal(
            row="P3",
            what="command p99 against pymodbus",
            value=quantile(mine, 0.99) / quantile(peer, 0.99),
            limit=1 / 6,
        ),
        Goal(row="P3", what="emergency stop p99 against one frame", value=quantile(stops, 0.99), limit=1),
        Goal(row="P3", what="bus busy", value=max(shares), limit=0.95, at_most=False),
        Goal(
            row="P3",
            what="nine slaves beside a dead one, share of their readings",
            value=halved / whole,
            limit=0.95,
            at_most=False,
        ),
    ]


if __name__ == "__main__":
    main("P3 busy bus", measure)
