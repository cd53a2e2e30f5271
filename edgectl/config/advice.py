"""What is allowed and still worth a sentence: wiring that nobody declared, readings that will never come."""

from collections.abc import Collection
from urllib.parse import urlsplit

from edgectl.config import defaults
from edgectl.config.findings import Findings
from edgectl.config.parts import Parts
from edgectl.config.problems import Mark
from edgectl.config.quantities import show
from edgectl.config.schema import EzoBus, LinesBus, MqttBus, RtuBus
from edgectl.drivers import registry
from edgectl.model.site import Role, Site, Zone
from edgectl.model.time import MS, Nanos

BOUNCES: Nanos = 80 * MS  # how long the contact of a float may chatter


def undeclared(parts: Parts, site: Site) -> tuple[str, ...]:
    """Wiring that this site needs and that the file does not declare, as "word: what it is"."""
    roles = {actuator.role for actuator in site.actuators.values()}
    return tuple(
        f"{word}: {what}"
        for word, (needed_by, what) in defaults.WIRING.items()
        if roles & needed_by and word not in parts.declare
    )


def notices(parts: Parts, site: Site, undriven: Collection[str], findings: Findings) -> tuple[str, ...]:
    """Sentences, in the order of the file."""
    found: list[str] = []
    for name, bus in parts.buses.items():
        if isinstance(bus, RtuBus | EzoBus | LinesBus) and bus.port.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
            found.append(f"bus {name}: {bus.port} may become another port after a replug; use /dev/serial/by-id/…")
        if isinstance(bus, MqttBus) and bus.url.startswith("mqtt://") and not _here(bus.url):
            found.append(f"bus {name}: orders and readings cross the network in the clear; use mqtts://")
    silent = {
        name: [point for point in sensor.channels if _bus_of(parts, point) in undriven]
        for name, sensor in sorted(site.sensors.items())
    }
    unread = {name for name, points in silent.items() if len(points) == len(site.sensors[name].channels)}
    for name, points in silent.items():
        for point in points[:1] if name in unread else points:
            what = name if name in unread else f"{point} of {name}"
            found.append(f"{what} is never read: this version does not drive bus {_bus_of(parts, point)}")
    # Where a float watches the tank, every workflow asks it.
    floated = {pump for zone in site.zones.values() for pump in _floated(zone)}
    for zone in site.zones.values():
        if zone.pump is not None and zone.flow is None:
            found.append(f"{zone.name} has no flow sensor: a pump that moves no water is not noticed there")
        for way in zone.ways[1:]:
            if way.flow is None:
                found.append(
                    f"{way.pump} has no flow sensor in {zone.name}: that it moves no water is not noticed there"
                )
        if zone.pump is not None and zone.valve is None:
            found.append(f"{zone.name} has no valve: its pump always has an open way, or none at all")
    found += _idle(parts, site, undriven)
    found += _alike(parts)
    found += _bouncing(parts, site, findings)
    for actuator in site.actuators.values():
        blind = sorted({c.sensor for c in (*actuator.requires, *actuator.stop_if)} & unread)
        if blind:
            found.append(f"{actuator.name} can never start: it asks {', '.join(blind)}, which is never read")
        if actuator.role is Role.DOSING and actuator.doser is None:
            found.append(f"{actuator.name} can never give: it needs ml_per_s, max_dose, max_per_hour and max_per_day")
        if actuator.role is Role.PUMP and not actuator.requires and actuator.name not in floated:
            found.append(f"{actuator.name} may run dry: it requires nothing; add requires: [LEVEL > 15]")
    return tuple(found)


def _floated(zone: Zone) -> set[str | None]:
    """Its pumps that draw from a tank with a lower float."""
    circuit = zone.circuit
    if circuit is None:
        return set()
    drawn = [(zone.pump, circuit.source), (circuit.mix_pump, circuit.solution), (circuit.fill_pump, circuit.clean)]
    return {pump for pump, tank in drawn if tank is not None and tank.low is not None}


def _here(url: str) -> bool:
    """True for a broker on this machine."""
    return urlsplit(url).hostname in ("localhost", "::1") or str(urlsplit(url).hostname).startswith("127.")


def _idle(parts: Parts, site: Site, undriven: Collection[str]) -> list[str]:
    """Devices of which nothing is used: declared, and missing from every page and every limit."""
    points = [point for sensor in site.sensors.values() for point in sensor.channels]
    points += [actuator.channel for actuator in site.actuators.values()]
    asked = {point.split(".", 1)[0] for point in points}
    found = []
    for name, device in parts.devices.items():
        profile = registry.find(device.profile)
        if name not in asked and device.bus not in undriven:
            sensors = [f"a sensor {{from: {name}.{channel}}}" for channel in profile.channels]
            actuators = [f"an actuator {{to: {name}.{outlet}}}" for outlet in profile.outlets]
            found.append(f"nothing of {name} is used: add {(sensors + actuators)[0]}, or take it out")
    return found


def _alike(parts: Parts) -> list[str]:
    """Two schedules that say the same thing twice."""
    told: dict[str, str] = {}
    found = []
    for name, schedule in parts.schedules.items():
        first = told.setdefault(repr(schedule), name)
        if first != name:
            found.append(f"schedules {first} and {name} are the same: one of the two is skipped each time")
    return found


def _bouncing(parts: Parts, site: Site, findings: Findings) -> list[str]:
    """Floats whose contacts nobody steadies: a poll falls into the 80 ms for which one bounces, or it does not. Nodes
    scan their floats themselves."""
    floats = {name for tank in parts.tanks.values() for name in (tank.low, tank.high) if name is not None}
    polled = [
        name
        for name in sorted(floats & set(parts.sensors))
        if parts.sensors[name].debounce is None
        and not isinstance(parts.buses.get(_bus_of(parts, parts.sensors[name].points[0])), MqttBus)
    ]
    if not polled:
        return []
    # Each with its line: the setting belongs there, and a house of two tanks has four of them.
    named = ", ".join(f"{name} ({_line(findings.mark(('sensors', name)))})" for name in polled)
    seldom = min(site.sensors[name].poll_every for name in polled)
    return [
        f"{named}: looked at every {show(seldom)} at best, too seldom to tell a contact that bounces for"
        f" {show(BOUNCES)} from water; let the input steady it, and say so with debounce: device"
    ]


def _line(mark: Mark) -> str:
    file = f"{mark.file} " if "conf.d" in mark.file else ""
    return f"{file}line {mark.line}"


def _bus_of(parts: Parts, point: str) -> str:
    return parts.devices[point.split(".", 1)[0]].bus
