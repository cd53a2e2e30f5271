"""Zones with their tanks, circuits and chemistry, from what was written to frozen values."""

from edgectl.config import defaults
from edgectl.config.build_air import build_climate
from edgectl.config.origins import Origins
from edgectl.config.parts import Parts
from edgectl.config.schema import ActuatorEntry, ZoneEntry
from edgectl.config.schema_water import BalanceEntry, ChemistryEntry, CircuitEntry, RoundEntry
from edgectl.drivers import registry
from edgectl.drivers.profile import Outlet
from edgectl.model.site import Daily, Draws, Fallback, LeastFlow, Round, Zone
from edgectl.model.water import Balance, Chemistry, Circuit, Doser, Tank


def build_zone(name: str, entry: ZoneEntry, parts: Parts, origins: Origins) -> Zone:
    """One zone. Every reference in it holds."""
    fallback = entry.fallback
    circuit = None if entry.circuit is None else _circuit(entry.circuit, parts)
    return Zone(
        name=name,
        number=entry.number,
        pump=entry.pump,
        valve=entry.valve,
        then=tuple(entry.then or ()),
        tank=entry.tank,
        flow=entry.flow,
        meter=entry.meter,
        soil=entry.soil,
        soil_band=None if entry.soil_band is None else (entry.soil_band[0], entry.soil_band[1]),
        light=entry.light,
        radiation=entry.radiation,
        drain=entry.drain,
        rate_l_min=entry.rate,
        longest_run=defaults.longest_run(entry),
        max_gap=entry.max_gap,
        fallback=None
        if fallback is None
        else Fallback(duration=fallback.duration, every=fallback.every, max_per_day=fallback.max_per_day),
        rounds=tuple(_round(output, one, parts) for output, one in (entry.circulation or {}).items()),
        circuit=circuit,
        chemistry=None
        if entry.chemistry is None or circuit is None
        else _chemistry(name, entry.chemistry, entry, circuit.solution, origins),
        climate=None if entry.climate is None else build_climate(name, entry.climate, origins),
    )


def _round(output: str, entry: RoundEntry, parts: Parts) -> Round:
    device, point = parts.actuators[output].to.split(".", 1)
    outlet = registry.find(parts.devices[device].profile).outlets[point]
    pulse = defaults.pulse(entry, parts.actuators[output], outlet)
    return Round(output=output, max_off=entry.max_off, pulse=pulse, on=entry.on, off=entry.off or 0)


def dosers_of(entry: ChemistryEntry) -> tuple[str, ...]:
    """Every pump that a chemistry names."""
    return tuple(name for name in (*(entry.nutrients or ()), entry.acid, entry.base) if name is not None)


def build_doser(entry: ActuatorEntry, outlet: Outlet) -> Doser | None:
    """What a dosing pump gives; None when the file does not say enough to dose with it."""
    rate, dose, hour, day = entry.ml_per_s, entry.max_dose, entry.max_per_hour, entry.max_per_day
    if rate is None or dose is None or hour is None or day is None:
        return None
    return Doser(
        ml_per_s=rate,
        max_dose_ml=dose,
        max_per_hour_ml=hour,
        max_per_day_ml=day,
        gain=entry.gain or 0.0,
        # A pump that measures its doses gives none that is over before it can be seen to run.
        least=outlet.tick if outlet.metered is None else outlet.metered.least,
        step=outlet.tick,
        calibrate_every=entry.calibrate_every,
        total=entry.total,
    )


def build_balance(entry: BalanceEntry | None) -> Balance | None:
    """How a level is reckoned; None where nobody wants that."""
    return None if entry is None else Balance(volume_l=entry.volume, lasts=entry.lasts, into=entry.into)


def build_draws(entry: ActuatorEntry) -> Draws | None:
    """What a motor may draw; None when nothing measures it."""
    if entry.current is None:
        return None
    return Draws(sensor=entry.current, least=entry.min_current, most=entry.max_current)


