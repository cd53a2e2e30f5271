"""From what was written to the frozen values that the engine, the scheduler and the drivers read.

Only a file without a single mistake is built, so every reference holds here. Each value that came from somewhere other
than the file is noted with its reason.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from edgectl.config import calendars, defaults, schema
from edgectl.config.build_air import drives_of
from edgectl.config.build_water import (
    build_balance,
    build_daily,
    build_doser,
    build_draws,
    build_least_flow,
    build_zone,
    dosers_of,
)
from edgectl.config.loaded import DoorSection, PairSection
from edgectl.config.origins import Origins
from edgectl.config.parts import Parts
from edgectl.config.place import place_of
from edgectl.config.quantities import show
from edgectl.config.schema_dispatch import PostgresLease
from edgectl.config.schema_times import ScheduleEntry
from edgectl.drivers import registry
from edgectl.drivers.wiring import Broker, Bus, Device, Line, RtuGateway, SerialLine, TcpHost, drives
from edgectl.model.lease import USUAL, Terms
from edgectl.model.site import LOADS, Actuator, Central, FailSafe, Sensor, Shown, Site, Tell, ValveGroup
from edgectl.model.telemetry import RawHours
from edgectl.model.time import SECOND, Nanos
from edgectl.scheduler.schedule import CatchUp, Overlap, Policy, Schedule

KEYS = ("password", "ca", "certificate", "key")  # the credentials of an MQTT bus


def build_site(parts: Parts, origins: Origins) -> Site:
    """Site, sensors, actuators, zones and interlocks."""
    assert parts.site is not None
    return Site(
        site_id=parts.site.id,
        name=parts.site.name,
        timezone=parts.site.timezone,
        sensors={name: _sensor(name, entry, parts, origins) for name, entry in parts.sensors.items()},
        actuators={name: _actuator(name, entry, parts, origins) for name, entry in parts.actuators.items()},
        zones={name: build_zone(name, zone, parts, origins) for name, zone in parts.zones.items()},
        never_together=_interlocks(parts),
        estop=parts.site.estop,
        groups=tuple(
            ValveGroup(name=name, valves=frozenset(entry.valves), max_open=entry.max_open)
            for name, entry in parts.valve_groups.items()
        ),
        restarts_allowed=parts.site.restarts_allowed,
        max_inrush=parts.site.max_inrush,
        clock_patience=origins.pick(("clock", "patience"), defaults.clock_patience(parts.clock), "default", show),
        buses={
            name: frozenset(device for device, entry in parts.devices.items() if entry.bus == name)
            for name, bus in parts.buses.items()
            if drives(bus.type, getattr(bus, "protocol", ""))
        },
        nodes=frozenset(
            device for device, entry in parts.devices.items() if isinstance(parts.buses.get(entry.bus), schema.MqttBus)
        ),
    )


def build_central(parts: Parts) -> Central | None:
    """The centre, when there is one."""
    if parts.central is None:
        return None
    section = parts.central
    patience = {} if section.patience is None else {"patience": section.patience}
    return Central(
        credential=section.dsn.credential,
        pooled=section.pooled,
        telemetry_budget=section.telemetry_mb << 20,
        raw_budget=section.raw_mb << 20,
        raw=tuple(
            RawHours(sensors=tuple(entry.sensors or ()), start_minute=entry.start, length=entry.lasts)
            for entry in section.raw
        ),
        **patience,
    )


def build_tell(parts: Parts) -> Tell | None:
    """Who is called, when somebody is."""
    section = parts.alarms
    if section is None:
        return None
    return Tell(
        services=None if section.tell is None else section.tell.credential,
        broker=section.mqtt,
        quiet=section.quiet,
        heartbeat=None if section.heartbeat is None else section.heartbeat.credential,
        **({} if section.every is None else {"every": section.every}),
    )


def build_shown(parts: Parts) -> Shown | None:
    """Where Home Assistant is shown the site; nowhere unless somebody wrote it."""
    section = parts.home_assistant
    return None if section is None else Shown(broker=section.mqtt, prefix=section.prefix)


def _interlocks(parts: Parts) -> tuple[frozenset[str], ...]:
    """Those that were written, and the pumps of one solution: nothing is gained by two at once, and much is lost."""
    written = [frozenset(lock.never_together) for lock in parts.interlocks]
    for zone in parts.zones.values():
        dosers = frozenset() if zone.chemistry is None else frozenset(dosers_of(zone.chemistry))
        if len(dosers) > 1 and not any(dosers <= lock for lock in written):
            written.append(dosers)
        for vent in () if zone.climate is None else drives_of(zone.climate):
            both = frozenset({vent.opens, vent.closes})
            if not any(both <= lock for lock in written):
                written.append(both)
    return tuple(written)


def build_buses(parts: Parts, origins: Origins) -> tuple[Bus, ...]:
    """The buses that this version drives, with their devices."""
    buses: list[Bus] = []
    for name, entry in parts.buses.items():
        line: Line
        path = ("buses", name)
        match entry:
            case schema.RtuBus():
                line = SerialLine(
                    port=entry.port,
                    baudrate=origins.pick((*path, "baudrate"), int(entry.baudrate), "default"),
                    parity=origins.pick((*path, "parity"), str(entry.parity), "default"),
                    stopbits=origins.pick((*path, "stopbits"), int(entry.stopbits), "default"),
                )
            case schema.TcpBus():
                line = TcpHost(host=entry.host, port=origins.pick((*path, "port"), entry.port, "default"))
            case schema.GatewayBus():
                baudrate = origins.pick((*path, "baudrate"), int(entry.baudrate), "default")
                line = RtuGateway(host=entry.host, port=entry.port, baudrate=baudrate)
            case schema.EzoBus() | schema.LinesBus():
                baudrate = origins.pick((*path, "baudrate"), int(entry.baudrate), "default")
                line = SerialLine(port=entry.port, baudrate=baudrate)
            case schema.MqttBus() if drives(entry.type, entry.protocol):
                line = _broker(entry, parts)
            case _:
                continue
        devices = tuple(
            Device(
                name=device,
                unit=wired.unit,
                profile=registry.find(wired.profile),
                ml_per_s=_rates(parts, device),
                node=wired.node or "",
                zone=wired.zone or "",
                secret="" if wired.secret is None else wired.secret.credential,
            )
            for device, wired in parts.devices.items()
            if wired.bus == name
        )
        buses.append(Bus(name=name, kind=entry.type, line=line, devices=devices))
    return tuple(buses)


def _broker(entry: schema.MqttBus, parts: Parts) -> Broker:
    assert parts.site is not None
    place = urlsplit(entry.url)
    tls = place.scheme == "mqtts"
    return Broker(
        host=place.hostname or "",
        port=place.port or (8883 if tls else 1883),
        protocol=entry.protocol,
        house=parts.site.id,
        tls=tls,
        username=entry.username or "",
        **{name: credential.credential for name in KEYS if (credential := getattr(entry, name)) is not None},
    )


def _rates(parts: Parts, device: str) -> dict[str, float]:
    """How fast the dosing pumps on a device give, by output."""
    return {
        actuator.to.split(".", 1)[1]: actuator.ml_per_s
        for actuator in parts.actuators.values()
        if actuator.ml_per_s is not None and actuator.to.split(".", 1)[0] == device
    }


def build_schedules(parts: Parts, origins: Origins) -> tuple[Schedule, ...]:
    """The schedules in the order of the file."""
    shared = calendars.sharers(parts)
    return tuple(_schedule(name, entry, parts, origins, shared) for name, entry in parts.schedules.items())


def build_pair(parts: Parts, origins: Origins) -> PairSection | None:
    """The lease of a redundant pair, if there is one."""
    if not isinstance(parts.lease, PostgresLease):
        return None
    ttl = origins.pick(("lease", "ttl"), parts.lease.ttl if parts.lease.ttl is not None else USUAL, "default")
    return PairSection(credential=parts.lease.dsn.credential, terms=Terms(ttl=ttl))


def build_door(parts: Parts) -> DoorSection:
    """The door to the network."""
    if (api := parts.api) is None:
        return DoorSection()
    return DoorSection(
        listen=None if api.listen is None else place_of(api.listen),
        metrics=None if api.metrics is None else place_of(api.metrics),
        credential="" if api.certificate is None else api.certificate.credential,
        names=frozenset(name.lower() for name in api.names or ()),
    )


def ignored(parts: Parts) -> tuple[str, ...]:
    """What was written, is valid, and is not acted on yet."""
    found: list[str] = []
    for name, actuator in parts.actuators.items():
        if defaults.falls(actuator):
            continue
        for key, usual in zip(("safe", "on_restart"), defaults.safe_state(actuator.kind), strict=True):
            if getattr(actuator, key) not in (None, usual):
                found.append(f"actuators.{name}.{key}")
    return tuple(found)


def undriven(parts: Parts) -> tuple[str, ...]:
    """Buses that are valid and that this version does not drive."""
    return tuple(n for n, bus in parts.buses.items() if not drives(bus.type, getattr(bus, "protocol", "")))


def _sensor(name: str, entry: schema.SensorEntry, parts: Parts, origins: Origins) -> Sensor:
    path = ("sensors", name)
    device, source = entry.points[0].split(".", 1)
    channel = registry.find(parts.devices[device].profile).channels[source]
    profile = f"profile {parts.devices[device].profile}"
    unit = origins.pick((*path, "unit"), channel.unit if entry.unit is None else entry.unit, profile)
    age = origins.pick((*path, "max_age"), defaults.max_age(entry), "default", show)
    low, high = origins.pick((*path, "range"), defaults.limits(entry, channel), profile, _range)
    for key, text in _MARKS:
        if (written := getattr(entry, key)) is not None:
            origins.pick((*path, key), written, "the site file", text)
    return Sensor(
        name=name,
        channel=entry.points[0],
        unit=unit,
        scale=None if entry.scale is None else (entry.scale[0], entry.scale[1], entry.scale[2], entry.scale[3]),
        max_age=age,
        poll_every=origins.pick((*path, "poll_every"), defaults.poll_every(age), "a quarter of max_age", show),
        low=low,
        high=high,
        max_rate=entry.max_rate,
        noise=entry.noise,
        frozen_after=entry.frozen_after,
        median_of=tuple(entry.median_of or ()),
        agree_within=entry.agree_within,
        calibrate_every=entry.calibrate_every,
        stand_in=entry.stand_in,
        balance=build_balance(entry.balance),
    )


# What marks a poor reading, and how it is shown. Nothing holds where nobody wrote it.
_MARKS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("max_rate", lambda rate: f"{rate:g}/min"),
    ("noise", "{:g}".format),
    ("frozen_after", show),
    ("agree_within", "{:g}".format),
    ("calibrate_every", show),
)


def _actuator(name: str, entry: schema.ActuatorEntry, parts: Parts, origins: Origins) -> Actuator:
    path, role = ("actuators", name), entry.kind
    device, output = entry.to.split(".", 1)
    outlet = registry.find(parts.devices[device].profile).outlets[output]
    longest, why = defaults.max_on(entry)
    rest, resting = defaults.min_off(entry)
    safe, restart = defaults.safe_state(role)
    origins.pick((*path, "safe"), entry.safe or safe, f"role {role.value}")
    origins.pick((*path, "on_restart"), entry.on_restart or restart, f"role {role.value}")
    profile = f"profile {parts.devices[device].profile}"
    return Actuator(
        name=name,
        channel=entry.to,
        role=role,
        fail_safe=origins.pick((*path, "fail_safe"), defaults.fail_safe(entry, outlet), profile),
        max_on=origins.pick((*path, "max_on"), longest, why, _limit),
        min_off=origins.pick((*path, "min_off"), rest, resting, show),
        travel=origins.pick((*path, "travel"), _or(entry.travel, defaults.travel(role)), f"role {role.value}", show),
        run_down=origins.pick(
            (*path, "run_down"), _or(entry.run_down, defaults.run_down(role)), f"role {role.value}", show
        ),
        prime=entry.prime or 0,
        requires=tuple(clause.condition for clause in entry.requires or ()),
        stop_if=tuple(clause.condition for clause in entry.stop_if or ()),
        starts_per_hour=entry.starts_per_hour,
        doser=build_doser(entry, outlet),
        draws=build_draws(entry),
        daily=build_daily(name, entry, parts),
        inverted=defaults.inverted(entry),
        falls=defaults.falls(entry),
        priority=origins.pick((*path, "priority"), defaults.priority(entry), f"role {role.value}")
        if role in LOADS
        else defaults.priority(entry),
        inrush=entry.inrush or 0.0,
        backup=entry.backup,
        least_flow=build_least_flow(entry),
        hands_on=entry.hands_on is True,
    )


def _schedule(name: str, entry: ScheduleEntry, parts: Parts, origins: Origins, shared: frozenset[str]) -> Schedule:
    path = ("schedules", name)
    cadence = calendars.cadence(entry, parts.site)
    assert cadence is not None
    payload: dict[str, Any] = {}
    if entry.duration is not None:
        payload["duration_s"] = entry.duration / SECOND
    if entry.volume is not None:
        payload["volume_l"] = entry.volume
    if entry.workflow is not None:
        payload["workflow"] = entry.workflow
    usual = calendars.queue_patience(cadence, calendars.days(entry), shared=entry.zone in shared)
    patience = usual if entry.queue_patience is None else entry.queue_patience
    why = "default of irrigation" if entry.task == "irrigation" and defaults.has_instants(entry) else "default"
    schedule = Schedule(
        name=name,
        zone=entry.zone,
        task_type=entry.task,
        cadence=cadence,
        days=calendars.days(entry),
        payload=payload,
        catch_up=origins.pick((*path, "catch_up"), defaults.catch_up(entry), why, _late),
        overlap=Overlap(entry.overlap or Overlap.SKIP),
        queue_patience=patience,
        needs_synced_clock=entry.needs_synced_clock is True,
    )
    if defaults.has_instants(entry):
        origins.pick((*path, "overlap"), schedule.overlap.value, "default")
    why = "half the interval: its parts are shared" if patience != calendars.PATIENCE else "default"
    origins.pick((*path, "queue_patience"), patience, why, show)
    return schedule


def _late(rule: CatchUp) -> str:
    if rule.policy is Policy.SKIP:
        return rule.policy.value
    most = f" {rule.max}" if rule.policy is Policy.REPLAY_LIMITED else ""
    return f"{rule.policy.value}{most} within {show(rule.within)}"


def endless(site: Site) -> tuple[str, ...]:
    """Dangerous outputs that nothing but this program ends."""
    return tuple(a.name for a in site.actuators.values() if a.dangerous and a.fail_safe is FailSafe.NONE)


def _or(value: Nanos | None, default: Nanos) -> Nanos:
    return default if value is None else value


def _limit(value: Nanos | None) -> str:
    return "none" if value is None else show(value)


def _range(value: tuple[float | None, float | None]) -> str:
    return "none" if value[0] is None or value[1] is None else f"[{value[0]:g}, {value[1]:g}]"
