"""What the feedback of the wired emergency stop says. Reading only.

An input that cannot be seen counts as open: a broken wire must not look like a healthy one.
"""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing

CLOSED = 0.5  # the feedback reads 1 while the loop is whole


def is_open(draft: Draft) -> str | None:
    """Why nothing may be commanded; None when the loop is whole or the site has none."""
    sensor = draft.state.site.estop
    if sensor is None:
        return None
    reading = draft.read(sensor)
    if isinstance(reading, Missing):
        why = reading.reason.value.replace("_", " ")
        return f"the emergency stop cannot be seen ({sensor}: {why}), and that counts as pressed"
    draft.wake(reading.at + draft.state.site.sensors[sensor].max_age + 1)
    return None if reading.value > CLOSED else "the emergency stop is pressed, or its wire is broken"
