"""Nobody heats a house that is aired against the heat: a heater trips above the overheat limit of its zone.

The wired thermostat is the protection of the heater itself. What cannot be seen stops no hand; the climate heats by
nothing that it cannot see.
"""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Use
from edgectl.model.site import Actuator


def too_hot(draft: Draft, heater: Actuator) -> str | None:
    """Why this heater must not burn; None where it may, or where no zone has it."""
    for zone in draft.state.fixed.airs:
        climate = zone.climate
        if climate is None or heater.name not in climate.heaters:
            continue
        reading = draft.read(climate.temperature, Use.CLIMATE)
        if not isinstance(reading, Missing) and reading.value >= climate.overheat:
            shown, most = f"{reading.value:.1f} °C", f"{climate.overheat:g}"
            return f"{reading.sensor} shows {shown}, and nobody heats {zone.name} above {most}"
    return None
