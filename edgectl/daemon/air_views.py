"""Where the vents of a zone stand, and what holds them there. Pure."""

from typing import Any

from edgectl.engine.airing import Airing, Drive
from edgectl.engine.draft import Draft
from edgectl.engine.rules.drives import kept_by, rests_until
from edgectl.engine.rules.latched import OBSERVES, mode_of
from edgectl.engine.rules.overrides import in_force
from edgectl.model.inputs import Mode
from edgectl.model.site import Zone
from edgectl.model.time import iso

CHOICES_PCT = (0, 10, 25, 50, 75, 100)  # where the page offers to have the vents


def vents(draft: Draft, zone: Zone) -> list[dict[str, Any]]:
    """Each vent with its position as far as the time of its runs can tell, where it should be, and what keeps it from
    opening further: a code, or nothing; how long its motor rests before it goes there; and what people have put on that
    keeps it as it stands. Nowhere is where it should be while it only shuts."""
    climate = zone.climate
    if climate is None:
        return []
    memory = draft.airing.get(zone.name, Airing())
    stays = memory.wanted.vent >= 1.0 and _only_shuts(draft, zone)
    rows = []
    for vent in climate.vents:
        drive = memory.drives.get(vent.name, Drive())
        rests = None if stays else rests_until(draft, memory, vent)
        rows.append(
            {
                "vent": vent.name,
                "outputs": [vent.opens, vent.closes],
                "open_pct": None if drive.position is None else round(drive.position * 100),
                "moves": None if not drive.order else "opening" if drive.opening else "closing",
                "wanted_pct": None if stays else round(memory.wanted.vent * 100),
                "why": memory.wanted.why or None,
                "kept": None if stays else kept_by(draft, memory, vent),
                "rests_until": None if rests is None else iso(draft.now.wall_at(rests)),
            }
        )
    return rows


def _only_shuts(draft: Draft, zone: Zone) -> bool:
    """By hand alone, or by a controller that only watches: then nothing but wind and rain moves them."""
    by_hand = mode_of(draft, zone.name) is Mode.MANUAL and in_force(draft, zone.name, "vent") is None
    return draft.held(OBSERVES) or by_hand
