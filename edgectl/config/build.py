"""Checked entries to the frozen values that the rest of edgectl reads, with the defaults filled in."""

import math
from dataclasses import dataclass

from edgectl.config import schema
from edgectl.config.parse import Entries
from edgectl.drivers.registry import UnknownProfile, find
from edgectl.drivers.wiring import DRIVEN, Bus, Device, SerialLine, TcpHost
from edgectl.model.site import Actuator, FailSafe, Role, Sensor, Site, Zone
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.scheduler.schedule import Cadence, CatchUp, Cron, Every, Policy, Schedule, Window

VALVE_TRAVEL: Nanos = 3 * SECOND
PUMP_RUN_DOWN: Nanos = 2 * SECOND
FASTEST_POLL: Nanos = 500 * MS
_IGNORED = {
    "site": ("latitude", "longitude"),
    "sensors": ("max_rate",),
    "actuators": ("max_dose", "max_per_hour", "max_per_day"),
    "zones": ("max_gap", "fallback"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A site that can be run. `undriven`: buses that this version cannot drive; `ignored`: settings it does not use."""

    site: Site
    schedules: tuple[Schedule, ...]
    buses: tuple[Bus, ...]
    undriven: tuple[str, ...]
    ignored: tuple[str, ...]
    declared: tuple[str, ...]
    counts: dict[str, int]


def build(entries: Entries) -> Loaded:
    """The values. Call it only when no mistake was found."""
    assert entries.site is not None
    return Loaded(
        site=site_of(entries),
        schedules=tuple(_schedule(name, entry) for name, entry in entries.schedules.items()),
        buses=buses_of(entries),
        undriven=tuple(name for name, bus in entries.buses.items() if bus.type not in DRIVEN),
        ignored=tuple(_ignored(entries)),
        declared=tuple(entries.declare),
        counts={
            "buses": len(entries.buses),
            "devices": len(entries.devices),
            "sensors": len(entries.sensors),
            "actuators": len(entries.actuators),
            "zones": len(entries.zones),
            "schedules": len(entries.schedules),
        },
    )


def site_of(entries: Entries) -> Site:
    """The site as the engine knows it."""
    info = entries.site
    return Site(
        site_id=info.id if info else "",
        name=info.name if info else "",
        timezone=info.timezone if info else "UTC",
        sensors={name: _sensor(name, entry, entries) for name, entry in entries.sensors.items()},
        actuators={name: _actuator(name, entry, entries) for name, entry in entries.actuators.items()},
        zones={
            name: Zone(
                name=name,
                number=zone.number,
                pump=zone.pump,
                valve=zone.valve,
                tank=zone.tank,
                flow=zone.flow,
                meter=zone.meter,
                light=zone.light,
            )
            for name, zone in entries.zones.items()
        },
        never_together=tuple(frozenset(interlock.never_together) for interlock in entries.interlocks),
    )


def buses_of(entries: Entries) -> tuple[Bus, ...]:
    """The buses that this version drives, with their devices."""
    buses: list[Bus] = []
    for name, bus in entries.buses.items():
        if not isinstance(bus, schema.RtuBus | schema.TcpBus):
            continue
        line = (
            SerialLine(port=bus.port, baudrate=bus.baudrate, parity=bus.parity[0].upper(), stopbits=bus.stopbits)
            if isinstance(bus, schema.RtuBus)
            else TcpHost(host=bus.host, port=bus.port)
        )
        devices = tuple(
            Device(name=device, unit=entry.unit, profile=find(entry.profile))
            for device, entry in entries.devices.items()
            if entry.bus == name and entry.unit is not None and known(entry.profile)
        )
        timeout = {} if bus.timeout is None else {"timeout": bus.timeout}
        buses.append(Bus(name=name, kind=bus.type, line=line, devices=devices, **timeout))
    return tuple(buses)


def known(profile: str) -> bool:
    """Is there such a profile?"""
    try:
        find(profile)
    except UnknownProfile:
        return False
    return True


def max_on(entry: schema.Actuator) -> Nanos | None:
    """How long it may be on: said, or for a dosing pump what its largest dose takes."""
    if entry.max_on is None and entry.role is Role.DOSING and entry.max_dose is not None and entry.ml_per_s is not None:
        return math.ceil(entry.max_dose / entry.ml_per_s * 10) * 100 * MS
    return entry.max_on


def _sensor(name: str, entry: schema.Sensor, entries: Entries) -> Sensor:
    device, channel = entry.from_.split(".", 1)
    unit = entry.unit
    if unit is None and device in entries.devices and known(entries.devices[device].profile):
        fact = find(entries.devices[device].profile).channels.get(channel)
        unit = fact.unit if fact is not None else ""
    low, high = (entry.range[0], entry.range[1]) if entry.range else (None, None)
    scale = None if entry.scale is None else (entry.scale[0], entry.scale[1], entry.scale[2], entry.scale[3])
    return Sensor(
        name=name,
        channel=entry.from_,
        unit=unit or "",
        scale=scale,
        max_age=entry.max_age,
        poll_every=entry.poll or max(FASTEST_POLL, entry.max_age // 4),
        low=low,
        high=high,
    )


def _actuator(name: str, entry: schema.Actuator, entries: Entries) -> Actuator:
    device, outlet = entry.to.split(".", 1)
    fail_safe = FailSafe.NONE
    if device in entries.devices and known(entries.devices[device].profile):
        fact = find(entries.devices[device].profile).outlets.get(outlet)
        fail_safe = fact.fail_safe if fact is not None else FailSafe.NONE
    return Actuator(
        name=name,
        channel=entry.to,
        role=entry.role,
        fail_safe=fail_safe,
        max_on=max_on(entry),
        min_off=entry.min_off,
        travel=entry.travel if entry.travel is not None else VALVE_TRAVEL if entry.role is Role.VALVE else 0,
        run_down=entry.run_down if entry.run_down is not None else PUMP_RUN_DOWN if entry.role is Role.PUMP else 0,
        requires=tuple(entry.requires),
        stop_if=tuple(entry.stop_if),
    )


def _schedule(name: str, entry: schema.Schedule) -> Schedule:
    catch_up = CatchUp(policy=Policy.REPLAY_LIMITED, max=1, within=7200 * SECOND)
    if entry.catch_up is not None:
        chosen = entry.catch_up
        skip = chosen.policy == "skip"
        catch_up = CatchUp() if skip else CatchUp(policy=Policy.REPLAY_LIMITED, max=chosen.max, within=chosen.within)
    elif entry.task != "irrigation":
        catch_up = CatchUp()
    return Schedule(
        name=name,
        zone=entry.zone,
        task_type=entry.task,
        cadence=_cadence(entry),
        payload={} if entry.duration is None else {"duration_s": entry.duration / SECOND},
        catch_up=catch_up,
        queue_patience=entry.queue_patience,
    )


def _cadence(entry: schema.Schedule) -> Cadence:
    if entry.cron is not None:
        return Cron(expression=entry.cron)
    if entry.every is not None:
        return Every(interval=entry.every)
    assert entry.window is not None
    return Window(start_minute=entry.window.start, length=window_length(entry.window))


def window_length(window: schema.Window) -> Nanos:
    """How long a window is; one that ends before it begins reaches past midnight."""
    if window.photoperiod is not None:
        return window.photoperiod
    assert window.end is not None
    return ((window.end - window.start) % 1440 or 1440) * 60 * SECOND


def _ignored(entries: Entries) -> list[str]:
    found: list[str] = []
    for section, settings in _IGNORED.items():
        table = {"": entries.site} if section == "site" else getattr(entries, section)
        for name, entry in table.items():
            for setting in settings:
                if getattr(entry, setting, None) is not None:
                    found.append(".".join(part for part in (section, name, setting) if part))
    return [*found, *(["central"] if entries.central is not None else [])]
