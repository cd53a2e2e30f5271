"""What of a file with mistakes can be judged all the same: its buses, with the devices and sensors that are sound, and
its stages, where nothing that they lean on was refused.

Whoever mends ten lines should not be told of an eleventh only then. What is left out here makes a bus easier, never
harder, so nothing is reported that will not be true of the mended file.
"""

from dataclasses import replace

from edgectl.config import build, feasibility, stages
from edgectl.config.findings import Findings
from edgectl.config.origins import Origins
from edgectl.config.parts import Parts
from edgectl.config.schema import DeviceEntry, SensorEntry, SiteSection

# What a stage is made of. With a mistake in one of these its length would be a guess.
LEANED_ON = ("site", "buses", "devices", "sensors", "actuators", "interlocks", "valve_groups", "tanks", "zones")


def judge_stages(parts: Parts, findings: Findings) -> None:
    """Report outputs whose limit is shorter than a stage that needs them, where the mistakes are elsewhere."""
    if parts.site is not None and not parts.spoilt and not any(findings.refused((section,)) for section in LEANED_ON):
        stages.report(build.build_site(parts, Origins(findings)), parts, findings)


def judge_buses(parts: Parts, findings: Findings) -> None:
    """Report buses that cannot deliver in time, as far as they are understood."""
    sound = _sound(parts, findings)
    origins = Origins(findings)
    site = build.build_site(sound, origins)
    loads = [feasibility.measure(bus, site) for bus in build.build_buses(sound, origins) if bus.kind != "mqtt"]
    feasibility.report(tuple(loads), findings)


def _sound(parts: Parts, findings: Findings) -> Parts:
    """The same file without everything that was refused, and without what leans on that."""
    buses = {name: bus for name, bus in parts.buses.items() if not findings.refused(("buses", name))}
    devices = {
        name: device
        for name, device in parts.devices.items()
        if device.bus in buses and device.profile not in parts.spoilt and not findings.refused(("devices", name))
    }
    sensors = {name: s for name, s in parts.sensors.items() if not findings.refused(("sensors", name))}
    # Registers that lie side by side are read at once: with one of them gone a read may fall apart and cost more. So
    # a device is judged with all of its sensors, or with none.
    while not set(sensors) <= (whole := _whole(parts, devices, sensors)):
        sensors = {name: sensor for name, sensor in sensors.items() if name in whole}
    # Without outputs nobody reads coils: easier again.
    return replace(
        parts,
        site=parts.site or SiteSection.model_validate({"id": "site", "name": "site", "timezone": "UTC"}),
        buses=buses,
        devices=devices,
        sensors=sensors,
        actuators={},
        zones={},
        interlocks=[],
        valve_groups={},
    )


def _whole(parts: Parts, devices: dict[str, DeviceEntry], sensors: dict[str, SensorEntry]) -> set[str]:
    """The sensors none of whose devices has lost one."""
    torn = {device for name in set(parts.sensors) - set(sensors) for device in _devices(parts.sensors[name])}
    torn |= {device for name in parts.names["sensors"] - set(parts.sensors) for device in devices}
    return {name for name, sensor in sensors.items() if _devices(sensor) <= set(devices) - torn}


def _devices(sensor: SensorEntry) -> set[str]:
    return {point.split(".", 1)[0] for point in sensor.points}
