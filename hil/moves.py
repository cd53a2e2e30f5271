"""What every rig tells of its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# In the order of the inputs of a witness. The first five hang on the relays of the board, the last two on the node.
LOADS = ("pump", "valve", "lamp", "fill", "heater", "bed", "bed_pump")
RELAYS: Mapping[str, str] = MappingProxyType({f"relay_{number}": load for number, load in enumerate(LOADS[:5], 1)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One output that moved. `at` is monotonic, in nanoseconds, on the clock of this machine."""

    output: str
    on: bool
    at: int
    why: str
