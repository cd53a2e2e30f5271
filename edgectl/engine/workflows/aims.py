"""What a request wants of the solution: `targets.ph` and `targets.ec`, a number or {"target": …}, or {"min", "max"}.

A wish lies inside the band of the site or is refused at the door. The band may have become narrower by the time the
task runs: then its edge is what is aimed at.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.model.site import Zone
from edgectl.model.task import Task
from edgectl.model.water import Chemistry

UNITS = {"ph": "pH", "ec": "mS/cm"}


def zone_for(zone: Zone, task: Task) -> Zone:
    """The zone with the targets that this task aims at."""
    chemistry = zone.chemistry
    if chemistry is None or _targets(task.payload).keys().isdisjoint(UNITS):
        return zone
    aimed = replace(chemistry, target_ph=_aim(chemistry, "ph", task), target_ec=_aim(chemistry, "ec", task))
    return replace(zone, chemistry=aimed)


def flaw(zone: Zone, payload: Mapping[str, Any]) -> str:
    """What is wrong with the solution targets of a request, as a sentence; empty when nothing is."""
    asked = {key: value for key, value in _targets(payload).items() if key in UNITS and value is not None}
    for key, value in asked.items():
        aim = _number(value)
        if aim is None:
            return f'targets.{key} has to be a number or {{"target": 5.9}}, and is {str(value)[:40]}'
        if zone.chemistry is None or getattr(zone.chemistry, key) is None:
            continue  # what nobody measures there nobody corrects: the wish is for other zones
        low, high = band_of(zone.chemistry, key)
        if not low <= aim <= high:
            return f"targets.{key} is {aim:g}; {zone.name} allows {low:g} to {high:g} {UNITS[key]} ({key}_band)"
    return ""


def band_of(chemistry: Chemistry, key: str) -> tuple[float, float]:
    """Where a target may lie. A site that says nothing allows its own one only."""
    own: float = getattr(chemistry, f"target_{key}")
    band: tuple[float, float] | None = getattr(chemistry, f"{key}_band")
    return (own, own) if band is None else band


def _aim(chemistry: Chemistry, key: str, task: Task) -> float:
    low, high = band_of(chemistry, key)
    wanted = _number(_targets(task.payload).get(key))
    own: float = getattr(chemistry, f"target_{key}")
    return own if wanted is None else min(high, max(low, wanted))


def _targets(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    found = payload.get("targets")
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float | None:
    """The target itself, or the middle of a range without one."""
    if isinstance(value, Mapping):
        ends = [_number(value.get(key)) for key in ("min", "max")]
        middle = None if ends[0] is None or ends[1] is None else (ends[0] + ends[1]) / 2
        return _number(value["target"]) if value.get("target") is not None else middle
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
