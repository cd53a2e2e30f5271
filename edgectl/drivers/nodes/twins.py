"""Two nodes under one name: both do what one is told, and no message says which of them it comes from.

A heartbeat tells how long its node has run, and so when it began. One node begins later and later, with each of its
starts. Whoever goes back to an earlier beginning again and again is two.
"""

from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos

SAME: Nanos = 30 * SECOND  # how far two heartbeats of one life may be off each other: a broker was slow
ENOUGH = 3  # one heartbeat may have been late
GONE: Nanos = 600 * SECOND  # after so long without the other one it is switched off


@dataclass(slots=True, kw_only=True)
class _Lives:
    newest: Nanos
    before: Nanos | None = None
    returns: int = 0
    returned_at: Nanos = 0


class Twins:
    """By device."""

    def __init__(self) -> None:
        self._lives: dict[str, _Lives] = {}

    def heard(self, device: str, uptime_s: int, now: Nanos) -> bool:
        """A heartbeat. True in the instant in which it is sure that there are two."""
        began = now - uptime_s * SECOND
        lives = self._lives.setdefault(device, _Lives(newest=began))
        if began > lives.newest + SAME:
            lives.newest, lives.before = began, lives.newest
        elif began >= lives.newest - SAME:
            lives.newest = began
        elif lives.before is not None and abs(began - lives.before) <= SAME:
            lives.before, lives.returned_at = began, now
            lives.returns += 1
            return lives.returns == ENOUGH
        return False

    def gone(self, now: Nanos) -> list[str]:
        """Of whom the second one has been silent for long enough. Told once."""
        gone = [d for d, n in self._lives.items() if n.returns >= ENOUGH and now >= n.returned_at + GONE]
        for device in gone:
            self._lives[device] = _Lives(newest=self._lives[device].newest)
        return gone

    def sure(self, device: str) -> bool:
        """True while there are two."""
        lives = self._lives.get(device)
        return lives is not None and lives.returns >= ENOUGH
