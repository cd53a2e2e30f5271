"""May this output be on? First safety speaks; nobody later may overrule.

Every guard here protects: what it cannot see counts as no. The answer is a sentence for the timeline, or None.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.dosing import veto_dose
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.paths import dead_head, shuts_first
from edgectl.engine.state import Phase
from edgectl.model.channel import Missing
from edgectl.model.ledger import HOUR
from edgectl.model.site import Actuator, Condition, Role
from edgectl.model.time import SECOND, Nanos


def veto_start(draft: Draft, actuator: Actuator, lease: Nanos | None) -> str | None:
    """Why the output must not be switched on now."""
    state = draft.state
    if state.phase is Phase.SETTLING:
        return "the outputs are still being settled after the start"
    if state.phase is Phase.STOPPING:
        return "the controller is ending"
    if not state.storage_ok:
        return "the journal does not take entries, and nothing is energised that cannot be recorded"
    if restraint := forbids(draft, actuator):
        return restraint
    if draft.held(f"lockout:{actuator.name}"):
        return f"{actuator.name} is locked out until its alarm is acknowledged"
    if actuator.device in state.silent:
        return f"{actuator.device} does not answer: {state.silent[actuator.device]}"
    if actuator.name in state.unproven:
        return f"{actuator.name} has not been seen off since the start"
    output = draft.output(actuator.name)
    if output is not None and output.owed_off:
        return f"{actuator.name} has not been seen off since its last run"
    if lease is not None and actuator.max_on is not None and lease > actuator.max_on:
        return f"{lease / SECOND:.0f} s is longer than max_on {actuator.max_on / SECOND:.0f} s"
    if (rested := rests_until(draft, actuator)) > draft.now.mono:
        draft.wake(rested)
        off_for = actuator.min_off - (rested - draft.now.mono)
        return f"off for {off_for / SECOND:.1f} s of min_off {actuator.min_off / SECOND:.0f} s"
    if actuator.role is Role.PUMP and lease is not None and (shut := shuts_first(draft, actuator, lease)):
        return shut
    if actuator.role is Role.DOSING and (veto := veto_dose(draft, actuator, lease)):
        return veto
    if (
        actuator.starts_per_hour is not None
        and draft.spent(f"starts:{actuator.name}", HOUR) >= actuator.starts_per_hour
    ):
        return f"{actuator.name} has started {actuator.starts_per_hour} times within the last hour"
    return _together(draft, actuator) or _conditions(draft, actuator, actuator.requires, actuator.stop_if)


def rests_until(draft: Draft, actuator: Actuator) -> Nanos:
    """When its rest is over. Across a boot of the machine nobody knows how long it was off: the start counts then."""
    output = draft.output(actuator.name)
    if output is None or output.off_at is None:
        return 0
    off_at = output.off_at if output.boot_id == draft.state.boot_id else draft.state.started
    return off_at + actuator.min_off


def veto_stay(draft: Draft, actuator: Actuator) -> str | None:
    """Why an output that is on must be switched off now."""
    if restraint := forbids(draft, actuator):
        return restraint
    if actuator.role is Role.PUMP and (closed := dead_head(draft, actuator)):
        return closed
    guarded = {condition.sensor for condition in actuator.stop_if}
    staying = tuple(c for c in actuator.requires if c.sensor not in guarded)
    return _conditions(draft, actuator, staying, actuator.stop_if)


def _conditions(
    draft: Draft, actuator: Actuator, must: tuple[Condition, ...], must_not: tuple[Condition, ...]
) -> str | None:
    for condition, wanted in [*((c, True) for c in must), *((c, False) for c in must_not)]:
        reading = draft.read(condition.sensor)
        word = "requires" if wanted else "stop_if"
        if isinstance(reading, Missing):
            age = "" if reading.age is None else f", aged {reading.age / SECOND:.1f} s"
            return f"{actuator.name} ON by {word} {condition} ({reading.reason.value}{age})"
        # The value is good until it is too old: look again then, even if no further sample comes.
        draft.wake(reading.at + draft.state.site.sensors[condition.sensor].max_age + 1)
        if condition.holds(reading.value) is not wanted:
            return f"{actuator.name} ON by {word} {condition} ({reading.value:g}, aged {reading.age / SECOND:.1f} s)"
    return None


def _together(draft: Draft, actuator: Actuator) -> str | None:
    busy = {output.name for output in draft.owed()}
    for group in draft.state.site.never_together:
        if actuator.name in group and (others := (group - {actuator.name}) & busy):
            return f"{actuator.name} never together with {', '.join(sorted(others))}"
    return None
