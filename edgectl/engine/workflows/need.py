"""What a workflow itself thinks of a task before it begins: is it needed, is it possible, and which samples say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules import balance
from edgectl.engine.rules.stand_in import speaks_for
from edgectl.engine.senses import cited
from edgectl.model.channel import Absence, Missing, Use
from edgectl.model.codes import Code
from edgectl.model.site import Condition

RUN, SKIP, RETRY, FAIL, WAIT = "run", "skip", "retry", "fail", "wait"


@dataclass(frozen=True, slots=True)
class Need:
    """A decision with its reason. `samples` are the readings it was made on; `error` is how the task fails by it, also
    after the last of its attempts."""

    decision: str
    code: Code
    error: Code | None = None
    samples: tuple[Mapping[str, Any], ...] = ()
    why: str = ""
    run_mode: str = "run_full"  # or run_reduced


def awaited(draft: Draft, sensors: tuple[str, ...]) -> bool:
    """Just after a start nothing has been read yet; that is no reason to call a level unavailable."""
    for name in sensors:
        patience = draft.state.started + draft.state.site.sensors[name].max_age
        reading = draft.read(name)
        if isinstance(reading, Missing) and reading.reason is Absence.NEVER_READ and draft.now.mono < patience:
            draft.wake(patience)
            return True
    return False


def conditions_hold(
    draft: Draft, conditions: tuple[Condition, ...], *, unseen: Code, low: Code
) -> tuple[Code | None, tuple[Mapping[str, Any], ...]]:
    """The first condition that is not seen to hold, as a code, and what was looked at."""
    samples: list[Mapping[str, Any]] = []
    for condition in conditions:
        reading = draft.read(condition.sensor, Use.IRRIGATION)
        samples.append(cited(reading))
        if isinstance(reading, Missing):
            if (float_ := speaks_for(draft, condition, wanted=True)) is not None:
                samples.append(cited(float_))
                continue
            if balance.speaks_for(draft, condition, wanted=True):
                continue  # the order of the pump tells how it was reckoned
            return unseen, tuple(samples)
        if not condition.holds(reading.value):
            return low, tuple(samples)
    return None, tuple(samples)
