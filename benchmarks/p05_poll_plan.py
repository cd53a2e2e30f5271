"""P5: the wire time of the poll plan against the optimum of a dynamic programme, over a thousand random register maps.

A read of n registers takes (13 + 2n) characters and two silences; no read is longer than the longest that is planned.
"""

import random
import statistics
from functools import cache

from rows import Goal, main

from edgectl.drivers.pollplan import LONGEST_READ, plan
from edgectl.drivers.profile import Channel, Profile, Register
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.site import Sensor, Site

MAPS, BITS = 1000, 11


def wire_ns(line: SerialLine, registers: int) -> int:
    """Legal RTU time of one read."""
    return (13 + 2 * registers) * BITS * 1_000_000_000 // line.baudrate + 2 * line.silence


def planned(line: SerialLine, addresses: list[int]) -> int:
    """What our plan takes."""
    channels = {f"c{a}": Channel(name=f"c{a}", unit="", register=Register(function=3, address=a)) for a in addresses}
    profile = Profile(name="p", title="", buses=frozenset(), evidence="", source="", channels=channels)
    sensors = {name: Sensor(name=name, channel=f"d.{name}", unit="") for name in channels}
    site = Site(site_id="s", name="s", timezone="UTC", sensors=sensors, actuators={}, zones={})
    device = Device(name="d", unit=1, profile=profile)
    bus = Bus(name="b", kind="modbus-rtu", line=line, devices=(device,))
    return sum(wire_ns(line, block.count) for block in plan(bus, site))


def optimum(line: SerialLine, addresses: list[int]) -> int:
    """The cheapest way to cover them all, by trying every last read."""

    @cache
    def best(upto: int) -> int:
        if upto == 0:
            return 0
        last, cheapest = addresses[upto - 1], None
        for first in range(upto - 1, -1, -1):
            span = last - addresses[first] + 1
            if span > LONGEST_READ:
                break
            cost = best(first) + wire_ns(line, span)
            cheapest = cost if cheapest is None else min(cheapest, cost)
        assert cheapest is not None
        return cheapest

    return best(len(addresses))


def measure() -> tuple[list[tuple[str, str]], list[Goal]]:
    rng, numbers, goals = random.Random(5), [], []
    for baudrate, wanted in ((9600, 4.2), (19200, None), (115200, 6.0)):
        line = SerialLine(port="", baudrate=baudrate, parity="E")
        excess = []
        for _ in range(MAPS):
            addresses = sorted(rng.sample(range(rng.choice((60, 200, 600, 2000))), rng.randrange(2, 50)))
            best = optimum(line, addresses)
            excess.append(round(planned(line, addresses) / best - 1, 6))  # characters are counted in whole ns
        worst = f"worst {max(excess):.2%}, {sum(e > 0 for e in excess)} of {MAPS} not optimal"
        numbers.append((f"{baudrate} baud, excess over the optimum", f"mean {statistics.mean(excess):.3%}, {worst}"))
        goals.append(Goal(row="P5", what=f"{baudrate}: worst excess over the optimum", value=max(excess), limit=0))
        if wanted is not None:
            scattered = sorted(rng.sample(range(80), 40))
            gain = 40 * wire_ns(line, 1) / planned(line, scattered)
            numbers.append((f"{baudrate} baud, 40 registers among 80 addresses", f"{gain:.2f} times one by one"))
            what = f"{baudrate}: 40 scattered registers against one by one"
            goals.append(Goal(row="P5", what=what, value=gain, limit=wanted, at_most=False))
    return numbers, goals


if __name__ == "__main__":
    main("P5 poll plan", measure)
