"""What follows from the site alone, and is asked for in every turn: found once.

It cannot be stale: a site is never changed, only exchanged for another, and whoever asks compares which one it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from edgectl.engine.air import ANY_RAIN, LESS_WIND
from edgectl.model.air import Vent
from edgectl.model.named import devices_behind, devices_under
from edgectl.model.site import Actuator, Condition, Role, Sensor, Site, Zone
from edgectl.model.time import Nanos
from edgectl.model.water import Inflow, Tank

PUSHING = frozenset({Role.PUMP, Role.DOSING})  # these stop first: what they push against closes after them


@dataclass(frozen=True, slots=True, kw_only=True)
class Outflow:
    """Outputs of which one on lets water out of a tank, and how much, L/min; None where nobody knows."""

    by: tuple[str, ...]
    l_min: float | None


class Fixed:
    """The parts of one site that single rules look at. A house of 1,500 channels has few of each."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._sides: dict[str, tuple[tuple[str, ...], ...]] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        self._mute: dict[str, frozenset[str]] = {}
        self._needs: dict[str, frozenset[str]] = {}

    @cached_property
    def dangerous(self) -> tuple[str, ...]:
        """Every output whose only safe value is off, pumps first."""
        actuators = self.site.actuators
        names = [name for name, actuator in actuators.items() if actuator.dangerous]
        return tuple(sorted(names, key=lambda name: actuators[name].role not in PUSHING))

    @cached_property
    def lasting(self) -> frozenset[Condition]:
        """The conditions that have to hold for a while."""
        actuators = self.site.actuators.values()
        return frozenset(c for actuator in actuators for c in (*actuator.requires, *actuator.stop_if) if c.lasts)

    @cached_property
    def sirens(self) -> tuple[str, ...]:
        """What sounds."""
        return self._of(Role.SIREN)

    @cached_property
    def contactors(self) -> tuple[str, ...]:
        """What feeds other outputs."""
        return self._of(Role.CONTACTOR)

    @cached_property
    def calibrated(self) -> tuple[tuple[str, Nanos], ...]:
        """The sensors and dosing pumps that have to be calibrated again from time to time, and how often."""
        dosers = [(name, one.doser) for name, one in self.site.actuators.items() if one.doser is not None]
        every = {name: sensor.calibrate_every for name, sensor in self.site.sensors.items()}
        every |= {name: doser.calibrate_every for name, doser in dosers}
        return tuple((name, often) for name, often in every.items() if often is not None)

    @cached_property
    def stood_in(self) -> tuple[Sensor, ...]:
        """The levels for which a float may speak."""
        return tuple(sensor for sensor in self.site.sensors.values() if sensor.stand_in is not None)

    @cached_property
    def balanced(self) -> tuple[Sensor, ...]:
        """The levels that are reckoned while they cannot be seen."""
        return tuple(sensor for sensor in self.site.sensors.values() if sensor.balance is not None)

    @cached_property
    def outflows(self) -> Mapping[str, tuple[Outflow, ...]]:
        """What lets water out of each tank whose level is reckoned, beside the watering of its zones."""
        found = {sensor.name: list(_unnamed(self.site, sensor.name)) for sensor in self.balanced}
        for zone in self.site.zones.values():
            circuit = zone.circuit
            for tank in () if circuit is None or not found else circuit.tanks:
                if tank.level in found:
                    found[tank.level] += _lets_out(zone, tank)
        return {level: tuple(dict.fromkeys(out for out in outs if out.by)) for level, outs in found.items()}

    @cached_property
    def floated(self) -> tuple[Tank, ...]:
        """The tanks that the circuits name, each once."""
        circuits = [zone.circuit for zone in self.site.zones.values() if zone.circuit is not None]
        return tuple({tank.name: tank for circuit in circuits for tank in circuit.tanks}.values())

    @cached_property
    def pumps_of(self) -> Mapping[str, frozenset[str]]:
        """The pumps that draw or push through each valve."""
        found: dict[str, set[str]] = {}
        for zone in self.site.zones.values():
            for way in zone.ways:
                bypass = self.site.bypass_of(way.pump)
                for valve in (*way.draws, *way.pushes, *(() if bypass is None else (bypass,))):
                    found.setdefault(valve, set()).add(way.pump)
        return {valve: frozenset(pumps) for valve, pumps in found.items()}

    @cached_property
    def inflows(self) -> Mapping[str, tuple[tuple[Inflow, tuple[tuple[str, ...], ...]], ...]]:
        """The ways of water into tanks that each output is a part of, each with the sides that it is not on."""
        found: dict[str, dict[Inflow, tuple[tuple[str, ...], ...]]] = {}
        for zone in self.site.zones.values():
            for inflow in () if zone.circuit is None else zone.circuit.inflows(zone.pump):
                way = self._comes_back(zone, inflow)
                for name in (name for side in way.sides for name in side):
                    found.setdefault(name, {})[way] = tuple(side for side in way.sides if name not in side)
        return {name: tuple(ways.items()) for name, ways in found.items()}

    @cached_property
    def flows_of(self) -> Mapping[str, tuple[str, ...]]:
        """The sensors that see water move through each pump."""
        found: dict[str, dict[str, None]] = {}
        for zone in self.site.zones.values():
            for way in zone.ways:
                if way.flow is not None:
                    found.setdefault(way.pump, {})[way.flow] = None
        return {pump: tuple(flows) for pump, flows in found.items()}

    @cached_property
    def watched_flows(self) -> Mapping[str, frozenset[str]]:
        """Each flow sensor with everything that lets water past it."""
        found: dict[str, set[str | None]] = {}
        for zone in self.site.zones.values():
            if zone.flow is not None:
                found.setdefault(zone.flow, set()).update((zone.pump, *zone.outlets))
            for way in zone.ways[1:]:
                if way.flow is not None:
                    found.setdefault(way.flow, set()).update((way.pump, *way.pushes))
        return {flow: frozenset(part for part in parts if part is not None) for flow, parts in found.items()}

    @cached_property
    def airs(self) -> tuple[Zone, ...]:
        """The zones that have set-points of their air."""
        return tuple(zone for zone in self.site.zones.values() if zone.climate is not None)

    @cached_property
    def weather(self) -> Mapping[str, tuple[Sensor, float]]:
        """The channels of wind and rain, and from where on each may forbid a vent to stand open."""
        found: dict[str, tuple[Sensor, float]] = {}
        for climate in (zone.climate for zone in self.airs if zone.climate is not None and zone.climate.vents):
            for name, least in ((climate.wind, LESS_WIND), (climate.rain, ANY_RAIN)):
                sensor = None if name is None else self.site.sensors[name]
                if sensor is not None:
                    found.update((channel, (sensor, least)) for channel in sensor.median_of or (sensor.channel,))
        return found

    @cached_property
    def opening(self) -> Mapping[str, tuple[Zone, Vent]]:
        """The ways that open the vents, each with its zone."""
        found = ((zone, vent) for zone in self.airs if zone.climate is not None for vent in zone.climate.vents)
        return {vent.opens: (zone, vent) for zone, vent in found}

    @cached_property
    def shutting(self) -> frozenset[str]:
        """The ways that shut the vents: where they end, nothing is open to the wind."""
        return frozenset(vent.closes for zone in self.airs if zone.climate is not None for vent in zone.climate.vents)

    @cached_property
    def rounds(self) -> tuple[Zone, ...]:
        """The zones whose water or air goes round without end."""
        return tuple(zone for zone in self.site.zones.values() if zone.rounds)

    @cached_property
    def lit(self) -> tuple[str, ...]:
        """The lamps that may not be on for ever."""
        return tuple(name for name in self._of(Role.LIGHT) if self.site.actuators[name].max_on is not None)

    @cached_property
    def tanks(self) -> tuple[str, ...]:
        """The sensors of tanks that pumps draw from, in percent."""
        named = {zone.tank for zone in self.site.zones.values() if zone.tank is not None}
        return tuple(name for name in sorted(named) if self._in_percent(name))

    @cached_property
    def actuators_of(self) -> dict[str, frozenset[str]]:
        """Every output of each zone."""
        return {name: zone.actuators for name, zone in self.site.zones.items()}

    @cached_property
    def rests_on(self) -> Mapping[str, frozenset[str]]:
        """The devices that each zone needs."""
        return {zone.name: devices_under(self.site, zone) for zone in self.site.zones.values()}

    def needs(self, output: str) -> frozenset[str]:
        """The buses that are needed while an output is on: its own, and those of all that is looked at meanwhile."""
        known = self._needs.get(output)
        if known is None:
            zones = [self.rests_on[name] for name, outputs in self.actuators_of.items() if output in outputs]
            devices = devices_behind(self.site, output).union(*zones)
            known = frozenset(bus for bus, there in self.site.buses.items() if there & devices)
            self._needs[output] = known
        return known

    def mute(self, actuator: Actuator) -> frozenset[str]:
        """The rules that can never switch this output off, for the site says nothing that they go by."""
        known = self._mute.get(actuator.name)
        if known is None:
            known = self._mute[actuator.name] = frozenset(self._silent(actuator))
        return known

    def _silent(self, actuator: Actuator) -> Iterator[str]:
        pump = actuator.role is Role.PUMP
        speaks = {
            "estop": self.site.estop is not None,
            "current": actuator.draws is not None,
            "path": pump and bool(self.sides(actuator.name)),
            "min_flow": pump and actuator.least_flow is not None,
            "dry_run": pump and bool(self.sources(actuator)),
            "full": actuator.name in self.inflows,
            "weather": actuator.name in self.opening,
            "overheat": actuator.role is Role.HEATER and bool(self.airs),
            "gas": actuator.role is Role.CO2,
            "requires": bool(actuator.requires),
            "stop_if": bool(actuator.stop_if),
        }
        return (rule for rule, has in speaks.items() if not has)

    def sides(self, pump: str) -> tuple[tuple[str, ...], ...]:
        """The valves of each side of a pump, of which one must be open. A side that has none is not listed."""
        known = self._sides.get(pump)
        if known is None:
            known = self._sides[pump] = _sides(self.site, pump)
        return known

    def sources(self, pump: Actuator) -> tuple[str, ...]:
        """The sensors of the tanks that this pump draws from, if no condition of its own looks at them."""
        known = self._sources.get(pump.name)
        if known is None:
            named = {condition.sensor for condition in (*pump.requires, *pump.stop_if)}
            # Where a circuit chooses the source, its floats and its stages speak.
            zones = [zone for zone in self.site.zones.values() if zone.pump == pump.name and zone.circuit is None]
            tanks = {zone.tank for zone in zones if zone.tank is not None and zone.tank not in named}
            known = self._sources[pump.name] = tuple(name for name in sorted(tanks) if self._in_percent(name))
        return known

    def _comes_back(self, zone: Zone, inflow: Inflow) -> Inflow:
        """What a bypass or the channels of a film lead back comes to the solution, wherever it was drawn."""
        if any(one.output == inflow.pump for one in zone.rounds) and not zone.outlets:
            return replace(inflow, pushes=())
        bypass = self.site.bypass_of(inflow.pump)
        return inflow if bypass is None else replace(inflow, pushes=(*inflow.pushes, bypass))

    def _of(self, role: Role) -> tuple[str, ...]:
        return tuple(name for name, actuator in self.site.actuators.items() if actuator.role is role)

    def _in_percent(self, sensor: str) -> bool:
        return self.site.sensors[sensor].unit == "%"


