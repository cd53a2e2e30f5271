"""Two nodes under one name: both do what one is told, and no message says which of them it comes from.

A heartbeat tells how long its node has run, and so when it began. One node begins later and later, with each of its
starts. Whoever goes back to an earlier beginning again and again is two.

A heartbeat that comes late looks like a later beginning too. But what one node says it has run only grows until it
starts anew, however late its words come; of two it falls each time the younger one speaks. Only such a fall counts, so
two that began within one heartbeat of each other are not told apart.
"""

from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos

SAME: Nanos = 30 * SECOND  # how far two heartbeats of one life may be off each other: a broker was slow
ENOUGH = 3  # after a restart one word of the life before may still have been under way
GONE: Nanos = 600 * SECOND  # after so long without the other one it is switched off


@dataclass(slots=True, kw_only=True)
class _Lives:
    newest: Nanos
    uptime_s: int  # as the last heartbeat told it, whosever it was
    before: Nanos | None = None
    fell: bool = False  # the newest one has spoken since the last return, and had run for less than was told before it
    returns: int = 0
    returned_at: Nanos = 0

    def falls(self, uptime_s: int) -> bool:
        """True when whoever speaks has run for less than was told last: it is another life."""
        last, self.uptime_s = self.uptime_s, uptime_s
        return uptime_s < last


class Twins:
    """By device."""

    def __init__(self) -> None:
        self._lives: dict[str, _Lives] = {}

    def heard(self, device: str, uptime_s: int, now: Nanos) -> bool:
        """A heartbeat. True in the instant in which it is sure that there are two."""
        began = now - uptime_s * SECOND
        lives = self._lives.setdefault(device, _Lives(newest=began, uptime_s=uptime_s))
        fell = lives.falls(uptime_s)
        if fell and began > lives.newest + SAME:
            lives.newest, lives.before, lives.fell = began, lives.newest, True
        elif abs(began - lives.newest) <= SAME:
            lives.newest, lives.fell = began, lives.fell or fell
        elif lives.before is None or began > lives.before + SAME:
            lives.newest = began  # this word was late, or the one before it
        elif began >= lives.before - SAME and lives.fell:
            lives.before, lives.fell = began, False
            return _returned(lives, now)
        return False

    def gone(self, now: Nanos) -> list[str]:
        """Of whom the second one has been silent for long enough. Told once."""
        gone = [d for d, n in self._lives.items() if n.returns >= ENOUGH and now >= n.returned_at + GONE]
        for device in gone:
            lives = self._lives[device]
            self._lives[device] = _Lives(newest=lives.newest, uptime_s=lives.uptime_s)
        return gone

    def sure(self, device: str) -> bool:
        """True while there are two."""
        lives = self._lives.get(device)
        return lives is not None and lives.returns >= ENOUGH


def _returned(lives: _Lives, now: Nanos) -> bool:
    """The earlier one has spoken again. What was long ago was a late word at another restart."""
    if lives.returns < ENOUGH and now >= lives.returned_at + GONE:
        lives.returns = 0
    lives.returned_at = now
    lives.returns += 1
    return lives.returns == ENOUGH
