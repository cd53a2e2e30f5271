"""What a bus reads for ever, in the words of its kind."""

from edgectl.drivers.askplan import Ask, asks
from edgectl.drivers.listenplan import Listen, listens
from edgectl.drivers.pollplan import Block, plan
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site

Read = Block | Ask | Listen


def reads_of(bus: Bus, site: Site) -> tuple[Read, ...]:
    """The reads of one bus, whatever it speaks."""
    match bus.kind:
        case "ezo-uart":
            return asks(bus, site)
        case "serial-lines":
            return listens(bus, site)
        case _:
            return plan(bus, site)
