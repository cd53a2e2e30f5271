"""Which protocol the nodes of a bus speak."""

from collections.abc import Mapping

from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.seam import NodeProtocol
from edgectl.drivers.nodes.shelly import Shelly
from edgectl.drivers.nodes.tasmota import Tasmota
from edgectl.drivers.wiring import Broker, Bus


def protocol_of(bus: Bus, secrets: Mapping[str, bytes]) -> NodeProtocol:
    """The protocol of an MQTT bus. `secrets` signs the orders of those that take no others."""
    assert isinstance(bus.line, Broker)
    match bus.line.protocol:
        case "tasmota":
            return Tasmota(bus)
        case "shelly":
            return Shelly(bus)
        case _:
            return Hydro2(bus, secrets)
