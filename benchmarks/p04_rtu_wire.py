"""P4: reads of one register over a paced line: the share of the legal wire, the silence kept, the CPU used.

A pty has no baud, so the other end paces: it takes the request's air time from its first byte, answers at once, and
delivers the reply when its last character would have arrived. A raw loop over the same emulator is measured beside it.
"""

import asyncio
import os
import pty
import threading
import time
import tty
from dataclasses import dataclass, field
from functools import partial

import uvloop
from pymodbus.client import AsyncModbusSerialClient
from rows import Goal, main

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.codecs import modbus
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.profile import Channel, Profile, Register
from edgectl.drivers.sim.lines import crc
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.host.timer import Alarm
from edgectl.model.site import Sensor, Site

SECONDS = 4.0
REPLY = bytes([7, 4, 2, 0, 225])
REPLY += crc(REPLY)


@dataclass
class Emulator:
    """A paced slave on a thread. Counts requests and those that began inside the silence."""

    baudrate: int
    requests: int = 0
    violations: int = 0
    slave: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.master, self._keep = pty.openpty()
        tty.setraw(self._keep)
        self.slave = os.ttyname(self._keep)
        self.line = SerialLine(port=self.slave, baudrate=self.baudrate)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        os.set_blocking(self.master, True)
        quiet_since = 0
        while True:
            try:
                frame = os.read(self.master, 64)
            except OSError:
                return
            if self.stop.is_set():
                return
            began = time.monotonic_ns()
            self.requests += 1
            if began - quiet_since < self.line.silence:
                self.violations += 1
            while len(frame) < 8:
                frame += os.read(self.master, 64)
            until = began + (8 + len(REPLY)) * self.line.character + self.line.silence
            while (left := until - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)
            quiet_since = time.monotonic_ns()  # before the write: this thread may be held up right after it
            os.write(self.master, REPLY)

    def end(self) -> None:
        self.stop.set()
        os.write(self._keep, b"\0")
        self.thread.join()
        os.close(self.master)
        os.close(self._keep)


async def ours(emulator: Emulator) -> None:
    """The bus task with one sensor that is asked without a pause."""
    profile = Profile(
        name="air",
        title="air",
        buses=frozenset({"modbus-rtu"}),
        evidence="vendor",
        source="-",
        channels={"t": Channel(name="t", unit="", register=Register(function=4, address=1))},
    )
    site = Site(
        site_id="s",
        name="s",
        timezone="UTC",
        sensors={"t": Sensor(name="t", channel="air.t", unit="", poll_every=1)},
        actuators={},
        zones={},
    )
    device = Device(name="air", unit=7, profile=profile)
    bus = Bus(name="b", kind="modbus-rtu", line=emulator.line, devices=(device,))
    task = BusTask(
        BusOwner(bus, site),
        link_of(bus),
        mono=time.monotonic_ns,
        deliver=lambda _: None,
        alarm=partial(Alarm, asyncio.get_running_loop()),
    )
    running = asyncio.create_task(task.run())
    await asyncio.sleep(SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def theirs(emulator: Emulator) -> None:
    client = AsyncModbusSerialClient(emulator.slave, baudrate=emulator.baudrate, timeout=1, retries=0)
    await client.connect()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        await client.read_input_registers(1, count=1, device_id=7)
    client.close()


def raw(emulator: Emulator) -> None:
    """What the emulator allows: write, read, keep the silence by sleeping."""
    descriptor = os.open(emulator.slave, os.O_RDWR | os.O_NOCTTY)
    frame = modbus.rtu_frame(modbus.read(7, 4, 1, 1))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        os.write(descriptor, frame)
        heard = b""
        while len(heard) < len(REPLY):
            heard += os.read(descriptor, 64)
        until = time.monotonic_ns() + emulator.line.silence
        while (left := until - time.monotonic_ns()) > 0:
            time.sleep(left / 1e9)
    os.close(descriptor)


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    numbers: list[tuple[str, str]] = []
    goals: list[Goal] = []
    for baudrate, share in ((9600, 0.98), (19200, 0.97), (115200, 0.95)):
        line = SerialLine(port="", baudrate=baudrate)
        legal = (8 + len(REPLY)) * line.character + 2 * line.silence
        rates, cpus, broken = {}, {}, {}
        for name in ("raw loop", "edgectl", "pymodbus"):
            emulator = Emulator(baudrate)
            emulator.start()
            used = time.process_time()
            if name == "raw loop":
                raw(emulator)
            else:
                uvloop.run(ours(emulator) if name == "edgectl" else theirs(emulator))
            cpus[name] = (time.process_time() - used) / max(1, emulator.requests) * 1e6
            rates[name] = emulator.requests * legal / (SECONDS * 1e9)
            broken[name] = (emulator.violations, emulator.requests)
            emulator.end()
            told = f"{rates[name]:.1%} of the wire, {cpus[name]:.0f} us CPU each with the emulator's"
            numbers.append((f"{baudrate} baud, {name}", f"{told}, {broken[name][0]} of {broken[name][1]} too early"))
        goals += [
            Goal(
                row="P4",
                what=f"{baudrate}: share of the legal wire",
                value=rates["edgectl"],
                limit=min(share, 0.99 * rates["raw loop"]),
                at_most=False,
            ),
            Goal(row="P4", what=f"{baudrate}: silences broken", value=broken["edgectl"][0], limit=0),
            Goal(
                row="P4", what=f"{baudrate}: CPU against pymodbus", value=cpus["edgectl"] / cpus["pymodbus"], limit=0.75
            ),
        ]
    return numbers, goals


if __name__ == "__main__":
    main("P4 RTU wire", measure)
