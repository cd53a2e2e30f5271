"""Rules about the door to the network: it has an address, and a lock where others can reach it."""

import ipaddress
import re

from edgectl.config.parts import Parts
from edgectl.config.place import place_of

_LISTEN = ("api", "listen")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
EXAMPLE = 'write listen: "0.0.0.0:9405"'


def it_has_an_address(parts: Parts) -> None:
    """The address is one of numbers, with a port; the names are host names."""
    if parts.api is None:
        return
    if parts.api.listen is not None and place_of(parts.api.listen) is None:
        parts.findings.value(_LISTEN, f"'{parts.api.listen[:60]}' is no ADDRESS:PORT", EXAMPLE)
    for at, name in enumerate(parts.api.names or ()):
        if not _NAME.fullmatch(name.lower()):
            parts.findings.value(("api", "names", at), f"'{name[:60]}' is no host name", "write it without https://")


def it_has_a_lock(parts: Parts) -> None:
    """Where other machines reach the door it speaks TLS."""
    if parts.api is None or parts.api.listen is None or parts.api.certificate is not None:
        return
    place = place_of(parts.api.listen)
    if place is not None and not ipaddress.ip_address(place[0]).is_loopback:
        hint = "add certificate: {credential: door}, and let edgectl door open make it"
        parts.findings.value(_LISTEN, "would open the door to the network without a lock", hint)


RULES = (it_has_an_address, it_has_a_lock)
