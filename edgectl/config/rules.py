"""What each entry alone cannot know: references, limits that contradict one another, things no device can do."""

import difflib
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from edgectl.config import schema
from edgectl.config.build import PUMP_RUN_DOWN, VALVE_TRAVEL, known, max_on, window_length
from edgectl.config.parse import Entries
from edgectl.config.problems import Path_
from edgectl.config.tree import Tree
from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import find, names
from edgectl.model.site import DANGEROUS, Compare, FailSafe, Role
from edgectl.model.time import SECOND, Nanos, to_datetime

STAGE_SLACK: Nanos = 15 * SECOND  # what the orders and read-backs of a whole run may take
_PARTS: dict[str, tuple[Role, ...]] = {
    "pump": (Role.PUMP,),
    "valve": (Role.VALVE,),
    "light": (Role.LIGHT,),
}


def check(tree: Tree, entries: Entries) -> None:
    """All rules. Mistakes go into the tree's problems."""
    for rule in (_site, _buses, _devices, _sensors, _actuators, _interlocks, _zones, _schedules):
        rule(tree, entries)


def _site(tree: Tree, entries: Entries) -> None:
    if entries.site is None:
        return
    try:
        ZoneInfo(entries.site.timezone)
    except (KeyError, ValueError, OSError):
        tree.wrong(
            ("site", "timezone"), f"{entries.site.timezone!r} is no time zone", "write for example Europe/Berlin"
        )


def _buses(tree: Tree, entries: Entries) -> None:
    ports: dict[str, str] = {}
    for name, bus in entries.buses.items():
        port = f"{bus.host}:{bus.port}" if isinstance(bus, schema.TcpBus) else getattr(bus, "port", name)
        if port in ports:
            what = f"{port} belongs to the bus {ports[port]} already"
            tree.wrong(("buses", name, "port"), what, "put the devices on one bus")
        ports.setdefault(port, name)


def _devices(tree: Tree, entries: Entries) -> None:
    units: dict[tuple[str, int], str] = {}
    for name, device in entries.devices.items():
        path: Path_ = ("devices", name)
        _reference(tree, entries, (*path, "bus"), "buses", device.bus)
        if not known(device.profile):
            near = difflib.get_close_matches(device.profile, names(), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(names())}"
            tree.wrong((*path, "profile"), f"{device.profile!r} is not a known profile", hint)
        bus = entries.buses.get(device.bus)
        if bus is None:
            continue
        if known(device.profile) and bus.type not in find(device.profile).buses:
            fit = ", ".join(sorted(find(device.profile).buses))
            tree.wrong((*path, "profile"), f"a {device.profile} does not speak {bus.type}", f"it speaks {fit}")
        if isinstance(bus, schema.RtuBus | schema.TcpBus):
            if device.unit is None:
                tree.wrong(path, "a Modbus device needs its unit number", "add unit: 1, as set on the device")
                continue
            twin = units.setdefault((device.bus, device.unit), name)
            if twin != name:
                what = f"unit {device.unit} on {device.bus} is {twin} already"
                tree.wrong((*path, "unit"), what, "two devices on one address answer at once: give one another address")


def _sensors(tree: Tree, entries: Entries) -> None:
    for name, sensor in entries.sensors.items():
        path: Path_ = ("sensors", name)
        profile = _profile(tree, entries, (*path, "from"), sensor.from_)
        if profile is not None:
            _member(tree, (*path, "from"), sensor.from_, profile.channels, profile.name, "channel")
        if sensor.scale is not None and sensor.scale[0] == sensor.scale[1]:
            tree.wrong(
                (*path, "scale"), "the first two numbers are equal", "write [in_low, in_high, out_low, out_high]"
            )
        if sensor.range is not None and sensor.range[0] >= sensor.range[1]:
            tree.wrong((*path, "range"), "the range is empty", "write [lowest, highest]")
        if sensor.poll is not None and sensor.poll > sensor.max_age:
            tree.wrong(
                (*path, "poll"), "it is read less often than its value stays fresh", "make poll shorter than max_age"
            )


