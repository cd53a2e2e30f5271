"""Which device sits on which bus: the part of the site file that the drivers read, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from edgectl.drivers.profile import RELAY_TICK, Profile
from edgectl.model.site import Actuator
from edgectl.model.time import MS, Nanos

# bus types that this version drives
DRIVEN = frozenset({"ezo-uart", "modbus-rtu", "modbus-rtu-over-tcp", "modbus-tcp", "mqtt", "serial-lines"})
SPOKEN = frozenset({"", "hydro2", "shelly", "tasmota"})  # and of the protocols on them those that it speaks


def drives(kind: str, protocol: str = "") -> bool:
    """True for a bus that this version drives."""
    return kind in DRIVEN and protocol in SPOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialLine:
    """A serial port. `port` should be a name that survives a replug."""

    port: str
    baudrate: int = 9600
    parity: str = "N"
    stopbits: int = 1

    @property
    def bits(self) -> int:
        """Bits of one character on the wire: start, eight data, parity, stop."""
        return 9 + (self.parity != "N") + self.stopbits

    @property
    def character(self) -> Nanos:
        """How long one character takes."""
        return self.bits * 1_000_000_000 // self.baudrate

    @property
    def silence(self) -> Nanos:
        """T3.5, the silence between frames: 3.5 characters, and 1.75 ms above 19200 baud (Modbus over serial line)."""
        return 1_750_000 if self.baudrate > 19200 else 7 * self.character // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RtuGateway:
    """A serial line behind a network box that carries its bytes as they are. The box keeps the silences of its line."""

    host: str
    port: int
    baudrate: int = 9600  # of the line behind it: what a frame takes there is waited for here

    silence: ClassVar[Nanos] = 0

    @property
    def character(self) -> Nanos:
        """How long one character takes behind the box: start, eight data, up to two more."""
        return 11 * 1_000_000_000 // self.baudrate


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpHost:
    """A Modbus TCP server."""

    host: str
    port: int = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """An MQTT broker, and who we are there. Secrets are names of credentials, never the secrets themselves."""

    host: str
    port: int
    protocol: str
    house: str  # the first word of a node's topics after the root
    tls: bool = False
    username: str = ""
    password: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device on a bus, at its unit number; None where a bus has no addresses.

    `ml_per_s` says how fast an output that takes a volume gives it, by the name of the output. A node behind a broker
    has a name and a zone in its topics, and `secret` is the name of the credential that signs its orders.
    """

    name: str
    unit: int | None
    profile: Profile
    ml_per_s: Mapping[str, float] = field(default_factory=dict)
    node: str = ""
    zone: str = ""
    secret: str = ""

    def ends(self, actuator: Actuator) -> bool:
        """True when it ends an ON of this output by itself, and at its end: a timer of whole seconds is a net only."""
        outlet = self.profile.outlets[actuator.channel.split(".", 1)[1]]
        return outlet.timed(inverted=actuator.inverted) and outlet.tick <= RELAY_TICK

    def place(self, bus: str) -> str:
        """Where a person looks for it."""
        if self.node:
            return f"node {self.node} on {bus}"
        return f"{self.name} on {bus}" if self.unit is None else f"unit {self.unit} on {bus}"

    def asked_by(self, bus: str) -> str:
        """The command by which a person asks it; empty for one that answers no questions by hand."""
        return "" if self.node or self.unit is None else f"edgectl bus probe {bus} {self.unit}"


Wire = SerialLine | RtuGateway | TcpHost
Line = Wire | Broker


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """One physical bus with its devices. `timeout` is how long a reply may take after the last byte of the request."""

    name: str
    kind: str
    line: Line
    devices: tuple[Device, ...]
    timeout: Nanos = 300 * MS

    @property
    def wire(self) -> Wire:
        """The wire that its devices share; nodes behind a broker share none."""
        assert not isinstance(self.line, Broker)
        return self.line
