"""Amounts with their units, as people write them: 90s, 20ml, 0.5/min, and conditions such as `level > 15`.

A bare number is refused: the reader of a site file must not have to guess between seconds and minutes.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from edgectl.model.site import Compare, Condition
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.scheduler.schedule import SunEvent

_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,9})?)"
DURATION = rf"^{_NUMBER} ?(ms|s|m|h|d)$"
VOLUME = rf"^{_NUMBER} ?(ml|l)$"
FLOW = rf"^{_NUMBER} ?l/(min|h)$"
PER_ML = rf"^{_NUMBER} ?/ ?(ml)$"
RATE = rf"^{_NUMBER} ?/ ?(s|min|h)$"
LIGHT = rf"^{_NUMBER} ?(J/cm2)$"
PRESSURE = rf"^{_NUMBER} ?(kPa)$"
PERCENT = rf"^{_NUMBER} ?(%)$"
CONDITION = r"^\s*([A-Za-z][A-Za-z0-9_-]{0,47})\s*([<>]=?|==?|!=)\s*(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([^\s0-9].*)?$"
SUN = r"^(sunrise|noon|sunset)(?:\s*([+-])\s*([^\s+-].*))?$"
MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
CLOCK = r"^([01][0-9]|2[0-3]):([0-5][0-9])$"

_DURATIONS: dict[str, Nanos] = {"ms": MS, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND}
_VOLUMES = {"ml": 1.0, "l": 1000.0}
_UNITS = {
    "s": "ms, s, m, h or d",
    "ml": "ml or l",
    "/min": "/s, /min or /h",
    "l/min": "l/min or l/h",
    "/ml": "/ml",
    " J/cm2": "J/cm2",
    " kPa": "kPa",
    " %": "%",
}
_ALSO = {"s": "m", "ml": "l"}
_PER_MINUTE = {"s": 60.0, "min": 1.0, "h": 1 / 60}
LONGEST: Nanos = 366 * 86400 * SECOND
FARTHEST: Nanos = 12 * 3600 * SECOND  # from a sunrise; beyond it another event of the sun is nearer
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A condition as written; `unit` is empty when none was given."""

    condition: Condition
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SunTime:
    """An event of the sun and how much later; less than zero is before."""

    event: SunEvent
    offset: Nanos


def duration(value: Any) -> Nanos:
    """90s -> nanoseconds."""
    number, unit = _split(value, DURATION, "a duration", "s")
    whole = round(number * _DURATIONS[unit])
    if whole > LONGEST:
        raise _wrong(f"{value} is longer than a year", "is the unit right? ms, s, m, h, d")
    return whole


def some_time(value: Any) -> Nanos:
    """A duration that may not be zero."""
    whole = duration(value)
    if whole == 0:
        raise _wrong(f"{value} is no time at all", "write a duration above zero, or leave the key out")
    return whole


def volume_ml(value: Any) -> float:
    """20ml, 1.5l -> millilitres."""
    number, unit = _split(value, VOLUME, "a volume", "ml")
    if number == 0:
        raise _wrong(f"{value} is no volume at all", "write a volume above zero, or leave the key out")
    return number * _VOLUMES[unit]


def volume_l(value: Any) -> float:
    """200l, 500ml -> litres."""
    return volume_ml(value) / 1000


def flow_l_min(value: Any) -> float:
    """20l/min, 900l/h -> litres per minute."""
    number, unit = _split(value, FLOW, "a rate of flow", "l/min")
    if number == 0:
        raise _wrong(f"{value} moves no water", "write a rate above zero, or leave the key out")
    return number * _PER_MINUTE[unit]


def per_ml(value: Any) -> float:
    """0.03/ml -> change per millilitre."""
    number, _ = _split(value, PER_ML, "a change per millilitre", "/ml")
    if number == 0:
        raise _wrong(f"{value} changes nothing: no dose would ever be enough", "write what 1 ml changes in the tank")
    return number


def rate_per_minute(value: Any) -> float:
    """0.5/min -> units per minute."""
    number, unit = _split(value, RATE, "a rate", "/min")
    if number == 0:
        raise _wrong(f"{value} is no rate at all: every change would be too fast", "write a rate above zero")
    return number * _PER_MINUTE[unit]


def light_sum(value: Any) -> float:
    """120 J/cm2."""
    return _above_zero(value, LIGHT, "a sum of light", " J/cm2")


