"""From what was written to the frozen values that the engine, the scheduler and the drivers read.

Only a file without a single mistake is built, so every reference holds here. Each value that came from somewhere other
than the file is noted with its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from edgectl.config import defaults, schema
from edgectl.config.feasibility import Load
from edgectl.config.findings import Findings
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.source import Path, dotted, find
from edgectl.drivers import registry
from edgectl.drivers.wiring import DRIVEN, Bus, Device, SerialLine, TcpHost
from edgectl.model.site import Actuator, FailSafe, Fallback, Sensor, Site, Zone
from edgectl.model.time import MS, Nanos
from edgectl.scheduler.schedule import Cron, Every, Schedule, Window

T = TypeVar("T")

# Valid and harmless, and nothing happens yet. A star stands for any name.
NOT_YET: tuple[Path, ...] = (
    ("site", "latitude"),
    ("site", "longitude"),
    ("sensors", "*", "calibrate_every"),
    ("actuators", "*", "max_per_hour"),
    ("actuators", "*", "max_per_day"),
    ("central",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """One value in force, as text, and where it came from: a line of the file, or the reason of a default."""

    path: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A site that may be started, and what a person should know about it.

    `buses` are the driven ones; `undriven` names the others; `kinds` has the type of each. `ignored` are paths that are
    valid and that this version does not act on. `accepted` are risks taken by name, `endless` the dangerous outputs
    among them.
    """

    file: FilePath
    site: Site
    schedules: tuple[Schedule, ...]
    buses: tuple[Bus, ...]
    undriven: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    loads: tuple[Load, ...] = ()
    effective: tuple[Effective, ...] = ()


class Ledger:
    """Picks the written value or the default, and remembers which."""

    def __init__(self, findings: Findings) -> None:
        self.lines: list[Effective] = []
        self._findings = findings

    def pick(self, path: Path, value: T, why: str, text: Callable[[T], str] = str) -> T:
        """Note a value. `why` is its origin when nobody wrote it."""
        mark, _, written = find(self._findings.root, path)
        origin = f"{mark.file}:{mark.line}" if written else why
        self.lines.append(Effective(path=dotted(path), value=text(value), origin=origin))
        return value


def build_site(parts: Parts, ledger: Ledger) -> Site:
    """Site, sensors, actuators, zones and interlocks."""
    assert parts.site is not None
    return Site(
        site_id=parts.site.id,
        name=parts.site.name,
        timezone=parts.site.timezone,
        sensors={name: _sensor(name, entry, parts, ledger) for name, entry in parts.sensors.items()},
        actuators={name: _actuator(name, entry, parts, ledger) for name, entry in parts.actuators.items()},
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
                max_gap=zone.max_gap,
                fallback=None
                if zone.fallback is None
                else Fallback(
                    duration=zone.fallback.duration,
                    every=zone.fallback.every,
                    max_per_day=zone.fallback.max_per_day,
                ),
            )
            for name, zone in parts.zones.items()
        },
        never_together=tuple(frozenset(lock.never_together) for lock in parts.interlocks),
    )


def build_buses(parts: Parts, ledger: Ledger) -> tuple[Bus, ...]:
    """The buses that this version drives, with their devices."""
    buses: list[Bus] = []
    for name, entry in parts.buses.items():
        line: SerialLine | TcpHost
        path = ("buses", name)
        match entry:
            case schema.RtuBus():
                line = SerialLine(
                    port=entry.port,
                    baudrate=ledger.pick((*path, "baudrate"), int(entry.baudrate), "default"),
                    parity=ledger.pick((*path, "parity"), str(entry.parity), "default"),
                    stopbits=ledger.pick((*path, "stopbits"), int(entry.stopbits), "default"),
                )
            case schema.TcpBus():
                line = TcpHost(host=entry.host, port=ledger.pick((*path, "port"), entry.port, "default"))
            case schema.EzoBus():
                baudrate = ledger.pick((*path, "baudrate"), int(entry.baudrate), "default")
                line = SerialLine(port=entry.port, baudrate=baudrate)
            case _:
                continue
        devices = tuple(
            Device(
                name=device,
                unit=wired.unit,
                profile=registry.find(wired.profile),
                ml_per_s=_rates(parts, device),
            )
            for device, wired in parts.devices.items()
            if wired.bus == name
        )
        buses.append(Bus(name=name, kind=entry.type, line=line, devices=devices))
    return tuple(buses)


def _rates(parts: Parts, device: str) -> dict[str, float]:
    """How fast the dosing pumps on a device give, by output."""
    return {
        actuator.to.split(".", 1)[1]: actuator.ml_per_s
        for actuator in parts.actuators.values()
        if actuator.ml_per_s is not None and actuator.to.split(".", 1)[0] == device
    }


def build_schedules(parts: Parts, ledger: Ledger) -> tuple[Schedule, ...]:
    """The schedules in the order of the file."""
    return tuple(_schedule(name, entry, ledger) for name, entry in parts.schedules.items())


def ignored(parts: Parts) -> tuple[str, ...]:
    """What was written, is valid, and is not acted on yet."""
    found: list[str] = []
    for pattern in NOT_YET:
        names: tuple[str, ...] = ("",)
        if "*" in pattern:
            names = tuple(getattr(parts, str(pattern[0])))
        for name in names:
            path = tuple(name if part == "*" else part for part in pattern)
            if parts.findings.written(path):
                found.append(dotted(path))
    for name, actuator in parts.actuators.items():
        for key, usual in zip(("safe", "on_restart"), defaults.safe_state(actuator.kind), strict=True):
            if getattr(actuator, key) not in (None, usual):
                found.append(f"actuators.{name}.{key}")
    return tuple(found)


