"""A dosing pump: it turns, it counts, and what it pushes arrives four seconds later."""

from collections import deque
from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import DosePart
from edgectl.plant.water import Solute

TRANSPORT: Nanos = 4 * SECOND  # domain facts 4.2
PULSES = 10_000  # the last ones are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One run of a dosing pump."""

    start: Nanos
    ml: float


class DosePump:
    """What it counts (`total_ml`, `pulses`) is what it turned; what arrives may be less."""

    def __init__(self, part: DosePart) -> None:
        self.part = part
        self.pulses: deque[Pulse] = deque(maxlen=PULSES)
        self.arrived_ml = 0.0
        self.empty = False
        self._since: Nanos | None = None
        self._pushes = False  # at the near end of the line
        self._streams = False  # at the far end
        self._ended_ml = 0.0
        self._arrivals: deque[tuple[Nanos, bool]] = deque()  # a bound: two per four seconds of switching

    @property
    def brings(self) -> Solute:
        """What arrives with each second."""
        return self.part.brings.times(self.part.ml_s)

    def set(self, on: bool, at: Nanos) -> None:
        """Switch it."""
        if on and self._since is None:
            self._since = at
            self._push(not self.empty, at)
        elif not on and self._since is not None:
            pulse = Pulse(start=self._since, ml=self._ml(at))
            self.pulses.append(pulse)
            self._ended_ml += pulse.ml
            self._since = None
            self._push(False, at)

    def break_line(self, empty: bool, at: Nanos) -> None:
        """The bottle is empty, or full again. Counting goes on."""
        self.empty = empty
        self._push(self._since is not None and not empty, at)

    def total_ml(self, at: Nanos) -> float:
        """All it has turned so far, in ml."""
        return self._ended_ml + self._ml(at)

    def next_arrival(self) -> Nanos | None:
        """When the stream at the far end of the line begins or ends next."""
        return self._arrivals[0][0] if self._arrivals else None

    def arrives(self, at: Nanos) -> bool:
        """Does it stream out of the line from this instant on? Instants may not go back."""
        while self._arrivals and self._arrivals[0][0] <= at:
            self._streams = self._arrivals.popleft()[1]
        return self._streams

    def _push(self, pushes: bool, at: Nanos) -> None:
        if pushes is not self._pushes:
            self._pushes = pushes
            self._arrivals.append((at + TRANSPORT, pushes))

    def _ml(self, at: Nanos) -> float:
        return 0.0 if self._since is None else (at - self._since) / SECOND * self.part.ml_s
