"""What belongs to a zone, in the order in which a grower asks for it. Pure."""

from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import mode_of
from edgectl.model.site import Role, Zone

ORDER = [Role.PUMP, Role.VALVE, Role.LIGHT, Role.FOG, Role.FAN, Role.HEATER]


def parts(draft: Draft, zone: Zone) -> dict[str, Any]:
    """Its sensors, the source first; its outputs; who starts its work; whether it waters."""
    site = draft.state.site
    mine = [name for name in dict.fromkeys(_sensors(zone)) if name in site.sensors]
    # A sensor that no zone names belongs to all of them: the air of the house, most often.
    of_others = {name for other in site.zones.values() for name in _sensors(other)}
    mine += [name for name in site.sensors if name not in of_others]
    actuators = [site.actuators[name] for name in zone.actuators]
    actuators.sort(key=lambda one: (ORDER.index(one.role) if one.role in ORDER else len(ORDER), one.name))
    return {
        "mode": mode_of(draft, zone.name).value,
        "sensors": mine,
        "outputs": [one.name for one in actuators],
        "waters": zone.pump is not None or zone.valve is not None,
    }


def _sensors(zone: Zone) -> list[str]:
    """What it names, the source first."""
    circuit, chemistry, climate = zone.circuit, zone.chemistry, zone.climate
    tanks = [] if circuit is None else [tank for tank in (circuit.solution, circuit.clean) if tank is not None]
    found: list[str | None] = [zone.tank, *(tank.level for tank in tanks)]
    found += [] if chemistry is None else [chemistry.ph, chemistry.ec]
    found += [] if climate is None else climate.sensors
    return [name for name in (*found, zone.flow, zone.meter) if name is not None]