def _actuators(tree: Tree, entries: Entries) -> None:
    taken: dict[str, str] = {}
    for name, actuator in entries.actuators.items():
        path: Path_ = ("actuators", name)
        twin = taken.setdefault(actuator.to, name)
        if twin != name:
            tree.wrong((*path, "to"), f"{actuator.to} is {twin} already", "one output, one name")
        profile = _profile(tree, entries, (*path, "to"), actuator.to)
        if profile is not None and _member(tree, (*path, "to"), actuator.to, profile.outlets, profile.name, "output"):
            _hardware_end(tree, path, actuator, profile)
        _conditions(tree, entries, path, actuator)
        if actuator.role in DANGEROUS and max_on(actuator) is None:
            tree.wrong(path, f"a {actuator.role.value} needs max_on", "add max_on: 10m, the longest it may ever run")


def _hardware_end(tree: Tree, path: Path_, actuator: schema.Actuator, profile: Profile) -> None:
    outlet = profile.outlets[actuator.to.split(".", 1)[1]]
    longest = max_on(actuator)
    if outlet.pulse_max is not None and longest is not None and longest > outlet.pulse_max:
        limit = outlet.pulse_max / SECOND
        tree.wrong((*path, "max_on"), f"a {profile.name} ends a pulse after {limit:g} s at most", "shorten max_on")
    if outlet.fail_safe is FailSafe.NONE and actuator.role in DANGEROUS and "no_hardware_end" not in actuator.accept:
        what = f"nothing ends this {actuator.role.value} when the controller dies"
        tree.wrong(path, what, "use an output with a timed pulse, or write accept: [no_hardware_end]")


def _conditions(tree: Tree, entries: Entries, path: Path_, actuator: schema.Actuator) -> None:
    for setting, conditions in (("requires", actuator.requires), ("stop_if", actuator.stop_if)):
        for index, condition in enumerate(conditions):
            _reference(tree, entries, (*path, setting, index), "sensors", condition.sensor)
    for index, stop in enumerate(actuator.stop_if):
        for need in actuator.requires:
            same = need.sensor == stop.sensor and need.compare is not stop.compare
            overlap = stop.limit > need.limit if stop.compare is Compare.BELOW else stop.limit < need.limit
            if same and overlap:
                what = f"{stop} stops it where {need} lets it start"
                tree.wrong((*path, "stop_if", index), what, "leave room between the two limits")


def _interlocks(tree: Tree, entries: Entries) -> None:
    for index, interlock in enumerate(entries.interlocks):
        for at, name in enumerate(interlock.never_together):
            _reference(tree, entries, ("interlocks", index, "never_together", at), "actuators", name)


def _zones(tree: Tree, entries: Entries) -> None:
    numbers: dict[int, str] = {}
    for name, zone in entries.zones.items():
        path: Path_ = ("zones", name)
        twin = numbers.setdefault(zone.number, name)
        if twin != name:
            tree.wrong((*path, "number"), f"the number {zone.number} belongs to {twin} already", "give it another one")
        for part, roles in _PARTS.items():
            wanted = getattr(zone, part)
            if wanted is None or not _reference(tree, entries, (*path, part), "actuators", wanted):
                continue
            actuator = entries.actuators.get(wanted)
            if actuator is not None and actuator.role not in roles:
                what = f"{wanted} is a {actuator.role.value}, not a {part}"
                tree.wrong((*path, part), what, f"name a {part}, or change its role")
        for part in ("tank", "flow", "meter"):
            if getattr(zone, part) is not None:
                _reference(tree, entries, (*path, part), "sensors", getattr(zone, part))
        pump = entries.actuators.get(zone.pump or "")
        if pump is not None and zone.tank is not None and not any(c.sensor == zone.tank for c in pump.requires):
            tree.wrong(
                (*path, "tank"),
                f"{zone.pump} does not ask for {zone.tank} before it runs",
                f"add requires: [{zone.tank} > 15] to {zone.pump}",
            )


def _schedules(tree: Tree, entries: Entries) -> None:
    for name, schedule in entries.schedules.items():
        path: Path_ = ("schedules", name)
        chosen = [key for key in ("cron", "every", "window") if getattr(schedule, key) is not None]
        if len(chosen) != 1:
            said = " and ".join(chosen) or "none"
            tree.wrong(path, f"a schedule needs exactly one of cron, every, window; here: {said}", "keep one")
        _reference(tree, entries, (*path, "zone"), "zones", schedule.zone)
        zone = entries.zones.get(schedule.zone)
        if schedule.cron is not None:
            _cron(tree, (*path, "cron"), schedule.cron)
        if schedule.window is not None:
            _window(tree, (*path, "window"), schedule)
        if schedule.task == "irrigation":
            _irrigation(tree, entries, path, schedule, zone)
        else:
            if schedule.window is None:
                tree.wrong(path, "lighting holds a state, so it needs a window", 'write window: {start: "05:00", …}')
            if zone is not None and zone.light is None:
                tree.wrong((*path, "zone"), f"{schedule.zone} has no light", f"add light: to {schedule.zone}")


