"""Rules about measurements."""

from collections.abc import Iterable

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.rules.wires import profile_of
from edgectl.config.source import Path
from edgectl.drivers.profile import Channel

_SAME = {"°c": "degc", "c": "degc", "celsius": "degc", "%rh": "%", "l": "l", "litre": "l", "liter": "l"}


def same_unit(one: str, other: str) -> bool:
    """True for two spellings of one unit."""
    first, second = one.strip().lower(), other.strip().lower()
    return _SAME.get(first, first) == _SAME.get(second, second)


def channel_of(parts: Parts, source: str) -> Channel | None:
    """The channel behind "device.channel", when it is known."""
    device, channel = source.split(".", 1)
    profile = profile_of(parts, device)
    return None if profile is None else profile.channels.get(channel)


def point_exists(parts: Parts, path: Path, point: str, *, outlet: bool) -> None:
    """Report a "device.name" whose device or channel or output is not there."""
    device, name = point.split(".", 1)
    if device not in parts.names["devices"]:
        hint = nearest(device, parts.names["devices"], "add it under devices")
        parts.findings.value(path, f"there is no device '{device}'", hint)
        return
    profile = profile_of(parts, device)
    if profile is None or parts.findings.refused(("devices", device, "profile")):
        return
    known: Iterable[str] = profile.outlets if outlet else profile.channels
    if name not in known:
        noun = "output" if outlet else "channel"
        hint = nearest(name, known, "" if known else "it has none")
        parts.findings.value(path, f"{device} ({profile.name}) has no {noun} '{name}'", hint)


def known_channel(parts: Parts) -> None:
    """A sensor reads a channel that its device has."""
    for name, sensor in parts.sensors.items():
        point_exists(parts, ("sensors", name, "from"), sensor.source, outlet=False)


def range_is_a_range(parts: Parts) -> None:
    """The lowest value is below the highest."""
    for name, sensor in parts.sensors.items():
        if sensor.range is not None and sensor.range[0] >= sensor.range[1]:
            low, high = sensor.range
            what = f"{low:g} is not below {high:g}: every reading would be refused"
            parts.findings.value(("sensors", name, "range"), what, f"write [{min(low, high):g}, {max(low, high):g}]")


def scale_is_a_line(parts: Parts) -> None:
    """Two different points make a line."""
    for name, sensor in parts.sensors.items():
        if sensor.scale is None:
            continue
        in_lo, in_hi, out_lo, out_hi = sensor.scale
        path = ("sensors", name, "scale")
        if in_lo == in_hi:
            what = f"in_lo and in_hi are both {in_lo:g}: that divides by zero"
            parts.findings.value(path, what, "write [in_lo, in_hi, out_lo, out_hi] with two different inputs")
        elif out_lo == out_hi:
            what = f"out_lo and out_hi are both {out_lo:g}: every reading would be the same"
            parts.findings.value(path, what, "write [in_lo, in_hi, out_lo, out_hi] with two different outputs")


def unit_needs_a_scale(parts: Parts) -> None:
    """Another unit than the device's is only true when something converts the number."""
    for name, sensor in parts.sensors.items():
        channel = channel_of(parts, sensor.source)
        if sensor.scale is not None or sensor.unit is None or channel is None or not channel.unit:
            continue
        path = ("sensors", name, "unit")
        if parts.findings.refused(("sensors", name, "scale")) or same_unit(sensor.unit, channel.unit):
            continue
        what = f"{sensor.source} gives {channel.unit}, and nothing turns that into {sensor.unit or 'no unit'}"
        parts.findings.value(path, what, f'write unit: "{channel.unit}", or add a scale')


RULES = (known_channel, range_is_a_range, scale_is_a_line, unit_needs_a_scale)
