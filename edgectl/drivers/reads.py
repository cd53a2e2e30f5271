"""What a bus reads for ever, in the words of its kind."""

from edgectl.drivers.askplan import Ask, asks
from edgectl.drivers.pollplan import Block, plan
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site

Read = Block | Ask


def reads_of(bus: Bus, site: Site) -> tuple[Read, ...]:
    """The reads of one bus, whatever it speaks."""
    return asks(bus, site) if bus.kind == "ezo-uart" else plan(bus, site)
