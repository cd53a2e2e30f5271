"""What a line of the timeline says, as a person reads it: for the log and for the command line alike. Pure.

A line holds names and values for programs. Here each name that has a way of being said gets it, what says nothing is
left out, and whatever has none is said as name and value.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Details = Mapping[str, Any]
Words = Callable[[Any, Details], str]

_NUMBER = re.compile(r"\[Errno -?\d+\] ?")
MOST = 3  # entries of a list that are named; how many more there are is said
_NOTHING: tuple[Any, ...] = (None, "", [], {}, (), False)
# These say what the line itself says already, or what only a program wants to know.
_SILENT = frozenset(
    {"correlation_id", "task_id", "task_type", "source", "action_required", "first", "more", "lease_s", "order"}
)


def said(event_type: str, details: Details) -> str:
    """The line without its time and its name; nothing where the name says it all."""
    words = [_actuator(details)] if "actuator" in details else []
    if event_type in ("TASK_FINISHED", "STAGE_LEFT") and str(details.get("reason_code")).endswith("_required"):
        # Why it was begun stands in an earlier line, and is no reason for its end.
        details = {name: value for name, value in details.items() if name not in ("decision", "reason_code")}
    for name, value in details.items():
        if name in _SILENT or name == "actuator" or value in _NOTHING:
            continue
        words.append(_WAYS[name](value, details) if name in _WAYS else f"{name}={_plain(value)}")
    return " · ".join(filter(None, words))


def amounts(moved: Mapping[str, float], ordered: Mapping[str, float] = MappingProxyType({})) -> str:
    """How much moved: `pump_s` and 90 are pump 90 s; where more was `ordered`, pump 37 of 90 s."""
    return ", ".join(_amount(name, value, ordered.get(name, value)) for name, value in moved.items())


def plainly(error: BaseException) -> str:
    """The first line of what a library or the system says, without the system's numbers and its own name for it."""
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    lines = str(error).splitlines()
    return _NUMBER.sub("", lines[0]) if lines and lines[0].strip() else type(error).__name__


def sample(cited: Mapping[str, Any]) -> str:
    """A reading that a decision went by, or why there was none."""
    if "missing" in cited:
        return f"{cited['sensor']} {str(cited['missing']).replace('_', ' ')}"
    quality = f", quality {cited['quality']:.2f}" if cited.get("quality", 1.0) < 1.0 else ""
    about = f"aged {cited['age_ms'] / 1000:.1f} s{quality} (sample {cited['sample']})"
    return f"{cited['sensor']} {cited['value']:g} {about}"


def _amount(name: str, value: float, ordered: float) -> str:
    what, _, unit = name.rpartition("_")
    much = f"{value:g} of {ordered:g}" if ordered > value else f"{value:g}"
    return f"{what or name} {much} {unit}" if what else f"{name} {much}"


def _actuator(details: Details) -> str:
    """pump, and of an order what it was and how long it lasts: pump ON 6 s."""
    order = str(details.get("order") or "").upper()
    lasts = f"{details['lease_s']:g} s" if details.get("lease_s") else ""
    return " ".join(filter(None, [str(details["actuator"]), order, lasts]))


def _decision(value: Any, details: Details) -> str:
    """run (irrigation_required): a decision and its reason are one thing to say."""
    reason = details.get("reason_code")
    return f"{value} ({reason})" if reason else str(value)


def _reason(value: Any, details: Details) -> str:
    return "" if details.get("decision") else str(value)


def _error(value: Any, details: Details) -> str:
    return "" if value == details.get("reason_code") else str(value)


def _effect(value: Any, details: Details) -> str:
    moved = details.get("effect_amounts") or {}
    return f"effect {value}: {amounts(moved)}" if moved else f"effect {value}"


def _changed(value: Any, details: Details) -> str:
    """Which entries of the site file are others than at the last start."""
    names = [str(entry["path"]) for entry in value]
    rest = len(names) - MOST + int(details.get("more") or 0)
    told = ", ".join(names[:MOST]) + (f" and {rest} more" if rest > 0 else "")
    return f"all of it is new to this journal: {told}" if details.get("first") else f"changed: {told}"


def _itself(value: Any, _: Details) -> str:
    return str(value)


_WAYS: Mapping[str, Words] = {
    "decision": _decision,
    "reason_code": _reason,
    "error_code": _error,
    "effect_amounts": lambda value, details: "" if "physical_effect" in details else amounts(value),
    "physical_effect": _effect,
    "changed": _changed,
    "samples": lambda value, _: " · ".join(map(sample, value)),
    "vetoes": lambda value, _: "; ".join(str(veto.get("why", veto)) for veto in value),
    "confirmed": lambda value, _: f"{value} confirmed",
    "verdict": lambda value, _: "" if value == "run" else str(value),
    "cmd_id": lambda value, _: f"cmd {value}",
    "advice": lambda value, _: f"do: {value}",
    "rule": lambda value, _: f"by its rule {value}",
    "vetoed": lambda value, _: f"vetoed: {value}",
    "before": lambda value, details: f"{value} -> {details['after']}" if "after" in details else str(value),
    "after": lambda value, details: "" if details.get("before") else _plain(value),
    "schedule": lambda value, _: f"schedule {value}",
    "scheduled_for": lambda value, _: f"for {value}",
    "who": lambda value, _: f"by {value}",
    **dict.fromkeys(
        ("stage", "status", "terminal_status", "evidence", "why", "message", "sensor", "device", "alarm"), _itself
    ),
}


def _plain(value: Any) -> str:
    """A value that has no way of its own, without the brackets and quotes of a program."""
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)
