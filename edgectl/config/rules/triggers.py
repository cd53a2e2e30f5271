"""Rules about schedules that something measured asks for: it is measured, and the gaps leave it room."""

from edgectl.config.calendars import gauge_of
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.sensors import same_unit
from edgectl.config.rules.units import known_sensor, unit_of
from edgectl.scheduler.schedule import Gauge

SPEAKS = {"radiation": "W/m2", "drain": "%"}
NEEDS = {Gauge.LIGHT_SUM: "radiation", Gauge.DRAIN: "drain"}
GAPS = ("min_gap", "max_gap")


def gauges_of_a_zone(parts: Parts) -> None:
    """The light and the drain of a zone are measured, in the unit that the limits have."""
    for name, zone in parts.zones.items():
        for key, speaks in SPEAKS.items():
            wanted, path = getattr(zone, key), ("zones", name, key)
            if wanted is None or not known_sensor(parts, path, wanted):
                continue
            unit = unit_of(parts, wanted)
            if unit is not None and not same_unit(unit, speaks):
                what = f"{wanted} is measured in {unit or 'no unit'}, and {key} speaks {speaks}"
                parts.findings.value(path, what, f"scale {wanted} to {speaks}")


def something_measures(parts: Parts) -> None:
    """The zone has what the trigger waits for."""
    for name, schedule in parts.schedules.items():
        gauge, zone = gauge_of(schedule), parts.zones.get(schedule.zone)
        if gauge is None or zone is None:
            continue
        path = ("schedules", name, gauge.value)
        if (key := NEEDS.get(gauge)) is not None:
            missing = "" if getattr(zone, key) is not None else f"{key}: SENSOR"
            refused = parts.findings.refused(("zones", schedule.zone, key))
        else:
            climate = zone.climate
            measured = climate is not None and climate.humidity is not None
            missing = "" if measured else "climate: {temperature: SENSOR, humidity: SENSOR}"
            refused = parts.findings.refused(("zones", schedule.zone, "climate"))
        if missing and not refused:
            where = parts.findings.place(("zones", schedule.zone), path)
            what = f"needs a reading that {schedule.zone} has not"
            parts.findings.key(path, what, f"add {missing} to {schedule.zone} ({where})")


def gaps_where_they_count(parts: Parts) -> None:
    """A trigger has a shortest and a longest rest: one dead sensor must neither flood nor dry the plants."""
    for name, schedule in parts.schedules.items():
        path, gauge = ("schedules", name), gauge_of(schedule)
        if any(parts.findings.refused((*path, one.value)) for one in Gauge):
            continue
        for key, example in zip(GAPS, ("20m", "4h"), strict=True):
            written = getattr(schedule, key) is not None or parts.findings.refused((*path, key))
            if gauge is None and getattr(schedule, key) is not None:
                parts.findings.key((*path, key), "means nothing here: nothing measured asks for a run", "remove it")
            elif gauge is not None and not written:
                parts.findings.value((*path, key), "is missing", f"add {key}: {example}")
        low, high = schedule.min_gap, schedule.max_gap
        if gauge is not None and low is not None and high is not None and low >= high:
            what = f"{show(high)} is not longer than min_gap {show(low)}"
            parts.findings.value((*path, "max_gap"), what, "write a longer one")


RULES = (gauges_of_a_zone, something_measures, gaps_where_they_count)
