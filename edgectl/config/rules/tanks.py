"""Rules about tanks, the circuits between them, and what is dosed into them."""

from collections.abc import Iterator

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.outputs import DOSING_KEYS
from edgectl.config.rules.sensors import same_unit
from edgectl.config.rules.units import known_sensor, unit_of
from edgectl.config.schema import ZoneEntry
from edgectl.config.schema_water import ChemistryEntry, CircuitEntry
from edgectl.config.source import Path
from edgectl.model.time import SECOND, Nanos

VALVES = (
    "drain",
    "fill",
    "clean_supply",
    "solution_supply",
    "solution_fill",
    "solution_return",
    "irrigation_fill",
)
SAYS = {"level": "%", "low": "", "high": ""}
PROBES = {"ph": "pH", "ec": "mS/cm"}
LONGEST_BALANCE: Nanos = 6 * 3600 * SECOND
LEAST, MOST = {"ph": 4.0, "ec": 0.0}, {"ph": 9.0, "ec": 10.0}  # no target lies beyond


def sensors_of_a_tank(parts: Parts) -> None:
    """A tank is seen by sensors of this file, and something shows when it is full."""
    for name, tank in parts.tanks.items():
        path = ("tanks", name)
        for key, unit in SAYS.items():
            sensor = getattr(tank, key)
            if sensor is None or not known_sensor(parts, (*path, key), sensor):
                continue
            spoken = unit_of(parts, sensor)
            if spoken is not None and not same_unit(spoken, unit):
                wanted = "percent" if unit else "no unit, only 0 and 1"
                what = f"{sensor} is measured in {spoken or 'no unit'}, and {key} speaks {wanted}"
                hint = f'scale {sensor} to "%"' if unit else "name a float, or write level"
                parts.findings.value((*path, key), what, hint)
        if tank.level is None and tank.high is None and not parts.findings.refused(path):
            hint = "add level: SENSOR in percent, or high: the upper float"
            parts.findings.key(path, "nothing shows when it is full", hint)
        if tank.prove_every is not None and tank.high is None:
            parts.findings.key((*path, "prove_every"), "means nothing without an upper float", "add high: FLOAT")
        if tank.low is not None and tank.low == tank.high:
            parts.findings.value((*path, "high"), f"{tank.low} is the lower float already", "name the upper one")


def floats_that_are_steadied(parts: Parts) -> None:
    """Only the contact of a float is debounced."""
    floats = {name for tank in parts.tanks.values() for name in (tank.low, tank.high)}
    for name, sensor in parts.sensors.items():
        if sensor.debounce is not None and name not in floats and not parts.findings.refused(("tanks",)):
            path = ("sensors", name, "debounce")
            parts.findings.key(path, f"means nothing here: {name} is the float of no tank", "remove it")


def floats_that_stand_in(parts: Parts) -> None:
    """Who speaks for a level is a float of this file, and what it speaks for is a level."""
    for name, sensor in parts.sensors.items():
        path = ("sensors", name, "stand_in")
        if sensor.stand_in is None or not known_sensor(parts, path, sensor.stand_in):
            continue
        unit, spoken = unit_of(parts, name), unit_of(parts, sensor.stand_in)
        if unit is not None and not same_unit(unit, "%"):
            what = f"{name} is measured in {unit or 'no unit'}, and a float speaks for a level in percent"
            parts.findings.key(path, what, "remove it")
        elif spoken is not None and not same_unit(spoken, ""):
            what = f"{sensor.stand_in} is measured in {spoken}, and a float knows only 0 and 1"
            parts.findings.value(path, what, "name the lower float of the tank")


