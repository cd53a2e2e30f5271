"""Is a value steady enough to decide on? A decision looks at a window of it, never at one sample."""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Reading
from edgectl.model.time import SECOND, Nanos

WINDOW: Nanos = 8 * SECOND
LEAST = 4  # samples


def steady(draft: Draft, sensor_name: str, change: float) -> Reading | None:
    """The reading, if the last max(8 s, 4 samples) of it moved by no more than `change` in its own unit."""
    reading = draft.read(sensor_name)
    if isinstance(reading, Missing):
        return None
    sensor = draft.state.site.sensors[sensor_name]
    values: list[float] = []
    for at, raw in reversed(draft.state.recent.get(sensor.channel, ())):
        values.append(sensor.scaled(raw))
        if len(values) >= LEAST and reading.at - at >= WINDOW:
            break
    else:
        return None
    return reading if max(values) - min(values) <= change else None
