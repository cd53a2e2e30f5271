"""What passed over a bus: the last frames for people, and counters for the metrics."""

from collections import deque
from dataclasses import dataclass

from edgectl.model.time import Nanos

KEPT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the monitor. `direction` is ">" sent, "<" received, "!" something to know."""

    number: int
    at: Nanos
    direction: str
    data: bytes = b""
    note: str = ""


class WireLog:
    """Bounded memory of one bus. A frame is noted down as it passes, and put into a `Line` when somebody looks."""

    def __init__(self) -> None:
        self.frames = 0
        self.timeouts = 0
        self.unanswered = 0  # time-outs since the last good exchange
        self.busy: Nanos = 0
        self.round_trip: Nanos = 0  # of the last good exchange
        self._noted: deque[tuple[Nanos, str, bytes, str]] = deque(maxlen=KEPT)
        self._number = 0

    @property
    def lines(self) -> list[Line]:
        """The last ones, oldest first."""
        first = self._number - len(self._noted) + 1
        return [
            Line(number=number, at=at, direction=direction, data=data, note=note)
            for number, (at, direction, data, note) in enumerate(self._noted, first)
        ]

    def sent(self, data: bytes, at: Nanos, note: str) -> None:
        """A request left."""
        self.frames += 1
        self._add(at, ">", data, note)

    def received(self, data: bytes, at: Nanos, note: str = "") -> None:
        """Bytes came."""
        self._add(at, "<", data, note)

    def landed(self, took: Nanos) -> None:
        """A good exchange is over."""
        self.busy += took
        self.round_trip = took
        self.unanswered = 0

    def missed(self, note: str, at: Nanos, took: Nanos) -> None:
        """An exchange ended without a believable reply."""
        self.timeouts += 1
        self.unanswered += 1
        self.busy += took
        self._add(at, "!", b"", note)

    def note(self, note: str, at: Nanos) -> None:
        """Something to know."""
        self._add(at, "!", b"", note)

    def _add(self, at: Nanos, direction: str, data: bytes, note: str) -> None:
        self._number += 1
        self._noted.append((at, direction, data, note))