def undriven(parts: Parts) -> tuple[str, ...]:
    """Buses that are valid and that this version does not drive."""
    return tuple(name for name, bus in parts.buses.items() if bus.type not in DRIVEN)


def _sensor(name: str, entry: schema.SensorEntry, parts: Parts, ledger: Ledger) -> Sensor:
    path = ("sensors", name)
    device, source = entry.points[0].split(".", 1)
    channel = registry.find(parts.devices[device].profile).channels[source]
    profile = f"profile {parts.devices[device].profile}"
    unit = ledger.pick((*path, "unit"), channel.unit if entry.unit is None else entry.unit, profile)
    age = ledger.pick((*path, "max_age"), defaults.max_age(entry), "default", show)
    low, high = ledger.pick((*path, "range"), defaults.limits(entry, channel), profile, _range)
    for key, text in _MARKS:
        if (written := getattr(entry, key)) is not None:
            ledger.pick((*path, key), written, "the site file", text)
    return Sensor(
        name=name,
        channel=entry.points[0],
        unit=unit,
        scale=None if entry.scale is None else (entry.scale[0], entry.scale[1], entry.scale[2], entry.scale[3]),
        max_age=age,
        poll_every=ledger.pick((*path, "poll_every"), defaults.poll_every(age), "a quarter of max_age", show),
        low=low,
        high=high,
        max_rate=entry.max_rate,
        noise=entry.noise,
        frozen_after=entry.frozen_after,
        median_of=tuple(entry.median_of or ()),
        agree_within=entry.agree_within,
        calibrate_every=entry.calibrate_every,
    )


# What marks a poor reading, and how it is shown. Nothing holds where nobody wrote it.
_MARKS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("max_rate", lambda rate: f"{rate:g}/min"),
    ("noise", "{:g}".format),
    ("frozen_after", show),
    ("agree_within", "{:g}".format),
    ("calibrate_every", show),
)


def _actuator(name: str, entry: schema.ActuatorEntry, parts: Parts, ledger: Ledger) -> Actuator:
    path, role = ("actuators", name), entry.kind
    device, output = entry.to.split(".", 1)
    outlet = registry.find(parts.devices[device].profile).outlets[output]
    longest, why = defaults.max_on(entry)
    safe, restart = defaults.safe_state(role)
    ledger.pick((*path, "safe"), entry.safe or safe, f"role {role.value}")
    ledger.pick((*path, "on_restart"), entry.on_restart or restart, f"role {role.value}")
    profile = f"profile {parts.devices[device].profile}"
    return Actuator(
        name=name,
        channel=entry.to,
        role=role,
        fail_safe=ledger.pick((*path, "fail_safe"), defaults.fail_safe(entry, outlet), profile),
        max_on=ledger.pick((*path, "max_on"), longest, why, _limit),
        min_off=ledger.pick((*path, "min_off"), _or(entry.min_off, 0), "default", show),
        travel=ledger.pick((*path, "travel"), _or(entry.travel, defaults.travel(role)), f"role {role.value}", show),
        run_down=ledger.pick(
            (*path, "run_down"), _or(entry.run_down, defaults.run_down(role)), f"role {role.value}", show
        ),
        requires=tuple(clause.condition for clause in entry.requires or ()),
        stop_if=tuple(clause.condition for clause in entry.stop_if or ()),
    )


def _schedule(name: str, entry: schema.ScheduleEntry, ledger: Ledger) -> Schedule:
    payload: dict[str, Any] = {} if entry.duration is None else {"duration_s": entry.duration / (1000 * MS)}
    cadence: Cron | Every | Window
    if entry.cron is not None:
        cadence = Cron(expression=entry.cron)
    elif entry.every is not None:
        cadence = Every(interval=entry.every)
    else:
        assert entry.window is not None
        length = defaults.window_length(entry.window)
        assert length is not None
        cadence = Window(start_minute=entry.window.start, length=length)
    catch_up = ledger.pick(
        ("schedules", name, "catch_up"),
        defaults.catch_up(entry),
        "default of irrigation" if entry.task == "irrigation" and entry.cron is not None else "default",
        lambda c: f"{c.policy.value} {c.max} within {show(c.within)}" if c.max else c.policy.value,
    )
    schedule = Schedule(
        name=name, zone=entry.zone, task_type=entry.task, cadence=cadence, payload=payload, catch_up=catch_up
    )
    ledger.pick(("schedules", name, "queue_patience"), schedule.queue_patience, "default", show)
    return schedule


def endless(site: Site) -> tuple[str, ...]:
    """Dangerous outputs that nothing but this program ends."""
    return tuple(a.name for a in site.actuators.values() if a.dangerous and a.fail_safe is FailSafe.NONE)


def _or(value: Nanos | None, default: Nanos) -> Nanos:
    return default if value is None else value


def _limit(value: Nanos | None) -> str:
    return "none" if value is None else show(value)


def _range(value: tuple[float | None, float | None]) -> str:
    return "none" if value[0] is None or value[1] is None else f"[{value[0]:g}, {value[1]:g}]"
