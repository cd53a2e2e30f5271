"""Rules about buses and the devices on them."""

import ipaddress
import re

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.schema import EzoBus, GatewayBus, LinesBus, MqttBus, RtuBus, TcpBus
from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import UnknownProfile, find

ANY_ADDRESS = 254  # outside of the rule, and where every SenseAir S8 answers
UNITS = frozenset((*range(1, 248), ANY_ADDRESS))


def profile_of(parts: Parts, device: str) -> Profile | None:
    """The profile of a device, when both are known."""
    entry = parts.devices.get(device)
    if entry is None:
        return None
    try:
        return find(entry.profile)
    except UnknownProfile:
        return None


def known_bus(parts: Parts) -> None:
    """A device sits on a bus of this file."""
    for name, device in parts.devices.items():
        if device.bus not in parts.names["buses"]:
            hint = nearest(device.bus, parts.names["buses"], "add it under buses")
            parts.findings.value(("devices", name, "bus"), f"there is no bus '{device.bus}'", hint)


def known_profile(parts: Parts) -> None:
    """A profile exists."""
    for name, device in parts.devices.items():
        if device.profile in parts.spoilt:
            continue
        try:
            find(device.profile)
        except UnknownProfile as unknown:
            look = f"(edgectl profiles {device.profile.split('-')[-1][:20]})"
            hint = (
                f"did you mean {' or '.join(unknown.similar)}?  {look}" if unknown.similar else f"see them all  {look}"
            )
            what = f"'{device.profile[:60]}' is not a known profile"
            parts.findings.value(("devices", name, "profile"), what, hint)


def profile_fits_bus(parts: Parts) -> None:
    """A device speaks the language of its bus."""
    for name, device in parts.devices.items():
        bus, profile = parts.buses.get(device.bus), profile_of(parts, name)
        if bus is not None and profile is not None and bus.type not in profile.buses:
            what = f"{profile.name} does not speak {bus.type}, the language of bus {device.bus}"
            hint = f"put it on a bus of type {' or '.join(sorted(profile.buses))}"
            parts.findings.value(("devices", name, "profile"), what, hint)
        elif isinstance(bus, MqttBus) and profile is not None and bus.protocol != profile.protocol:
            what = f"{profile.name} speaks {profile.protocol}, and the protocol of {device.bus} is {bus.protocol}"
            hint = f"put it on a bus with protocol: {profile.protocol}; two buses may share one broker"
            parts.findings.value(("devices", name, "profile"), what, hint)


def address(parts: Parts) -> None:
    """Each device has the kind of address that its bus needs, and no other."""
    for name, device in parts.devices.items():
        bus, path = parts.buses.get(device.bus), ("devices", name)
        modbus, mqtt = isinstance(bus, RtuBus | TcpBus | GatewayBus), isinstance(bus, MqttBus)
        if bus is None:
            continue
        if modbus and device.unit is None:
            parts.findings.value((*path, "unit"), "is missing", "add unit: the Modbus address of the device, 1..247")
        if device.unit is not None and modbus and device.unit not in UNITS:
            hint = "Modbus addresses are 1..247, and 254 for an S8; the device's manual says how to set one"
            parts.findings.value((*path, "unit"), f"{device.unit} is not a Modbus address", hint)
        if mqtt and device.node is None:
            parts.findings.value((*path, "node"), "is missing", "add node: the name of the node on MQTT")
        for key, fits in (("unit", modbus), ("node", mqtt), ("zone", mqtt), ("secret", mqtt)):
            if not fits and getattr(device, key) is not None:
                parts.findings.key((*path, key), f"means nothing on a bus of type {bus.type}", "remove it")


def one_address_each(parts: Parts) -> None:
    """Two devices with one address answer at the same time, and neither is understood."""
    taken: dict[tuple[str, object], str] = {}
    for name, device in parts.devices.items():
        place = device.node if device.unit is None else device.unit
        if place is None or device.bus not in parts.buses:
            continue
        first = taken.setdefault((device.bus, place), name)
        if first != name:
            key = "node" if device.unit is None else "unit"
            path = ("devices", name, key)
            where = parts.findings.place(("devices", first, key), path)
            what = f"{first} and {name} are both {key} {place} on {device.bus} ({where})"
            parts.findings.value(path, what, "give one of them another address, here and in the device")


def one_device_on_a_line(parts: Parts) -> None:
    """Lines of EZO circuits and of frames have no addresses: one device each."""
    first: dict[str, str] = {}
    for name, device in parts.devices.items():
        bus = parts.buses.get(device.bus)
        if isinstance(bus, EzoBus | LinesBus) and first.setdefault(device.bus, name) != name:
            what = f"{first[device.bus]} sits on {device.bus} already, and a bus of type {bus.type} carries one device"
            parts.findings.value(("devices", name, "bus"), what, "give it a bus of its own")


def one_bus_on_a_port(parts: Parts) -> None:
    """Two buses on one port would talk into each other."""
    taken: dict[str, str] = {}
    for name, bus in parts.buses.items():
        match bus:
            case RtuBus() | EzoBus() | LinesBus():
                key, place = "port", bus.port
            case TcpBus() | GatewayBus():
                key, place = "host", f"{bus.host.lower()}:{bus.port}"
            case _:
                continue
        first = taken.setdefault(place, name)
        if first != name:
            path = ("buses", name, key)
            where = parts.findings.place(("buses", first), path)
            what = f"{place} belongs to bus {first} already ({where})"
            parts.findings.value(path, what, "put the devices of both under one bus")


def host_is_an_address(parts: Parts) -> None:
    """What looks like an address is one, and the port has a key of its own."""
    for name, bus in parts.buses.items():
        if not isinstance(bus, TcpBus | GatewayBus):
            continue
        path = ("buses", name, "host")
        host, colon, port = bus.host.partition(":")
        if colon and port.isdigit() and ":" not in port:
            parts.findings.value(path, f"'{bus.host}' holds a port", f"write host: {host} and port: {port}")
        elif re.fullmatch(r"[0-9.]+", bus.host) and not _is_address(bus.host):
            hint = "four numbers from 0 to 255, for example 192.168.1.20"
            parts.findings.value(path, f"'{bus.host}' is not an address", hint)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


RULES = (
    known_bus,
    known_profile,
    profile_fits_bus,
    address,
    one_address_each,
    one_device_on_a_line,
    one_bus_on_a_port,
    host_is_an_address,
)
