"""Rules about days and the sun: a calendar says everything once, and something is left of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from edgectl.config import calendars
from edgectl.config.parts import Parts
from edgectl.config.rules.times import CADENCES
from edgectl.config.source import Path
from edgectl.model.time import from_datetime
from edgectl.scheduler.cadence import next_strike
from edgectl.scheduler.schedule import Every

# Whether a calendar ever strikes depends neither on today nor on the time zone.
_ANY_DAY = from_datetime(datetime(2024, 1, 1, tzinfo=UTC))
_ANYWHERE = ZoneInfo("UTC")
_DEGREES = {"latitude": "latitude: 52.52 (north is positive)", "longitude": "longitude: 13.40 (east is positive)"}


def nothing_twice(parts: Parts) -> None:
    """A time of day and a day of the week stand once."""
    for name, schedule in parts.schedules.items():
        _once(parts, ("schedules", name, "at"), schedule.at or ())
        _once(parts, ("schedules", name, "days"), schedule.days or ())


def _once(parts: Parts, path: Path, values: Sequence[Any]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            shown = f"{value // 60:02d}:{value % 60:02d}" if isinstance(value, int) else str(value)
            parts.findings.value((*path, index), f"{shown} stands twice", "keep one of the two")


def sun_has_a_place(parts: Parts) -> None:
    """Where the sun rises depends on where the house is."""
    site = parts.site
    for name, schedule in parts.schedules.items():
        if schedule.sun is None or site is None:
            continue
        missing = [key for key in ("latitude", "longitude") if getattr(site, key) is None]
        if missing and not any(parts.findings.refused(("site", key)) for key in missing):
            what = f"needs the {' and the '.join(missing)} of the site"
            where = parts.findings.place(("site",), ("schedules", name, "sun"))
            hint = f"add to site ({where}), in degrees: {', '.join(_DEGREES[key] for key in missing)}"
            parts.findings.key(("schedules", name, "sun"), what, hint)


def something_is_left(parts: Parts) -> None:
    """Days and season leave the calendar something to do."""
    for name, schedule in parts.schedules.items():
        path = ("schedules", name)
        cadence, days = calendars.cadence(schedule, parts.site), calendars.days(schedule)
        limits = [key for key in ("season", "days") if getattr(schedule, key) is not None]
        if cadence is None or isinstance(cadence, Every) or (not limits and schedule.sun is None):
            continue
        if any(parts.findings.refused((*path, key)) for key in (*CADENCES, "days", "season")):
            continue
        if next_strike(cadence, _ANY_DAY, _ANYWHERE, days) is None:
            key = limits[0] if limits else "sun"
            why = f"there is no {schedule.sun.event.value} on these days" if schedule.sun else "no day suits both"
            hint = "write other days of the year" if limits else "write sun: noon, or another cadence"
            parts.findings.value((*path, key), f"leaves no run: {why}", hint)


RULES = (nothing_twice, sun_has_a_place, something_is_left)