def _irrigation(tree: Tree, entries: Entries, path: Path_, schedule: schema.Schedule, zone: schema.Zone | None) -> None:
    if schedule.window is not None:
        tree.wrong((*path, "window"), "irrigation is an event, not a state to hold", "use cron or every")
    if schedule.duration is None:
        tree.wrong(path, "irrigation needs a duration", "add duration: 90s")
    if zone is None:
        return
    if zone.pump is None:
        tree.wrong((*path, "zone"), f"{schedule.zone} has no pump", f"add pump: to {schedule.zone}")
        return
    pump, valve = entries.actuators.get(zone.pump), entries.actuators.get(zone.valve or "")
    if schedule.duration is None or pump is None or pump.max_on is None:
        return
    where = (*path, "duration")
    if schedule.duration > pump.max_on:
        line = tree.place(("actuators", zone.pump, "max_on")).line
        long_, limit = _say(schedule.duration), _say(pump.max_on)
        what = f"{long_} is longer than {zone.pump}'s max_on {limit} (line {line})"
        tree.wrong(where, what, "shorten it, or split it into two runs")
    elif valve is not None and valve.max_on is not None:
        travel = VALVE_TRAVEL if valve.travel is None else valve.travel
        run_down = PUMP_RUN_DOWN if pump.run_down is None else pump.run_down
        needed = schedule.duration + travel + run_down + STAGE_SLACK
        if needed > valve.max_on:
            line = tree.place(("actuators", zone.valve or "", "max_on")).line
            what = f"{zone.valve} must stay open for {_say(needed)}, its max_on is {_say(valve.max_on)} (line {line})"
            tree.wrong(where, what, "shorten the run or raise the valve's max_on")


def _cron(tree: Tree, path: Path_, expression: str) -> None:
    if len(expression.split()) != 5:
        what = f"{expression!r} is no cron line"
        tree.wrong(path, what, 'five fields: minute hour day month weekday, "0 6-20/2 * * *"')
        return
    try:
        next(CronSim(expression, to_datetime(1_780_272_000 * SECOND)))
    except CronSimError as error:
        tree.wrong(path, f"{expression!r} is no cron line: {error}", "minute hour day month weekday")
    except StopIteration:
        tree.wrong(path, f"{expression!r} never comes", "is there such a day?")


def _window(tree: Tree, path: Path_, schedule: schema.Schedule) -> None:
    window = schedule.window
    assert window is not None
    if (window.photoperiod is None) == (window.end is None):
        tree.wrong(path, "a window needs either photoperiod or end", "write photoperiod: 16h")
    elif not 0 < window_length(window) <= 86_400 * SECOND:
        tree.wrong(path, "a window lasts more than nothing and at most 24 h", "shorten it")


def _reference(tree: Tree, entries: Entries, path: Path_, section: str, name: str) -> bool:
    known_names = entries.named.get(section, set())
    if name in known_names:
        return True
    near = difflib.get_close_matches(name, sorted(known_names), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"{section} are: {', '.join(sorted(known_names)) or 'none'}"
    tree.wrong(path, f"there is no {name!r} in {section}", hint)
    return False


def _profile(tree: Tree, entries: Entries, path: Path_, full: str) -> Profile | None:
    device = full.split(".", 1)[0]
    if not _reference(tree, entries, path, "devices", device):
        return None
    entry = entries.devices.get(device)
    return find(entry.profile) if entry is not None and known(entry.profile) else None


def _member(tree: Tree, path: Path_, full: str, members: Iterable[str], profile: str, kind: str) -> bool:
    name, known_names = full.split(".", 1)[1], list(members)
    if name in known_names:
        return True
    near = difflib.get_close_matches(name, known_names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known_names) or 'none'}"
    tree.wrong(path, f"a {profile} has no {kind} {name}", hint)
    return False


def _say(span: Nanos) -> str:
    value = span / SECOND
    return f"{value / 60:g}m" if value >= 60 and value % 60 == 0 else f"{value:g}s"
