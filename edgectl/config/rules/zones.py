"""Rules about zones and about the conditions that guard their outputs."""

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.rules.sensors import same_unit
from edgectl.config.rules.units import known_sensor, unit_of
from edgectl.config.source import Path
from edgectl.model.site import Compare, Condition

# The engine proves flow against 0.1 L/min and counts litres.
UNITS_OF_PROOF = {"flow": "L/min", "meter": "L", "tank": "%", "soil": "%"}
SPEAKS = {
    "flow": "a flow sensor speaks L/min",
    "meter": "a meter sensor speaks L",
    "tank": "a level is percent",
    "soil": "the moisture of soil is percent",
}


def conditions_are_known(parts: Parts) -> None:
    """A condition asks a sensor of this file, in its unit."""
    for name, actuator in parts.actuators.items():
        for key in ("requires", "stop_if"):
            for index, clause in enumerate(getattr(actuator, key) or ()):
                path = ("actuators", name, key, index)
                sensor = clause.condition.sensor
                if not known_sensor(parts, path, sensor):
                    continue
                unit = unit_of(parts, sensor)
                if clause.unit and unit is not None and not same_unit(clause.unit, unit):
                    what = f"{sensor} is measured in {unit or 'no unit'}, not in {clause.unit}"
                    parts.findings.value(path, what, f"write  {clause.condition}")


def conditions_can_hold(parts: Parts) -> None:
    """What may start must not be stopped by the value it started with."""
    for name, actuator in parts.actuators.items():
        for index, stop in enumerate(actuator.stop_if or ()):
            path = ("actuators", name, "stop_if", index)
            for must in actuator.requires or ():
                _contradiction(parts, path, stop.condition, must.condition)


def _contradiction(parts: Parts, path: Path, stop: Condition, must: Condition) -> None:
    if stop.sensor != must.sensor or parts.findings.refused((*path[:2], "requires")):
        return
    if stop.compare is must.compare:
        what = f"'{stop}' stops what requires '{must}' has just allowed"
        turned = Compare.BELOW if must.compare is Compare.ABOVE else Compare.ABOVE
        parts.findings.value(path, what, f"turn the sign: {stop.sensor} {turned.value} {stop.limit:g}")
        return
    below = must.compare is Compare.ABOVE
    if stop.limit >= must.limit if below else stop.limit <= must.limit:
        word = "below" if below else "above"
        what = f"'{stop}' is not {word} requires '{must}': it would stop and start without end"
        parts.findings.value(path, what, f"write a limit {word} {must.limit:g}, with some room between the two")


def a_low_tank_starts_no_pump(parts: Parts) -> None:
    """The guard of a pump against its own source, turned round, would run it only when there is no water."""
    for zone in parts.zones.values():
        pump = parts.actuators.get(zone.pump or "")
        for key, wrong in (("requires", Compare.BELOW), ("stop_if", Compare.ABOVE)):
            for index, clause in enumerate((getattr(pump, key) or ()) if pump is not None else ()):
                condition = clause.condition
                if condition.sensor != zone.tank or condition.compare is not wrong:
                    continue
                turned = Compare.ABOVE if wrong is Compare.BELOW else Compare.BELOW
                what = f"{zone.pump} would run only while {zone.tank} is low: it draws from that tank"
                hint = f"turn the sign: {condition.sensor} {turned.value} {condition.limit:g}"
                parts.findings.value(("actuators", str(zone.pump), key, index), what, hint)


def conditions_within_range(parts: Parts) -> None:
    """A limit that no reading can reach guards nothing."""
    for name, actuator in parts.actuators.items():
        for key in ("requires", "stop_if"):
            for index, clause in enumerate(getattr(actuator, key) or ()):
                condition = clause.condition
                sensor = parts.sensors.get(condition.sensor)
                if sensor is None or sensor.range is None or sensor.range[0] >= sensor.range[1]:
                    continue
                low, high = sensor.range
                if not low <= condition.limit <= high:
                    path = ("actuators", name, key, index)
                    what = f"{condition.limit:g} lies outside the range of {condition.sensor}, [{low:g}, {high:g}]"
                    parts.findings.value(path, what, "write a limit inside the range, or correct the range")


