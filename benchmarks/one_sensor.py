"""A bus with one sensor that is asked without a pause, as P4 and P6 need it."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.line import BusTask, link_of
from edgectl.drivers.profile import Channel, Profile, Register
from edgectl.drivers.wiring import Bus, Device, Wire
from edgectl.host.timer import Alarm
from edgectl.model.inputs import Input
from edgectl.model.site import Sensor, Site

UNIT = 7
WARM_S = 0.5  # what opening a line and beginning cost is nobody's transaction


class Meter:
    """How much a side had done, and what its process had used, at both ends of its time."""

    def __init__(self, done: Callable[[], int]) -> None:
        self._done, self._marks = done, list[tuple[float, float, int]]()

    def mark(self) -> None:
        self._marks.append((time.monotonic(), time.process_time(), self._done()))

    @property
    def rate(self) -> float:
        """Transactions in a second."""
        (began, _, before), (ended, _, after) = self._marks
        return (after - before) / (ended - began)

    @property
    def cpu_us(self) -> float:
        """CPU time of one."""
        (_, began, before), (_, ended, after) = self._marks
        return (ended - began) / max(1, after - before) * 1e6


async def asked(kind: str, line: Wire, seconds: float, deliver: Callable[[Input], None], meter: Meter) -> None:
    """The bus task itself, one register at a time, for so long."""
    channels = {"t": Channel(name="t", unit="", register=Register(function=4, address=1))}
    profile = Profile(name="a", title="", buses=frozenset(), evidence="", source="", channels=channels)
    sensor = Sensor(name="t", channel="a.t", unit="", poll_every=1)
    site = Site(site_id="s", name="s", timezone="UTC", sensors={"t": sensor}, actuators={}, zones={})
    device = Device(name="a", unit=UNIT, profile=profile)
    bus = Bus(name="b", kind=kind, line=line, devices=(device,))
    ring = partial(Alarm, asyncio.get_running_loop())
    task = BusTask(BusOwner(bus, site), link_of(bus), mono=time.monotonic_ns, deliver=deliver, alarm=ring)
    running = asyncio.create_task(task.run())
    await asyncio.sleep(WARM_S)
    meter.mark()
    await asyncio.sleep(seconds)
    meter.mark()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
