"""What the wind and the rain that are seen allow a vent, whoever wants it open: the climate, or a hand.

Two rules. A vent that stands further open than they allow is shut without waiting for anything. And nobody opens one
into a storm: the wind takes it off its hinges, and it stands open for good.
"""

from edgectl.engine.air import STORM, Seen, bound_by_weather
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.model.air import Climate
from edgectl.model.channel import Reading, Use
from edgectl.model.site import Zone
from edgectl.model.time import Nanos

ROOM = 0.05  # of the whole way: what the clock does not know better about a drive


def most_open(draft: Draft, climate: Climate, memory: Airing) -> float:
    """How far a vent may be open now, 0..1; what cannot be seen shuts nothing here."""
    wind, rain = _value(draft, climate.wind, Use.WIND), _value(draft, climate.rain, Use.WEATHER)
    stormy = draft.now.mono < memory.stormy_until or (wind is not None and wind >= STORM)
    return bound_by_weather(climate, Seen(wind=wind, rain=rain), stormy=stormy)


def turned(draft: Draft, climate: Climate, memory: Airing) -> bool:
    """Does the weather forbid where a vent stands, or where it goes, and did the last look not know yet?"""
    if climate.wind is None and climate.rain is None:
        return False
    most = most_open(draft, climate, memory)
    if most >= memory.wanted.most:
        return False
    return any(forbidden(memory.drives.get(vent.name, Drive()), most) for vent in climate.vents)


def forbidden(drive: Drive, most: float) -> bool:
    """Does it stand, or may it stand, further open than it may? Also one that is just being opened."""
    if most >= 1.0:
        return False
    return drive.position is None or drive.position > most or (bool(drive.order) and drive.opening)


def veto(draft: Draft, name: str, lease: Nanos) -> str | None:
    """Why a person may not open this vent for so long now; None for everything else."""
    for zone in draft.state.fixed.airs:
        for vent in () if zone.climate is None else zone.climate.vents:
            if zone.climate is not None and vent.opens == name:
                memory = draft.airing.get(zone.name, Airing())
                most = most_open(draft, zone.climate, memory)
                at = memory.drives.get(vent.name, Drive()).position
                if most < 1.0 and (1.0 if at is None else at) + lease / vent.travel > most + ROOM:
                    return _why(zone, vent.name, most, at)
    return None


def _why(zone: Zone, vent: str, most: float, at: float | None) -> str:
    if most <= 0.0:
        return f"{vent} of {zone.name} stays shut while the wind is too strong, and for ten minutes after"
    if at is None:
        return f"wind or rain lets {vent} of {zone.name} be open {most:.0%} at most, and nobody knows where it stands"
    return f"wind or rain lets {vent} of {zone.name} be open {most:.0%} at most, and it stands at {at:.0%}"


def _value(draft: Draft, name: str | None, use: Use) -> float | None:
    reading = None if name is None else draft.read(name, use)
    return reading.value if isinstance(reading, Reading) else None
