"""CO2 feeds plants and suffocates people: it is let out into a house that is shut, while its probe can be seen.

The wired room detector is the protection; `check` asks for it. This guard holds for hands and for the climate alike.
"""

from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Use
from edgectl.model.site import Actuator

SHUT = 0.05  # of the whole way of a vent


def veto(draft: Draft, valve: Actuator) -> str | None:
    """Why no gas may flow; None where it may, or where the zone says nothing about its gas."""
    for zone in draft.state.fixed.airs:
        climate = zone.climate
        if climate is None or climate.gas is None or climate.gas.valve != valve.name:
            continue
        reading = draft.read(climate.gas.sensor, Use.CLIMATE)
        if isinstance(reading, Missing):
            why = reading.reason.value.replace("_", " ")
            return f"nobody knows how much gas is in {zone.name}: {climate.gas.sensor} {why}"
        draft.wake(reading.at + draft.state.site.sensors[climate.gas.sensor].max_age + 1)
        if reading.value >= climate.gas.most:
            return f"{reading.sensor} shows {reading.value:.0f} ppm, and {climate.gas.most:g} is the most"
        memory = draft.airing.get(zone.name, Airing())
        for vent in climate.vents:
            drive = memory.drives.get(vent.name, Drive())
            if drive.position is None:
                return f"nobody knows yet whether {vent.name} is shut, and the gas would leave by it"
            if drive.position > SHUT or (drive.order and drive.opening):
                return f"{vent.name} is open, and the gas would leave by it"
    return None
