"""What a zone rests on: everything that its part of the site file names, and what that names in turn. Pure.

No list of keys is kept here: a key that is added later is followed without anybody thinking of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from edgectl.model.site import Site, Zone


def devices_under(site: Site, zone: Zone) -> frozenset[str]:
    """The devices of every sensor and output that this zone names, of what those look at, and of the wired stop."""
    return _devices(site, [*_names(zone), *_names(site.estop)])


def devices_behind(site: Site, output: str) -> frozenset[str]:
    """The devices of an output and of whatever it looks at, and of the wired stop."""
    return _devices(site, [output, *_names(site.estop)])


def _devices(site: Site, open_names: list[str]) -> frozenset[str]:
    names, devices = set[str](), set[str]()
    while open_names:
        name = open_names.pop()
        if name in names:
            continue
        names.add(name)
        if (sensor := site.sensors.get(name)) is not None:
            devices |= sensor.devices
            open_names += _names(sensor)
        if (actuator := site.actuators.get(name)) is not None:
            devices.add(actuator.device)
            open_names += _names(actuator)
    return frozenset(devices)


def _names(value: Any) -> Iterator[str]:
    """Every word in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _names(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.items():
            yield from _names(inner)
    elif isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            yield from _names(inner)
