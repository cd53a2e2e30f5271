"""Two buses that lead to one box by different names. Each would talk into the answers of the other, and no line of the
site file shows it: only whoever looks the names up sees that they are one."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from edgectl.cli.lines import addresses_of

if TYPE_CHECKING:
    from edgectl.drivers.wiring import Bus


def notes(buses: "Sequence[Bus]") -> list[str]:
    """A sentence for each two buses that are one line, and for each two of which nobody can say it. A name is looked up
    only where another bus has the same port, and for two seconds at the most."""
    from edgectl.drivers.wiring import RtuGateway, TcpHost

    far = [(bus.name, bus.line) for bus in buses if isinstance(bus.line, RtuGateway | TcpHost)]
    pairs = [(one, two) for one, two in combinations(far, 2) if one[1].port == two[1].port]
    where = {line.host: addresses_of(line.host) for pair in pairs for _, line in pair}
    found = []
    for (first, one), (second, two) in pairs:
        if shared := sorted(where[one.host] & where[two.host]):
            found.append(
                f"buses {first} and {second} are one line: {one.host} and {two.host} are both {shared[0]}, port "
                f"{one.port}; put the devices of both under one bus"
            )
        elif unknown := [host for host in (one.host, two.host) if not where[host]]:
            found.append(
                f"nobody here knows the name {unknown[0]}: see yourself that {first} and {second} are not one box"
            )
    return found
