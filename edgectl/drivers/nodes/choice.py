"""Which protocol the nodes of a bus speak."""

from edgectl.drivers.nodes.hydro2 import Hydro2
from edgectl.drivers.nodes.seam import NodeProtocol, SecretOf
from edgectl.drivers.nodes.shelly import Shelly
from edgectl.drivers.nodes.tasmota import Tasmota
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.model.ports import NoCredential


def no_secret(device: Device) -> bytes:
    """For whoever signs nothing. Raises NoCredential."""
    raise NoCredential(f"there is no secret for {device.name}")


def protocol_of(bus: Bus, secret_of: SecretOf = no_secret) -> NodeProtocol:
    """The protocol of an MQTT bus. `secret_of` signs the orders of those that take no others."""
    assert isinstance(bus.line, Broker)
    match bus.line.protocol:
        case "tasmota":
            return Tasmota(bus)
        case "shelly":
            return Shelly(bus)
        case _:
            return Hydro2(bus, secret_of)
