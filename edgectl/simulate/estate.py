"""A greenhouse for any site file: tanks, pipes, pumps and probes as the file describes them.

What the file does not say is filled in plainly: a pump without a circuit draws from a tank that rain keeps filled, and
a valve leads from its pump to the plants.
"""

from collections.abc import Iterator
from random import Random

from edgectl.model.air import Climate
from edgectl.model.site import Site, Zone
from edgectl.model.water import Tank
from edgectl.plant.layout import MAINS, ZONE, ClimatePart, DosePart, Gauge, Layout, PumpPart, TankPart, ValvePart
from edgectl.plant.water import ACID, BASE, NUTRIENT_A, NUTRIENT_B, NUTRIENT_C, RO, Solute, fed
from edgectl.simulate.draughts import HEATER, SCREEN, VENT, Draughts
from edgectl.simulate.ground import Ground

BUTT_L, RAIN_L_MIN = 200.0, 0.07  # the tank of a pump that has no circuit
LEFT_L = 3.0  # what an empty tank still holds
PUMP_L_MIN, MAINS_L_MIN = 10.0, 20.0
NUTRIENTS = (NUTRIENT_A, NUTRIENT_B, NUTRIENT_C)


def estate(site: Site, random: Random, tap: Solute = RO) -> Ground:
    """The house of this site with empty tanks. One zone's climate is simulated, the first that has one."""
    climate = _climate(site)
    draughts = None if climate is None else Draughts(climate)
    ground = Ground(layout_of(site, tap), random, draughts)
    for pipe in (_pipe(zone) for zone in site.zones.values() if zone.pump is not None and not zone.outlets):
        ground.plant.set(pipe, 1.0, 0)
    if draughts is not None and VENT in ground.plant.names:
        ground.plant.set(VENT, draughts.opening, 0)
    return ground


def _climate(site: Site) -> Climate | None:
    return next((zone.climate for zone in site.zones.values() if zone.climate is not None), None)


def _air(site: Site) -> ClimatePart | None:
    zone = next((zone for zone in site.zones.values() if zone.climate is not None), None)
    if zone is None or zone.climate is None:
        return None
    climate = zone.climate
    return ClimatePart(
        vent=VENT if climate.vents or climate.fans else "",
        heater=HEATER if climate.heaters or climate.mixers else "",
        screen=SCREEN if climate.screens else "",
        gas="" if climate.gas is None else climate.gas.valve,
        lamp=zone.light or "",
        fog=climate.fog or "",
    )


def layout_of(site: Site, tap: Solute = RO) -> Layout:
    """What the house is built of."""
    tanks: dict[str, TankPart] = {}
    pumps: dict[str, PumpPart] = {}
    valves: dict[str, ValvePart] = {}
    doses: dict[str, DosePart] = {}
    for zone in site.zones.values():
        for tank in _tanks(zone, tap):
            tanks.setdefault(tank.name, tank)
        for pump in _pumps(zone):
            pumps.setdefault(pump.name, pump)
        for valve in _valves(site, zone):
            valves.setdefault(valve.name, valve)
        for dose in _doses(site, zone):
            doses.setdefault(dose.name, dose)
    air, climate = _air(site), _climate(site)
    placed = {*pumps, *valves, *doses, *(air.names if air is not None else ())}
    placed |= set() if climate is None else set(climate.outputs)
    return Layout(
        tanks=tuple(tanks.values()),
        pumps=tuple(pumps.values()),
        valves=tuple(valves.values()),
        doses=tuple(doses.values()),
        gauges=tuple(gauges_of(site)),
        mains=tap,
        climate=air,
        idle=tuple(name for name in site.actuators if name not in placed),
    )


def gauges_of(site: Site) -> Iterator[Gauge]:
    """Every probe that a zone looks at, in the place where it hangs."""
    seen: set[str] = set()
    for zone in site.zones.values():
        for sensor, make in _looks(zone):
            if sensor is None:
                continue
            for channel in site.sensors[sensor].channels:
                if channel not in seen:
                    seen.add(channel)
                    yield make(channel)


