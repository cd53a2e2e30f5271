"""What a sensor is measured in, and whether it is there."""

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.rules.sensors import channel_of
from edgectl.config.source import Path


def unit_of(parts: Parts, sensor: str) -> str | None:
    """The unit a sensor speaks in, when it is known."""
    entry = parts.sensors.get(sensor)
    if entry is None:
        return None
    if entry.unit is not None:
        return entry.unit
    channel = channel_of(parts, entry.points[0]) if entry.points else None
    return None if channel is None else channel.unit


def known_sensor(parts: Parts, path: Path, sensor: str) -> bool:
    """Report a sensor that is not there."""
    if sensor in parts.names["sensors"]:
        return True
    hint = nearest(sensor, parts.names["sensors"], "add it under sensors")
    parts.findings.value(path, f"there is no sensor '{sensor}'", hint)
    return False
