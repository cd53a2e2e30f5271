"""What a device was found to be that the site file does not mean: told when it changes, not each time it is asked."""

from edgectl.drivers.nodes.seam import Alive, Reports
from edgectl.drivers.wiring import Device


class Fitness:
    """By device and by what was looked at."""

    def __init__(self) -> None:
        self._wrong: dict[str, dict[str, str]] = {}

    def found(self, device: Device, looked_at: str, wrong: str) -> Reports | Alive:
        """One finding; an empty one says that it is as it should be."""
        known = self._wrong.setdefault(device.name, {})
        if known.get(looked_at, "") == wrong:
            return Alive(device=device.name)
        known[looked_at] = wrong
        return Reports(device=device.name, wrong="; ".join(w for w in known.values() if w), longest_ms={})
