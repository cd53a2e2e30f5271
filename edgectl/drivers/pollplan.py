"""Which registers are read together, and how often. Pure arithmetic over a bus and a site.

Reading a hole of a few registers is cheaper than a second transaction; how many depends on the line.
"""

from dataclasses import dataclass
from itertools import accumulate

from edgectl.drivers.profile import Outlet, Register
from edgectl.drivers.wiring import Bus, Device, SerialLine, TcpHost
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos

OUTPUTS_EVERY: Nanos = 2 * SECOND
LONGEST_READ = 120  # registers; the protocol allows 125
LONGEST_BITS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One read. `channels` are full names, "device.channel", of what it delivers; `outputs` are actuators."""

    device: str
    function: int
    address: int
    count: int
    every: Nanos
    channels: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def plan(bus: Bus, site: Site) -> tuple[Block, ...]:
    """The reads of one bus: the channels that sensors need, and the coils of the outputs that the site uses."""
    blocks: list[Block] = []
    for device in bus.devices:
        blocks += _outputs(device, site)
        every = {
            channel: sensor.poll_every
            for sensor in sorted(site.sensors.values(), key=lambda s: -s.poll_every)
            for channel in sensor.channels
            if channel.split(".", 1)[0] == device.name
        }
        hole = 0 if device.profile.sparse else _hole(bus)
        blocks += _sensors(device, every, hole, 0.5 if hole == 0 else _fixed(bus))
    return tuple(blocks)


def apart(block: Block, device: Device) -> tuple[Block, ...]:
    """The same channels read without a register in between: for a device that refuses what it does not have."""
    return tuple(_sensors(device, dict.fromkeys(block.channels, block.every), 0, 0.5)) or (block,)


def _hole(bus: Bus) -> int:
    """Registers worth reading for nothing: 2 characters each, against about 20 (or 50 above 19200) of a transaction."""
    return 9 if not isinstance(bus.wire, TcpHost) and bus.wire.baudrate <= 19200 else 24


def _fixed(bus: Bus) -> float:
    """What a read costs besides its registers, in registers: 13 characters and two silences; a network's round trip."""
    wire = bus.wire
    if not isinstance(wire, SerialLine):
        return _hole(bus) + 0.5
    return (13 * wire.character + 2 * wire.silence) / (2 * wire.character)


def _outputs(device: Device, site: Site) -> list[Block]:
    """The coils of the outputs in one read, and in another the registers of those that are told in words."""
    used: dict[int, dict[int, str]] = {}  # by function: place, actuator
    for actuator in site.actuators.values():
        outlet = device.profile.outlets.get(actuator.channel.split(".", 1)[1])
        if actuator.device == device.name and outlet is not None and (place := shown_at(outlet)) is not None:
            function, address = place
            used.setdefault(function, {})[address] = actuator.name
    return [
        Block(
            device=device.name,
            function=function,
            address=min(names),
            count=max(names) - min(names) + 1,
            every=OUTPUTS_EVERY,
            outputs=tuple(names[address] for address in sorted(names)),
        )
        for function, names in sorted(used.items())
    ]


def shown_at(outlet: Outlet) -> tuple[int, int] | None:
    """The function and the address that show an output; None where no register or coil does."""
    if outlet.told is not None:
        return 3, outlet.told.register
    return None if outlet.coil is None else (1, outlet.coil)


def _sensors(device: Device, every: dict[str, Nanos], hole: int, fixed: float) -> list[Block]:
    wanted: dict[int, list[tuple[int, int, str]]] = {}  # by function: first, last, channel
    for full in every:
        channel = device.profile.channels.get(full.split(".", 1)[1])
        if channel is not None and channel.register is not None:
            wanted.setdefault(channel.register.function, []).append((*_span(channel.register), full))
    blocks = []
    for function, spans in sorted(wanted.items()):
        limit, gap = (LONGEST_BITS, LONGEST_BITS) if function in (1, 2) else (LONGEST_READ, hole)
        for first, last, channels in _cheapest(sorted(spans), limit, gap, fixed):
            blocks.append(
                Block(
                    device=device.name,
                    function=function,
                    address=first,
                    count=last + 1 - first,
                    every=min(every[full] for full in channels),
                    channels=channels,
                )
            )
    return blocks


Run = tuple[int, int, tuple[str, ...]]  # first, last, channels


def _cheapest(spans: list[tuple[int, int, str]], limit: int, gap: int, fixed: float) -> tuple[Run, ...]:
    """The reads that cover all spans in the least time, by trying every last read: where a map is longer than one read
    may be, cutting it as late as possible is not always cheapest."""
    best: list[tuple[float, tuple[Run, ...]]] = [(0.0, ())]
    reach = list(accumulate((last for _, last, _ in spans), max))
    for end in range(1, len(spans) + 1):
        choices, begin, until = [], spans[end - 1][0], 0
        for start in range(end - 1, -1, -1):
            if begin - reach[start] - 1 > gap:
                break
            begin, until = spans[start][0], max(until, spans[start][1])
            size = until + 1 - begin
            if start < end - 1 and size > limit:
                break
            cost, runs = best[start]
            run = (begin, until, tuple(full for _, _, full in spans[start:end]))
            choices.append((cost + fixed + size, (*runs, run)))
        best.append(min(choices, key=lambda choice: choice[0]))
    return best[-1][1]


def _span(register: Register) -> tuple[int, int]:
    first, last = register.address, register.address + register.width - 1
    if register.decimals_at is not None:
        first, last = min(first, register.decimals_at), max(last, register.decimals_at)
    return first, last
