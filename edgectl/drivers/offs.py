"""The OFFs that a bus still has to deliver. None is ever given up; a dead device is probed with one at a time.

A device that does not answer may still hear: each of its outputs gets its first OFF at once, and then they take turns.
"""

from dataclasses import dataclass

from edgectl.drivers.health import FIRST_REST
from edgectl.model.time import SECOND, Nanos

SLOWEST: Nanos = 5 * SECOND


@dataclass(slots=True)
class _Owed:
    device: str
    since: Nanos
    not_before: Nanos
    tries: int = 0


class Offs:
    """Actuators that must go off, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._owed: dict[str, _Owed] = {}

    def order(self, name: str, device: str, now: Nanos, *, silent: bool) -> None:
        """An OFF is wanted now. Asking a silent device again does not shorten its rest."""
        owed = self._owed.get(name)
        if owed is None:
            self._owed[name] = _Owed(device, now, now)
            return
        owed.since = now
        if not silent:
            owed.not_before = now

    def due(self, now: Nanos) -> str | None:
        """The next one that may be sent: the one that was tried least, then the one that was wanted first."""
        if not self._owed:
            return None
        ready = [(owed.tries, name) for name, owed in self._owed.items() if owed.not_before <= now]
        return min(ready, key=lambda item: item[0])[1] if ready else None

    def wakes(self) -> list[Nanos]:
        """When each may be sent."""
        return [owed.not_before for owed in self._owed.values()]

    def sent(self, name: str, until: Nanos) -> None:
        """It has left where others may follow at once: its answer is awaited until then."""
        if (owed := self._owed.get(name)) is not None:
            owed.not_before = until

    def failed(self, name: str, now: Nanos) -> None:
        """It was not echoed: again, later. The others of the device that had their turn rest as well."""
        owed = self._owed.get(name)
        if owed is None:
            return
        owed.tries += 1
        owed.not_before = again = now + min(FIRST_REST << min(owed.tries - 1, 6), SLOWEST)
        for other in self._owed.values():
            if other.device == owed.device and other.tries:
                other.not_before = max(other.not_before, again)

    def echoed(self, name: str, now: Nanos) -> None:
        """The device took it, and listens: the others of the device go next."""
        owed = self._owed.pop(name, None)
        if owed is not None:
            self.awake(owed.device, now)

    def seen_off(self, name: str, began: Nanos) -> None:
        """A read that began after the OFF was wanted shows the output off."""
        owed = self._owed.get(name)
        if owed is not None and began > owed.since:
            del self._owed[name]

    def awake(self, device: str | None, now: Nanos) -> None:
        """A device, or with None the whole bus, can be reached again."""
        for owed in self._owed.values():
            if device is None or owed.device == device:
                owed.not_before = now