def _looks(zone: Zone) -> Iterator[tuple[str | None, "_Make"]]:
    source = zone.circuit.source.name if zone.circuit is not None else f"{zone.pump}_source"
    if zone.pump is not None:
        yield zone.tank, _Make(f"{source}.level", tau_s=1, noise=0.1, step=0.1)
        yield zone.flow, _Make(f"{zone.pump}.flow", tau_s=0.5, step=0.01)
        yield zone.meter, _Make(f"{zone.pump}.volume", step=0.1)
    if zone.climate is not None:
        yield zone.climate.temperature, _Make("air.temperature", tau_s=60, noise=0.1, step=0.1)
        yield zone.climate.humidity, _Make("air.humidity", tau_s=60, noise=1, step=0.1)
        yield zone.climate.outside, _Make("weather.temperature", tau_s=60, noise=0.1, step=0.1)
        yield zone.climate.wind, _Make("weather.wind", tau_s=1, noise=0.2, step=0.1)
        yield zone.climate.rain, _Make("weather.rain")
        yield zone.climate.radiation, _Make("weather.radiation", tau_s=1, noise=2, step=1)
        if zone.climate.gas is not None:
            yield zone.climate.gas.sensor, _Make("air.co2", tau_s=60, noise=10, step=1)
    if zone.circuit is not None:
        circuit = zone.circuit
        for tank in circuit.tanks:
            yield tank.low, _Make(f"{tank.name}.min")
            yield tank.high, _Make(f"{tank.name}.max")
            yield tank.level, _Make(f"{tank.name}.level", tau_s=1, noise=0.2, step=0.1)
        yield circuit.fill_meter, _Make(f"{MAINS}.volume", step=0.1)
        for way in zone.ways:
            yield way.flow, _Make(f"{way.pump}.flow", tau_s=0.5, step=0.01)
        yield circuit.solution_meter, _Make(f"{circuit.filler(zone.pump)}.volume", step=0.1)
        yield circuit.irrigation_meter, _Make(f"{circuit.mix_pump}.volume", step=0.1)
        if zone.chemistry is not None:
            yield zone.chemistry.ph, _Make(f"{circuit.solution.name}.ph", tau_s=11, noise=0.01, step=0.01)
            yield zone.chemistry.ec, _Make(f"{circuit.solution.name}.ec", tau_s=3, noise=0.01, step=0.001)


class _Make:
    """A kind of probe, before it is known on which channels it hangs."""

    def __init__(self, of: str, *, tau_s: float = 0.0, noise: float = 0.0, step: float = 0.0) -> None:
        self.of, self.tau_s, self.noise, self.step = of, tau_s, noise, step

    def __call__(self, channel: str) -> Gauge:
        return Gauge(channel=channel, of=self.of, tau_s=self.tau_s, noise=self.noise, step=self.step)


def _tanks(zone: Zone, tap: Solute) -> Iterator[TankPart]:
    if zone.circuit is None:
        if zone.pump is not None:
            yield TankPart(
                name=f"{zone.pump}_source", capacity_l=BUTT_L, start_l=0.7 * BUTT_L, trickle_l_min=RAIN_L_MIN
            )
        return
    for tank in zone.circuit.tanks:  # the source stands before what it fills
        yield _tank(tank, tap if tank is zone.circuit.clean else fed(tap, ph=6.0, ec=1.5))


def _tank(tank: Tank, litre: Solute) -> TankPart:
    size = tank.volume_l
    return TankPart(
        name=tank.name,
        capacity_l=size,
        start_l=min(LEFT_L, 0.05 * size),
        dead_l=min(2.0, 0.02 * size),
        min_float_l=0.1 * size,
        max_float_l=0.95 * size,
        litre=litre,
    )


