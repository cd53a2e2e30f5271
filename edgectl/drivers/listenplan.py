"""What is listened to on a line of frames, and how often. One frame carries every channel of its device."""

from dataclasses import dataclass

from edgectl.drivers.pollplan import OUTPUTS_EVERY
from edgectl.drivers.wiring import Bus, Device
from edgectl.model.site import Site
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """One frame, or one look at the outputs of a board. `channels` are full names, "device.channel"."""

    device: str
    every: Nanos
    channels: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def listens(bus: Bus, site: Site) -> tuple[Listen, ...]:
    """The reads of one bus: what its board shows, and the channels that sensors need."""
    return tuple(one for device in bus.devices for one in (*_outputs(device, site), *_sensors(device, site)))


def _outputs(device: Device, site: Site) -> list[Listen]:
    used = tuple(sorted(actuator.name for actuator in site.actuators.values() if actuator.device == device.name))
    return [Listen(device=device.name, every=OUTPUTS_EVERY, outputs=used)] if used else []


def _sensors(device: Device, site: Site) -> list[Listen]:
    every = {
        full: sensor.poll_every
        for sensor in sorted(site.sensors.values(), key=lambda s: -s.poll_every)
        for full in sensor.channels
        if full.partition(".")[0] == device.name and full.partition(".")[2] in device.profile.channels
    }
    if not every:
        return []
    return [Listen(device=device.name, every=min(every.values()), channels=tuple(sorted(every)))]
