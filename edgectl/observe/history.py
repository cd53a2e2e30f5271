"""What each sensor showed in the last hours, a point a minute: for the curves on the page. Stretches of it can be
written down and taken back, so that a restart does not empty them.

Two rules. A point is four bytes, so that a house of 1,500 channels keeps its past in a few megabytes. And missing is
not zero: a minute without a value is a gap.
"""

import json
import math
from array import array
from collections.abc import Iterable, Mapping

from edgectl.model.time import SECOND, Nanos
from edgectl.observe.closely import Closely, put_between

EVERY: Nanos = 60 * SECOND
KEPT = 24 * 60  # points of a few sensors
SHORT = 6 * 60  # points when there are many
MANY = 300  # sensors
NONE = math.nan


class History:
    """Rings of values, all with the same instants."""

    def __init__(self, sensors: tuple[str, ...]) -> None:
        self._kept = KEPT if len(sensors) <= MANY else SHORT
        self._rings = {name: array("f", [NONE]) * self._kept for name in sensors}
        self._minutes = array("q", [-1]) * self._kept  # wall minutes
        self._close = Closely(len(sensors))
        self._next = 0
        self._filled = 0

    def note(self, wall: Nanos, values: Mapping[str, float]) -> None:
        """One point of all sensors. A sensor that is not among the values has none."""
        minute = wall // EVERY
        self._minutes[self._next] = minute
        for name, ring in self._rings.items():
            ring[self._next] = values.get(name, NONE)
        self._next = (self._next + 1) % self._kept
        self._filled = min(self._kept, self._filled + 1)

    def look_closely(self, wall: Nanos, values: Mapping[str, float]) -> None:
        """One point between the minutes of those sensors that something happens to."""
        self._close.note(wall // SECOND, values)

    @property
    def kept(self) -> int:
        """How many minutes are kept."""
        return self._kept

    def stretch(self, after: int) -> tuple[int, int, str] | None:
        """The points behind a minute: the first and the last of their minutes, and all of them as text."""
        places = [(self._next - self._filled + offset) % self._kept for offset in range(self._filled)]
        places = [place for place in places if self._minutes[place] > after]
        if not places:
            return None
        values = {name: [_short(ring[place]) for place in places] for name, ring in self._rings.items()}
        minutes = [self._minutes[place] for place in places]
        return minutes[0], minutes[-1], json.dumps({"minutes": minutes, "values": values}, separators=(",", ":"))

    def take_back(self, stretches: Iterable[str], now: int) -> None:
        """What was written down, before anything new is noted. `now` is this minute: what lies behind it was told by a
        clock that went wrong. Between then and now there is a gap."""
        last = now - self._kept
        for text in stretches:
            found = json.loads(text)
            for index, minute in enumerate(found["minutes"]):
                if last < minute < now:
                    row = {name: values[index] for name, values in found["values"].items()}
                    self.note(minute * EVERY, {name: value for name, value in row.items() if value is not None})
                    last = minute
        if self._filled and last + 1 < now:
            self.note((last + 1) * EVERY, {})

    def whole(self, sensor: str) -> tuple[list[int], list[float | None]]:
        """The same as `of`, with what was looked at closely."""
        return put_between(self.of(sensor), self._close.of(sensor))

    def of(self, sensor: str) -> tuple[list[int], list[float | None]]:
        """Instants (seconds since 1970) and values, the oldest first. A clock that was set back begins anew."""
        ring = self._rings.get(sensor)
        if ring is None:
            return [], []
        at: list[int] = []
        values: list[float | None] = []
        for offset in range(self._filled):
            place = (self._next - self._filled + offset) % self._kept
            second = self._minutes[place] * 60
            if at and second <= at[-1]:
                if second == at[-1]:
                    continue
                at, values = [], []
            at.append(second)
            values.append(None if math.isnan(ring[place]) else round(ring[place], 4))
        return at, values


def _short(value: float) -> float | None:
    """Five digits are more than anybody reads from a curve."""
    return None if math.isnan(value) else float(f"{value:.5g}")
