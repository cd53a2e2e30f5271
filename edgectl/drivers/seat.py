"""The place that the site file gives to a device: may another one take it?

Only one that can be what the site file says, and of which nothing is on: from then on it is polled and ordered as the
old one was, and nobody has asked for what it may have switched on already.
"""

from edgectl.drivers import discover
from edgectl.drivers.codecs.modbus import BadReply
from edgectl.drivers.discover import Asks
from edgectl.drivers.wiring import Device

ANOTHER = "edgectl device identify tells what it is; one of another kind goes into the site file first"
POWER = "power it off and on; one that pulls in by itself is set to stay off (docs/commissioning.md, part 3)"


def refused(line: Asks, unit: int, seat: Device) -> tuple[str, str]:
    """Why the device at `unit` may not take this place, and what to do about it; two empty words when it may."""
    kind = seat.profile.name
    if not discover.fits(line, unit, seat.profile):
        return f"unit {unit} is no {kind}, and {seat.name} is one by the site file", ANOTHER
    try:
        states = discover.relays(line, unit, seat.profile)
    except BadReply as bad:
        return f"nobody knows what is on at unit {unit}: {bad}", ANOTHER
    on = [name for name, state in states.items() if state != 0]
    verb = "is" if len(on) == 1 else "are"
    return (f"{' and '.join(on)} of the device at {unit} {verb} on already", POWER) if on else ("", "")
