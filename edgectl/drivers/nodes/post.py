"""What an MQTT bus says besides orders: the time, the place of a node, and what must not stay at the broker."""

from collections import deque

from edgectl.drivers.nodes.seam import Homeless, Publish
from edgectl.drivers.nodes.told import Told
from edgectl.model.time import SECOND, Nanos

TO_ALL_EVERY: Nanos = SECOND
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

    def homeless(self, said: Homeless, now: Nanos) -> None:
        """A node of nobody: it is written down, and one of the site file is told its place."""
        last = self._bound_at.get(said.hardware_id)
        if last is not None and now - last < BIND_EVERY:
            return
        if len(self._bound_at) >= MOST_HOMELESS:
            self._bound_at.clear()
        self._bound_at[said.hardware_id] = now
        details = {"hardware_id": said.hardware_id, "bound": bool(said.device)}
        self._told.news(said.device or self._bus, "NODE_HELLO", details, now)
        if said.answer is not None:
            self._waiting.append(said.answer)
