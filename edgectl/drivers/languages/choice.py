"""Which language a bus speaks."""

from edgectl.drivers.languages.modbus import Modbus
from edgectl.drivers.languages.seam import Language
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site


def language_of(bus: Bus, site: Site) -> Language:
    """The language of a driven bus."""
    return Modbus(bus, site)
