"""Which registers are read together, and how often. Pure arithmetic over a bus and a site.

Reading a hole of a few registers is cheaper than a second transaction; how many depends on the line.
"""

from dataclasses import dataclass

from edgectl.drivers.profile import Register
from edgectl.drivers.wiring import Bus, Device, TcpHost
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
        blocks += _sensors(device, every, 0 if device.profile.sparse else _hole(bus))
    return tuple(blocks)


def apart(block: Block, device: Device) -> tuple[Block, ...]:
    """The same channels read without a register in between: for a device that refuses what it does not have."""
    return tuple(_sensors(device, dict.fromkeys(block.channels, block.every), 0)) or (block,)


def _hole(bus: Bus) -> int:
    """Registers worth reading for nothing: 2 characters each, against about 20 (or 50 above 19200) of a transaction."""
    return 9 if not isinstance(bus.wire, TcpHost) and bus.wire.baudrate <= 19200 else 24


def _outputs(device: Device, site: Site) -> list[Block]:
    used = {
        outlet.coil: actuator.name
        for actuator in site.actuators.values()
        for outlet in [device.profile.outlets.get(actuator.channel.split(".", 1)[1])]
        if actuator.device == device.name and outlet is not None and outlet.coil is not None
    }
    if not used:
        return []
    first, last = min(used), max(used)
    return [
        Block(
            device=device.name,
            function=1,
            address=first,
            count=last - first + 1,
            every=OUTPUTS_EVERY,
            outputs=tuple(used[coil] for coil in sorted(used)),
        )
    ]


def _sensors(device: Device, every: dict[str, Nanos], hole: int) -> list[Block]:
    wanted: list[tuple[int, int, int, str]] = []  # function, first, last, channel
    for full in every:
        channel = device.profile.channels.get(full.split(".", 1)[1])
        if channel is not None and channel.register is not None:
            first, last = _span(channel.register)
            wanted.append((channel.register.function, first, last, full))
    blocks: list[Block] = []
    for function, first, last, full in sorted(wanted):
        limit, gap = (LONGEST_BITS, LONGEST_BITS) if function in (1, 2) else (LONGEST_READ, hole)
        if blocks and blocks[-1].function == function:
            before = blocks[-1]
            end = before.address + before.count
            if first - end <= gap and last + 1 - before.address <= limit:
                blocks[-1] = Block(
                    device=device.name,
                    function=function,
                    address=before.address,
                    count=max(end, last + 1) - before.address,
                    every=min(before.every, every[full]),
                    channels=(*before.channels, full),
                )
                continue
        blocks.append(
            Block(
                device=device.name,
                function=function,
                address=first,
                count=last + 1 - first,
                every=every[full],
                channels=(full,),
            )
        )
    return blocks


def _span(register: Register) -> tuple[int, int]:
    first, last = register.address, register.address + register.width - 1
    if register.decimals_at is not None:
        first, last = min(first, register.decimals_at), max(last, register.decimals_at)
    return first, last
