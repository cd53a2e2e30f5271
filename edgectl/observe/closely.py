"""What the sensors of a zone showed while work ran there, a point every few seconds: a short watering has a shape.

Two rules. Only what is looked at takes room: a sensor that no work concerns has no points here. And the instants of
one sensor only grow: a clock that was set back begins it anew.
"""

from array import array
from collections.abc import Mapping, Sequence

MOST = 1800  # points of a sensor: an hour at two seconds, a week of short waterings
ALL = 400_000  # points of a house, so that one of 1,500 channels keeps its close looks in five megabytes
Curve = tuple[list[int], list[float | None]]


class Closely:
    """Points of their own for each sensor that was looked at."""

    def __init__(self, sensors: int) -> None:
        self._most = max(60, min(MOST, ALL // max(1, sensors)))
        self._at: dict[str, array[int]] = {}
        self._values: dict[str, array[float]] = {}

    def note(self, second: int, values: Mapping[str, float]) -> None:
        """One point of each of these sensors."""
        for name, value in values.items():
            at, kept = self._at.setdefault(name, array("q")), self._values.setdefault(name, array("f"))
            if at and second <= at[-1]:
                if second == at[-1]:
                    continue
                del at[:], kept[:]
            at.append(second)
            kept.append(value)
            if len(at) > self._most:
                rest = len(at) - self._most * 3 // 4  # a quarter at a time: taking off the first costs all the others
                del at[:rest], kept[:rest]

    def of(self, sensor: str) -> tuple[Sequence[int], Sequence[float]]:
        """Instants (seconds since 1970) and values, the oldest first."""
        return self._at.get(sensor, ()), self._values.get(sensor, ())


def put_between(coarse: Curve, fine: tuple[Sequence[int], Sequence[float]]) -> Curve:
    """The curve of a point a minute with the closer points between them, as far as it goes back."""
    begin = coarse[0][0] if coarse[0] else 0
    found: dict[int, float | None] = dict(zip(*coarse, strict=True))
    found.update((at, round(value, 4)) for at, value in zip(*fine, strict=True) if at >= begin)
    at = sorted(found)
    return at, [found[second] for second in at]
