"""What stands behind the doors, in one value that the doors are made with."""

from collections.abc import Callable
from dataclasses import dataclass

from edgectl.api.device_routes import Devices
from edgectl.api.events import Happenings
from edgectl.api.giving import Access
from edgectl.api.house import House, Looks
from edgectl.api.keepers import Listens
from edgectl.api.leisure import Leisure
from edgectl.api.schedule_routes import Calendar
from edgectl.api.scheduler_routes import Desk
from edgectl.api.stream import Streams
from edgectl.api.tokens import TokenBook
from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What stands behind the doors. `listens` says where the network is served; in the `book` stands who may come in,
    and by `access` that is changed."""

    house: House
    looks: Looks
    desk: Desk
    calendar: Calendar
    devices: Devices
    happenings: Happenings
    streams: Streams
    book: TokenBook
    access: Access
    mono: Callable[[], Nanos]
    leisure: Leisure
    listens: Callable[[], Listens]
