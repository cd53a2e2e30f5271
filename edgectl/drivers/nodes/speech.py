"""How much one node may say that is written down: a burst, and then one line each second. The rest is counted."""

from edgectl.model.time import SECOND, Nanos

BURST = 30
EVERY: Nanos = SECOND


class Speech:
    """A bucket of lines that fills again with time."""

    def __init__(self) -> None:
        self.left_out = 0
        self._lines = float(BURST)
        self._at: Nanos | None = None

    def may(self, now: Nanos) -> bool:
        """True when one more line may be written; otherwise it is counted."""
        self._lines = min(BURST, self._lines + (0 if self._at is None else (now - self._at) / EVERY))
        self._at = now
        if self._lines < 1:
            self.left_out += 1
            return False
        self._lines -= 1
        return True
