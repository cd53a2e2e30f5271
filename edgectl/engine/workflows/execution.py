"""What a request may change of a workflow: shorter times, fewer tries, other thresholds. Never past the envelope.

The keys are those that callers of the services before this one use: `config.execution` of the payload, with seconds in
`…_sec`. Every wish is a bound beside the site's own, and the narrower of the two holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgectl.model.time import Nanos, seconds

LONGEST_S = 7200.0
MOST_CYCLES = 20
NODE_TYPES = ("climate", "ec", "irrig", "light", "ph", "recirculation", "relay", "water_sensor")
_TIMES = (
    "clean_fill_timeout_sec",
    "solution_fill_timeout_sec",
    "prepare_recirculation_timeout_sec",
    "refill_timeout_sec",
    "refill_duration_sec",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one request asks of the tank workflows; None is nothing."""

    clean_fill: Nanos | None = None
    solution_fill: Nanos | None = None
    prepare: Nanos | None = None
    refill: Nanos | None = None
    recovery: Nanos | None = None
    retries: int | None = None
    attempts: int | None = None
    full_pct: float | None = None


NOTHING = Wish()


def execution_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """`config.execution` of a payload, empty when there is none."""
    config = payload.get("config")
    found = config.get("execution") if isinstance(config, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def duration_of(payload: Mapping[str, Any]) -> Any:
    """How many seconds a request asks for, under whatever name; None when it does not say."""
    execution = execution_of(payload)
    named = (payload.get("duration_s"), payload.get("duration_sec"), execution.get("duration_sec"))
    return next((asked for asked in named if asked is not None), None)


def litres_of(payload: Mapping[str, Any]) -> float | None:
    """How many litres a request asks for: by number, or as so much for each J/cm2 of light since the last run."""
    light, each = payload.get("light_sum_j_cm2"), payload.get("l_per_j_cm2")
    if light is not None and each is not None:
        return float(light) * float(each)
    asked = payload.get("volume_l")
    return None if asked is None else float(asked)


def wish_of(payload: Mapping[str, Any]) -> Wish:
    """The wishes of a request that has passed the door."""
    execution = execution_of(payload)
    refill, recovery = _part(execution, "refill"), _part(execution, "irrigation_recovery")
    full = execution.get("clean_tank_full_threshold")
    return Wish(
        clean_fill=_time(execution, "clean_fill_timeout_sec"),
        solution_fill=_time(execution, "solution_fill_timeout_sec"),
        prepare=_time(execution, "prepare_recirculation_timeout_sec"),
        refill=narrower(
            narrower(_time(execution, "refill_timeout_sec"), _time(execution, "refill_duration_sec")),
            narrower(_time(refill, "timeout_sec"), _time(refill, "duration_sec")),
        ),
        recovery=_time(recovery, "timeout_sec"),
        retries=execution.get("clean_fill_retry_cycles"),
        attempts=recovery.get("max_continue_attempts"),
        full_pct=None if full is None else 100.0 * float(full),
    )


def node_types_of(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Which kinds of devices must answer besides those of the workflow itself."""
    return tuple(execution_of(payload).get("required_node_types") or ())


def flaw(payload: Mapping[str, Any]) -> str:
    """What is wrong with the execution overrides, as a sentence; empty when nothing is."""
    execution = execution_of(payload)
    for part, keys in (
        (execution, _TIMES),
        (_part(execution, "refill"), ("timeout_sec", "duration_sec")),
        (_part(execution, "irrigation_recovery"), ("timeout_sec",)),
    ):
        for key in keys:
            if part.get(key) is not None and not _number(part[key], 1, LONGEST_S):
                return f"{key} has to be from 1 to {LONGEST_S:g} s, and is {str(part[key])[:40]}"
    tries = {
        "clean_fill_retry_cycles": execution.get("clean_fill_retry_cycles"),
        "max_continue_attempts": _part(execution, "irrigation_recovery").get("max_continue_attempts"),
    }
    for key, value in tries.items():
        if value is not None and not (isinstance(value, int) and _number(value, 0, MOST_CYCLES)):
            return f"{key} has to be a whole number from 0 to {MOST_CYCLES}, and is {str(value)[:40]}"
    full = execution.get("clean_tank_full_threshold")
    if full is not None and not _number(full, 0.1, 1):
        return f"clean_tank_full_threshold has to be from 0.1 to 1, and is {str(full)[:40]}"
    types = execution.get("required_node_types")
    if types is not None and not (isinstance(types, list) and all(one in NODE_TYPES for one in types)):
        return f"required_node_types is a list of {', '.join(NODE_TYPES)}"
    return ""


def narrower(own: Nanos | None, asked: Nanos | None) -> Nanos | None:
    """The shorter of two bounds, of which each may be missing."""
    return min((one for one in (own, asked) if one is not None), default=None)


def within(own: Nanos, asked: Nanos | None) -> Nanos:
    """The site's bound, or a narrower one that was asked for."""
    return own if asked is None else min(own, asked)


def _part(execution: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = execution.get(name)
    return found if isinstance(found, Mapping) else {}


def _time(part: Mapping[str, Any], key: str) -> Nanos | None:
    return None if part.get(key) is None else seconds(float(part[key]))


def _number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
