"""Rules about the climate of a zone: what moves the air has its role, and no set-point fights another."""

from collections.abc import Iterator

from edgectl.config import defaults
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.sensors import same_unit
from edgectl.config.rules.tanks import has_role
from edgectl.config.rules.units import known_sensor, unit_of
from edgectl.config.schema_air import ClimateEntry
from edgectl.config.source import Path
from edgectl.model.air import Vent
from edgectl.model.time import SECOND

SPEAKS = {"temperature": "°C", "humidity": "%RH", "outside": "°C", "wind": "m/s", "radiation": "W/m2"}
GAS_ROOM = 200.0  # ppm between what is wanted and what is never exceeded
APART = 2.0  # degC between heating and venting: closer together they would work against each other


def sensors_of_a_climate(parts: Parts) -> None:
    """What is looked at exists, in the unit that the set-points have."""
    for path, climate in _climates(parts):
        for key in (*SPEAKS, "rain"):
            sensor = getattr(climate, key)
            if sensor is None or not known_sensor(parts, (*path, key), sensor) or key not in SPEAKS:
                continue
            unit = unit_of(parts, sensor)
            if unit is not None and not same_unit(unit, SPEAKS[key]):
                what = f"{sensor} is measured in {unit or 'no unit'}, and {key} speaks {SPEAKS[key]}"
                parts.findings.value((*path, key), what, f"scale {sensor} to {SPEAKS[key]}, or name another")


def outputs_of_a_climate(parts: Parts) -> None:
    """Each output has the role of its place, and no two places share one."""
    for path, climate in _climates(parts):
        named: set[str] = set()
        for place, name, *roles in _outputs(path, climate):
            if has_role(parts, place, name, *roles):
                if name in named:
                    parts.findings.value(place, f"{name} is named twice in this climate", "name each output once")
                named.add(name)


def set_points_leave_room(parts: Parts) -> None:
    """Heating and venting do not meet, the dry limit lies below the wet one, and each has something to act with."""
    for path, climate in _climates(parts):
        if climate.heat is not None and climate.vent is not None:
            for when in ("day", "night"):
                heat, vent = getattr(climate.heat, when), getattr(climate.vent, when)
                if vent - heat < APART:
                    what = f"{vent:g} °C is less than {APART:g} degrees above heat.{when} {heat:g} °C"
                    parts.findings.value((*path, "vent", when), what, f"write at least {heat + APART:g}")
        if climate.driest is not None and climate.wettest is not None and climate.driest >= climate.wettest:
            what = f"{climate.wettest:g} is not above driest {climate.driest:g}"
            parts.findings.value((*path, "wettest"), what, "write a larger number")
        needs = (
            ("heat", climate.heaters or climate.mixing, "heaters: [NAME] or mixing: {pipes: …}"),
            ("mixing", climate.heat, "heat: {day: 18, night: 15}"),
            ("vent", climate.fans or climate.vents, "fans: [NAME] or vents: {roof: …}"),
            ("driest", climate.fog, "fog: NAME"),
        )
        for key, means, hint in needs:
            if getattr(climate, key) not in (None, {}) and not means and not parts.findings.refused((*path, key)):
                parts.findings.key((*path, key), "has nothing to act with", f"add {hint}, or remove it")
        for key in ("driest", "wettest"):
            if getattr(climate, key) is not None and climate.humidity is None:
                parts.findings.key((*path, key), "means nothing without humidity", "add humidity: SENSOR")


def ramps_have_room(parts: Parts) -> None:
    """A ramp is over before the next one begins, and there is something to ramp."""
    for path, climate in _climates(parts):
        if climate.ramp is None:
            continue
        if climate.heat is None and climate.vent is None:
            parts.findings.key((*path, "ramp"), "means nothing without heat or vent", "add one of them, or remove it")
        begin, end = climate.day or defaults.DAY
        day = (end - begin) % defaults.DAY_MINUTES
        room = min(day, defaults.DAY_MINUTES - day) * 60 * SECOND
        if climate.ramp > room:
            what = f"{show(climate.ramp)} is longer than the shorter of day and night"
            parts.findings.value((*path, "ramp"), what, f"write at most {show(room)}")


def drives_reach_their_ends(parts: Parts) -> None:
    """A way that may not last until the end switch would be refused each time that nobody knows where the drive is."""
    for _, climate in _climates(parts):
        for kind in ("vents", "screens", "mixing"):
            for name, entry in getattr(climate, kind).items():
                drive = Vent(name=name, opens=entry.opens, closes=entry.closes, travel=entry.travel)
                for way in (entry.opens, entry.closes):
                    _reaches(parts, way, drive)