def levels_that_are_reckoned(parts: Parts) -> None:
    """What is reckoned is the level of a source in percent, and what is drawn from it was commissioned."""
    for name, sensor in parts.sensors.items():
        path, balance = ("sensors", name, "balance"), sensor.balance
        if balance is None:
            continue
        unit = unit_of(parts, name)
        if unit is not None and not same_unit(unit, "%"):
            parts.findings.key(
                path, f"{name} is measured in {unit or 'no unit'}, and a balance is of percent", "remove it"
            )
        if balance.lasts > LONGEST_BALANCE:
            what = f"{show(balance.lasts)} is too long: a leak is not reckoned"
            parts.findings.value((*path, "lasts"), what, f"write at most {show(LONGEST_BALANCE)}")
        if balance.into is not None:
            speaks(parts, (*path, "into"), balance.into, "L", "a meter")
        drawn = {key: zone for key, zone in parts.zones.items() if zone.tank == name}
        if not drawn:
            parts.findings.key(
                path, f"{name} is the tank of no zone: nobody draws from it", f"add tank: {name} to a zone"
            )
        for key, zone in drawn.items():
            place = ("zones", key, "rate")
            if zone.rate is None and not parts.findings.refused(place):
                what = f"is missing: {name} is reckoned, and nobody knows what {key} takes"
                parts.findings.value(place, what, "add rate: 20l/min, as measured")


def tanks_of_a_circuit(parts: Parts) -> None:
    """A circuit names tanks of this file, different ones."""
    for path, _, circuit in circuits(parts):
        for key in ("solution", "clean", "irrigation"):
            tank = getattr(circuit, key)
            if tank is not None and tank not in parts.names["tanks"]:
                hint = nearest(tank, parts.names["tanks"], "add it under tanks")
                parts.findings.value((*path, key), f"there is no tank '{tank}'", hint)
        if circuit.clean == circuit.solution:
            parts.findings.value((*path, "clean"), f"{circuit.clean} is the solution already", "name another tank")
        if circuit.irrigation is not None and circuit.irrigation in (circuit.solution, circuit.clean):
            which = "solution" if circuit.irrigation == circuit.solution else "clean tank"
            what = f"{circuit.irrigation} is the {which} already"
            parts.findings.value((*path, "irrigation"), what, "name a third tank, or remove it")


def valves_of_a_circuit(parts: Parts) -> None:
    """What opens a way is a valve, and no two ways share one."""
    for path, zone, circuit in circuits(parts):
        taken: dict[str, str] = {} if zone.valve is None else {zone.valve: "valve of the zone"}
        for key in VALVES:
            valve = getattr(circuit, key)
            if valve is None or not has_role(parts, (*path, key), valve, "valve"):
                continue
            first = taken.setdefault(valve, key)
            if first != key:
                parts.findings.value((*path, key), f"{valve} is the {first} already", "name the valve of this way")


def meter_of_the_mains(parts: Parts) -> None:
    """What ends a fill at its litres counts litres, and is not larger than the tank."""
    for path, _, circuit in circuits(parts):
        meter = circuit.fill_meter
        if meter is None:
            if circuit.fill_most is not None:
                parts.findings.key((*path, "fill_most"), "means nothing without fill_meter", "add fill_meter: SENSOR")
            continue
        speaks(parts, (*path, "fill_meter"), meter, "L", "a meter")
        tank = parts.tanks.get(circuit.clean or circuit.solution)
        if tank is not None and circuit.fill_most is not None and circuit.fill_most > tank.volume:
            what = f"{circuit.fill_most:g} L are more than the {tank.volume:g} L of the tank: it would run over"
            parts.findings.value((*path, "fill_most"), what, f"write at most {tank.volume:g}l")


def meter_of_the_solution(parts: Parts) -> None:
    """What ends the fill of the second tank at its litres counts litres."""
    for path, _, circuit in circuits(parts):
        if circuit.solution_meter is None:
            continue
        if circuit.clean is None:
            hint = "name it fill_meter: the mains fill the only tank"
            parts.findings.key((*path, "solution_meter"), "means nothing without a clean tank", hint)
        speaks(parts, (*path, "solution_meter"), circuit.solution_meter, "L", "a meter")


def two_tanks_have_ways(parts: Parts) -> None:
    """Between two tanks water needs a way out of the first, a way into the second, and a pump."""
    for path, zone, circuit in circuits(parts):
        if circuit.clean is None:
            if circuit.clean_supply is not None:
                parts.findings.key((*path, "clean_supply"), "means nothing without a clean tank", "add clean: TANK")
            continue
        # A pump that only fills may hang in the clean tank; one that does everything chooses what it draws.
        chosen = ("clean_supply", "solution_fill") if circuit.fill_pump is None else ("solution_fill",)
        for key in chosen:
            if getattr(circuit, key) is None and not parts.findings.refused((*path, key)):
                parts.findings.value(
                    (*path, key), "is missing: water cannot reach the second tank", f"add {key}: VALVE"
                )
        if zone.pump is None and circuit.irrigation is None:
            parts.findings.value(path, "moves water between two tanks, and the zone has no pump", "add pump: NAME")


