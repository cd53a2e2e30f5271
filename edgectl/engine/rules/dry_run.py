"""A pump draws from a source that holds enough, also where the site file says nothing about it.

A pump that names the level of its source in `requires` or `stop_if` is judged by that, and by nothing here.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import balance, stand_in
from edgectl.model.channel import Missing, Use
from edgectl.model.site import Actuator
from edgectl.model.time import SECOND, Nanos

CALL, START, STAY = 20.0, 15.0, 10.0  # %: call a person below, no start below, stop below
ENOUGH = 2.0  # % more than that before the call is over
LOW_FOR: Nanos = 60 * SECOND


def watch(draft: Draft) -> None:
    """Call a person while there is still something to pump."""
    for name in draft.state.fixed.tanks:
        reading, low = draft.read(name), ("low", name)
        if isinstance(reading, Missing):
            draft.forget_since(low)
        elif reading.value >= CALL:
            draft.forget_since(low)
            if reading.value >= CALL + ENOUGH:
                draft.calm("biz_low_water", name)
        elif draft.now.mono - draft.since(low) >= LOW_FOR:
            draft.alert(
                "biz_low_water",
                name,
                f"{name} shows {reading.value:.0f} %: below {START:.0f} % nothing is pumped from there",
                "fill the tank, or look why it is not filled; then look for a leak",
            )


def too_low(draft: Draft, pump: Actuator, limit: float) -> str | None:
    """Why this pump has nothing to draw; None when it has, or when nobody measures it."""
    for name in draft.state.fixed.sources(pump):
        reading = draft.read(name, Use.LEVEL)
        if isinstance(reading, Missing):
            if stand_in.enough(draft, name) is not None or balance.enough(draft, name, limit):
                continue
            return f"nobody knows whether {pump.name} has water: {name} {reading.reason.value.replace('_', ' ')}"
        draft.wake(reading.at + draft.state.site.sensors[name].max_age + 1)
        if reading.value < limit:
            return f"{pump.name} would run dry: {name} shows {reading.value:.0f} %, less than {limit:.0f} %"
    return None
