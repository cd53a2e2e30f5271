"""What a request may ask for: every amount that cannot be carried out is refused at the door, with its number.

A task that is accepted and then fails for a reason that was plain from the beginning has kept somebody waiting.
"""

from collections.abc import Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import OBSERVES, keeps_waiting
from edgectl.engine.workflows import aims, execution, hours, soil
from edgectl.model.inputs import TaskRequest
from edgectl.model.site import Zone
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos, iso

SHORTEST_RUN_S = 0.5
LONGEST_RUN_S = 4 * 3600
SMALLEST_RUN_L, LARGEST_RUN_L = 0.01, 10_000
MOST_WAITING = 50  # tasks of one zone that have not begun, and as many that wait for a time of their own
FARTHEST: Nanos = 366 * 86_400 * SECOND
TASK_TYPES = (
    "circulate",
    "climate",
    "diagnostics",
    "dosing",
    "irrigation",
    "lighting",
    "mist",
    "solution_change",
    "ventilation",
)
LASTING = frozenset({"circulate", "climate", "mist", "ventilation"})
WET = frozenset({"circulate", "diagnostics", "dosing", "irrigation", "solution_change"})
COLDEST, WARMEST = 0.0, 35.0  # degC that a house may be heated to
KEPT = {
    "stop_all": "everything is stopped; release it with: edgectl resume",
    "stop_water": "the water is stopped; release it with: edgectl resume",
}

Refusal = tuple[str, str]  # a code of the contract, and a sentence


def refusal(draft: Draft, request: TaskRequest) -> Refusal | None:
    """Why the request cannot be accepted; None when it can."""
    site = draft.state.site
    if request.zone not in site.zones:
        return "unknown_zone", f"there is no zone {request.zone[:60]!r}; there are: {', '.join(sorted(site.zones))}"
    if request.task_type not in TASK_TYPES:
        return "unsupported_task_type", f"there is no task type {request.task_type[:60]!r}; {', '.join(TASK_TYPES)}"
    if not 8 <= len(request.correlation_id) <= 128:
        return "correlation_id_required_or_invalid", "a correlation id has 8 to 128 characters"
    if wrong := _wrong(draft, site.zones[request.zone], request.task_type, request.payload):
        return "payload_invalid", wrong
    if request.due_at < request.scheduled_for:
        return "due_at_must_be_gte_scheduled_for", "due_at lies before scheduled_for"
    if request.expires_at <= request.due_at:
        return "expires_at_must_be_after_due_at", "expires_at has to lie after due_at"
    if draft.held(OBSERVES):
        return "not_ready", "the controller has restarted too often and only watches; edgectl alarms says what to do"
    if kept := stopped(draft, request.zone, request.task_type):
        return "vetoed", kept
    if request.later and request.scheduled_for - draft.now.wall > FARTHEST:
        return "scheduled_for_invalid", f"scheduled_for is more than a year after {iso(draft.now.wall)}, the time here"
    # What waits for tomorrow must not keep anybody from asking for water now.
    waiting = [
        task
        for task in draft.tasks()
        if task.zone == request.zone and task.status is TaskStatus.ACCEPTED and task.enqueued is request.later
    ]
    if len(waiting) >= MOST_WAITING:
        return "too_many_tasks", f"{len(waiting)} tasks of {request.zone} have not begun yet"
    return None


def stopped(draft: Draft, zone: str, task_type: str) -> str:
    """What a person stopped or locked takes no order, and none waits there for the release. Empty when it may."""
    kept = keeps_waiting(draft, zone, task_type)
    if kept == "lock":
        lock = draft.latch(f"lock:{zone}")
        assert lock is not None
        return f"{lock.who} works in {zone} ({lock.why}); release it with: edgectl unlock {zone}"
    return KEPT.get(kept or "", "")  # a hold is for schedules, not for people


def _wrong(draft: Draft, zone: Zone, task_type: str, payload: Mapping[str, Any]) -> str:
    """What the workflow will read must be there and make sense."""
    if wrong := execution.flaw(payload) or hours.flaw(payload) or soil.flaw(payload):
        return wrong
    if task_type in WET and (wrong := aims.flaw(zone, payload)):
        return wrong
    if task_type == "lighting":
        if zone.light is None:
            return f"{zone.name} has no light"
        return "" if isinstance(payload.get("on"), bool) else 'lighting needs {"on": true} or {"on": false}'
    if task_type == "irrigation":
        return _wrong_water(draft, zone, payload)
    target = payload.get("target_c") if task_type == "climate" else None
    if target is not None and (wrong := _amount("target_c", target, COLDEST, WARMEST, "°C")):
        return wrong
    asked = execution.duration_of(payload)
    if task_type in LASTING and asked is not None:
        return _amount("duration_s", asked, SHORTEST_RUN_S, LONGEST_RUN_S, "s")
    return ""


def _wrong_water(draft: Draft, zone: Zone, payload: Mapping[str, Any]) -> str:
    if zone.pump is None:
        return f"{zone.name} has no pump"
    asked = execution.duration_of(payload)
    light = [payload[key] for key in ("light_sum_j_cm2", "l_per_j_cm2") if payload.get(key) is not None]
    if light or payload.get("volume_l") is not None:
        if asked is not None or (light and payload.get("volume_l") is not None):
            return "give one of duration_s, volume_l, or light_sum_j_cm2 with l_per_j_cm2"
        if light:
            return _wrong_light(zone, payload)
        if zone.meter is None:
            return f"{zone.name} has no meter: water it by time"
        return _amount("volume_l", payload["volume_l"], SMALLEST_RUN_L, LARGEST_RUN_L, "L")
    # Who asks for a day is told the limit that holds, and not the one that nothing ever reaches.
    max_on = draft.state.site.actuators[zone.pump].max_on
    limits = [] if max_on is None else [(max_on / SECOND, f"{zone.pump}'s max_on")]
    longest, whose = min([*limits, (zone.longest_run / SECOND, f"the longest_run of {zone.name},")])
    if _is_number(asked) and asked > longest:
        return f"{asked:g} s is longer than {whose} {longest:g} s"
    return _amount("duration_s", asked, SHORTEST_RUN_S, LONGEST_RUN_S, "s")


def _wrong_light(zone: Zone, payload: Mapping[str, Any]) -> str:
    """A dose by light is litres in the end, and somebody must be able to count them, or to know how fast they flow."""
    if zone.meter is None and zone.rate_l_min is None:
        return f"{zone.name} has neither a meter nor a commissioned rate: water it by time"
    for key, most, unit in (("light_sum_j_cm2", 10_000, "J/cm2"), ("l_per_j_cm2", 100, "L for each J/cm2")):
        if wrong := _amount(key, payload.get(key), 1e-6, most, unit):
            return wrong
    return _amount("the dose", execution.litres_of(payload), SMALLEST_RUN_L, LARGEST_RUN_L, "L")


def _amount(name: str, value: Any, least: float, most: float, unit: str) -> str:
    if value is None:
        return f"{name} is missing: from {least:g} to {most:g} {unit}"
    if not _is_number(value) or not least <= value <= most:
        return f"{name} has to be from {least:g} to {most:g} {unit}, and is {str(value)[:40]}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
