"""Tasmota as it stands on MQTT: topics, what is said to it, and what its answers show.

A topic is `cmnd/{device}/{command}`, `stat/{device}/{what}` or `tele/{device}/{what}`. A device with one relay calls it
POWER, one with more POWER1, POWER2 and so on. Nothing in its answers names the command that they answer.

Source: tasmota/docs, docs/MQTT.md and docs/Commands.md (Backlog0, Power, PulseTime, PowerOnState, Publish, Status).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgectl.drivers.codecs.json_strict import NotJson, read_object
from edgectl.model.time import MS, SECOND, Nanos

PREFIXES = frozenset({"cmnd", "stat", "tele"})
MARK = "EDGECTL"  # the device says under this name whose order comes next, because we told it to
LONGEST_PULSE: Nanos = 64_800 * SECOND
_TENTHS: Nanos = 11_100 * MS  # up to here PulseTime counts in tenths, above in whole seconds plus 100
_POWER = re.compile(r"POWER([1-9][0-9]?)?")
_MARKED = re.compile(r"([A-Za-z0-9_-]{1,128}) ([a-z0-9_]{1,48}) (ON|OFF|-)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message comes from, or goes to."""

    prefix: str
    node: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Whose order the device works on next: its id, the channel, and ON, OFF or - for a question."""

    wire_id: str
    channel: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.wire_id} {self.channel} {self.wanted}"


def place(topic: str) -> Place | None:
    """The parts of a topic; None for one of somebody else."""
    parts = topic.split("/")
    if len(parts) != 3 or parts[0] not in PREFIXES or not all(parts):
        return None
    return Place(prefix=parts[0], node=parts[1], what=parts[2])


def mark(payload: bytes) -> Mark | None:
    """What the device repeats of our own words."""
    found = _MARKED.fullmatch(payload.decode("ascii", "replace"))
    return None if found is None else Mark(wire_id=found[1], channel=found[2], wanted=found[3])


def pulse_time(lease: Nanos | None) -> int:
    """The number for PulseTime, rounded up; 0 switches it off. Raises ValueError when it cannot count so far."""
    if lease is None:
        return 0
    if not 0 < lease <= LONGEST_PULSE:
        raise ValueError(f"{lease / SECOND:g} s is more than its PulseTime counts ({LONGEST_PULSE / SECOND:g} s)")
    if lease <= _TENTHS:
        return math.ceil(lease / (100 * MS))
    return math.ceil(lease / SECOND) + 100


def backlog(node: str, first: Mark, *commands: str) -> tuple[str, bytes]:
    """Topic and payload that make it do one thing after the other. It tells whose they are before it begins."""
    said = (f"Publish stat/{node}/{MARK} {first}", *commands)
    return f"cmnd/{node}/Backlog0", "; ".join(said).encode("ascii")


def body(payload: bytes) -> Mapping[str, Any] | str:
    """One object, or the sentence that says why there is none."""
    try:
        return read_object(payload)
    except NotJson as wrong:
        return str(wrong)


def powers(said: Mapping[str, Any]) -> dict[int, bool]:
    """The relays that an answer shows, by their number."""
    found = {}
    for key, value in said.items():
        named = _POWER.fullmatch(key)
        if named is not None and value in ("ON", "OFF"):
            found[int(named[1] or 1)] = value == "ON"
    return found


def number(said: Mapping[str, Any], path: str) -> float | str:
    """The number at a path such as AM2301.Temperature, or the sentence that says why there is none."""
    here: Any = said
    for part in path.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    if isinstance(here, bool) or not isinstance(here, int | float) or not math.isfinite(here):
        return f"{path} is {here!r:.40}, and no number"
    return float(here)
