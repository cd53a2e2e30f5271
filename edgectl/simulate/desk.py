"""The desk of the centre in a simulated house: from time to time it sends limits: tighter, wider, old, or nonsense.

What it may do is promise 21: it can only tighten. Held here by a table of its own, not by the engine's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from edgectl.model.ask import Tighten
from edgectl.model.command import Command, Order
from edgectl.model.site import Actuator
from edgectl.model.time import MS, SECOND, Nanos
from edgectl.model.timeline import Entry

if TYPE_CHECKING:
    from edgectl.simulate.invariants import Met
    from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
TOKEN = 900_000_000  # nobody waits for the answer; the line says what was taken
WIDEST = 1.3  # of what the site file says: a good part of what is sent must be refused
NONSENSE: tuple[Any, ...] = (-1, float("nan"), "all", None, {"pump": 1})


class Desk:
    """Sends limits, from one seeded source."""

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self.sent = 0
        self.next_at: Nanos = round(random.uniform(0.5, 24) * HOUR)

    def act(self) -> None:
        """Send a set of limits."""
        self.sent += 1
        self.next_at = self.world.now + SECOND + round(self.random.expovariate(1 / (12 * HOUR)))
        revision = self.sent if self.random.random() < 0.9 else self.random.randint(0, self.sent)
        self.world.offer(Tighten(token=TOKEN, revision=revision, limits=self._limits(), who="centre:desk"))

    def _limits(self) -> Any:
        chance = self.random.random()
        if chance < 0.1:
            return self.random.choice(NONSENSE)
        if chance < 0.25:
            return {}
        names = self.random.sample(sorted(self.world.site.actuators), k=1)
        return {"actuators": {name: dict(self._wanted(self.world.site.actuators[name])) for name in names}}

    def _wanted(self, actuator: Actuator) -> Iterator[tuple[str, float]]:
        for limit, local in _local(actuator).items():
            if local is not None and self.random.random() < 0.6:
                part = self.random.uniform(0.6, WIDEST)
                yield limit, max(1, round(local * part))


def _local(actuator: Actuator) -> dict[str, float | None]:
    """What the site file allows this output, by the names that the centre uses."""
    doser, daily = actuator.doser, actuator.daily
    return {
        "max_on_s": None if actuator.max_on is None else actuator.max_on / SECOND,
        "starts_per_hour": actuator.starts_per_hour,
        "max_per_day_ml": None if doser is None else doser.max_per_day_ml,
        "litres_per_day": None if daily is None else daily.litres,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reign:
    """What a set of limits says of one output, from one instant to another."""

    begin: Nanos
    end: Nanos
    name: str
    limits: dict[str, float]


def widened(world: "World", met: "Met") -> list[str]:
    """21: no limit that was taken is wider than the site file's, and no order is longer than the limit in force."""
    found: list[str] = []
    orders = [v for v in world.journal.values.values() if isinstance(v, Command) and v.order is Order.ON]
    for reign in _reigns(world.journal.timeline, world.now):
        local = _local(world.site.actuators[reign.name])
        for limit, value in reign.limits.items():
            met["21"] += 1
            own = local.get(limit)
            if own is not None and value > own:
                found.append(f"21: {limit} of {reign.name} was taken as {value:g}, the site file says {own:g}")
        longest = reign.limits.get("max_on_s", inf)
        for order in orders:
            if order.actuator == reign.name and order.lease and reign.begin < order.queued_at < reign.end:
                met["21"] += 1
                if order.lease > longest * SECOND + MS:
                    found.append(f"21: {order.cmd_id} is for {order.lease / SECOND:g} s, the limit is {longest:g} s")
    return found


def _reigns(timeline: list[Entry], now: Nanos) -> Iterator[_Reign]:
    taken = [entry for entry in timeline if entry.event_type == "LIMITS_TIGHTENED"]
    for number, entry in enumerate(taken):
        end = taken[number + 1].mono if number + 1 < len(taken) else now
        for name, limits in entry.details["limits"].get("actuators", {}).items():
            yield _Reign(begin=entry.mono, end=end, name=name, limits=dict(limits))
