"""The greenhouse behind the simulated devices: switched by relays, read by channels, broken by name."""

from random import Random

from edgectl.model.time import Nanos
from edgectl.plant.faults import Fault
from edgectl.plant.house import Plant
from edgectl.plant.layout import Layout, one_tank
from edgectl.plant.pump import Spell
from edgectl.simulate.draughts import HEATER, SCREEN, VENT, Draughts

OPEN_IN_STORM = 0.1  # of the whole way


class Ground:
    """A plant, and what a judge must know of it. `watched` is False while no controller lives to stop a pump."""

    def __init__(self, layout: Layout, random: Random, draughts: Draughts | None = None) -> None:
        self.plant = Plant(layout, random)
        self.draughts = draughts
        self.standing_doses = 0  # that fell into water which did not move
        self.storms: list[tuple[Nanos, Nanos]] = []  # when a vent stood open in one, while somebody lived to shut it
        self.into_storms: list[tuple[Nanos, Nanos]] = []  # when one was being opened in one
        self._minded: Nanos = 0
        self._dry: Nanos = 0
        self._watched = True
        self._spilled: dict[str, float] = {}  # over each tank when the controller was last gone
        self.spilled_alone: dict[str, float] = dict.fromkeys(self.plant.plumbing.tanks, 0.0)  # while nobody lived
        self._fed_full: dict[str, Nanos] = {}  # since when each tank is filled over its wet float
        self.fed_full: dict[str, Nanos] = {}  # the longest that this went on, while somebody lived to stop it

    @classmethod
    def small(cls, random: Random) -> "Ground":
        """One tank, one pump, one valve, one lamp."""
        return cls(one_tank(), random)

    def switched(self, name: str, on: bool, at: Nanos) -> None:
        """A relay moved."""
        plant, draughts = self.plant, self.draughts
        if draughts is not None and draughts.has(name):
            draughts.switch(name, on, at)
            self._blow(at)
            return
        plant.set(name, float(on), at)
        if on and name in plant.plumbing.doses:
            plant.plumbing.settle()
            tank, pumps = plant.plumbing.doses[name].part.tank, plant.plumbing.pumps
            self.standing_doses += not any(pumps[pump].flow_l_s for pump in plant.layout.stirring(tank))

    def advance(self, to: Nanos) -> None:
        """Let time pass under the present state."""
        self._mind_the_storm(to)
        if self.draughts is not None and self.draughts.moving:
            self.draughts.advance(to)
            self._blow(to)
        self.plant.advance(to)

    def _mind_the_storm(self, to: Nanos) -> None:
        """How long a vent has stood open in a storm, while there was somebody to shut it."""
        draughts, risky = self.draughts, self.plant.weather.storm and self._watched
        if draughts is not None and risky and draughts.widest > OPEN_IN_STORM:
            _lengthen(self.storms, self._minded, to)
        if draughts is not None and risky and draughts.opens:
            _lengthen(self.into_storms, self._minded, to)
        self._minded = max(self._minded, to)

    def _blow(self, at: Nanos) -> None:
        draughts = self.draughts
        assert draughts is not None
        if self.plant.has(VENT):
            self.plant.set(VENT, draughts.opening, at)
        if self.plant.has(HEATER):
            self.plant.set(HEATER, draughts.heating, at)
        if SCREEN in self.plant.names:
            self.plant.set(SCREEN, draughts.drawn, at)

    def values(self, at: Nanos) -> dict[str, float | None]:
        """What the sensors show, by channel; None is no answer."""
        shown = self.plant.shown(at)
        return {channel: value if value == value else None for channel, value in shown.items()}  # only NaN differs

    def mind_the_brims(self, at: Nanos, *, in_reach: bool) -> None:
        """How long each tank has been filled over its wet float, while somebody could see that and stop it."""
        plumbing, before, self._fed_full = self.plant.plumbing, self._fed_full, {}
        for part in self.plant.layout.tanks if in_reach and self._watched else ():
            if plumbing.tanks[part.name].volume_l >= part.max_float_l and plumbing.fed(part.name):
                self._fed_full[part.name] = since = before.get(part.name, at)
                self.fed_full[part.name] = max(self.fed_full.get(part.name, 0), at - since)

    def block(self, pump: str, blocked: bool, at: Nanos) -> None:
        """The suction of a pump lets nothing through this time."""
        if blocked:
            self.plant.break_part(Fault.SUCTION_BLOCKED, pump, at)
        else:
            self.plant.mend(Fault.SUCTION_BLOCKED, pump, at)

    @property
    def watched(self) -> bool:
        """Does a controller live?"""
        return self._watched

    @watched.setter
    def watched(self, watched: bool) -> None:
        self._dry = self.dry
        for pump in self.plant.plumbing.pumps.values():
            pump.dry_spell, pump.dead_head = Spell(), Spell()
        now = {name: tank.overflow_l for name, tank in self.plant.plumbing.tanks.items()}
        if watched and not self._watched:
            for name, litres in now.items():
                self.spilled_alone[name] += litres - self._spilled[name]
        elif not watched and self._watched:
            self._spilled = now
        self._watched = watched

    @property
    def dry(self) -> Nanos:
        """The longest that a pump ran in one go without moving water, or against a closed end, under a controller."""
        if not self._watched:
            return self._dry
        pumps = self.plant.plumbing.pumps.values()
        return max([self._dry, *(max(pump.dry_spell.longest, pump.dead_head.longest) for pump in pumps)])


def _lengthen(spans: list[tuple[Nanos, Nanos]], begin: Nanos, end: Nanos) -> None:
    """One more piece of what goes on without a break, or the first one."""
    if spans and spans[-1][1] == begin:
        begin = spans.pop()[0]
    if end > begin:
        spans.append((begin, end))
