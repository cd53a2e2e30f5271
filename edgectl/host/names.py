"""By which names and addresses others on the network reach this machine. Asked anew each time: a router gives another
address when it likes."""

import fcntl
import ipaddress
import re
import socket
import struct
from pathlib import Path

AVAHI = Path("/run/avahi-daemon/pid")
IN6 = Path("/proc/net/if_inet6")
_SIOCGIFADDR = 0x8915
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def own_names() -> tuple[str, ...]:
    """The host name, with and without .local."""
    name = socket.gethostname().lower().partition(".")[0]
    return (f"{name}.local", name) if _NAME.fullmatch(name) else ()


def own_addresses() -> tuple[str, ...]:
    """Every address that another machine may know us by, the usual one first."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [*_usual(), *_older(), *_newer()]
    return tuple(dict.fromkeys(str(one) for one in found if not (one.is_loopback or one.is_link_local)))


def answers_to_its_name() -> bool:
    """Is there a program on this machine that answers who asks the network for NAME.local?"""
    return AVAHI.exists()


def _usual() -> list[ipaddress.IPv4Address]:
    """By which it would speak to the world. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:  # no way out of here
            return []
        return [ipaddress.IPv4Address(asked.getsockname()[0])]


def _older() -> list[ipaddress.IPv4Address]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            try:
                told = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # an interface without an address
                continue
            found.append(ipaddress.IPv4Address(told[20:24]))
    return found


def _newer() -> list[ipaddress.IPv6Address]:
    try:
        rows = IN6.read_text().split("\n")
    except OSError:  # a kernel without it
        return []
    return [ipaddress.IPv6Address(int(row.split()[0], 16)) for row in rows if row]
