"""Numbers with their units: 10s, 15m, 20ml, 0.5/min. A bare number is refused, for nobody knows what it means."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from edgectl.model.site import Compare, Condition
from edgectl.model.time import Nanos, seconds

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h|d)$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_VOLUME = re.compile(r"^(\d+(?:\.\d+)?)(ml|l)$")
_RATE = re.compile(r"^(\d+(?:\.\d+)?)/(s|min|h)$")
_CONDITION = re.compile(r"^([A-Za-z_]\w*)\s*([<>])\s*(-?\d+(?:\.\d+)?)$")
_CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
LONGEST_DAYS = 366


def _no(what: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{what}", {"what": what, "hint": hint})


def _bare(raw: Any) -> str | None:
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def duration(raw: Any) -> Nanos:
    """A duration in nanoseconds."""
    if isinstance(raw, str) and (found := _DURATION.match(raw.strip())):
        value = float(found[1]) * _SECONDS[found[2]]
        if value <= LONGEST_DAYS * 86400:
            return seconds(value)
        raise _no(f"{raw!r} is longer than a year", "write a shorter time")
    if bare := _bare(raw):
        raise _no(f"{bare!r} needs a unit", f"write {bare}s, or {bare}m for minutes")
    raise _no(f"{raw!r} is no duration", "write for example 500ms, 10s, 15m, 2h")


def volume(raw: Any) -> float:
    """A volume in millilitres."""
    if isinstance(raw, str) and (found := _VOLUME.match(raw.strip())):
        return float(found[1]) * (1000.0 if found[2] == "l" else 1.0)
    if bare := _bare(raw):
        raise _no(f"{bare!r} needs a unit", f"write {bare}ml")
    raise _no(f"{raw!r} is no volume", "write for example 20ml or 1.5l")


def rate(raw: Any) -> float:
    """A change per second."""
    if isinstance(raw, str) and (found := _RATE.match(raw.strip())):
        return float(found[1]) / {"s": 1, "min": 60, "h": 3600}[found[2]]
    if bare := _bare(raw):
        raise _no(f"{bare!r} needs a unit", f"write {bare}/min")
    raise _no(f"{raw!r} is no rate", "write for example 0.5/min")


def condition(raw: Any) -> Condition:
    """`sensor > 15` or `sensor < 10`."""
    if isinstance(raw, Condition):
        return raw
    if isinstance(raw, str) and (found := _CONDITION.match(raw.strip())):
        return Condition(sensor=found[1], compare=Compare(found[2]), limit=float(found[3]))
    raise _no(f"{raw!r} is no condition", "write a sensor, > or <, and a number: solution_level > 15")


def minute_of_day(raw: Any) -> int:
    """A local time of day in minutes."""
    if isinstance(raw, str) and (found := _CLOCK.match(raw.strip())):
        return int(found[1]) * 60 + int(found[2])
    raise _no(f"{raw!r} is no time of day", 'write it in quotes: "05:00"')


def _text(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern.pattern})


Duration = Annotated[int, BeforeValidator(duration), _text(_DURATION)]
Volume = Annotated[float, BeforeValidator(volume), _text(_VOLUME)]
Rate = Annotated[float, BeforeValidator(rate), _text(_RATE)]
When = Annotated[Condition, BeforeValidator(condition), _text(_CONDITION)]
ClockTime = Annotated[int, BeforeValidator(minute_of_day), _text(_CLOCK)]