def _pumps(zone: Zone) -> Iterator[PumpPart]:
    """Its pumps; one that has no valve before it hangs in a tank."""
    circuit, name = zone.circuit, zone.pump
    if name is None:
        return
    mixes = None if zone.chemistry is None else zone.chemistry.rate_l_min
    rate = zone.rate_l_min or mixes or PUMP_L_MIN
    if circuit is None:
        yield PumpPart(name=name, rate_l_min=rate, tank=f"{name}_source")
        return
    draws = {way.pump: way.draws for way in zone.ways}
    yield PumpPart(name=name, rate_l_min=rate, tank=_hangs_in(circuit.source, circuit.solution_supply in draws[name]))
    if (mixer := circuit.mix_pump) is not None:
        hangs = _hangs_in(circuit.solution, circuit.solution_supply is not None)
        yield PumpPart(name=mixer, rate_l_min=mixes or PUMP_L_MIN, tank=hangs)
    if (filler := circuit.fill_pump) is not None:
        assert circuit.clean is not None
        hangs = _hangs_in(circuit.clean, circuit.clean_supply is not None)
        yield PumpPart(name=filler, rate_l_min=circuit.solution_l_min or PUMP_L_MIN, tank=hangs)


def _hangs_in(tank: Tank, valved: bool) -> str | None:
    return None if valved else tank.name


def _valves(site: Site, zone: Zone) -> Iterator[ValvePart]:
    circuit, pump = zone.circuit, zone.pump
    if pump is not None:
        for outlet in zone.outlets:
            yield ValvePart(name=outlet, source=pump, target=ZONE)
        if (bypass := site.bypass_of(pump)) is not None:
            back = f"{pump}_source" if circuit is None else circuit.solution.name
            yield ValvePart(name=bypass, source=pump, target=back)
        if not zone.outlets:
            # What goes round without end comes back through channels that nobody can shut.
            source = f"{pump}_source" if circuit is None else circuit.source.name
            round_ = any(one.output == pump for one in zone.rounds)
            yield ValvePart(name=_pipe(zone), source=pump, target=source if round_ else ZONE)
    if circuit is None:
        return
    first = circuit.clean or circuit.solution
    yield ValvePart(name=circuit.fill, source=MAINS, target=first.name, rate_l_min=circuit.fill_l_min or MAINS_L_MIN)
    if pump is None:
        return
    solution, mixer, filler = circuit.solution.name, circuit.mixer(pump) or pump, circuit.filler(pump) or pump
    if circuit.clean is not None and circuit.clean_supply is not None:
        yield ValvePart(name=circuit.clean_supply, source=circuit.clean.name, target=filler)
    if circuit.solution_supply is not None:
        yield ValvePart(name=circuit.solution_supply, source=solution, target=mixer)
    if circuit.solution_fill is not None:
        yield ValvePart(name=circuit.solution_fill, source=filler, target=solution)
    if circuit.solution_return is not None:
        yield ValvePart(name=circuit.solution_return, source=mixer, target=solution)
    if circuit.irrigation is not None and circuit.irrigation_fill is not None:
        yield ValvePart(name=circuit.irrigation_fill, source=mixer, target=circuit.irrigation.name)


def _pipe(zone: Zone) -> str:
    """The way out of a zone that has no valve."""
    return f"{zone.pump}_pipe"


def _doses(site: Site, zone: Zone) -> Iterator[DosePart]:
    if zone.chemistry is None or zone.circuit is None:
        return
    brings = [(zone.chemistry.acid, ACID), (zone.chemistry.base, BASE)]
    brings += [(name, NUTRIENTS[n % len(NUTRIENTS)]) for n, name in enumerate(zone.chemistry.nutrients)]
    for name, solute in brings:
        doser = None if name is None else site.actuators[name].doser
        if name is not None and doser is not None:
            yield DosePart(name=name, tank=zone.circuit.solution.name, ml_s=doser.ml_per_s, brings=solute)
