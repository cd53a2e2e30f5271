"""Which commands are asked of a device that speaks text, and how often. One question for all channels of an answer."""

from dataclasses import dataclass

from edgectl.drivers.profile import Asked
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.site import Site
from edgectl.model.time import MS, SECOND, Nanos

THINKS: Nanos = 300 * MS  # every command but a reading (Atlas EZO datasheets)
GAP: Nanos = 50 * MS  # between exchanges: an *OK that some firmware adds to *DONE is out by then
ANSWER = 40  # characters of a long question and its long answer together
RUNNING = Asked(command="D,?", name="d", wait=THINKS)  # "?D,10.50,1": the last volume, and 1 while it is dispensed
RUNNING_EVERY: Nanos = 2 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question. `channels` are full names, "device.channel", of what it delivers; `outputs` are actuators."""

    device: str
    command: str
    name: str
    wait: Nanos
    every: Nanos
    channels: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def asks(bus: Bus, site: Site) -> tuple[Ask, ...]:
    """The questions of one bus: whether its pumps run, and the channels that sensors need."""
    return tuple(ask for device in bus.devices for ask in (*_outputs(device, site), *_sensors(device, site)))


def _outputs(device: Device, site: Site) -> list[Ask]:
    return [
        Ask(
            device=device.name,
            command=RUNNING.command,
            name=RUNNING.name,
            wait=RUNNING.wait,
            every=RUNNING_EVERY,
            outputs=(actuator.name,),
        )
        for actuator in site.actuators.values()
        if actuator.device == device.name and device.profile.outlets[actuator.channel.split(".", 1)[1]].metered
    ]


def _sensors(device: Device, site: Site) -> list[Ask]:
    wanted: dict[tuple[str, str, Nanos], dict[str, Nanos]] = {}
    for sensor in site.sensors.values():
        for full in sensor.channels:
            owner, _, name = full.partition(".")
            channel = device.profile.channels.get(name)
            if owner == device.name and channel is not None and (asked := channel.asked) is not None:
                same = wanted.setdefault((asked.command, asked.name, asked.wait), {})
                same[full] = min(same.get(full, sensor.poll_every), sensor.poll_every)
    return [
        Ask(
            device=device.name,
            command=command,
            name=name,
            wait=wait,
            every=min(channels.values()),
            channels=tuple(sorted(channels)),
        )
        for (command, name, wait), channels in sorted(wanted.items())
    ]
