"""Where to listen, as a person writes it: in the site file, and behind an option of a command."""

import ipaddress

Place = tuple[str, int]
DEFAULT_PAGE = "127.0.0.1:9405"  # where the page is when nobody says otherwise


def place_of(text: str) -> Place | None:
    """Address and port of what was written; None where it is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        return None
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def meet(one: Place, other: Place) -> bool:
    """Would two doors there stand in each other's way? 0.0.0.0 is each address of four numbers, :: each at all."""
    if one[1] != other[1] or one[1] == 0:
        return False
    here, there = ipaddress.ip_address(one[0]), ipaddress.ip_address(other[0])
    return here == there or _covers(here, there) or _covers(there, here)


def _covers(door: ipaddress.IPv4Address | ipaddress.IPv6Address, other: object) -> bool:
    return door.is_unspecified and (door.version == 6 or isinstance(other, ipaddress.IPv4Address))
