"""What one exchange on the wire is for."""

from dataclasses import dataclass

from edgectl.drivers.profile import Demand
from edgectl.drivers.reads import Read
from edgectl.model.inputs import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """Take the energy away."""

    actuator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """An order that was committed."""

    send: Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Read channels or outputs."""

    block: Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Is this the device that the site file means?"""

    check: Demand


Purpose = Off | Switch | Look | Verify
