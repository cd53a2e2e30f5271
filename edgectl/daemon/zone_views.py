"""What belongs to a zone, in the order in which a grower asks for it. Pure."""

from typing import Any

from edgectl.daemon.air_views import vents
from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import mode_of
from edgectl.engine.rules.overrides import settings_of
from edgectl.model.site import Role, Site, Zone
from edgectl.model.time import SECOND, Nanos

FIRST_SEEN = 4  # sensors on the card of a zone
MOST_WIDE = 24  # sensors of the whole house that each zone names
ORDER = [Role.PUMP, Role.VALVE, Role.LIGHT, Role.FOG, Role.FAN, Role.HEATER]


def house_wide(site: Site) -> list[str]:
    """A sensor that no zone names belongs to all of them: the air of the house, most often."""
    of_zones = {name for zone in site.zones.values() for name in sensors_of(zone)}
    return [name for name in site.sensors if name not in of_zones]


def parts(draft: Draft, zone: Zone, wide: list[str]) -> dict[str, Any]:
    """Its sensors, the source first, and those of the whole house, of very many the first ones; its outputs; who starts
    its work; whether it waters; what a person may set there for a while; where its vents stand."""
    site = draft.state.site
    mine = [name for name in dict.fromkeys(sensors_of(zone)) if name in site.sensors] + wide[:MOST_WIDE]
    actuators = [site.actuators[name] for name in zone.actuators]
    actuators.sort(key=lambda one: (ORDER.index(one.role) if one.role in ORDER else len(ORDER), one.name))
    return {
        "mode": mode_of(draft, zone.name).value,
        "sensors": mine,
        "shown": shown(zone, mine),
        "levels": [name for name in _levels(zone) if name in site.sensors],
        "sensors_left_out": max(0, len(wide) - MOST_WIDE),
        "outputs": [one.name for one in actuators],
        "waters": zone.pump is not None or zone.valve is not None,
        "longest_run_s": longest_run(site, zone) / SECOND,
        "settings": list(settings_of(zone)),
        "vents": vents(draft, zone),
    }


def longest_run(site: Site, zone: Zone) -> Nanos:
    """No watering of it lasts longer: by its own limit, and by that of its pump."""
    own = None if zone.pump is None else site.actuators[zone.pump].max_on
    return zone.longest_run if own is None else min(own, zone.longest_run)


def shown(zone: Zone, mine: list[str]) -> list[str]:
    """What one sees of it at first sight: the first ones, and whatever moves its vents."""
    climate = zone.climate
    moves = () if climate is None else (climate.temperature, climate.wind, climate.rain)
    return list(dict.fromkeys([*mine[:FIRST_SEEN], *(name for name in moves if name in mine)]))


def _levels(zone: Zone) -> list[str]:
    """What shows how full its tanks are."""
    circuit = zone.circuit
    tanks = () if circuit is None else reversed(circuit.tanks)
    return [name for name in (zone.tank, *(tank.level for tank in tanks)) if name is not None]


def sensors_of(zone: Zone) -> list[str]:
    """What it names, the source first."""
    circuit, chemistry, climate = zone.circuit, zone.chemistry, zone.climate
    found: list[str | None] = list(_levels(zone))
    found += [] if chemistry is None else [chemistry.ph, chemistry.ec]
    found += [] if climate is None else climate.sensors
    found += [] if circuit is None else [circuit.mix_flow, circuit.fill_flow]
    return [name for name in (*found, zone.flow, zone.meter) if name is not None]
