"""Rules about measurements."""

from collections.abc import Iterable

from edgectl.config import defaults
from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.quantities import show
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


def one_source(parts: Parts) -> None:
    """A sensor reads one channel, or several that differ; what is said about several needs several."""
    for name, sensor in parts.sensors.items():
        single, several = ("sensors", name, "from"), ("sensors", name, "median_of")
        if sensor.source is not None and sensor.median_of is not None:
            parts.findings.key(several, "stands beside from", "keep one of the two")
        elif not sensor.points and not parts.findings.refused(single) and not parts.findings.refused(several):
            hint = "add from: device.channel, or median_of: [device.channel, device.channel]"
            parts.findings.value(single, "is missing", hint)
        for index, point in enumerate(sensor.median_of or ()):
            if point in (sensor.median_of or ())[:index]:
                parts.findings.value((*several, index), f"{point} stands twice", "a channel is no witness for itself")
        if sensor.agree_within is not None and sensor.median_of is None and not parts.findings.refused(several):
            path = ("sensors", name, "agree_within")
            parts.findings.key(path, "means nothing without median_of", "add median_of, or remove the line")


def known_channel(parts: Parts) -> None:
    """A sensor reads channels that their devices have."""
    for name, sensor in parts.sensors.items():
        if sensor.source is not None:
            point_exists(parts, ("sensors", name, "from"), sensor.source, outlet=False)
        for index, point in enumerate(sensor.median_of or ()):
            point_exists(parts, ("sensors", name, "median_of", index), point, outlet=False)


def frozen_is_longer_than_a_poll(parts: Parts) -> None:
    """A value cannot change before it is read again."""
    for name, sensor in parts.sensors.items():
        poll = defaults.poll_every(defaults.max_age(sensor))
        if sensor.frozen_after is not None and sensor.frozen_after <= poll:
            what = f"{show(sensor.frozen_after)} is not longer than the {show(poll)} from one read to the next"
            hint = f"write at least {show(10 * poll)}: a steady value may be the same a few times"
            parts.findings.value(("sensors", name, "frozen_after"), what, hint)


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
        elif not 1e-9 <= abs((out_hi - out_lo) / (in_hi - in_lo)) <= 1e9:
            what = "one step of the input is less than 1e-9 or more than 1e9 of the output: nothing is measured so"
            parts.findings.value(path, what, "write [in_lo, in_hi, out_lo, out_hi] as the device and the unit count")


def unit_needs_a_scale(parts: Parts) -> None:
    """Another unit than the device's is only true when something converts the number."""
    for name, sensor in parts.sensors.items():
        if sensor.scale is not None or sensor.unit is None or parts.findings.refused(("sensors", name, "scale")):
            continue
        for point in sensor.points:
            channel = channel_of(parts, point)
            if channel is None or not channel.unit or same_unit(sensor.unit, channel.unit):
                continue
            what = f"{point} gives {channel.unit}, and nothing turns that into {sensor.unit or 'no unit'}"
            hint = f'write unit: "{channel.unit}", or add a scale'
            parts.findings.value(("sensors", name, "unit"), what, hint)


def one_unit(parts: Parts) -> None:
    """Only what is measured in the same unit can be compared."""
    for name, sensor in parts.sensors.items():
        units = [(point, channel_of(parts, point)) for point in sensor.points]
        known = [(index, point, channel.unit) for index, (point, channel) in enumerate(units) if channel is not None]
        for index, point, unit in known[1:]:
            _, first, usual = known[0]
            if not same_unit(unit, usual):
                what = f"{point} gives {unit or 'no unit'}, and {first} gives {usual or 'no unit'}"
                hint = "a median needs channels of one unit"
                parts.findings.value(("sensors", name, "median_of", index), what, hint)


RULES = (
    one_source,
    known_channel,
    range_is_a_range,
    scale_is_a_line,
    unit_needs_a_scale,
    one_unit,
    frozen_is_longer_than_a_poll,
)
