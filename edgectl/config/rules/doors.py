"""Rules about the doors to the network: each has an address, and a lock where others can reach it."""

import ipaddress
import re
from collections.abc import Iterator

from edgectl.config.parts import Parts
from edgectl.config.place import DEFAULT_PAGE, meet, place_of

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
EXAMPLES = {"listen": 'write listen: "0.0.0.0:9405"', "metrics": 'write metrics: "127.0.0.1:9401"'}


def it_has_an_address(parts: Parts) -> None:
    """The address is one of numbers, with a port, and no door stands in another's way; the names are host names."""
    if parts.api is None:
        return
    for key, text in _doors(parts):
        if place_of(text) is None:
            parts.findings.value(("api", key), f"'{text[:60]}' is no ADDRESS:PORT", EXAMPLES[key])
    page, numbers = place_of(parts.api.listen or DEFAULT_PAGE), place_of(parts.api.metrics or "")
    if page is not None and numbers is not None and meet(page, numbers):
        parts.findings.value(("api", "metrics"), "is where the page is", "leave it out: /metrics stands there too")
    for at, name in enumerate(parts.api.names or ()):
        if not _NAME.fullmatch(name.lower()):
            parts.findings.value(("api", "names", at), f"'{name[:60]}' is no host name", "write it without https://")


def it_has_a_lock(parts: Parts) -> None:
    """Where other machines reach a door it speaks TLS."""
    if parts.api is None or parts.api.certificate is not None:
        return
    for key, text in _doors(parts):
        place = place_of(text)
        if place is not None and not ipaddress.ip_address(place[0]).is_loopback:
            hint = "add certificate: {credential: door}, and let edgectl door open make it"
            parts.findings.value(("api", key), "would open the door to the network without a lock", hint)


def _doors(parts: Parts) -> Iterator[tuple[str, str]]:
    """What was written of each door: its key, and its address."""
    assert parts.api is not None
    for key in EXAMPLES:
        text = getattr(parts.api, key)
        if text is not None:
            yield key, text


RULES = (it_has_an_address, it_has_a_lock)
