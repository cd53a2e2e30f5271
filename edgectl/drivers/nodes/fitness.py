"""What a device was found to be that the site file does not mean: told when it changes, not each time it is asked."""

from edgectl.drivers.nodes.seam import Alive, Reports
from edgectl.drivers.wiring import Device


class Fitness:
    """By device and by what was looked at. `looks` are all that there are: a device fits when each was right."""

    def __init__(self, *looks: str) -> None:
        self._looks = set(looks)
        self._wrong: dict[str, dict[str, str]] = {}
        self._told: dict[str, str] = {}  # by device; what an earlier life said of it is not known

    def found(self, device: Device, looked_at: str, wrong: str) -> Reports | Alive:
        """One finding; an empty one says that it is as it should be."""
        known = self._wrong.setdefault(device.name, {})
        known[looked_at] = wrong
        found, before = "; ".join(w for w in known.values() if w), self._told.get(device.name)
        if found == before or (before is None and not found and known.keys() != self._looks):
            return Alive(device=device.name)
        self._told[device.name] = found
        return Reports(device=device.name, wrong=found, longest_ms={})
