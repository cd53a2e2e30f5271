"""What is needed to switch an output off without a daemon, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued:
    """What became of one output. `proven` means that it was read back off."""

    actuator: str
    proven: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an order to a node needs besides the plan: the files of secrets, and the wall clock in seconds.

    `credential` raises NoCredential.
    """

    credential: Callable[[str], Path]
    wall_s: Callable[[], int]
