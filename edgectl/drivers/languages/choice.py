"""Which language a bus speaks."""

from edgectl.drivers.languages.ezo import Ezo
from edgectl.drivers.languages.modbus import Modbus
from edgectl.drivers.languages.seam import Language
from edgectl.drivers.wiring import Bus
from edgectl.model.site import Site


def language_of(bus: Bus, site: Site) -> Language:
    """The language of a driven bus."""
    return Ezo(bus, site) if bus.kind == "ezo-uart" else Modbus(bus, site)