def _out(l_min: float | None, *by: str | None) -> Outflow:
    return Outflow(by=tuple(name for name in by if name is not None), l_min=l_min)


def _lets_out(zone: Zone, tank: Tank) -> Iterator[Outflow]:
    """What takes water out of a tank of this zone's circuit beside its watering."""
    circuit = zone.circuit
    assert circuit is not None
    if tank == circuit.clean:
        yield _out(zone.fills_l_min, circuit.fill_pump or circuit.clean_supply or circuit.filler(zone.pump))
    if tank == circuit.solution:
        yield _out(None, circuit.drain)  # how fast that runs nobody has measured
        if circuit.irrigation is not None:
            yield _out(zone.mixes_l_min, circuit.irrigation_fill or circuit.mixer(zone.pump))
    if tank == circuit.source and zone.tank != tank.level:
        yield _out(zone.rate_l_min, zone.pump)  # it waters a zone that does not say that this is its tank


def _unnamed(site: Site, level: str) -> Iterator[Outflow]:
    """The ways out of zones that do not say that this is their tank, though their pump waters another zone from it.
    Where a circuit chooses the source, its tanks speak."""
    pumps = {zone.pump for zone in site.zones.values() if zone.tank == level}
    for zone in site.zones.values():
        if zone.pump in pumps and zone.tank != level and (zone.tank is None or zone.circuit is None):
            yield _out(zone.rate_l_min, *(zone.outlets or (zone.pump,)))


def _sides(site: Site, pump: str) -> tuple[tuple[str, ...], ...]:
    if any(zone.valve is None for zone in site.zones.values() if zone.pump == pump):
        return ()
    ways = [way for zone in site.zones.values() for way in zone.ways if way.pump == pump]
    out = {name for way in ways for name in way.pushes}
    if ways and (bypass := site.bypass_of(pump)) is not None:
        out.add(bypass)
    named = [tuple(sorted(out)), tuple(sorted({name for way in ways for name in way.draws}))]
    return tuple(side for side in named if side)
