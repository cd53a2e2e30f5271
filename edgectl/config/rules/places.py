"""Rules about where the greenhouse is."""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts
from edgectl.config.rules.units import known_sensor

FAR = 4.0  # hours; the west of China lives three and a half from its sun


def zone_of(name: str) -> ZoneInfo | None:
    """A time zone by its name, None when there is none."""
    # A name is looked up in the list first: the library would take it for a path.
    return ZoneInfo(name) if name in _names() else None


def known_timezone(parts: Parts) -> None:
    """The time zone exists."""
    if parts.site is not None and zone_of(parts.site.timezone) is None:
        what = f"'{parts.site.timezone[:60]}' is not a known time zone"
        parts.findings.value(("site", "timezone"), what, alike(parts.site.timezone))


def alike(name: str) -> str:
    """A hint: zones that may have been meant. Most people know the city and not what stands before it."""
    city = name.strip().rpartition("/")[2].replace(" ", "_").casefold()
    same = sorted(zone for zone in _names() if zone.rpartition("/")[2].casefold() == city)
    if same:
        return f"did you mean {' or '.join(same[:3])}?"
    return nearest(name, _names(), "write one such as Europe/Berlin")


def longitude_of_the_clock(parts: Parts) -> None:
    """The clock of a house and its sun agree within some hours: west and east are easily confused."""
    site = parts.site
    zone = None if site is None else zone_of(site.timezone)
    if site is None or site.longitude is None or zone is None:
        return
    offset = datetime(2024, 1, 1, tzinfo=zone).utcoffset() or timedelta()
    apart = abs((offset / timedelta(hours=1) - site.longitude / 15 + 12) % 24 - 12)
    if apart > FAR:
        what = f"{site.longitude:g} is {apart:.0f} hours of sun away from the clock of {site.timezone}"
        parts.findings.value(("site", "longitude"), what, "is the sign right? east is positive, west is negative")


@cache  # the list is read from the disk, file by file
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def known_estop(parts: Parts) -> None:
    """The feedback of the emergency stop is a sensor of this file."""
    if parts.site is not None and parts.site.estop is not None:
        known_sensor(parts, ("site", "estop"), parts.site.estop)


RULES = (known_estop, known_timezone, longitude_of_the_clock)