def _reaches(parts: Parts, way: str, drive: Vent) -> None:
    part = parts.actuators.get(way)
    if part is not None and part.max_on is not None and part.max_on < drive.home:
        what = f"{show(part.max_on)} is shorter than {drive.name} may run to its end, {show(drive.home)}"
        hint = f"write at least {show(drive.home)}, or the travel that was measured"
        parts.findings.value(("actuators", way, "max_on"), what, hint)


def nothing_keeps_a_vent_from_shutting(parts: Parts) -> None:
    """A motor that rests before it shuts would let a storm into the house for so long."""
    for _, climate in _climates(parts):
        for name, entry in climate.vents.items():
            part = parts.actuators.get(entry.closes)
            for key in ("min_off", "starts_per_hour"):
                if part is not None and getattr(part, key):
                    what = f"keeps {name} open in a storm for so long"
                    hint = f"remove it there; {entry.opens} may have it, and so rests the motor"
                    parts.findings.key(("actuators", entry.closes, key), what, hint)


def screens_and_gas_make_sense(parts: Parts) -> None:
    """A screen is drawn for something that is measured; gas has a probe in ppm, and ends above its target."""
    for path, climate in _climates(parts):
        for name, screen in climate.screens.items():
            place = (*path, "screens", name)
            if screen.shade_above is None and screen.cold_below is None:
                parts.findings.key(place, "is never drawn", "add shade_above: 600, or cold_below: 8")
            for key, needs in (("shade_above", "radiation"), ("cold_below", "outside")):
                if getattr(screen, key) is not None and getattr(climate, needs) is None:
                    parts.findings.key((*place, key), f"means nothing without {needs}", f"add {needs}: SENSOR")
        gas = climate.co2
        if gas is None:
            continue
        place = (*path, "co2")
        if known_sensor(parts, (*place, "sensor"), gas.sensor):
            unit = unit_of(parts, gas.sensor)
            if unit is not None and not same_unit(unit, "ppm"):
                what = f"{gas.sensor} is measured in {unit or 'no unit'}, and a target speaks ppm"
                parts.findings.value((*place, "sensor"), what, f"scale {gas.sensor} to ppm, or name another")
        if gas.most < gas.target + GAS_ROOM:
            what = f"{gas.most:g} ppm is less than {GAS_ROOM:g} above the target {gas.target:g}"
            parts.findings.value((*place, "most"), what, f"write at least {gas.target + GAS_ROOM:g}")


def what_keeps_its_state_has_no_limit(parts: Parts) -> None:
    """Nobody would hold a fan to a longest time: it moves the air for as long as that is needed, whoever lives."""
    for _, climate in _climates(parts):
        for name in climate.fans or ():
            fan = parts.actuators.get(name)
            if fan is not None and fan.role == "fan" and fan.max_on is not None:
                what = "means nothing here: a fan of a climate keeps its state"
                parts.findings.key(
                    ("actuators", name, "max_on"), what, "remove it; a fan that burns needs its own fuse"
                )


def _outputs(path: Path, climate: ClimateEntry) -> Iterator[tuple[Path, str, *tuple[str, ...]]]:
    for key, role in (("heaters", "heater"), ("fans", "fan")):
        for index, name in enumerate(getattr(climate, key) or ()):
            yield (*path, key, index), name, role
    for vent, entry in climate.vents.items():
        yield (*path, "vents", vent, "opens"), entry.opens, "vent", "motor"
        yield (*path, "vents", vent, "closes"), entry.closes, "vent", "motor"
    for key, role in (("screens", "screen"), ("mixing", "motor_valve")):
        for name, drive in getattr(climate, key).items():
            yield (*path, key, name, "opens"), drive.opens, role, "motor"
            yield (*path, key, name, "closes"), drive.closes, role, "motor"
    if climate.fog is not None:
        yield (*path, "fog"), climate.fog, "fog"
    if climate.co2 is not None:
        yield (*path, "co2", "valve"), climate.co2.valve, "co2"


def _climates(parts: Parts) -> Iterator[tuple[Path, ClimateEntry]]:
    for name, zone in parts.zones.items():
        if zone.climate is not None:
            yield ("zones", name, "climate"), zone.climate


RULES = (
    sensors_of_a_climate,
    outputs_of_a_climate,
    set_points_leave_room,
    ramps_have_room,
    drives_reach_their_ends,
    nothing_keeps_a_vent_from_shutting,
    screens_and_gas_make_sense,
    what_keeps_its_state_has_no_limit,
)