def probes_of_a_chemistry(parts: Parts) -> None:
    """What is corrected is measured, in the unit that the targets have; what has no target is not corrected."""
    for path, _, chemistry in _chemistries(parts):
        for key, unit in PROBES.items():
            sensor, target = getattr(chemistry, key), f"target_{key}"
            if sensor is not None and known_sensor(parts, (*path, key), sensor):
                spoken = unit_of(parts, sensor)
                if spoken is not None and not same_unit(spoken, unit):
                    what = f"{sensor} is measured in {spoken or 'no unit'}, and {key} speaks {unit}"
                    parts.findings.value((*path, key), what, f"scale {sensor} to {unit}")
                if getattr(chemistry, target) is None and not parts.findings.refused((*path, target)):
                    parts.findings.value((*path, target), "is missing", f"add {target}: what {sensor} should show")
            elif sensor is None and getattr(chemistry, target) is not None:
                parts.findings.key((*path, target), f"means nothing without {key}", f"add {key}: SENSOR, or remove it")
        for keys, probe in ((("acid", "base"), "ph"), (("nutrients",), "ec")):
            for key in keys:
                if getattr(chemistry, key) is not None and getattr(chemistry, probe) is None:
                    what = f"doses without a look: the chemistry has no {probe}"
                    parts.findings.key((*path, key), what, f"add {probe}: SENSOR and target_{probe}")


def bands_of_a_chemistry(parts: Parts) -> None:
    """The band in which a request may put a target holds the site's own one."""
    for path, _, chemistry in _chemistries(parts):
        for key, unit in PROBES.items():
            band, target = getattr(chemistry, f"{key}_band"), getattr(chemistry, f"target_{key}")
            place = (*path, f"{key}_band")
            if band is None or parts.findings.refused((*path, f"target_{key}")):
                continue
            if target is None:
                parts.findings.key(place, f"means nothing without target_{key}", f"add {key} and target_{key}")
            elif not LEAST[key] <= band[0] <= target <= band[1] <= MOST[key]:
                what = f"[{band[0]:g}, {band[1]:g}] {unit} does not hold target_{key} {target:g}, or reaches too far"
                parts.findings.value(
                    place, what, f"write the lower end first, between {LEAST[key]:g} and {MOST[key]:g}"
                )


def pumps_of_a_chemistry(parts: Parts) -> None:
    """A pump that doses by itself is known in full: what it gives, what that does, and where it ends."""
    for path, _, chemistry in _chemistries(parts):
        named: set[str] = set()
        for place, name in _dosers(path, chemistry):
            if not has_role(parts, place, name, "dosing"):
                continue
            if name in named:
                parts.findings.value(place, f"{name} is named twice", "name two different pumps")
            named.add(name)
            entry = parts.actuators.get(name)
            if entry is None:
                continue
            for key in (*DOSING_KEYS, "gain"):
                wanted = ("actuators", name, key)
                if getattr(entry, key) is None and not parts.findings.refused(wanted):
                    parts.findings.value(
                        wanted, f"is missing: {path[1]} doses with {name}", f"add {key}: {_HINTS[key]}"
                    )


def circulation_of_a_chemistry(parts: Parts) -> None:
    """Nothing is dosed into standing water, and how fast it mixes is known."""
    for path, zone, chemistry in _chemistries(parts):
        if zone.circuit is None and not parts.findings.refused((*path[:2], "circuit")):
            parts.findings.key(path, "needs a circuit: the tank that is corrected", "add circuit: {solution: TANK, …}")
        if zone.pump is None and not parts.findings.refused((*path[:2], "pump")):
            parts.findings.key(path, "needs a pump that moves the solution", "add pump: NAME to the zone")
        broken = parts.findings.refused((*path, "rate")) or parts.findings.refused((*path[:2], "rate"))
        if chemistry.rate is None and zone.rate is None and not broken:
            hint = "add rate: 20l/min as measured; it says how long a dose takes to mix"
            parts.findings.value((*path, "rate"), "is missing", hint)


