"""Somebody else who asks on our line: requests that we did not send, told from noise and from late answers.

A slave never asks. Two whole requests with good checksums within ten seconds are no accident: then this controller
leaves the line to itself, but for its OFFs, until nobody else has asked for a while. Whoever comes back is waited for
twice as long each time, so that two controllers that have found each other do not take turns.
"""

from collections import deque

from edgectl.model.time import SECOND, Nanos

EVIDENCE, WITHIN = 2, 10 * SECOND
QUIET: Nanos = 60 * SECOND
LONGEST_QUIET: Nanos = 3600 * SECOND
SHOWN = 16  # bytes of a request that a person is shown
OWN = 32  # orders of ours whose late echo looks like a request
WRITES = (b"\x05", b"\x06", b"\x0f", b"\x10")  # functions whose echo is both a request and an answer


class ForeignWatch:
    """What was heard of another master on one line."""

    def __init__(self) -> None:
        self.since: Nanos | None = None  # when this controller left the line
        self.evidence = b""
        self._heard: deque[Nanos] = deque(maxlen=EVIDENCE)
        self._sent: deque[bytes] = deque(maxlen=OWN)
        self._quiet = QUIET
        self._last: Nanos = 0
        self._left: Nanos | None = None  # when the last one fell silent

    def sent(self, frame: bytes) -> None:
        """Ours: heard again it is an echo, where it writes. What reads looks the same from everybody."""
        if frame[1:2] in WRITES and frame not in self._sent:
            self._sent.append(frame)

    def hear(self, requests: tuple[bytes, ...], now: Nanos) -> bool:
        """Requests on the line. True when they have just become one too many."""
        strange = [frame for frame in requests if frame not in self._sent]
        for frame in strange:
            self.evidence, self._last = frame, now
            self._heard.append(now)
        if not strange or self.since is not None:
            return False
        if len(self._heard) < EVIDENCE or now - self._heard[0] > WITHIN:
            return False
        again = self._left is not None and now - self._left < LONGEST_QUIET
        self._quiet = min(2 * self._quiet, LONGEST_QUIET) if again else QUIET
        self.since = now
        return True

    @property
    def over_at(self) -> Nanos | None:
        """When the line is ours again, if nobody else asks until then."""
        return None if self.since is None else self._last + self._quiet

    def over(self, now: Nanos) -> bool:
        """True once, when nobody else has asked for long enough."""
        end = self.over_at
        if end is None or now < end:
            return False
        self.since, self._left = None, now
        self._heard.clear()
        return True

    @property
    def words(self) -> str:
        """What a person is told."""
        return f"somebody else asks on this line: {self.evidence[:SHOWN].hex(' ')}"
