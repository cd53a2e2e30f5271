"""Which language a bus speaks."""

from edgectl.drivers.languages.ezo import Ezo
from edgectl.drivers.languages.lines import Lines
from edgectl.drivers.languages.modbus import Modbus
from edgectl.drivers.languages.seam import Language
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site


def language_of(bus: Bus, site: Site) -> Language:
    """The language of a driven bus."""
    match bus.kind:
        case "ezo-uart":
            return Ezo(bus, site)
        case "serial-lines":
            return Lines(bus, site)
        case _:
            return Modbus(bus, site)
