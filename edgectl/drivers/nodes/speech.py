"""How much one node may say that is written down: a burst, and then one line each second; and of those so many in an
hour, for a journal keeps them for ever. The rest is counted."""

from edgectl.model.time import SECOND, Nanos

BURST = 30
EVERY: Nanos = SECOND
LONG_BURST = 400  # lines of a bad hour
LONG_EVERY: Nanos = 10 * SECOND  # and after it one in so long: 8,640 in a day


class Speech:
    """A bucket of lines that fills again with time."""

    def __init__(self) -> None:
        self.left_out = 0
        self._lines = float(BURST)
        self._long = float(LONG_BURST)
        self._at: Nanos | None = None

    def may(self, now: Nanos, *, counted: bool = True) -> bool:
        """True when one more line may be written; otherwise it is counted, unless it will be asked for again."""
        passed = 0 if self._at is None else now - self._at
        self._lines = min(BURST, self._lines + passed / EVERY)
        self._long = min(LONG_BURST, self._long + passed / LONG_EVERY)
        self._at = now
        if min(self._lines, self._long) < 1:
            self.left_out += counted
            return False
        self._lines -= 1
        self._long -= 1
        return True
