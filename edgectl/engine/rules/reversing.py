"""A drive that is thrown into reverse breaks its gear: one way rests for a moment before the other begins."""

from edgectl.engine.draft import Draft
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos

REVERSE: Nanos = SECOND


def reverses(draft: Draft, actuator: Actuator) -> str | None:
    """Why this way has to wait: the other one has only just ceased. That both are never on is an interlock's affair."""
    for group in draft.state.site.never_together:
        for name in sorted(group - {actuator.name}) if actuator.name in group else ():
            output = draft.output(name)
            if output is None or output.owed_off or output.off_at is None or output.boot_id != draft.state.boot_id:
                continue
            if draft.now.mono < output.off_at + REVERSE:
                draft.wake(output.off_at + REVERSE)
                return f"{name} has only just stopped: {actuator.name} would throw the drive into reverse"
    return None
