"""Nodes that sleep until they are told to measure: told when they come, until they take it, and again when they cease.

Somebody else may put one to sleep, and a node that starts anew without a word sleeps too; what is missing then is its
measurements. Nobody here puts one to sleep: a probe that measures costs nothing, and one that sleeps is no reading.
"""

from collections.abc import Iterable

from edgectl.drivers.wiring import Device
from edgectl.model.inputs import ReplyStatus
from edgectl.model.time import SECOND, Nanos

AGAIN: Nanos = 30 * SECOND
SILENT: Nanos = 120 * SECOND  # beyond its settling: a node measures every few seconds
_AWAKE = (ReplyStatus.DONE, ReplyStatus.NO_EFFECT)


class Waking:
    """By device. Devices that do not sleep are none of its business."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._settles = {device.name: device.profile.settles for device in devices if device.profile.settles}
        self._tell_at: dict[str, Nanos] = {}
        self._measured_at: dict[str, Nanos] = {}  # of those that are awake: their last measurement, or when they woke

    def begin(self, now: Nanos) -> None:
        """The broker is there: each is told."""
        self._tell_at = dict.fromkeys(self._settles, now)
        self._measured_at.clear()

    def came(self, device: str, now: Nanos) -> None:
        """One is freshly there, and sleeps."""
        if device in self._settles:
            self._tell_at.setdefault(device, now)
            self._measured_at.pop(device, None)

    def measured(self, device: str, now: Nanos) -> None:
        """One measures."""
        if device in self._measured_at:
            self._measured_at[device] = now

    def due(self, now: Nanos) -> list[str]:
        """Who is to be told now."""
        for device, last in list(self._measured_at.items()):
            if now >= last + self._settles[device] + SILENT:
                self.came(device, now)
        return [device for device, at in self._tell_at.items() if at <= now]

    def told(self, device: str, now: Nanos) -> None:
        """It was said, or could not be said just now."""
        self._tell_at[device] = now + AGAIN

    def never(self, device: str) -> None:
        """It cannot be ordered anything."""
        del self._tell_at[device]

    def answered(self, device: str, status: ReplyStatus, now: Nanos, *, unknown: bool) -> None:
        """It woke, or does not know the order and measures by itself. Whoever is busy or refuses is told again."""
        if status in _AWAKE or unknown:
            self._tell_at.pop(device, None)
            self._measured_at[device] = now

    def wakes(self) -> list[Nanos]:
        """When one is to be told."""
        silent = [last + self._settles[device] + SILENT for device, last in self._measured_at.items()]
        return [*self._tell_at.values(), *silent]
