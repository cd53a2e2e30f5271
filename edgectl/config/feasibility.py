"""Can the bus do it? Worst-case time of its reads against the freshness limits of the sensors that hang on it."""

from dataclasses import dataclass

from edgectl.drivers.pollplan import Block, plan
from edgectl.drivers.wiring import Bus, Device, SerialLine
from edgectl.model.site import Site
from edgectl.model.time import MS, SECOND, Nanos

NETWORK: Nanos = 5 * MS
MOST_LOAD = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """One bus. `load` is the share of its time that the planned reads take; `limit` the tightest freshness limit."""

    bus: str
    load: float
    cycle: Nanos
    cycle_with_dead: Nanos
    sensor: str | None
    limit: Nanos | None

    @property
    def possible(self) -> bool:
        """Every value arrives before it is too old, also with one dead device, and the bus keeps up."""
        return self.load <= MOST_LOAD and (self.limit is None or self.cycle_with_dead < self.limit)


def feasibility(bus: Bus, site: Site) -> Feasibility:
    """The figures of one bus."""
    devices = {device.name: device for device in bus.devices}
    blocks = plan(bus, site)
    times = {block: exchange_time(bus, devices[block.device], block) for block in blocks}
    switch = max((_frame_time(bus, 8 + 8, device) for device in bus.devices), default=0)
    cycle = sum(times.values()) + switch
    slowest = max((max(bus.timeout, 3 * device.profile.turnaround) for device in bus.devices), default=0)
    dead = 2 * slowest if len(bus.devices) > 1 else 0  # the time-out, and the rest of the line after it
    limits = [
        (sensor.max_age - sensor.poll_every, name)
        for name, sensor in site.sensors.items()
        if sensor.channel.split(".", 1)[0] in devices
    ]
    limit = min(limits, default=None)
    return Feasibility(
        bus=bus.name,
        load=sum(times[block] / block.every for block in blocks),
        cycle=cycle,
        cycle_with_dead=cycle + dead,
        sensor=limit[1] if limit else None,
        limit=site.sensors[limit[1]].max_age if limit else None,
    )


def exchange_time(bus: Bus, device: Device, block: Block) -> Nanos:
    """One read: the request, the device's own time, the reply and the silences around them."""
    payload = (block.count + 7) // 8 if block.function in (1, 2) else 2 * block.count
    return _frame_time(bus, 8 + 5 + payload, device)


def _frame_time(bus: Bus, characters: int, device: Device) -> Nanos:
    if not isinstance(bus.line, SerialLine):
        return NETWORK + device.profile.turnaround
    return characters * bus.line.character + 2 * bus.line.silence + device.profile.turnaround


def words(row: Feasibility) -> list[str]:
    """The row of the table."""
    limit = "-" if row.limit is None else f"{row.sensor} {row.limit / SECOND:g} s"
    return [
        row.bus,
        f"{row.load:.0%}",
        f"{row.cycle / SECOND:.2f} s",
        f"{row.cycle_with_dead / SECOND:.2f} s",
        limit,
        "ok" if row.possible else "IMPOSSIBLE",
    ]
