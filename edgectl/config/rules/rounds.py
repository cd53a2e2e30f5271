"""Rules about what goes round without end: it can be pulsed, somebody sees water move, and no valve can shut it."""

from edgectl.config import defaults
from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.outputs import outlet_of
from edgectl.config.rules.tanks import VALVES
from edgectl.config.schema import ZoneEntry
from edgectl.config.schema_water import RoundEntry
from edgectl.config.source import Path
from edgectl.model.time import SECOND, Nanos

HOUR: Nanos = 3600 * SECOND
SLACK: Nanos = 60 * SECOND  # a start of the controller, the turn of the load and a try that went wrong
ROLES = ("pump", "air_pump")


def each_is_an_output_of_its_zone(parts: Parts) -> None:
    """A round names a bubbler, or the pump of its zone."""
    for zone, name, _, path in _rounds(parts):
        actuator = parts.actuators.get(name)
        if name not in parts.names["actuators"]:
            parts.findings.key(
                path, "is no actuator", nearest(name, parts.names["actuators"], "add it under actuators")
            )
        elif actuator is not None and actuator.role not in ROLES:
            parts.findings.key(
                path, f"has role {actuator.role}", "what goes round without end is a pump or an air_pump"
            )
        elif actuator is not None and actuator.role == "pump" and zone.pump != name:
            parts.findings.key(path, "is not the pump of this zone", f"write pump: {name} in the zone")


def turns_have_both_ends(parts: Parts) -> None:
    """Turns last and rest, and a rest is no alarm."""
    for _, name, entry, path in _rounds(parts):
        if (entry.on is None) is not (entry.off is None):
            parts.findings.value(path, "takes turns with only one end", "write both, for example on: 15m, off: 15m")
            continue
        actuator = parts.actuators.get(name)
        rests = (entry.off or 0) + (0 if actuator is None else defaults.min_off(actuator)[0])
        if entry.max_off < rests + SLACK:
            what = f"{show(entry.max_off)} is over before the next turn can have begun"
            parts.findings.value((*path, "max_off"), what, f"write at least {show(rests + SLACK)}")


def pulses_fit(parts: Parts) -> None:
    """One ON of a pump fits its limits, and so many starts are allowed."""
    for _, name, entry, path in _rounds(parts):
        pump = parts.actuators.get(name)
        if pump is None or pump.role != "pump":
            limits = {
                (*path, "pulse"): entry.pulse,
                ("actuators", name, "max_on"): None if pump is None else pump.max_on,
            }
            for place in (place for place, limit in limits.items() if pump is not None and limit is not None):
                parts.findings.key(place, "means nothing here: a bubbler keeps its state", "remove it")
            continue
        outlet = outlet_of(parts, pump)
        longest = defaults.pulse(entry.model_copy(update={"pulse": None, "on": None}), pump, outlet)
        for key in ("pulse", "on"):
            wanted = getattr(entry, key)
            if wanted is not None and wanted > longest:
                what = f"{show(wanted)} is longer than one ON of {name} may be ({show(longest)})"
                parts.findings.value((*path, key), what, f"write at most {show(longest)}")
        every = defaults.pulse(entry, pump, outlet) + (entry.off or 0) + defaults.min_off(pump)[0]
        starts = HOUR // every + 1
        if pump.starts_per_hour is not None and pump.starts_per_hour < starts:
            what = f"{pump.starts_per_hour} starts an hour are fewer than the {starts} that its circulation needs"
            hint = "longer pulses or turns, or more starts_per_hour"
            parts.findings.value(("actuators", name, "starts_per_hour"), what, hint)


def somebody_sees_the_water(parts: Parts) -> None:
    """A pump that nobody ends is ended by its witness, and no valve stands in its way."""
    for zone, name, _, path in _rounds(parts):
        pump = parts.actuators.get(name)
        if pump is None or pump.role != "pump" or zone.pump != name:
            continue
        if zone.flow is None and pump.min_current is None:
            hint = "add flow: SENSOR to the zone, or current and min_current to the pump"
            parts.findings.key(path, f"goes round without a witness: nobody sees whether {name} moves water", hint)
        if shut := _valves(parts, name):
            what = f"{name} pushes through {', '.join(shut)}: what goes round without end needs an open way"
            parts.findings.key(path, what, "use a pump of its own for the film")


def gaps_are_told_once(parts: Parts) -> None:
    """Where water goes round, `max_off` says how long plants bear its absence."""
    for name, zone in parts.zones.items():
        pumped = any(output == zone.pump for output in zone.circulation or {})
        for key in ("max_gap", "fallback"):
            if pumped and getattr(zone, key) is not None:
                hint = "remove it: max_off of its circulation says how long that may be"
                parts.findings.key(("zones", name, key), "means nothing where water goes round without end", hint)


def _rounds(parts: Parts) -> list[tuple[ZoneEntry, str, RoundEntry, Path]]:
    return [
        (zone, output, entry, ("zones", name, "circulation", output))
        for name, zone in parts.zones.items()
        for output, entry in (zone.circulation or {}).items()
    ]


def _valves(parts: Parts, pump: str) -> list[str]:
    """Every valve behind a pump or before it: those of its zones and circuits, and its bypass, which nobody opens."""
    found = {parts.actuators[pump].bypass}
    for zone in (zone for zone in parts.zones.values() if zone.pump == pump):
        circuit = zone.circuit
        found |= {zone.valve, *(zone.then or ())}
        if circuit is not None:
            found |= {getattr(circuit, key) for key in VALVES if key not in ("fill", "drain")}
    return sorted(way for way in found if way is not None)


RULES = (
    each_is_an_output_of_its_zone,
    turns_have_both_ends,
    pulses_fit,
    somebody_sees_the_water,
    gaps_are_told_once,
)
