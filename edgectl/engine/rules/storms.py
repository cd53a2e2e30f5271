"""How long a storm lasts: until its lull has been seen to last, whatever lies between.

Two rules. That it blows stands in the journal, so that no restart opens a vent into its next gust. And what can no
longer be seen has not calmed down; but for an hour at most, for a house that is shut for ever cooks its plants.
"""

from dataclasses import replace

from edgectl.engine.air import LULL, STORM
from edgectl.engine.airing import Airing
from edgectl.engine.draft import Draft
from edgectl.model.site import Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch

LULL_LASTS: Nanos = 600 * SECOND
UNSEEN: Nanos = 3600 * SECOND  # an anemometer that falls silent in a storm has most likely been taken by it


def minded(draft: Draft, zone: Zone, wind: float | None, memory: Airing) -> Airing:
    """What is known of the storm after a look at the wind."""
    now, blew = draft.now.mono, draft.held(_name(zone))
    if blew and not memory.looked_at:
        memory = replace(memory, stormy_until=now + LULL_LASTS, blown_at=now)
    lasts = now < memory.stormy_until
    if wind is not None and (wind >= STORM or (lasts and wind >= LULL)):
        memory = replace(memory, stormy_until=now + LULL_LASTS, blown_at=now)
    elif wind is None and lasts and now - memory.blown_at < UNSEEN:
        memory = replace(memory, stormy_until=now + LULL_LASTS)
    if (blows := now < memory.stormy_until) is not blew:
        why = "it blows" if blows else "its lull has lasted"
        draft.put(Latch(name=_name(zone), held=blows, since=draft.now.wall, who="engine", why=why))
    return memory


def _name(zone: Zone) -> str:
    return f"storm:{zone.name}"
