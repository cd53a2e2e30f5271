"""Small phrases that several commands share: ages, durations, times of day."""

import sys
from datetime import datetime, tzinfo
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from edgectl.model.kept import WAS_KEPT

GAP, DOT = "  ", " · "
ENDLESS = 1 << 20
NARROWEST = 24  # letters: a last column with less room than that is easier to read where the terminal breaks it
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


def dated(iso: str) -> str:
    """Date and time of a record that may be years old."""
    return _local(iso).strftime("%Y-%m-%d %H:%M:%S")


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


def seen(output: dict[str, Any]) -> str:
    """An output as it is seen now; where nobody sees it, what it was and how long ago: that is no word about now."""
    if output["on"] is not None:
        return "on" if output["on"] else "off"
    if output["last_on"] is None:
        return "not seen yet"
    return f"not known, last seen {'on' if output['last_on'] else 'off'} {span(output['seen_s'])} ago"


def doubt(reading: dict[str, Any]) -> str:
    """What lowers the quality of a reading, unless it is its age, which is said anyway."""
    weakest = reading.get("weakest", "")
    return f", quality {reading['quality']:.2f}: {weakest}" if weakest not in ("", "freshness") else ""


def table(rows: list[list[str]]) -> list[str]:
    """Columns as wide as they must be. The last one is not padded, and goes on under itself where a terminal ends."""
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]) - 1)]
    before = sum(widths) + len(GAP) * len(widths)
    lines: list[str] = []
    for row in rows:
        first, *rest = _folded(row[-1], _columns() - before)
        cells = [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), first]
        lines += [GAP.join(cells).rstrip(), *(f"{' ' * before}{part}" for part in rest)]
    return lines


def _columns() -> int:
    """How many letters fit into a line where a person looks on; whatever reads from a pipe gets whole lines."""
    return get_terminal_size().columns if sys.stdout.isatty() else ENDLESS


def _folded(text: str, room: int) -> list[str]:
    if len(text) <= room or room < NARROWEST:
        return [text]
    parts = text.split(DOT)
    if max(map(len, parts)) <= room:
        return _packed(parts, room)
    indent = " " * (len(text) - len(text.lstrip()))
    return wrap(
        text, room, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _packed(parts: list[str], room: int) -> list[str]:
    """What belongs together stays together: a reading and its age, an output and its end."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(DOT) + len(part) <= room:
            lines[-1] += DOT + part
        else:
            lines.append(part)
    return lines


def by_whom(keeper: dict[str, Any] | None) -> str:
    """Who has put it there, until when, and why."""
    if keeper is None:
        return ""
    ends = "" if keeper["until"] is None else f" until {date_and_time(keeper['until'])}"
    why = f", {keeper['why']}" if keeper["why"] else ""
    return f"{ends} ({keeper['who']}{why})"


def kept_by_people(code: str | None, why: str | None, who: str | None) -> str:
    """What people had put on that kept a run, and who; empty where it was something else."""
    said = WAS_KEPT.get(why or "", "") if code == "hold" else ""
    return f"{said}, by {who}" if said and who else said
