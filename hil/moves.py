"""What every rig tells of its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

RELAYS: Mapping[str, str] = MappingProxyType({"relay_1": "pump", "relay_2": "valve", "relay_3": "lamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One output that moved. `at` is monotonic, in nanoseconds, on the clock of this machine."""

    output: str
    on: bool
    at: int
    why: str
