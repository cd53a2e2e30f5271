"""The reads that a bus makes for ever: which one is next, and when.

Each is put into words once, when it enters the rota. A device that does not answer rests; the others go on meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgectl.drivers.exchange import Exchange, Lane
from edgectl.drivers.health import Health
from edgectl.drivers.purpose import Look
from edgectl.drivers.reads import Read
from edgectl.drivers.wiring import Device
from edgectl.model.time import Nanos

Words = Callable[[Lane, Device, Look], Exchange]


@dataclass(slots=True, eq=False, kw_only=True)
class Place:
    """One read of the rota. `poll` is how it is asked in its turn, `asked` how it is when the engine wants to know."""

    read: Read
    health: Health
    poll: Exchange
    asked: Exchange
    due: Nanos = 0

    @property
    def wakes(self) -> Nanos:
        """When it may be asked: when it is due, and its device does not rest."""
        return max(self.due, self.health.rest_until)


class Rota:
    """The places in the order of the plan. Of two that are due at once the first goes first."""

    def __init__(self, reads: tuple[Read, ...], health: dict[str, Health], words: Words) -> None:
        self._health, self._words = health, words
        self._places: list[Place] = []
        self._of: dict[Exchange, Place] = {}
        for read in reads:
            self._add(read, 0)

    def next(self, now: Nanos) -> Place | None:
        """The one that has waited longest."""
        first: Place | None = None
        for place in self._places:
            if place.due <= now >= place.health.rest_until and (first is None or place.due < first.due):
                first = place
        return first

    def had_turns(self, now: Nanos, since: Nanos) -> bool:
        """Was each read that may be asked now asked since then?"""
        ready = (place for place in self._places if place.wakes <= now)
        return all(place.due - place.read.every >= since for place in ready)

    def wakes(self, floor: Nanos) -> Nanos | None:
        """When the next one may be asked; the floor when that is not later. None without any read."""
        first: Nanos | None = None
        for place in self._places:
            at = place.wakes
            if at <= floor:
                return floor
            if first is None or at < first:
                first = at
        return first

    def left(self, exchange: Exchange, now: Nanos) -> None:
        """A read is on its way, in its turn or because it was asked for: it is due again after its time."""
        if (place := self._of.get(exchange)) is not None:
            place.due = now + place.read.every

    def again(self, exchange: Exchange, now: Nanos) -> None:
        """What was read is not believed yet: it is due at once."""
        if (place := self._of.get(exchange)) is not None:
            place.due = now

    def showing(self, actuator: str) -> Place:
        """The one that shows this output."""
        return next(place for place in self._places if actuator in place.read.outputs)

    def hasten(self, device: str, now: Nanos) -> list[Read]:
        """The outputs of a device are looked at next."""
        places = [p for p in self._places if p.health.device.name == device and p.read.outputs]
        for place in places:
            place.due = now
        return [place.read for place in places]

    def replace(self, read: Read, parts: tuple[Read, ...]) -> None:
        """A read is several from now on, due when it was."""
        old, self._places, self._of = self._places, [], {}
        for place in old:
            for each in parts if place.read is read else (place.read,):
                self._add(each, place.due)

    def _add(self, read: Read, due: Nanos) -> None:
        health, look = self._health[read.device], Look(block=read)
        poll, asked = (self._words(lane, health.device, look) for lane in (Lane.POLL, Lane.CONTROL))
        place = Place(read=read, health=health, poll=poll, asked=asked, due=due)
        self._places.append(place)
        self._of[poll] = self._of[asked] = place
