"""Rules about the ways of the water behind a pump: sections of a zone, and the least that must be let through."""

from edgectl.config import defaults
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.tanks import has_role
from edgectl.config.schema import ActuatorEntry, ZoneEntry
from edgectl.config.source import Path
from edgectl.model.time import Nanos


def sections_of_a_zone(parts: Parts) -> None:
    """Sections are valves, each named once; two of them are open at a time while one follows the other."""
    for name, zone in parts.zones.items():
        path = ("zones", name, "then")
        if zone.then is None:
            continue
        if (zone.valve is None or zone.pump is None) and not parts.findings.refused(path[:2]):
            parts.findings.key(path, "needs a pump and a valve that comes first", "add pump: NAME and valve: NAME")
        taken = {zone.valve}
        for index, valve in enumerate(zone.then):
            if has_role(parts, (*path, index), valve, "valve") and valve in taken:
                parts.findings.value((*path, index), f"{valve} is named twice", "name each valve once")
            taken.add(valve)
        for group, entry in parts.valve_groups.items():
            if entry.max_open < 2 and len(taken & set(entry.valves)) > 1:
                what = f"{group} lets one of its valves be open, and the next section opens before the last one closes"
                parts.findings.value(path, what, "write max_open: 2, or take these valves out of the group")


def sections_stay_open_long_enough(parts: Parts) -> None:
    """An order carries the end of the whole run, also where the valve closes when the next one is open."""
    for name, schedule in parts.schedules.items():
        zone = parts.zones.get(schedule.zone)
        if zone is None or zone.then is None or schedule.duration is None or schedule.task != "irrigation":
            continue
        for valve in zone.then:
            entry = parts.actuators.get(valve)
            whole = _open_for(parts, zone, schedule.duration)
            if entry is not None and entry.max_on is not None and entry.max_on < whole:
                path: Path = ("actuators", valve, "max_on")
                what = f"{show(entry.max_on)} is shorter than the {show(whole)} that a run of {name} may keep it open"
                parts.findings.value(path, what, f"write at least {show(whole)}")


def _open_for(parts: Parts, zone: ZoneEntry, duration: Nanos) -> Nanos:
    valves = [parts.actuators.get(name) for name in (zone.valve or "", *(zone.then or ()))]
    travel = max((_travel(valve) for valve in valves if valve is not None), default=0)
    pump = parts.actuators.get(zone.pump or "")
    run_down = 0 if pump is None else defaults.run_down(pump.kind) if pump.run_down is None else pump.run_down
    return travel + duration + run_down + defaults.RUN_SLACK


def _travel(valve: ActuatorEntry) -> Nanos:
    return defaults.travel(valve.kind) if valve.travel is None else valve.travel


def pumps_that_are_handed_on(parts: Parts) -> None:
    """Only a pump of several zones, each with a valve of its own, can be handed on."""
    for name, pump in parts.actuators.items():
        path = ("actuators", name, "hands_on")
        zones = [zone for zone in parts.zones.values() if zone.pump == name]
        if pump.hands_on is not True or parts.findings.refused(path):
            continue
        if pump.role != "pump" or len(zones) < 2:
            parts.findings.key(path, f"means nothing here: {name} is not the pump of several zones", "remove it")
        elif any(zone.valve is None for zone in zones):
            parts.findings.key(path, f"needs a valve in each zone of {name}", "add valve: NAME to its zones")


def pumps_can_push_enough(parts: Parts) -> None:
    """Every zone of a pump with a least flow lets that much through, with the bypass where it has one."""
    for name, pump in parts.actuators.items():
        path: Path = ("actuators", name)
        if pump.min_flow is None:
            for key in ("bypass", "bypass_rate"):
                if getattr(pump, key) is not None and pump.role == "pump":
                    parts.findings.key((*path, key), "means nothing without min_flow", "add min_flow: 15l/min")
            continue
        if (pump.bypass is None) is not (pump.bypass_rate is None):
            missing = "bypass_rate" if pump.bypass_rate is None else "bypass"
            parts.findings.value((*path, missing), "is missing", "name the valve and what it lets through, both")
        if pump.bypass is not None and not has_role(parts, (*path, "bypass"), pump.bypass, "valve"):
            continue
        for zone_name, zone in parts.zones.items():
            if zone.pump == name:
                _enough(parts, zone_name, zone, pump)


def _enough(parts: Parts, name: str, zone: ZoneEntry, pump: ActuatorEntry) -> None:
    path: Path = ("zones", name, "rate")
    if parts.findings.refused(path):
        return
    if zone.rate is None:
        hint = "add rate: 20l/min, as measured"
        parts.findings.value(path, f"is missing: {zone.pump} has a min_flow, and nobody knows what {name} takes", hint)
        return
    assert pump.min_flow is not None
    through = zone.rate + (pump.bypass_rate or 0.0)
    if zone.rate < pump.min_flow and through < pump.min_flow:
        what = f"{through:g} L/min is less than the {pump.min_flow:g} L/min that {zone.pump} has to push"
        parts.findings.value(path, what, "give the pump a bypass back to its source, or correct one of the two")


RULES = (sections_of_a_zone, sections_stay_open_long_enough, pumps_that_are_handed_on, pumps_can_push_enough)
