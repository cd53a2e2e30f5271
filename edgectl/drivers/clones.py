"""A clone that counts in other steps: which profile explains a reading that the declared one cannot mean.

It is evidence by range and no more. A clone whose numbers are possible under both profiles is told apart by a person,
who changes what it measures: `edgectl device identify` shows what it would read under each.
"""

from edgectl.drivers import registry
from edgectl.drivers.profile import Channel, Profile

NOTHING_MEASURED = (-32768, -1, 32767, 65535)  # what a device holds in a register when its probe is gone


class Clone(str):
    """Why a channel has no value, where another profile explains it."""

    __slots__ = ()


def impossible(profile: Profile, channel: Channel, value: float) -> str:
    """The sentence for a value outside of what the device can mean; a `Clone` where one of its look-alikes can."""
    sentence = f"{value:g} {channel.unit} is impossible for this device"
    register = channel.register
    raw = None if register is None else (value - register.offset) / register.scale
    if register is None or raw is None or round(raw) in NOTHING_MEASURED:
        return sentence
    for name in profile.clones:
        other = registry.find(name).channels.get(channel.name)
        if other is None or other.register is None or other.register.address != register.address:
            continue
        meant = raw * other.register.scale + other.register.offset
        if possible(other, meant):
            times = register.scale / other.register.scale
            is_meant = f"by that profile it is {meant:g} {other.unit}"
            return Clone(f"{sentence}: it reads {times:g}x what is there, as a {name} does; {is_meant}")
    return sentence


def possible(channel: Channel, value: float) -> bool:
    """True when the device can mean it."""
    return (channel.low is None or value >= channel.low) and (channel.high is None or value <= channel.high)


def known_clones(profile: Profile) -> None:
    """Read the look-alikes of a profile now, while nothing waits: later a bus would."""
    for name in profile.clones:
        registry.find(name)
