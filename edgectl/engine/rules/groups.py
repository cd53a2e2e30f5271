"""Valves behind one pipe: how many may be open at once. What more wants to open waits for its turn."""

from collections.abc import Collection

from edgectl.engine.draft import Draft
from edgectl.model.site import Actuator


def veto(draft: Draft, valve: Actuator) -> str | None:
    """Why this valve has to stay shut for now."""
    return next(iter(full(draft, {valve.name})), None)


def full(draft: Draft, wanted: Collection[str], planned: Collection[str] = ()) -> list[str]:
    """Of each group that has no room for what is wanted beside what is open or planned: why."""
    found = []
    for group in draft.state.site.groups:
        mine = group.valves & set(wanted)
        open_ = (group.valves & {*planned, *(output.name for output in draft.owed())}) - mine
        if mine and len(open_) + len(mine) > group.max_open:
            names = ", ".join(sorted(open_)) or "none"
            found.append(f"{group.name} lets {group.max_open} of its valves be open at once, and open are: {names}")
    return found
