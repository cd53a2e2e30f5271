"""What may be switched on by hand now, and for how long: asked of the very guards that would judge the order. Pure."""

from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import veto_start
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND

CHOICES_S = (2, 5, 10, 30, 60, 300, 1800)


def offer(draft: Draft, actuator: Actuator) -> dict[str, Any]:
    """The times for which an ON would be taken on now, the shortest first, and what is against the first one that would
    not. The output's own limit is no objection: a longer time is nobody's wish."""
    most = actuator.max_on
    wishes = [one for one in CHOICES_S if most is None or one * SECOND <= most] or [CHOICES_S[0]]
    # What may be on for a time may be so for a shorter one: no guard asks for more. So few questions find the border.
    good, bad, why = 0, len(wishes), None
    at = bad - 1
    while good < bad:
        no = _against(draft, actuator, wishes[at])
        good, bad, why = (at + 1, bad, why) if no is None else (good, at, no)
        at = (good + bad) // 2
    return {"seconds": wishes[:good], "why": why}


def _against(draft: Draft, actuator: Actuator, lasts_s: int) -> str | None:
    no = veto_start(draft, actuator, lasts_s * SECOND)
    return None if no is None else no.why
