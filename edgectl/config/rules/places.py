"""Rules about where the greenhouse is."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from edgectl.config.findings import nearest
from edgectl.config.parts import Parts


def zone_of(name: str) -> ZoneInfo | None:
    """A time zone by its name, None when there is none."""
    # A name is looked up in the list first: the library would take it for a path.
    return ZoneInfo(name) if name in _names() else None


def known_timezone(parts: Parts) -> None:
    """The time zone exists."""
    if parts.site is not None and zone_of(parts.site.timezone) is None:
        hint = nearest(parts.site.timezone, _names(), "write one such as Europe/Berlin")
        what = f"'{parts.site.timezone[:60]}' is not a known time zone"
        parts.findings.value(("site", "timezone"), what, hint)


@cache  # the list is read from the disk, file by file
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


RULES = (known_timezone,)
