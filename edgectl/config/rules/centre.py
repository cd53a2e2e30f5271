"""Rules about what travels to the centre."""

from edgectl.config.parts import Parts
from edgectl.config.quantities import show
from edgectl.config.rules.units import known_sensor
from edgectl.model.time import SECOND

DAY = 86_400 * SECOND


def raw_hours_name_sensors_and_end(parts: Parts) -> None:
    """The sensors of such an hour exist, and it ends before it begins again."""
    if parts.central is None:
        return
    for number, entry in enumerate(parts.central.raw):
        for place, sensor in enumerate(entry.sensors or ()):
            known_sensor(parts, ("central", "raw", number, "sensors", place), sensor)
        if entry.lasts >= DAY:
            what = f"{show(entry.lasts)} is no part of a day: readings would always travel as they are read"
            parts.findings.value(("central", "raw", number, "lasts"), what, "write less than a day, for example 10m")


RULES = (raw_hours_name_sensors_and_end,)
