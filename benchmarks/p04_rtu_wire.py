"""P4: reads of one register over a paced line: the share of the legal wire, the silence kept, the CPU used.

The line and its slave are a process of their own. A raw loop over the same line is measured beside it: what it lacks
of the wire, the machine lacks.
"""

import os
import statistics
import time
from functools import partial

import uvloop
from one_sensor import UNIT, WARM_S, Meter, asked
from paced_line import PacedLine, keep_silence, reply_to
from pymodbus.client import AsyncModbusSerialClient
from rows import Goal, main, spread

from edgectl.drivers.codecs import modbus

ROUNDS, SECONDS = 3, 4.0
SHARES = {9600: 0.98, 19200: 0.97, 115200: 0.95}


def ours(line: PacedLine, meter: Meter) -> None:
    uvloop.run(asked("modbus-rtu", line.line, SECONDS, lambda _: None, meter))


def theirs(line: PacedLine, meter: Meter) -> None:
    async def live() -> None:
        client = AsyncModbusSerialClient(line.line.port, baudrate=line.line.baudrate, timeout=1, retries=0)
        await client.connect()
        for span in (WARM_S, SECONDS):
            end = time.monotonic() + span
            while time.monotonic() < end:
                await client.read_input_registers(1, count=1, device_id=UNIT)
            meter.mark()
        client.close()

    uvloop.run(live())


def raw(line: PacedLine, meter: Meter) -> None:
    """What the line allows: write, read, keep the silence by sleeping."""
    descriptor = os.open(line.line.port, os.O_RDWR | os.O_NOCTTY)
    frame = modbus.rtu_frame(modbus.read(UNIT, 4, 1, 1))
    for span in (WARM_S, SECONDS):
        end = time.monotonic() + span
        while time.monotonic() < end:
            reply_to(descriptor, frame, 7)
            keep_silence(line.line.silence)
        meter.mark()
    os.close(descriptor)


SIDES = {"raw loop": raw, "edgectl": ours, "pymodbus": theirs}


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    numbers: list[tuple[str, str]] = []
    goals: list[Goal] = []
    for baudrate, wanted in SHARES.items():
        shares: dict[str, list[float]] = {name: [] for name in SIDES}
        cpus: dict[str, list[float]] = {name: [] for name in SIDES}
        early: dict[str, tuple[int, int]] = dict.fromkeys(SIDES, (0, 0))
        for name in [*SIDES] * ROUNDS:
            line = PacedLine(baudrate)
            meter = Meter(partial(getattr, line, "requests"))
            SIDES[name](line, meter)
            shares[name].append(100 * line.share)
            cpus[name].append(meter.cpu_us)
            early[name] = early[name][0] + line.violations, early[name][1] + line.requests
            line.end()
        for name in SIDES:
            numbers.append((f"{baudrate} baud, {name}: % of the wire", spread(shares[name])))
            numbers.append((f"{baudrate} baud, {name}: CPU of one, us", spread(cpus[name])))
            numbers.append((f"{baudrate} baud, {name}: too early", "{} of {}".format(*early[name])))
        share, cpu = ({name: statistics.median(v) for name, v in found.items()} for found in (shares, cpus))
        wire, limit = share["edgectl"] / 100, min(wanted, 0.99 * share["raw loop"] / 100)
        thrift = cpu["edgectl"] / cpu["pymodbus"]
        goals += [
            Goal(row="P4", what=f"{baudrate}: share of the legal wire", value=wire, limit=limit, at_most=False),
            Goal(row="P4", what=f"{baudrate}: silences broken", value=early["edgectl"][0], limit=0),
            Goal(row="P4", what=f"{baudrate}: CPU against pymodbus", value=thrift, limit=0.75),
        ]
    return numbers, goals


if __name__ == "__main__":
    main("P4 RTU wire", measure)
