"""Small phrases that several commands share: ages, durations, times of day."""

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_ZONE: list[tzinfo] = []  # of the site that answered; empty until one has, and then times are those of this machine


def speak_of(timezone: str) -> None:
    """From now on every time is told as people at the site read it from their clocks."""
    _ZONE[:] = [ZoneInfo(timezone)]


def _local(iso: str) -> datetime:
    return datetime.fromisoformat(iso).astimezone(_ZONE[0] if _ZONE else None)


def zone_now(iso: str) -> str:
    """The short name of the zone in which times are told."""
    return _local(iso).tzname() or ""


def clock(iso: str, *, millis: bool = False) -> str:
    """The local time of day of an ISO instant."""
    moment = _local(iso)
    return moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 1000:03d}" if millis else "")


def day_and_time(iso: str) -> str:
    """Weekday and time, as one says it."""
    return _local(iso).strftime("%a %H:%M:%S")


def date_and_time(iso: str) -> str:
    """The same with its date: of what may lie more than a week away."""
    return _local(iso).strftime("%a %d %b %H:%M:%S")


def span(seconds: float | None) -> str:
    """A duration at a glance."""
    if seconds is None:
        return "never"
    seconds = max(0.0, seconds)
    for size, unit, next_unit, part in ((86400, "d", "h", 3600), (3600, "h", "min", 60), (60, "min", "s", 1)):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {unit} {rest // part} {next_unit}" if rest // part else f"{whole} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def doubt(reading: dict[str, Any]) -> str:
    """What lowers the quality of a reading, unless it is its age, which is said anyway."""
    weakest = reading.get("weakest", "")
    return f", quality {reading['quality']:.2f}: {weakest}" if weakest not in ("", "freshness") else ""


def table(rows: list[list[str]]) -> list[str]:
    """Columns as wide as they must be. The last one is not padded."""
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in rows
    ]
