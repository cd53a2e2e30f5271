"""The picture of the whole site, shared by those who ask for it at nearly one time.

The picture of 1,500 channels takes long to draw, and orders wait meanwhile. So whoever asks soon after another, and
before anything has happened, is shown the same one: askers get no more than a share of the loop, however many they are.
"""

from collections.abc import Callable

from edgectl.api.house import Body
from edgectl.model.time import SECOND, Nanos

SHARE = 15  # a picture is good for so many times as long as it took to draw
LONGEST: Nanos = SECOND


class Picture:
    """`seq` is the newest line of the timeline: a picture from before it is shown to nobody."""

    def __init__(self, draw: Callable[[], Body], seq: Callable[[], int], mono: Callable[[], Nanos]) -> None:
        self._draw, self._seq, self._mono = draw, seq, mono
        self._last: tuple[int, Nanos, Body] | None = None  # of which line, good until, and what it shows

    def now(self) -> Body:
        """The picture. Nobody may change it."""
        begin = self._mono()
        if self._last is not None and self._last[0] == self._seq() and begin < self._last[1]:
            return self._last[2]
        drawn = self._draw()
        end = self._mono()
        self._last = self._seq(), end + min((end - begin) * SHARE, LONGEST), drawn
        return drawn
