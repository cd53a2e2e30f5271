"""The limits of a site, and a tighter set of them from the centre. Pure.

One rule: what comes from afar can only tighten. Each limit in force is the tighter of the two, so whatever a revision
says, and whatever becomes of the site file after it, nothing is ever allowed that the site file does not allow.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgectl.model.site import Site
from edgectl.model.time import SECOND, seconds

Limits = Mapping[str, Mapping[str, Mapping[str, float]]]  # "actuators" or "sensors" -> name -> limit -> value
NAME = "limits:centre"  # the latch that holds the revision in force
BEFORE = "limits:before"  # the one that holds the set before it


@dataclass(frozen=True, slots=True)
class Limit:
    """How a limit is read from a part of the site, and how a value is put there. None: the part has no such limit."""

    read: Callable[[Any], float | None]
    put: Callable[[Any, float], Any]
    lowers: bool = True  # a smaller value is the tighter one
    needs: Callable[[Any], bool] = lambda _: True  # is there something that it could limit


def _doser(name: str) -> Limit:
    return Limit(
        lambda a: getattr(a.doser, name),
        lambda a, value: replace(a, doser=replace(a.doser, **{name: value})),
        needs=lambda a: a.doser is not None,
    )


_ACTUATOR: dict[str, Limit] = {
    "max_on_s": Limit(
        lambda a: None if a.max_on is None else a.max_on / SECOND, lambda a, value: replace(a, max_on=seconds(value))
    ),
    "min_off_s": Limit(lambda a: a.min_off / SECOND, lambda a, value: replace(a, min_off=seconds(value)), lowers=False),
    "starts_per_hour": Limit(lambda a: a.starts_per_hour, lambda a, value: replace(a, starts_per_hour=int(value))),
    "litres_per_day": Limit(
        lambda a: a.daily.litres,
        lambda a, value: replace(a, daily=replace(a.daily, litres=value)),
        needs=lambda a: a.daily is not None,
    ),
    "max_dose_ml": _doser("max_dose_ml"),
    "max_per_hour_ml": _doser("max_per_hour_ml"),
    "max_per_day_ml": _doser("max_per_day_ml"),
}
_SENSOR: dict[str, Limit] = {
    "low": Limit(lambda s: s.low, lambda s, value: replace(s, low=value), lowers=False),
    "high": Limit(lambda s: s.high, lambda s, value: replace(s, high=value)),
}
SECTIONS: dict[str, dict[str, Limit]] = {"actuators": _ACTUATOR, "sensors": _SENSOR}


def tightened(site: Site, limits: Limits) -> Site:
    """The site with the tighter of both for each limit. What the site does not have is passed over."""
    changed: dict[str, dict[str, Any]] = {}
    for section, known in SECTIONS.items():
        parts: dict[str, Any] = dict(getattr(site, section))
        for name, wanted in limits.get(section, {}).items():
            for limit, value in wanted.items():
                part, rule = parts.get(name), known.get(limit)
                if part is not None and rule is not None and rule.needs(part):
                    parts[name] = rule.put(part, tighter(rule, rule.read(part), value))
        changed[section] = parts
    return replace(site, actuators=changed["actuators"], sensors=changed["sensors"])


def read(text: str) -> Limits:
    """The limits that a latch holds. What cannot be read limits nothing more than the site file does."""
    try:
        limits = json.loads(text)
    except ValueError:
        return {}
    return limits if isinstance(limits, dict) else {}


def tighter(rule: Limit, local: float | None, value: float) -> float:
    """The tighter of two values of one limit."""
    if local is None:
        return value
    return min(local, value) if rule.lowers else max(local, value)