def build_least_flow(entry: ActuatorEntry) -> LeastFlow | None:
    """What a pump has to be able to push; None when nobody says."""
    if entry.min_flow is None:
        return None
    return LeastFlow(l_min=entry.min_flow, bypass=entry.bypass, bypass_l_min=entry.bypass_rate or 0.0)


def build_daily(name: str, entry: ActuatorEntry, parts: Parts) -> Daily | None:
    """How much water it may let through in a day; None where nobody limits it."""
    rate = rate_of(name, parts)
    if entry.role == "dosing" or entry.max_per_day is None or rate is None:
        return None
    return Daily(litres=entry.max_per_day / 1000, l_min=rate)


def rate_of(name: str, parts: Parts) -> float | None:
    """The commissioned rate of a pump or of a valve on the mains, in L/min."""
    for zone in parts.zones.values():
        if zone.pump == name and zone.rate is not None:
            return zone.rate
        if zone.circuit is not None and zone.circuit.fill == name and zone.circuit.fill_rate is not None:
            return zone.circuit.fill_rate
    return None


def _circuit(entry: CircuitEntry, parts: Parts) -> Circuit:
    return Circuit(
        solution=_tank(entry.solution, parts),
        clean=None if entry.clean is None else _tank(entry.clean, parts),
        fill=entry.fill,
        clean_supply=entry.clean_supply,
        solution_supply=entry.solution_supply,
        solution_fill=entry.solution_fill,
        fill_l_min=entry.fill_rate,
        fill_meter=entry.fill_meter,
        fill_most_l=entry.fill_most,
        drain=entry.drain,
        drain_time=entry.drain_time,
        fill_time=entry.fill_time,
        solution_time=entry.solution_time,
        solution_meter=entry.solution_meter,
        solution_return=entry.solution_return,
        solution_l_min=entry.solution_rate,
        fill_pump=entry.fill_pump,
        fill_flow=entry.fill_flow,
        mix_pump=entry.mix_pump,
        mix_flow=entry.mix_flow,
        irrigation=None if entry.irrigation is None else _tank(entry.irrigation, parts),
        irrigation_fill=entry.irrigation_fill,
        irrigation_time=entry.irrigation_time,
        irrigation_meter=entry.irrigation_meter,
    )


def _tank(name: str, parts: Parts) -> Tank:
    entry = parts.tanks[name]
    return Tank(
        name=name,
        volume_l=entry.volume,
        level=entry.level,
        low=entry.low,
        high=entry.high,
        prove_every=entry.prove_every,
    )


def _chemistry(name: str, entry: ChemistryEntry, zone: ZoneEntry, tank: Tank, origins: Origins) -> Chemistry:
    path = ("zones", name, "chemistry")
    rate = entry.rate if entry.rate is not None else zone.rate
    assert rate is not None
    return Chemistry(
        volume_l=tank.volume_l,
        rate_l_min=origins.pick((*path, "rate"), rate, f"rate of {name}", "{:g} L/min".format),
        ph=entry.ph,
        ec=entry.ec,
        target_ph=defaults.TARGET_PH if entry.target_ph is None else entry.target_ph,
        target_ec=defaults.TARGET_EC if entry.target_ec is None else entry.target_ec,
        ph_band=None if entry.ph_band is None else (entry.ph_band[0], entry.ph_band[1]),
        ec_band=None if entry.ec_band is None else (entry.ec_band[0], entry.ec_band[1]),
        acid=entry.acid,
        base=entry.base,
        nutrients=tuple(entry.nutrients or ()),
        acid_per_litre=entry.acid_per_litre or 0.0,
        least_ec=origins.pick(
            (*path, "least_ec"),
            defaults.LEAST_EC if entry.least_ec is None else entry.least_ec,
            "default",
            "{:g} mS/cm".format,
        ),
    )
