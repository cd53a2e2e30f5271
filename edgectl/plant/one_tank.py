"""One tank that rain refills, one pump, one valve: the smallest house. Litres and seconds."""

from dataclasses import dataclass

from edgectl.model.time import SECOND, Nanos

PUMP_L_MIN = 10.0
RAIN_L_S = 0.0012  # about what eight runs a day take out
DRAWN_DRY_L = 2.0


@dataclass(slots=True, kw_only=True)
class OneTank:
    """`blocked` lets nothing through the suction; `watched` is False while no controller lives that could stop a dry
    pump."""

    tank_l: float = 120.0
    capacity_l: float = 200.0
    pumped_l: float = 0.0
    pump: bool = False
    valve: bool = False
    blocked: bool = False
    watched: bool = True
    dry: Nanos = 0  # the longest that the pump ran in one go without moving water
    now: Nanos = 0
    dry_for: Nanos = 0

    def switched(self, name: str, on: bool, at: Nanos) -> None:
        """A relay moved."""
        self.advance(at)
        if name == "pump":
            self.pump = on
        elif name == "valve":
            self.valve = on

    def values(self, at: Nanos) -> dict[str, float | None]:
        """What the sensors show, by channel."""
        self.advance(at)
        return {
            "level.level": self.tank_l / self.capacity_l * 100,
            "meter.volume": self.pumped_l,
            "meter.flow": self.flow_l_min,
        }

    @property
    def flow_l_min(self) -> float:
        """Water moves when pump and valve are open and the suction is wet."""
        return PUMP_L_MIN if self.pump and self.valve and not self.blocked and self.tank_l > DRAWN_DRY_L else 0.0

    def advance(self, to: Nanos) -> None:
        """Let time pass under the present state."""
        if to <= self.now:
            return
        spent_s = (to - self.now) / SECOND
        flow = self.flow_l_min
        self.dry_for = self.dry_for + to - self.now if self.watched and self.pump and not flow else 0
        self.dry = max(self.dry, self.dry_for)
        moved = min(flow / 60 * spent_s, self.tank_l)
        self.pumped_l += moved
        self.tank_l = min(self.capacity_l, self.tank_l - moved + spent_s * RAIN_L_S)
        self.now = to
