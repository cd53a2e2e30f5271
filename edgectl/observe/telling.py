"""What is told of alarms, when, and to whom. Pure: lines of the timeline in, messages out, time as an argument.

Three rules. Many alarms at once are one message, and in a flood only what is critical is told besides it: what else
begins meanwhile is told when the flood is over, if it still stands. What is not urgent waits for the morning. And
nothing waits without a bound: when too many lines wait, the least urgent goes, and the message says how many.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from edgectl.model.codes.alarms import priority
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Entry

GATHER: Nanos = 5 * SECOND  # a cause and its consequences arrive together
REST: Nanos = 30 * SECOND  # between two messages
WAITING = 50
SHOWN = 6
FLOOD = "alarm_flood:site"
RANK = {"critical": 0, "high": 1, "low": 2}
OVER = ("ALARM_CLEARED", "ALARM_ACKNOWLEDGED", "ALARM_SHELVED")
WORDS = {"ALARM_RAISED": "", "ALARM_REPEATED": "again: ", "ALARM_ESCALATED": "nobody has seen it: "}
RETRY = tuple(seconds * SECOND for seconds in (10, 60, 300, 900))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing to tell."""

    alarm: str
    text: str
    priority: str
    escalated: bool
    at: Nanos  # mono: when it was noted
    waits: bool  # for the end of a flood: once, and never what is critical or told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What leaves. `escalated` goes to those as well who are called only when nobody else has looked."""

    title: str
    body: str
    urgent: bool
    escalated: bool
    lines: tuple[Line, ...]


class Telling:
    """What waits to be told. `quiet` are minutes of the local day between which low priority waits."""

    def __init__(self, site: str, zone: ZoneInfo, quiet: tuple[int, int] | None) -> None:
        self._site, self._zone, self._quiet = site, zone, quiet
        self._lines: list[Line] = []
        self._aside: list[Line] = []  # what began in a flood
        self._rested: Nanos = 0
        self._tries = 0
        self._flood = False
        self.left_out = 0

    def note(self, entries: Iterable[Entry], mono: Nanos) -> None:
        """Committed lines. One that is over before it was told is told no more."""
        for entry in entries:
            alarm = str(entry.details.get("alarm", ""))
            if alarm == FLOOD and entry.event_type in ("ALARM_CLEARED", "ALARM_SHELVED"):
                self._end_flood(mono)
            if entry.event_type in OVER:
                self._lines = [line for line in self._lines if line.alarm != alarm]
                self._aside = [line for line in self._aside if line.alarm != alarm]
            elif entry.event_type in WORDS and not entry.details.get("shelved"):
                self._flood |= alarm == FLOOD  # a flood of which nobody is told makes nothing silent
                self._aside = [line for line in self._aside if line.alarm != alarm]
                self._lines.append(_line(entry, alarm, mono))
        if self._flood:
            self._aside += [line for line in self._lines if line.waits]
            self._lines = [line for line in self._lines if not line.waits]
        self._bound()

    def due(self, mono: Nanos, wall: Nanos) -> Message | None:
        """The message that should leave now."""
        ready = [line for line in self._lines if line.priority != "low" or not self._is_quiet(wall)]
        if not ready or mono < self._rested or mono - min(line.at for line in ready) < GATHER:
            return None
        ready.sort(key=lambda line: (RANK[line.priority], line.at))
        more = len(ready) - SHOWN + self.left_out
        body = "\n".join(line.text for line in ready[:SHOWN]) + (f"\nand {more} more" if more > 0 else "")
        return Message(
            title=f"{self._site}: {ready[0].alarm}" if len(ready) == 1 else f"{self._site}: {len(ready)} alarms",
            body=body,
            urgent=ready[0].priority == "critical",
            escalated=any(line.escalated for line in ready),
            lines=tuple(ready),
        )

    def told(self, message: Message, mono: Nanos) -> None:
        """It has left."""
        self._lines = [line for line in self._lines if line not in message.lines]
        self._rested, self._tries, self.left_out = mono + REST, 0, 0

    def failed(self, mono: Nanos) -> None:
        """It has not. It is tried again, later each time."""
        self._rested = mono + RETRY[min(self._tries, len(RETRY) - 1)]
        self._tries += 1

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return len(self._lines) + len(self._aside)

    def _end_flood(self, mono: Nanos) -> None:
        """What began in it and is not over is told now, whatever comes."""
        self._flood = False
        self._lines += [replace(line, at=mono, waits=False) for line in self._aside]
        self._aside = []

    def _bound(self) -> None:
        for lines in (self._lines, self._aside):
            while len(lines) > WAITING:
                lines.remove(max(lines, key=lambda line: (RANK[line.priority], -line.at)))
                self.left_out += 1

    def _is_quiet(self, wall: Nanos) -> bool:
        if self._quiet is None:
            return False
        local = datetime.fromtimestamp(wall / SECOND, UTC).astimezone(self._zone)
        minute, (begin, end) = 60 * local.hour + local.minute, self._quiet
        return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _line(entry: Entry, alarm: str, mono: Nanos) -> Line:
    message, advice = entry.details.get("message", ""), entry.details.get("advice", "")
    rank = priority(alarm.partition(":")[0])
    return Line(
        alarm=alarm,
        text=f"{WORDS[entry.event_type]}{message}" + (f"; {advice}" if advice else ""),
        priority=rank,
        escalated=entry.event_type == "ALARM_ESCALATED",
        at=mono,
        waits=entry.event_type == "ALARM_RAISED" and rank != "critical" and alarm != FLOOD,
    )
