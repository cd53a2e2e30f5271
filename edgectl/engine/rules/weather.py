"""What the wind and the rain that are seen allow a vent, whoever wants it open: the climate, a task, or a hand.

Two rules. A vent that stands further open than they allow is shut without waiting for anything, and a way that would
bring one there is ended before its time. And nobody opens one into a storm: the wind takes it off its hinges, and it
stands open for good.
"""

from edgectl.engine.air import STORM, Seen, bound_by_weather
from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.model.air import Climate
from edgectl.model.channel import Reading, Use
from edgectl.model.site import Actuator, Zone
from edgectl.model.time import Nanos

ROOM = 0.05  # of the whole way: what the clock does not know better about a drive
BY_CLIMATE = "climate"  # the stage of the orders that the climate gives


def most_open(draft: Draft, climate: Climate, memory: Airing) -> float:
    """How far a vent may be open now, 0..1; what cannot be seen shuts nothing here."""
    wind, rain = _value(draft, climate.wind, Use.WIND), _value(draft, climate.rain, Use.WEATHER)
    stormy = draft.now.mono < memory.stormy_until or (wind is not None and wind >= STORM)
    return bound_by_weather(climate, Seen(wind=wind, rain=rain), stormy=stormy)[0]


def turned(draft: Draft, climate: Climate, memory: Airing) -> bool:
    """Does the weather forbid where a vent stands, or where it is to go, and did the last look not know yet?"""
    if climate.wind is None and climate.rain is None:
        return False
    most = most_open(draft, climate, memory)
    if most >= memory.wanted.most:
        return False
    ahead = memory.wanted.vent > most
    return ahead or any(forbidden(memory.drives.get(vent.name, Drive()), most) for vent in climate.vents)


def forbidden(drive: Drive, most: float) -> bool:
    """Does it stand, or may it stand, further open than it may? Also one that is just being opened."""
    if most >= 1.0:
        return False
    return drive.position is None or drive.position > most or (bool(drive.order) and drive.opening)


def veto(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why nobody may open this vent for so long now; None for everything else."""
    return _beyond(draft, actuator.name, lease, 1.0)


def cut_short(draft: Draft, actuator: Actuator) -> str | None:
    """Why a vent that is being opened must not go on; None for everything else. What the climate opens it ends also
    where it can no longer see what it went by; a hand that opens may know more."""
    if actuator.name not in draft.state.fixed.opening:
        return None
    output = draft.output(actuator.name)
    command = None if output is None else draft.command(output.cmd_id)
    if command is None:
        return _beyond(draft, actuator.name, None, 1.0)
    known = 1.0
    if command.stage == BY_CLIMATE:
        zone, _ = draft.state.fixed.opening[actuator.name]
        known = draft.airing.get(zone.name, Airing()).wanted.most
    return _beyond(draft, actuator.name, command.lease, known)


def _beyond(draft: Draft, name: str, lease: Nanos | None, known: float) -> str | None:
    """Why a way of so long, the whole of it unless told, would end too far open. `known` is what the last look found
    besides."""
    zone, vent = draft.state.fixed.opening.get(name, (None, None))
    if zone is None or vent is None or zone.climate is None:
        return None
    memory = draft.airing.get(zone.name, Airing())
    most = min(most_open(draft, zone.climate, memory), known)
    if most >= 1.0:
        return None
    at, way = memory.drives.get(vent.name, Drive()).position, 1.0 if lease is None else lease / vent.travel
    return _why(zone, vent.name, most, at) if (1.0 if at is None else at) + way > most + ROOM else None


def _why(zone: Zone, vent: str, most: float, at: float | None) -> str:
    if most <= 0.0:
        return f"{vent} of {zone.name} stays shut while the wind is too strong, and for ten minutes after"
    if at is None:
        return f"wind or rain lets {vent} of {zone.name} be open {most:.0%} at most, and nobody knows where it stands"
    return f"wind or rain lets {vent} of {zone.name} be open {most:.0%} at most, and it stands at {at:.0%}"


def _value(draft: Draft, name: str | None, use: Use) -> float | None:
    reading = None if name is None else draft.read(name, use)
    return reading.value if isinstance(reading, Reading) else None