def kilopascal(value: Any) -> float:
    """1.2 kPa."""
    return _above_zero(value, PRESSURE, "a pressure", " kPa")


def percent(value: Any) -> float:
    """15 %."""
    return _above_zero(value, PERCENT, "a share", " %")


def _above_zero(value: Any, pattern: str, noun: str, unit: str) -> float:
    number, _ = _split(value, pattern, noun, unit)
    if number == 0:
        raise _wrong(f"{value} would ask for water without end", "write a number above zero")
    return number


def minute_of_day(value: Any) -> int:
    """05:00 -> 300."""
    found = re.fullmatch(CLOCK, value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(f"{_shown(value)} is not a time of day", 'write hours and minutes in quotes, for example "05:00"')
    return int(found[1]) * 60 + int(found[2])


def sun_time(value: Any) -> SunTime:
    """sunrise, sunset-30m, noon + 1h."""
    found = re.fullmatch(SUN, value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(f"{_shown(value)} is not a time by the sun", "write sunrise, noon or sunset, or  sunrise+1h")
    offset = duration(found[3]) if found[3] else 0
    if offset > FARTHEST:
        raise _wrong(
            f"{found[3]} is more than 12h from {found[1]}", "count from another event: sunrise, noon or sunset"
        )
    return SunTime(event=SunEvent(found[1]), offset=-offset if found[2] == "-" else offset)


def month_day(value: Any) -> tuple[int, int]:
    """04-15 -> (4, 15)."""
    found = re.fullmatch(MONTH_DAY, value) if isinstance(value, str) else None
    if found is None or int(found[2]) > _DAYS_IN_MONTH[int(found[1]) - 1]:
        raise _wrong(f"{_shown(value)} is not a day of the year", 'write month and day in quotes, for example "04-15"')
    return int(found[1]), int(found[2])


def clause(value: Any) -> Clause:
    """`solution_level > 15`, `solution_level > 15 %` or `solution_level < 10 for 5s`."""
    found = re.fullmatch(CONDITION, value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(f"{_shown(value)} is not a condition", "write  sensor > number  or  sensor < number")
    sensor, sign, number, unit = found[1], found[2], found[3], (found[4] or "").strip()
    if sign not in (">", "<"):
        raise _wrong(f"the comparison {sign} is not known", f"write  {sensor} > {number}  or  {sensor} < {number}")
    unit, *lasts = re.split(r"\bfor\b", unit, maxsplit=1)
    condition = Condition(
        sensor=sensor,
        compare=Compare(sign),
        limit=float(number),
        lasts=some_time(lasts[0].strip()) if lasts else 0,
    )
    return Clause(condition=condition, unit=unit.strip())


def show(nanos: Nanos) -> str:
    """A duration in the largest unit that says it without a fraction: 10m, 90s, 18.2s."""
    for unit in ("h", "m", "s") if nanos >= SECOND else ("ms",):
        if nanos and nanos % _DURATIONS[unit] == 0:
            return f"{nanos // _DURATIONS[unit]}{unit}"
    return f"{nanos / SECOND:.3f}".rstrip("0").rstrip(".") + "s"


def _split(value: Any, pattern: str, noun: str, unit: str) -> tuple[float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        other = f" or {value}{_ALSO[unit]}" if unit in _ALSO else ""
        raise _wrong(f"'{value}' needs a unit", f"write {value}{unit}{other}")
    if not isinstance(value, str):
        raise _wrong(f"{_shown(value)} is not {noun}", f"write a number and its unit, for example 20{unit}")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise _wrong(f"'{value[:40]}' needs a unit", f"write {value[:40]}{unit}")
    found = re.fullmatch(pattern, value)
    if found is None:
        units = _UNITS[unit]
        raise _wrong(f"'{value[:40]}' is not {noun}", f"write one number and {units}, for example 20{unit}")
    return float(found[1]), found[2]


def _shown(value: Any) -> str:
    match value:
        case str():
            return f"'{value[:40]}'"
        case list():
            return "a list"
        case dict():
            return "a group of keys"
        case bool():
            return "true" if value else "false"
    return f"'{value}'"


def _wrong(what: str, hint: str) -> PydanticCustomError:
    # Braces are placeholders to the library: text of the file goes in as context, never as template.
    return PydanticCustomError("site", "{what}", {"what": what, "hint": hint})
