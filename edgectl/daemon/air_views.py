"""Where the vents of a zone stand, and what holds them there. Pure."""

from typing import Any

from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules.drives import rests_until
from edgectl.model.site import Zone
from edgectl.model.time import iso


def vents(draft: Draft, zone: Zone) -> list[dict[str, Any]]:
    """Each vent with its position as far as the time of its runs can tell, where it should be, and what keeps it from
    opening further: a code, or nothing; and how long its motor rests before it goes there."""
    climate = zone.climate
    if climate is None:
        return []
    memory = draft.airing.get(zone.name, Airing())
    rows = []
    for vent in climate.vents:
        drive, rests = memory.drives.get(vent.name, Drive()), rests_until(draft, memory, vent)
        rows.append(
            {
                "vent": vent.name,
                "outputs": [vent.opens, vent.closes],
                "open_pct": None if drive.position is None else round(drive.position * 100),
                "moves": None if not drive.order else "opening" if drive.opening else "closing",
                "wanted_pct": round(memory.wanted.vent * 100),
                "why": memory.wanted.why or None,
                "rests_until": None if rests is None else iso(draft.now.wall_at(rests)),
            }
        )
    return rows
