"""What nodes measure, as samples: only what somebody asks about, and nothing that cannot be."""

from collections.abc import Iterator, Mapping

from edgectl.drivers.decode import samples_of
from edgectl.drivers.nodes.seam import Measures
from edgectl.drivers.nodes.told import Told
from edgectl.drivers.wirelog import WireLog
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site
from edgectl.model.time import Nanos


class Readings:
    """The measurements of one bus. `strangers` are devices that are not the ones of the site file, with the reason."""

    def __init__(
        self, bus: Bus, site: Site, told: Told, strangers: Mapping[str, str], ids: Iterator[int], log: WireLog
    ) -> None:
        self._devices = {device.name: device for device in bus.devices}
        self._wanted = {full for sensor in site.sensors.values() for full in sensor.channels}
        self._told, self._strangers, self._ids, self._log = told, strangers, ids, log

    def measured(self, meaning: Measures, now: Nanos) -> None:
        """One measurement, or the reason why there is none."""
        full = f"{meaning.device}.{meaning.channel}"
        if full not in self._wanted:
            return
        value, channel = meaning.value, self._devices[meaning.device].profile.channels[meaning.channel]
        if isinstance(value, float) and not (
            (channel.low is None or value >= channel.low) and (channel.high is None or value <= channel.high)
        ):
            value = f"{value:g} {channel.unit} is impossible for this device"
        value = self._strangers.get(meaning.device, value)
        self._told.samples(samples_of(((full, value),), now - meaning.age, self._ids, self._log))

    def floats(self, device: str, shows: Mapping[str, bool], at: Nanos) -> None:
        """The floats that a snapshot shows, before its outputs: a stage may end by them."""
        values = [(f"{device}.{channel}", float(on)) for channel, on in shows.items()]
        known = tuple((full, value) for full, value in values if full in self._wanted)
        if known and device not in self._strangers:
            self._told.samples(samples_of(known, at, self._ids, self._log))
