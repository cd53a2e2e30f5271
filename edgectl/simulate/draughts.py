"""Vents, fans, screens and heaters before the simulated air: relays in, openings and a share of the heating out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgectl.model.air import HOME_MORE, Climate, Vent
from edgectl.model.time import SECOND, Nanos

if TYPE_CHECKING:
    from edgectl.simulate.ground import Ground

Span = tuple[Nanos, Nanos]
STORM_OPEN_S = 240.0  # a look, the whole way of a slow drive, and one order that was lost
LOOK_S = 30.0  # between two looks at the wind
SEEN_S = 12.0  # a poll, an OFF that is lost a few times in a row, and the second before the drive is reversed
VENT, HEATER, SCREEN = "draughts.vent", "draughts.heater", "draughts.screen"  # the parts of the plant that these move
FAN_SHARE = 0.25  # what one fan moves, as a share of a vent that is fully open


class Draughts:
    """What the relays of one climate amount to. A drive stops at its ends, whoever holds its relay."""

    def __init__(self, climate: Climate) -> None:
        self.climate = climate
        self.positions = {drive.name: 0.3 for drive in climate.drives}  # somebody left them so
        self._on: set[str] = set()
        self._at: Nanos = 0

    def has(self, name: str) -> bool:
        """Is this relay one of them?"""
        drives = {way for drive in self.climate.drives for way in (drive.opens, drive.closes)}
        return name in drives or name in self.climate.fans or name in self.climate.heaters

    def switch(self, name: str, on: bool, at: Nanos) -> None:
        """A relay moved."""
        self.advance(at)
        (self._on.add if on else self._on.discard)(name)

    def advance(self, to: Nanos) -> None:
        """Let the drives run."""
        for vent in self.climate.drives:
            way = (vent.opens in self._on) - (vent.closes in self._on)
            if way:
                self.positions[vent.name] = self._moved(vent, way, to)
        self._at = max(self._at, to)

    @property
    def moving(self) -> bool:
        """Does a drive run?"""
        return any(way in self._on for drive in self.climate.drives for way in (drive.opens, drive.closes))

    @property
    def opens(self) -> bool:
        """Is a vent being opened?"""
        return any(vent.opens in self._on for vent in self.climate.vents)

    @property
    def widest(self) -> float:
        """How far the vent stands open that is open the furthest."""
        return max((self.positions[vent.name] for vent in self.climate.vents), default=0.0)

    @property
    def opening(self) -> float:
        """How much air goes through, 0..1 of fully open."""
        vents = _mean([self.positions[vent.name] for vent in self.climate.vents])
        return min(1.0, vents + FAN_SHARE * sum(fan in self._on for fan in self.climate.fans))

    @property
    def heating(self) -> float:
        """How much of the heating is on, 0..1."""
        burning = [float(heater in self._on) for heater in self.climate.heaters]
        return _mean(burning + [self.positions[mixer.name] for mixer in self.climate.mixers])

    @property
    def drawn(self) -> float:
        """How much of the roof the screens cover, 0..1."""
        return _mean([1.0 - self.positions[screen.drive.name] for screen in self.climate.screens])

    def _moved(self, vent: Vent, way: int, to: Nanos) -> float:
        return min(1.0, max(0.0, self.positions[vent.name] + way * (to - self._at) / vent.travel))


def _mean(shares: list[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0


def broken_air(ground: "Ground", *, begins_anew: int = 0, excused: Sequence[Span] = (), since: Nanos = 0) -> list[str]:
    """H24: no vent stands open in a storm longer than it takes to shut it, and none is opened on into it, by whomever.
    A drive that was cut off, by a controller that died or by an order that was lost, runs its whole way `begins_anew`
    times more at most. `excused` are the spans in which nothing may be moved, or nothing is."""
    if ground.draughts is None:
        return []
    open_s = sum(_lasted_s(ground.storms, excused, since))
    way_s = max((vent.travel for vent in ground.draughts.climate.vents), default=0) / SECOND
    found = []
    if open_s > STORM_OPEN_S + begins_anew * (way_s + LOOK_S):
        found.append(f"H24: a vent stood open for {open_s:.0f} s in a storm")
    once_s = max(_lasted_s(ground.storms, excused, since), default=0.0)
    if once_s > LOOK_S + (1 + begins_anew) * (SEEN_S + HOME_MORE * way_s):
        found.append(f"H24: a vent stood open for {once_s:.0f} s in one storm")
    went_on_s = max(_lasted_s(ground.into_storms, excused, since), default=0.0)
    if went_on_s > (LOOK_S if begins_anew else 0.0) + SEEN_S:
        found.append(f"H24: a vent was opened on for {went_on_s:.0f} s into a storm")
    return found


def _lasted_s(spans: Sequence[Span], excused: Sequence[Span], since: Nanos) -> list[float]:
    return [_apart(max(begin, since), end, excused) / SECOND for begin, end in spans]


def _apart(begin: Nanos, end: Nanos, excused: Sequence[Span]) -> Nanos:
    """How much of a span lies in none of the others."""
    lasted, at = 0, begin
    for other_begin, other_end in sorted(excused):
        if other_begin < end and other_end > at:
            lasted += max(0, other_begin - at)
            at = max(at, other_end)
    return lasted + max(0, end - at)
