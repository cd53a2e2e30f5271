"""Is a value steady enough to decide on? A decision looks at a window of it, never at one sample."""

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Reading, Use
from edgectl.model.time import SECOND, Nanos

WINDOW: Nanos = 8 * SECOND
LEAST = 4  # samples


def steady(draft: Draft, sensor_name: str, change: float) -> Reading | None:
    """The reading, if it is good enough to dose on and its last max(8 s, 4 samples) moved by no more than `change`, in
    its own unit. Of several channels each must have been steady."""
    reading = draft.read(sensor_name, Use.DOSING)
    if isinstance(reading, Missing):
        return None
    sensor = draft.state.site.sensors[sensor_name]
    for channel in sensor.channels:
        values: list[float] = []
        for sample in reversed(draft.state.traces[channel][sensor_name].recent):
            values.append(sensor.scaled(sample.value))
            if len(values) >= LEAST and reading.at - sample.at >= WINDOW:
                break
        else:
            return None
        if max(values) - min(values) > change:
            return None
    return reading
