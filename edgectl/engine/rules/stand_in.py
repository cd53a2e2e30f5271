"""A float speaks for a level that cannot be seen: what is wet is not empty, and plants do not go thirsty for a probe.

Only where the site file names the float, only for what asks whether there is enough, and never without a call.
"""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Reading
from edgectl.model.site import Compare, Condition
from edgectl.model.time import SECOND, Nanos
from edgectl.model.water import WET

CALL_AFTER: Nanos = 60 * SECOND


def enough(draft: Draft, sensor: str) -> Reading | None:
    """The float that shows water in the place of an unseen level; None when nobody speaks for it, or it is dry."""
    name = draft.state.site.sensors[sensor].stand_in
    reading = None if name is None else draft.read(name)
    if name is None or not isinstance(reading, Reading) or reading.value <= WET:
        return None
    draft.wake(reading.at + draft.state.site.sensors[name].max_age + 1)
    return reading


def speaks_for(draft: Draft, condition: Condition, *, wanted: bool) -> Reading | None:
    """The same for a condition that wants the level above something, or stops when it is below."""
    above = condition.compare is Compare.ABOVE
    return enough(draft, condition.sensor) if above is wanted else None


def watch(draft: Draft) -> None:
    """Call a person while a float has to speak for a level."""
    for sensor in draft.state.fixed.stood_in:
        since = ("unseen level", sensor.name)
        if not isinstance(draft.read(sensor.name), Missing):
            draft.forget_since(since)
            draft.calm("level_by_float", sensor.name)
        elif draft.now.mono - draft.since(since) >= CALL_AFTER:
            draft.alert(
                "level_by_float",
                sensor.name,
                f"{sensor.name} cannot be believed, and {sensor.stand_in} speaks for it: wet is enough to pump",
                f"look at {sensor.name} and its cable; it is pumped until {sensor.stand_in} is dry",
            )
        else:
            draft.wake(draft.since(since) + CALL_AFTER)
