"""Rules about a tank of the plants' own, and about pumps that move water between the tanks beside that of the zone."""

from collections.abc import Iterator

from edgectl.config.parts import Parts
from edgectl.config.rules.tanks import circuits, has_role, speaks
from edgectl.config.schema import ZoneEntry
from edgectl.config.schema_water import CircuitEntry
from edgectl.config.source import Path

# What a key is good for only beside another one, and what to do.
BESIDE = (
    ("irrigation", ("irrigation_fill", "irrigation_meter", "irrigation_time", "mix_pump"), "a third tank", "TANK"),
    ("mix_pump", ("mix_flow",), "a mix_pump", "PUMP"),
    ("fill_pump", ("fill_flow", "solution_rate", "solution_return"), "a pump of its own for this fill", "PUMP"),
    ("clean", ("fill_pump",), "a clean tank", "TANK"),
)
SPEAKS = (
    ("irrigation_meter", "L", "a meter"),
    ("mix_flow", "L/min", "a flow sensor"),
    ("fill_flow", "L/min", "a flow sensor"),
)


def third_tank_has_ways(parts: Parts) -> None:
    """Water reaches a third tank through a valve, by a pump that is not the one which waters from it."""
    for path, zone, circuit in circuits(parts):
        if circuit.irrigation is None:
            continue
        for key, what, hint in (
            ("irrigation_fill", "is missing: water cannot reach the third tank", "add irrigation_fill: VALVE"),
            (
                "mix_pump",
                "is missing: the pump of the zone waters from the third tank, and nothing moves the solution there",
                "add mix_pump: PUMP",
            ),
        ):
            if getattr(circuit, key) is None and not parts.findings.refused((*path, key)):
                parts.findings.value((*path, key), what, hint)
        if zone.pump is None:
            parts.findings.value(path, "has a tank of the plants' own, and the zone no pump", "add pump: NAME")


def keys_stand_beside_what_they_serve(parts: Parts) -> None:
    """A valve, a pump or a meter of a way that this circuit has not got."""
    for path, _, circuit in circuits(parts):
        for key, served, what, name in BESIDE:
            if getattr(circuit, key) is not None or parts.findings.refused((*path, key)):
                continue
            for other in served:
                if getattr(circuit, other) is not None:
                    parts.findings.key((*path, other), f"means nothing without {what}", f"add {key}: {name}")


def pumps_of_a_circuit(parts: Parts) -> None:
    """Each pump has one place: it waters, it mixes, or it fills."""
    for path, zone, circuit in circuits(parts):
        taken = {} if zone.pump is None else {zone.pump: "pump of the zone"}
        for key in ("mix_pump", "fill_pump"):
            pump = getattr(circuit, key)
            if pump is None or not has_role(parts, (*path, key), pump, "pump"):
                continue
            first = taken.setdefault(pump, key)
            if first != key:
                hint = "remove it: the mix_pump fills too" if first == "mix_pump" else "name the pump of this way"
                parts.findings.value((*path, key), f"{pump} is the {first} already", hint)


def own_pumps_are_known(parts: Parts) -> None:
    """What a pump of its own moves is measured, and the solution has a way back that is its own too."""
    for path, zone, circuit in circuits(parts):
        for where, what, hint in _unknown(path, zone, circuit):
            if not parts.findings.refused(where):
                parts.findings.value(where, what, hint)


def _unknown(path: Path, zone: ZoneEntry, circuit: CircuitEntry) -> Iterator[tuple[Path, str, str]]:
    if circuit.fill_pump is not None and circuit.solution_rate is None:
        what = f"is missing: nobody knows how fast {circuit.fill_pump} fills the solution tank"
        yield (*path, "solution_rate"), what, "add solution_rate: 20l/min, as measured"
    if circuit.fill_pump is not None and circuit.solution_return is None and zone.chemistry is not None:
        what = f"is missing: solution_fill is the way of {circuit.fill_pump}, and the solution needs one for its round"
        yield (*path, "solution_return"), what, "add solution_return: VALVE"
    if circuit.mix_pump is not None and zone.chemistry is not None and zone.chemistry.rate is None:
        what = f"is missing: {circuit.mix_pump} moves the solution, and the rate of the zone is that of {zone.pump}"
        yield (*path[:2], "chemistry", "rate"), what, "add rate: 20l/min, as measured"


def sensors_of_the_ways(parts: Parts) -> None:
    """What proves that water moves speaks litres."""
    for path, _, circuit in circuits(parts):
        for key, unit, who in SPEAKS:
            if (sensor := getattr(circuit, key)) is not None:
                speaks(parts, (*path, key), sensor, unit, who)


RULES = (
    third_tank_has_ways,
    keys_stand_beside_what_they_serve,
    pumps_of_a_circuit,
    own_pumps_are_known,
    sensors_of_the_ways,
)