def parts_of_a_zone(parts: Parts) -> None:
    """A zone's pump is a pump, its valve a valve, its light a light."""
    for name, zone in parts.zones.items():
        for key in ("pump", "valve", "light"):
            wanted, path = getattr(zone, key), ("zones", name, key)
            if wanted is None:
                continue
            if wanted not in parts.names["actuators"]:
                hint = nearest(wanted, parts.names["actuators"], "add it under actuators")
                parts.findings.value(path, f"there is no actuator '{wanted}'", hint)
            elif (actuator := parts.actuators.get(wanted)) is not None and actuator.role != key:
                fits = [other for other, entry in parts.actuators.items() if entry.role == key]
                hint = f"with role {key}: {', '.join(sorted(fits))}" if fits else f"no actuator has role {key} yet"
                parts.findings.value(path, f"{wanted} has role {actuator.role}, not {key}", hint)


def sensors_of_a_zone(parts: Parts) -> None:
    """A zone's sensors exist, and those that prove the flow speak litres."""
    for name, zone in parts.zones.items():
        for key in UNITS_OF_PROOF:
            wanted, path = getattr(zone, key), ("zones", name, key)
            if wanted is None or not known_sensor(parts, path, wanted):
                continue
            unit, needed = unit_of(parts, wanted), UNITS_OF_PROOF.get(key)
            if needed is not None and unit is not None and not same_unit(unit, needed):
                what = f"{wanted} is measured in {unit or 'no unit'}, and {SPEAKS[key]}"
                parts.findings.value(path, what, f"scale {wanted} to {needed}")


def counters_of_dosing_pumps(parts: Parts) -> None:
    """What a pump has counted is a sensor of this file, in millilitres."""
    for name, actuator in parts.actuators.items():
        path = ("actuators", name, "total")
        if actuator.total is None or not known_sensor(parts, path, actuator.total):
            continue
        unit = unit_of(parts, actuator.total)
        if unit is not None and not same_unit(unit, "ml"):
            what = f"{actuator.total} is measured in {unit or 'no unit'}, and a dosing pump counts ml"
            parts.findings.value(path, what, f"scale {actuator.total} to ml, or name another")


def soil_has_its_band(parts: Parts) -> None:
    """A moisture says nothing without the band in which it should be."""
    for name, zone in parts.zones.items():
        path = ("zones", name, "soil_band")
        if zone.soil is None or zone.soil_band is None:
            if zone.soil is not None and not parts.findings.refused(path):
                parts.findings.value(path, "is missing", "add soil_band: [40, 60], in percent")
            elif zone.soil_band is not None and not parts.findings.refused(("zones", name, "soil")):
                parts.findings.key(path, "stands without soil", "name the sensor, or remove the band")
            continue
        driest, wettest = zone.soil_band
        if not 0 <= driest < wettest <= 100:
            what = f"[{driest:g}, {wettest:g}] is no band of percent"
            parts.findings.value(path, what, "write the drier end first, for example [40, 60]")


def numbers_differ(parts: Parts) -> None:
    """A zone's number is its name in tasks and in the central database."""
    taken: dict[int, str] = {}
    for name, zone in parts.zones.items():
        first = taken.setdefault(zone.number, name)
        if first != name:
            path = ("zones", name, "number")
            where = parts.findings.place(("zones", first, "number"), path)
            what = f"{first} has number {zone.number} already ({where})"
            parts.findings.value(path, what, f"write another, for example {max(taken) + 1}")


RULES = (
    conditions_are_known,
    a_low_tank_starts_no_pump,
    conditions_can_hold,
    conditions_within_range,
    parts_of_a_zone,
    sensors_of_a_zone,
    counters_of_dosing_pumps,
    soil_has_its_band,
    numbers_differ,
)
