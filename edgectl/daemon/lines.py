"""What the daemon keeps of each bus, whatever is spoken on it, and who makes it."""

import secrets as lottery
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from edgectl.drivers.bus import BusOwner
from edgectl.drivers.health import Health
from edgectl.drivers.line import Alarm, BusTask, link_of
from edgectl.drivers.wirelog import WireLog
from edgectl.drivers.wiring import Broker, Bus, Device
from edgectl.host.clock import mono
from edgectl.host.credentials import credential_file
from edgectl.model.inputs import AskState, Input, MakeSafe, Send
from edgectl.model.ports import NoCredential
from edgectl.model.site import Site
from edgectl.model.time import Nanos, Now


class Owner(Protocol):
    """Who decides on a bus, as the doors see it."""

    bus: Bus

    @property
    def log(self) -> WireLog:
        """What passed over it."""

    @property
    def health(self) -> Mapping[str, Health]:
        """How each of its devices is doing."""

    @property
    def offs_delivered(self) -> bool:
        """True when no OFF waits for its answer."""


class Line(Protocol):
    """One bus that is kept alive. `up` and `reason` say whether it can be spoken on, and why not."""

    up: bool
    reason: str

    @property
    def owner(self) -> Owner:
        """Who decides on it."""

    def take(self, effect: Send | MakeSafe | AskState) -> None:
        """Carry an effect."""

    async def run(self) -> None:
        """Keep it until cancelled."""


class Deliver(Protocol):
    """Takes an input to the engine; `then` is called when what was decided on it is on the disk."""

    def __call__(self, item: Input, then: Callable[[], None] | None = None) -> None:
        """One input."""


def line_of(
    bus: Bus,
    site: Site,
    *,
    sample_ids: Iterator[int],
    now: Callable[[], Now],
    deliver: Deliver,
    alarm: Callable[[Callable[[], None]], Alarm],
    may_speak: Callable[[Nanos], bool],
) -> Line:
    """The task of one bus. `may_speak` is asked in the instant in which anything leaves."""
    if not isinstance(bus.line, Broker):
        owner = BusOwner(bus, site, sample_ids=sample_ids)
        link = link_of(bus)
        return BusTask(owner, link, mono=mono, deliver=deliver, alarm=alarm, may_speak=may_speak)
    # Imported here: a house without nodes does not wait for the MQTT library.
    from edgectl.drivers.links.mqtt import MqttLink
    from edgectl.drivers.nodes.choice import protocol_of
    from edgectl.drivers.nodes.owner import NodeOwner
    from edgectl.drivers.nodes.session import NodeTask

    speaks = protocol_of(bus, secret_of)
    nodes = NodeOwner(bus, site, speaks, life=lottery.token_hex(4), sample_ids=sample_ids)
    broker = MqttLink(bus.line, f"edgectl-{bus.line.house}-{bus.name}", credential_file)
    return NodeTask(nodes, broker, now=now, deliver=deliver, alarm=alarm, may_speak=may_speak)


def secret_of(device: Device) -> bytes:
    """What signs the orders of a node. It is looked for anew until it is there, so that one that is written later needs
    no restart. Raises NoCredential."""
    secret = credential_file(device.secret).read_bytes().strip()
    if not secret:
        raise NoCredential(f"the credential {device.secret} is empty", f"write the secret of {device.node} into it")
    return secret
