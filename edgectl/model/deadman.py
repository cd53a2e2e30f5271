"""What works when nobody is left: a device that falls safe by itself, and a siren that has to be kept silent."""

from dataclasses import dataclass

from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSet:
    """A register that lets a device fall safe by itself was written and read back."""

    device: str
    what: str
    before: float
    after: float
    at: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Let a siren sound, or keep it silent for a while and no longer. It leaves at once, and nobody answers for it."""

    actuator: str
    silent_for: Nanos | None = None
