"""Which devices that a task needs do not answer, and how much of the house is silent with them."""

from collections.abc import Collection

from edgectl.engine.draft import Draft
from edgectl.model.codes import Code
from edgectl.model.site import Site, Zone


def of(draft: Draft, devices: Collection[str]) -> str:
    """The silent ones among these, in words; empty when all of them answer."""
    silent = draft.state.silent
    return "; ".join(f"{name}: {silent[name]}" for name in sorted(set(devices) & set(silent)))


def error(draft: Draft, zone: str, devices: Collection[str]) -> Code:
    """How a task fails that has waited in vain: by a dead bus, by a zone of which nobody answers, or by less."""
    site, silent = draft.state.site, set(draft.state.silent)
    buses = {site.bus_of(device) for device in set(devices) & silent} - {None}
    if any(site.buses[bus] <= silent for bus in buses if bus is not None):
        return Code.COMMAND_BUS_UNAVAILABLE
    own = {site.actuators[name].device for name in site.zones[zone].actuators}
    return Code.NO_ONLINE_NODES if own <= silent else Code.EXECUTION_FAILED


def named(site: Site, zone: Zone, kinds: Collection[str]) -> set[str]:
    """The devices of a zone that are of the named kinds; a kind that the zone has not got names none."""
    chemistry, climate, circuit = zone.chemistry, zone.climate, zone.circuit
    tanks = () if circuit is None else circuit.tanks
    floats = [name for tank in tanks for name in (tank.low, tank.high, tank.level)]
    sensors: dict[str, list[str | None]] = {
        "ph": [None if chemistry is None else chemistry.ph],
        "ec": [None if chemistry is None else chemistry.ec],
        "climate": [] if climate is None else list(climate.sensors),
        "water_sensor": [*floats, zone.tank, zone.flow, zone.meter],
    }
    outputs: dict[str, list[str | None]] = {
        "irrig": [zone.pump, zone.valve],
        "light": [zone.light],
        "recirculation": [] if circuit is None else [circuit.back, circuit.mix_pump],
        "relay": list(zone.actuators),
    }
    found = {
        device for kind in kinds for name in sensors.get(kind, []) if name for device in site.sensors[name].devices
    }
    return found | {site.actuators[name].device for kind in kinds for name in outputs.get(kind, []) if name}
