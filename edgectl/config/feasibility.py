"""Can the bus deliver what the freshness limits ask for? Arithmetic over the poll plan, before anything is plugged in.

A Modbus RTU exchange takes the request (8 characters), the reply (5 characters and the data), two silences of 3.5
characters and the device's thinking time. An EZO circuit is asked for its name before each question, and thinks for a
while about both. The worst case is every read once, one control order in between, and one device that does not answer
and costs its time-out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.config.findings import Findings
from edgectl.config.quantities import show
from edgectl.drivers.askplan import ANSWER, GAP, THINKS, Ask
from edgectl.drivers.languages.lines import GAP as BETWEEN
from edgectl.drivers.languages.lines import LINE_OF_TEXT
from edgectl.drivers.listenplan import Listen
from edgectl.drivers.reads import Read, reads_of
from edgectl.drivers.wiring import Bus, Device, SerialLine, TcpHost
from edgectl.model.site import Sensor, Site
from edgectl.model.time import MS, SECOND, Nanos

REQUEST = 8  # characters: unit, function, address, count, check
REPLY = 5  # characters around the data: unit, function, length, check
ORDER = 8  # characters of the echo of one written coil
TCP_ROUND_TRIP: Nanos = 5 * MS
_CURE = "a higher baudrate, longer max_age, or a second bus"
_CURES = dict.fromkeys(
    ("ezo-uart", "serial-lines"), "a longer max_age: the device itself needs this time, whatever the baudrate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One bus in numbers. `with_dead` is None where no other device would suffer."""

    bus: str
    kind: str
    load: float  # share of the bus time that the reads take
    cycle: Nanos
    with_dead: Nanos | None
    tightest: str  # the sensor with the shortest freshness limit, empty when the bus carries none
    limit: Nanos | None
    late: tuple[tuple[str, Nanos], ...]  # sensors whose readings can grow older than allowed, and how old

    @property
    def ok(self) -> bool:
        """True when every limit can be kept."""
        return self.load < 1 and not self.late

    @property
    def verdict(self) -> str:
        """The word for the table."""
        return "ok" if self.ok else "impossible"


def measure(bus: Bus, site: Site) -> Load:
    """The load and the worst cases of one bus."""
    devices = {device.name: device for device in bus.devices}
    blocks = reads_of(bus, site)
    times = [read_time(bus, devices[block.device], block) for block in blocks]
    orders = [order_time(bus, device) for device in bus.devices if device.profile.outlets]
    cycle = sum(times) + max(orders, default=0)
    with_dead = cycle + bus.timeout if len(bus.devices) > 1 else None
    carried = [(sensor, block) for block in blocks for sensor in _sensors(block, site)]
    tightest = min((sensor for sensor, _ in carried), key=lambda s: (s.max_age, s.name), default=None)
    worst = cycle if with_dead is None else with_dead
    return Load(
        bus=bus.name,
        kind=bus.kind,
        load=sum(time / block.every for time, block in zip(times, blocks, strict=True)),
        cycle=cycle,
        with_dead=with_dead,
        tightest="" if tightest is None else tightest.name,
        limit=None if tightest is None else tightest.max_age,
        # Just before the next read arrives, a reading is as old as the interval and everything in its way.
        late=tuple((s.name, block.every + worst) for s, block in carried if block.every + worst > s.max_age),
    )


def read_time(bus: Bus, device: Device, block: Read) -> Nanos:
    """How long one read occupies the bus."""
    if isinstance(block, Listen):
        return _listened(bus, device)
    if isinstance(block, Ask):
        return _talk(bus, THINKS) + _talk(bus, block.wait)
    data = -(-block.count // 8) if block.function in (1, 2) else 2 * block.count
    return _exchange(bus, device, REQUEST + REPLY + data)


def order_time(bus: Bus, device: Device) -> Nanos:
    """How long one written coil, or one dose that is ordered, occupies the bus."""
    if bus.kind == "ezo-uart":
        return 2 * _talk(bus, THINKS)
    if bus.kind == "serial-lines":
        return BETWEEN + _listened(bus, device)  # what it does is seen by a look
    return _exchange(bus, device, REQUEST + ORDER)


def report(loads: tuple[Load, ...], findings: Findings) -> None:
    """An impossible bus is a mistake in the site file."""
    for load in loads:
        if load.load >= 1:
            what = f"is asked for {load.load * 100:.0f} % of its time"
            findings.value(("buses", load.bus), what, _CURES.get(load.kind, _CURE))
        for sensor, age in load.late:
            what = f"a reading can be {_seconds(age)} old on bus {load.bus} before the next one arrives"
            hint = f"write at least {show(_rounded(age))}, or use a higher baudrate, or a second bus"
            if load.kind in _CURES:
                # Four reads fit into a limit, and such a device has nobody to share its time with.
                hint = f"write at least {show(max(_rounded(age), _halves(4 * load.cycle)))}"
            findings.value(("sensors", sensor, "max_age"), what, hint)


def _exchange(bus: Bus, device: Device, characters: int) -> Nanos:
    wire = bus.wire
    if not isinstance(wire, TcpHost):
        network = 0 if isinstance(wire, SerialLine) else TCP_ROUND_TRIP
        return network + characters * wire.character + 2 * wire.silence + device.profile.turnaround
    return TCP_ROUND_TRIP + device.profile.turnaround


def _talk(bus: Bus, thinks: Nanos) -> Nanos:
    assert isinstance(bus.line, SerialLine)
    return ANSWER * bus.line.character + thinks + GAP


def _listened(bus: Bus, device: Device) -> Nanos:
    """A frame and its thinking time; of a device that speaks by itself two frames, the first one half over."""
    assert isinstance(bus.line, SerialLine)
    panel, form = device.profile.panel, device.profile.form
    if panel is not None:
        characters, thinks = len(panel.ask) + LINE_OF_TEXT * len(device.profile.outlets), panel.wait
    else:
        assert form is not None
        characters, thinks = len(form.ask) + 2 * form.length, form.wait if form.ask else 3 * form.wait
    return characters * bus.line.character + thinks + BETWEEN


def _sensors(block: Read, site: Site) -> Iterator[Sensor]:
    return (sensor for sensor in site.sensors.values() if not set(sensor.channels).isdisjoint(block.channels))


def _seconds(nanos: Nanos) -> str:
    return f"{nanos / SECOND:.2f} s"


def _rounded(age: Nanos) -> Nanos:
    # A longer limit is polled more slowly, a quarter of it: four thirds of what is in the way settle both.
    return _halves(age * 4 // 3)


def _halves(age: Nanos) -> Nanos:
    """Up to the next half second."""
    half = SECOND // 2
    return (age // half + 1) * half
