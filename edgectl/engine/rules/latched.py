"""What the latches say: which output a person keeps off, which zone waits, who starts its work. Reading only."""

from typing import Any

from edgectl.engine.draft import Draft
from edgectl.model.inputs import Mode, Restraint
from edgectl.model.site import Actuator, Role
from edgectl.model.time import iso

OWN = frozenset({"schedule", "self"})  # sources that no person stands behind: a hold is for these
WATER = frozenset({Role.PUMP, Role.VALVE, Role.DOSING, Role.MOTOR_VALVE})


# What a controller that only observes keeps up: frost kills in an hour, and roots without air in less. The ways that
# shut vents are free as well, for a storm does not wait until somebody has looked.
OBSERVES = "lockout:controller"
KEPT_UP = frozenset({Role.HEATER, Role.AIR_PUMP})


def latch_name(what: Restraint, zone: str) -> str:
    """The latch that holds a restraint."""
    return what.value if what is Restraint.STOP_WATER else f"{what.value}:{zone}"


def told(draft: Draft, name: str) -> dict[str, Any] | None:
    """Who holds a latch, why, since and until when; None where nobody does."""
    latch = draft.latch(name)
    if latch is None or not latch.held:
        return None
    ends = latch.ends_at(draft.now, draft.state.boot_id)
    until = None if ends is None else iso(ends)
    return {"who": latch.who, "why": latch.why, "since": iso(latch.since), "until": until}


def forbids(draft: Draft, actuator: Actuator) -> str | None:
    """Why a person's restraint keeps this output off."""
    if draft.nothing_held:
        return None
    if draft.held("stop_all"):
        return "everything is stopped; release it with: edgectl resume"
    if draft.held(Restraint.STOP_WATER.value) and actuator.role in WATER:
        return "the water is stopped; release it with: edgectl resume"
    if draft.held(OBSERVES) and actuator.role not in KEPT_UP and actuator.name not in draft.state.fixed.shutting:
        return "the controller has restarted too often and only watches; edgectl alarms says how to let it lead again"
    for name in draft.holding_latches("lock:"):
        zone, lock = draft.state.site.zones.get(name.removeprefix("lock:")), draft.latch(name)
        if zone is not None and actuator.name in zone.actuators and lock is not None:
            return f"{lock.who} works in {zone.name} ({lock.why}); release it with: edgectl unlock {zone.name}"
    return None


def keeps_waiting(draft: Draft, zone: str, task_type: str) -> str | None:
    """Why no task of this zone may begin by itself now: the reason, or None. Light is not held back by a hold."""
    if draft.nothing_held:
        return None
    if draft.held("stop_all"):
        return "stop_all"
    if draft.held(f"lock:{zone}"):
        return "lock"
    if draft.held(OBSERVES):
        return "observe_only"
    if task_type == "lighting":
        return None
    if draft.held(Restraint.STOP_WATER.value):
        return "stop_water"
    return "hold" if draft.held(f"hold:{zone}") else None


def mode_of(draft: Draft, zone: str) -> Mode:
    """Who starts the work of a zone now."""
    if draft.nothing_held:
        return Mode.AUTO
    name = f"mode:{zone}"
    return Mode(latch.why) if draft.held(name) and (latch := draft.latch(name)) is not None else Mode.AUTO
