"""Who is connected to a door, and who has to go when there are too many.

Three rules. Whoever waits for nobody but themselves goes before one who waits for an answer. The neighbour who holds
the most places gives one up: with a hundred lines one keeps nobody out who has two. And whoever has just come may ask:
a stop finds its way in while every place is taken by questions of the same user.
"""

import ipaddress
from collections import Counter
from typing import Protocol

MOST_CONNECTIONS = 96  # of one door
JUST_COME = 8  # of the newest of one peer: who has not asked yet has hardly had the time to


class Guest(Protocol):
    """A connection. `peer` is who holds it; `waits` is true while no answer to it is under way."""

    peer: str

    @property
    def asked(self) -> bool:
        """Has it asked anything since it came?"""

    @property
    def waits(self) -> bool:
        """Has it still to ask, or to ask again?"""

    def leave(self) -> None:
        """Go now."""


class Crowd:
    """The connections of one door, in the order in which they came."""

    def __init__(self) -> None:
        self._inside: list[Guest] = []

    def come(self, guest: Guest) -> Guest | None:
        """One more. Returns who has to go for it, perhaps itself: from now on it does not count."""
        self._inside.append(guest)
        if len(self._inside) <= MOST_CONNECTIONS:
            return None
        greedy, _ = Counter(one.peer for one in self._inside).most_common(1)[0]
        theirs = [one for one in self._inside if one.peer == greedy]
        new = [one for one in theirs[-JUST_COME:] if not one.asked]
        idle = (one for one in theirs if one.waits and one not in new)
        last = next(idle, next((one for one in theirs if not one.waits), theirs[0]))
        self._inside.remove(last)  # its line falls a moment later; the next one must not find it again
        return last

    def go(self, guest: Guest) -> None:
        """It has left."""
        if guest in self._inside:
            self._inside.remove(guest)


def peer_of(client: tuple[str, int] | None) -> str:
    """Who holds a connection, by its address. In IPv6 one machine has as many addresses as it likes in its network."""
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return client[0]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)  # at a door on :: those are not one machine
    return client[0] if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
