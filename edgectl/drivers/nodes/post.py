"""What an MQTT bus says besides orders: the time, the place of a node, and what must not stay at the broker."""

from collections import deque

from edgectl.drivers.nodes.seam import Homeless, Publish
from edgectl.drivers.nodes.told import Told
from edgectl.model.time import SECOND, Nanos, Now

TO_ALL_EVERY: Nanos = SECOND
TIME_EVERY: Nanos = 600 * SECOND  # the clock of a node runs away from ours by seconds in a day
TIME_SET: Nanos = 2 * SECOND  # our clock was set when it is that far from where it should stand
BIND_EVERY: Nanos = 10 * SECOND
MOST_WAITING = 32
MOST_HOMELESS = 256


class Post:
    """Messages that wait to leave; of too many the oldest are dropped, for each is asked for again."""

    def __init__(self, bus: str, told: Told) -> None:
        self._bus, self._told = bus, told
        self._waiting: deque[Publish] = deque(maxlen=MOST_WAITING)
        self._to_all_at: Nanos | None = None
        self._bound_at: dict[str, Nanos] = {}
        self._time_at: Now | None = None

    def begin(self) -> None:
        """The broker is there: nobody has been told anything."""
        self._time_at = None

    def time_is_due(self, now: Now) -> bool:
        """True when every node is to be told the time: at the beginning, when our clock was set, and now and then."""
        last = self._time_at
        if last is not None and now.mono - last.mono < TIME_EVERY:
            set_by = (now.wall - last.wall) - (now.mono - last.mono)
            if abs(set_by) < TIME_SET:
                return False
        self._time_at = now
        return True

    @property
    def waits(self) -> bool:
        """True while something waits to leave."""
        return bool(self._waiting)

    def take(self) -> list[Publish]:
        """Everything that waits, once."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def send(self, message: Publish) -> None:
        """One message."""
        self._waiting.append(message)

    def to_all(self, message: Publish, now: Nanos) -> None:
        """Something that every node hears: once a second is enough, however many ask."""
        if self._to_all_at is None or now - self._to_all_at >= TO_ALL_EVERY:
            self._to_all_at = now
            self._waiting.append(message)

    def homeless(self, said: Homeless, now: Nanos, *, taken: bool) -> None:
        """A node of nobody: it is written down, and one of the site file is told its place, unless that is taken."""
        last = self._bound_at.get(said.hardware_id)
        if last is not None and now - last < BIND_EVERY:
            return
        if len(self._bound_at) >= MOST_HOMELESS:
            self._bound_at.clear()
        self._bound_at[said.hardware_id] = now
        if taken:
            why = f"another node calls itself {said.hardware_id} while that one is there: it is given no place"
            self._told.news(said.device, "NODE_MISTRUSTED", {"why": why}, now)
            return
        details = {"hardware_id": said.hardware_id, "bound": bool(said.device)}
        self._told.news(said.device or self._bus, "NODE_HELLO", details, now)
        if said.answer is not None:
            self._waiting.append(said.answer)
