"""Does a tighter set leave room for what no schedule names: the air, a smallest dose, and a reading by which an output
may run? Who says yes to a set without any starves the plants from afar, and calls it a limit.

Only what the set has changed is judged: what the site file itself does not allow is not the centre's doing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edgectl.engine.rules import climate, drives
from edgectl.model.ledger import HOUR
from edgectl.model.site import Actuator, Compare, Sensor, Site, Zone
from edgectl.model.time import SECOND, Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """How the air moves an output where it needs all of it: the shortest ON that serves, the longest rest that does no
    harm, and how often within an hour."""

    on: Nanos
    rest: Nanos
    often: int


def starved(local: Site, site: Site) -> str:
    """What would have no room any more, in words; empty when everything has."""
    for found in (_unseen(local, site), _points(local, site), _doses(local, site), _air(local, site)):
        for why in found:
            return why
    return ""


def _unseen(local: Site, site: Site) -> Iterator[str]:
    """An output that asks for a reading needs one that may be believed."""
    for name, actuator in site.actuators.items():
        for sensor in sorted({condition.sensor for condition in (*actuator.requires, *actuator.stop_if)}):
            before, after = local.sensors.get(sensor), site.sensors.get(sensor)
            if before is None or after is None or before == after:
                continue
            if _runs_between(actuator, before) and not _runs_between(actuator, after):
                told = " and ".join(
                    [f"requires {one}" for one in actuator.requires if one.sensor == sensor]
                    + [f"stops if {one}" for one in actuator.stop_if if one.sensor == sensor]
                )
                yield f"sensors.{sensor}: {name} {told}, and nothing {_range(after)} would ever let it run"


def _runs_between(actuator: Actuator, sensor: Sensor) -> bool:
    """Is there a value, and not one alone, that is believed and lets it run?"""
    low = [] if sensor.low is None else [sensor.low]
    high = [] if sensor.high is None else [sensor.high]
    low += [one.limit for one in actuator.requires if one.sensor == sensor.name and one.compare is Compare.ABOVE]
    high += [one.limit for one in actuator.requires if one.sensor == sensor.name and one.compare is Compare.BELOW]
    high += [one.limit for one in actuator.stop_if if one.sensor == sensor.name and one.compare is Compare.ABOVE]
    low += [one.limit for one in actuator.stop_if if one.sensor == sensor.name and one.compare is Compare.BELOW]
    return not low or not high or max(low) < min(high)


def _points(local: Site, site: Site) -> Iterator[str]:
    """What is kept at a point has to be seen on both sides of it."""
    for zone in site.zones.values():
        for sensor, what, point in _kept(zone):
            before, after = local.sensors.get(sensor), site.sensors.get(sensor)
            if before is None or after is None or before == after:
                continue
            if _within(point, before) and not _within(point, after):
                yield f"sensors.{sensor}: the {what} of {zone.name} is {point:g}, and only {_range(after)} is believed"


def _kept(zone: Zone) -> Iterator[tuple[str, str, float]]:
    air, solution = zone.climate, zone.chemistry
    if air is not None:
        for what, points in (("heat", air.heat), ("vent", air.vent)):
            yield from ((air.temperature, f"set-point {what}", point) for point in points or ())
        if air.humidity is not None:
            for what, edge in (("driest", air.driest), ("wettest", air.wettest)):
                yield from () if edge is None else ((air.humidity, f"set-point {what}", edge),)
        if air.gas is not None:
            yield air.gas.sensor, "target of the gas", air.gas.target
    if solution is not None and solution.ph is not None:
        yield solution.ph, "target_ph", solution.target_ph
    if solution is not None and solution.ec is not None:
        yield solution.ec, "target_ec", solution.target_ec
    if zone.soil is not None and zone.soil_band is not None:
        yield from ((zone.soil, "soil_band", edge) for edge in zone.soil_band)


def _within(point: float, sensor: Sensor) -> bool:
    return (sensor.low is None or sensor.low < point) and (sensor.high is None or point < sensor.high)


def _range(sensor: Sensor) -> str:
    low = "" if sensor.low is None else f"from {sensor.low:g} "
    return f"{low}up to {sensor.high:g}" if sensor.high is not None else f"{low}on"


def _doses(local: Site, site: Site) -> Iterator[str]:
    """A pump whose smallest dose is too large gives nothing at all."""
    for name, actuator in site.actuators.items():
        before, after = local.actuators[name].doser, actuator.doser
        if before is None or after is None:
            continue
        pulse = max(after.least, after.step)
        least = after.ml_per_s * pulse / SECOND
        for limit in ("max_dose_ml", "max_per_hour_ml", "max_per_day_ml"):
            if getattr(after, limit) < least <= getattr(before, limit):
                yield f"{name} gives {least:g} ml at least, and {limit} would be {getattr(after, limit):g}"
        longest, own = actuator.max_on, local.actuators[name].max_on
        if longest is not None and longest < pulse <= (own or pulse):
            yield f"{name} gives a dose for {pulse / SECOND:g} s at least, and max_on would be {longest / SECOND:g} s"


def _air(local: Site, site: Site) -> Iterator[str]:
    for zone in site.zones.values():
        for name, beat in _beats(local, zone).items():
            part, own, who = site.actuators[name], local.actuators[name], f"the air of {zone.name}"
            if part.max_on is not None and part.max_on < beat.on <= (own.max_on or beat.on):
                yield f"{who} needs {name} for {beat.on / SECOND:g} s, and max_on would be {part.max_on / SECOND:g} s"
            if part.min_off > max(beat.rest, own.min_off):
                rest = f"min_off would be {part.min_off / SECOND:g} s"
                yield f"{who} needs {name} again after {beat.rest / SECOND:g} s, and {rest}"
            most, before = part.starts_per_hour, own.starts_per_hour
            if most is not None and most < beat.often <= (before or beat.often):
                yield f"{who} needs {name} up to {beat.often} times an hour, and starts_per_hour would be {most}"


def _beats(local: Site, zone: Zone) -> dict[str, Beat]:
    """What the climate orders, as its rule orders it."""
    air = zone.climate
    if air is None:
        return {}
    found: dict[str, Beat] = {}
    for drive in air.drives:
        beat = Beat(on=drive.home, rest=drives.MOVE_REST, often=HOUR // drives.MOVE_REST)
        found |= {drive.opens: beat, drive.closes: beat}
    for heater in air.heaters:
        pulse = min(climate.HEAT_PULSE, local.actuators[heater].max_on or climate.HEAT_PULSE)
        often = -(-HOUR // pulse)
        found[heater] = Beat(on=min(pulse, climate.STAGE_REST), rest=climate.HEAT_PULSE, often=often)
    # A fan keeps its state, so its order has no end; it changes no more often than a stage does.
    found |= {fan: Beat(on=HOUR, rest=climate.HEAT_PULSE, often=HOUR // climate.HEAT_PULSE) for fan in air.fans}
    if air.fog is not None:
        found[air.fog] = Beat(on=climate.FOG_PULSE, rest=climate.FOG_REST, often=HOUR // climate.FOG_REST)
    return found