def acid_of_a_preparation(parts: Parts) -> None:
    """An allowance by the litre is of an acid, fits into its day, and of litres that somebody knows."""
    for path, zone, chemistry in _chemistries(parts):
        place, each = (*path, "acid_per_litre"), chemistry.acid_per_litre
        if each is None:
            continue
        if chemistry.acid is None:
            parts.findings.key(place, "means nothing without acid", "add acid: PUMP, or remove it")
            continue
        tank = None if zone.circuit is None else parts.tanks.get(zone.circuit.solution)
        day = None if (pump := parts.actuators.get(chemistry.acid)) is None else pump.max_per_day
        if tank is not None and day is not None and each * tank.volume > day:
            whole = f"{each * tank.volume:g} ml for {tank.volume:g} L"
            what = f"{whole} are more than max_per_day of {chemistry.acid}, {day:g} ml"
            parts.findings.value(place, what, "raise max_per_day, or write less for each litre")
        circuit = zone.circuit
        if circuit is not None and circuit.clean is None and circuit.fill_rate is None and circuit.fill_meter is None:
            what = "has no litres to go by: nobody knows what a fill lets in"
            parts.findings.key(place, what, "add fill_rate: 20l/min, as measured, or fill_meter: SENSOR")


_HINTS = {
    "ml_per_s": "what it delivers by calibration, for example 1.1",
    "gain": "what 1 ml changes in the whole tank, for example 0.03/ml",
    "max_dose": "20ml, for example",
    "max_per_hour": "60ml, for example",
    "max_per_day": "200ml, for example",
}


def has_role(parts: Parts, path: Path, name: str, *roles: str) -> bool:
    """Report an actuator that is not there, or that is something else."""
    if name not in parts.names["actuators"]:
        hint = nearest(name, parts.names["actuators"], "add it under actuators")
        parts.findings.value(path, f"there is no actuator '{name}'", hint)
        return False
    entry = parts.actuators.get(name)
    if entry is not None and entry.role not in roles:
        role = " or ".join(roles)
        parts.findings.value(path, f"{name} has role {entry.role}, not {role}", f"name an actuator with role {role}")
        return False
    return True


def speaks(parts: Parts, path: Path, sensor: str, unit: str, who: str) -> None:
    """Report a sensor that is not there, or that measures something else."""
    if not known_sensor(parts, path, sensor):
        return
    spoken = unit_of(parts, sensor)
    if spoken is not None and not same_unit(spoken, unit):
        what = f"{sensor} is measured in {spoken or 'no unit'}, and {who} speaks {unit}"
        parts.findings.value(path, what, f"scale {sensor} to {unit}")


def _dosers(path: Path, chemistry: ChemistryEntry) -> Iterator[tuple[Path, str]]:
    for key in ("acid", "base"):
        if (name := getattr(chemistry, key)) is not None:
            yield (*path, key), name
    for index, name in enumerate(chemistry.nutrients or ()):
        yield (*path, "nutrients", index), name


def circuits(parts: Parts) -> Iterator[tuple[Path, ZoneEntry, CircuitEntry]]:
    """Every circuit with its place and its zone."""
    for name, zone in parts.zones.items():
        if zone.circuit is not None:
            yield ("zones", name, "circuit"), zone, zone.circuit


def _chemistries(parts: Parts) -> Iterator[tuple[Path, ZoneEntry, ChemistryEntry]]:
    for name, zone in parts.zones.items():
        if zone.chemistry is not None:
            yield ("zones", name, "chemistry"), zone, zone.chemistry


RULES = (
    sensors_of_a_tank,
    floats_that_are_steadied,
    floats_that_stand_in,
    levels_that_are_reckoned,
    tanks_of_a_circuit,
    valves_of_a_circuit,
    meter_of_the_mains,
    meter_of_the_solution,
    two_tanks_have_ways,
    probes_of_a_chemistry,
    bands_of_a_chemistry,
    pumps_of_a_chemistry,
    circulation_of_a_chemistry,
    acid_of_a_preparation,
)
