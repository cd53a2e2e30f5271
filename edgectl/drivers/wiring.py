"""Which device sits on which bus: the part of the site file that the drivers read, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from edgectl.drivers.profile import Profile
from edgectl.model.time import MS, Nanos

# bus types that this version drives
DRIVEN = frozenset({"ezo-uart", "modbus-rtu", "modbus-rtu-over-tcp", "modbus-tcp"})
KINDS = DRIVEN | {"mqtt"}


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
class Device:
    """One device on a bus, at its unit number; None where a bus has no addresses.

    `ml_per_s` says how fast an output that takes a volume gives it, by the name of the output.
    """

    name: str
    unit: int | None
    profile: Profile
    ml_per_s: Mapping[str, float] = field(default_factory=dict)

    def place(self, bus: str) -> str:
        """Where a person looks for it."""
        return f"{self.name} on {bus}" if self.unit is None else f"unit {self.unit} on {bus}"


Line = SerialLine | RtuGateway | TcpHost


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """One physical bus with its devices. `timeout` is how long a reply may take after the last byte of the request."""

    name: str
    kind: str
    line: Line
    devices: tuple[Device, ...]
    timeout: Nanos = 300 * MS
