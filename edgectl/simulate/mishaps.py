"""What breaks in a house over the days, one thing at a time: a probe lies, a tank leaks, a board falls silent, somebody
presses the emergency stop. Each is mended after a while.

One at a time, because two lies that agree cannot be told from the truth: the promises are about single faults.
"""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import OF_WEATHER, Breakage, Fault

if TYPE_CHECKING:
    from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
SHORTEST: Nanos = 60 * SECOND
# What a probe may be stuck at, or off by, by what it shows.
STUCK = {"level": (0, 50, 100), "flow": (0, 5, 15), "min": (0, 1), "max": (0, 1), "ph": (3, 7, 13.9), "ec": (0, 5)}
OFF_BY = {"level": 30.0, "flow": 3.0, "ph": 1.0, "ec": 1.0, "temperature": 8.0, "humidity": 20.0, "wind": 5.0}


class Mishaps:
    """Everything that breaks, from one seeded source."""

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self.met: Counter[str] = Counter()  # by kind
        self.lies = 0  # of floats: each may cost water
        air = any(zone.climate is not None for zone in world.site.zones.values())
        self.often = 6 if air else 1  # the days of an air house are few
        self.next_at: Nanos = round(random.uniform(0.2, 12 / self.often) * HOUR)
        self._breakage: Breakage | None = None
        self._device = ""

    def act(self) -> None:
        """Something breaks, or what is broken is mended."""
        field, now = self.world.field, self.world.now
        if self._breakage is not None:
            field.ground.plant.mend(self._breakage.fault, self._breakage.of, now)
            self._breakage = None
        elif self._device:
            field.speak_again(self._device, now)
            self.world.hear_of(self._device, healthy=True)
            self._device = ""
        elif field.estop_open:
            field.estop_open = False
        else:
            self._break()
            # A dead board is asked every few seconds for as long as it is dead: it comes back sooner than the rest.
            lasts = HOUR // 4 if self._device else 2 * HOUR // self.often
            self.next_at = now + SHORTEST + round(self.random.expovariate(1 / lasts))
            return
        self.next_at = now + SHORTEST + round(self.random.expovariate(self.often / (6 * HOUR)))

    def _break(self) -> None:
        world, chance = self.world, self.random.random()
        if chance < 0.15:
            self._device = self.random.choice(sorted({part.device for part in world.site.actuators.values()}))
            world.field.fall_silent(self._device, world.now)
            world.hear_of(self._device, healthy=False)
        elif chance < 0.5 and world.site.estop is not None:
            world.field.estop_open = True
            self.met["estop"] += 1
        else:
            plant, weather = world.field.ground.plant, [Fault.HEATER_COLD, *OF_WEATHER]
            possible = plant.possible_faults()
            if any(breakage.fault in weather for breakage in possible) and self.random.random() < 0.5:
                possible = tuple(breakage for breakage in possible if breakage.fault in weather)
            self._breakage = self.random.choice(possible)
            plant.break_part(self._breakage.fault, self._breakage.of, world.now, value=self._value(self._breakage))
            self.met[self._breakage.fault.value] += 1
            self.lies += self._shows(self._breakage) in ("min", "max", "level")

    def _value(self, breakage: Breakage) -> float | None:
        shows = self._shows(breakage)
        if breakage.fault is Fault.PROBE_STUCK:
            return float(self.random.choice(STUCK.get(shows, (0,))))
        if breakage.fault in (Fault.PROBE_BIAS, Fault.PROBE_SPIKE):
            return self.random.choice((-1, 1)) * OFF_BY.get(shows, 1.0)
        return None

    def _shows(self, breakage: Breakage) -> str:
        """What the probe of this fault shows; empty for what is no probe."""
        gauges = self.world.field.ground.plant.layout.gauges
        return next((gauge.of.rsplit(".", 1)[-1] for gauge in gauges if gauge.channel == breakage.of), "")
