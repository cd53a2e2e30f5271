"""The picture of the whole site, shared by those who ask for it at nearly one time.

The picture of 1,500 channels takes long to draw, and orders wait meanwhile. Two rules. What sensors and devices show is
drawn piece by piece, so that whatever is due has its turn in between, and is good for a while: nothing of it stands in
the timeline. And what has happened is shown to the very next asker: the rest is drawn anew after each line.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence

from edgectl.api.house import Body
from edgectl.api.leisure import Leisure
from edgectl.daemon import views
from edgectl.daemon.buses import buses
from edgectl.daemon.control import Control
from edgectl.daemon.field import Field
from edgectl.engine.state import State
from edgectl.model.ports import Clock
from edgectl.model.time import SECOND, Nanos

SHARE = 15  # a picture is good for so many times as long as it took to draw
LONGEST: Nanos = SECOND
AT_ONCE = 40  # sensors of one piece: about half a millisecond


class Sight:
    """Rows of the field by their names, `at_once` of them in one piece. `about` is what else changes a row at once: a
    probe that was taken into a hand, a line that fell."""

    def __init__(
        self,
        names: Sequence[str],
        draw: Callable[[Sequence[str]], list[Body]],
        about: Callable[[], Hashable],
        mono: Callable[[], Nanos],
        at_once: int = AT_ONCE,
        leisure: Leisure | None = None,
    ) -> None:
        self._leisure = leisure or Leisure(mono=mono)
        self._names, self._draw, self._about, self._mono, self._at_once = names, draw, about, mono, at_once
        self._last: tuple[Hashable, Nanos, list[Body]] | None = None  # of what, good until, and what it shows
        self._drawing = asyncio.Lock()

    async def prepare(self) -> None:
        """Look piece by piece, unless somebody has just looked."""
        async with self._drawing:
            if self._fresh() is not None:
                return
            about, rows, spent = self._about(), list[Body](), 0
            async for some in self._leisure.pieces(self._names, self._at_once):
                begin = self._mono()
                rows += self._draw(some)
                spent += self._mono() - begin
            self._keep(about, rows, spent)

    def now(self) -> list[Body]:
        """The rows. Nobody may change them."""
        rows = self._fresh()
        if rows is None:
            about, begin = self._about(), self._mono()
            rows = self._draw(self._names)
            self._keep(about, rows, self._mono() - begin)
        return rows

    def _fresh(self) -> list[Body] | None:
        last = self._last
        return last[2] if last is not None and last[0] == self._about() and self._mono() < last[1] else None

    def _keep(self, about: Hashable, rows: list[Body], spent: Nanos) -> None:
        self._last = about, self._mono() + min(spent * SHARE, LONGEST), rows


def leisure_of(control: Control, clock: Clock) -> Leisure:
    """The time in which one may look at a running controller."""
    return Leisure(lambda: control.busy, lambda: clock.now().mono)


def sights(state: State, field: Field, clock: Clock, leisure: Leisure) -> tuple[Sight, Sight]:
    """What the sensors of a running controller show, and its buses with their devices."""

    def mono() -> Nanos:
        return clock.now().mono

    def lines(names: Sequence[str]) -> list[Body]:
        now = clock.now()
        return buses(field, now, now.mono - state.started, names)

    def fallen() -> Hashable:
        return tuple((task.up, task.reason) for task in field.tasks.values()), frozenset(state.silent)

    def readings(names: Sequence[str]) -> list[Body]:
        return views.readings(state, clock.now(), names)

    sensors = Sight(tuple(state.site.sensors), readings, lambda: views.corrected(state), mono, leisure=leisure)
    return sensors, Sight(tuple(field.tasks), lines, fallen, mono, at_once=1, leisure=leisure)


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
