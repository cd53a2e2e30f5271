"""Two tanks, one pump, five valves and the dosing pumps: the hydraulics of a hydroponic site.

Clean water comes from the mains through `fill`. The pump draws from the clean tank or from the solution tank, whichever
supply is open, and pushes back into the solution tank, to the plants, or against a closed end. Litres, seconds, mS/cm.
"""

from dataclasses import dataclass, field

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.tank import Parts, SolutionTank
from edgectl.plant.water import RO, Water, alkalinity, ph_of

MAINS_L_MIN = 20.0
PUMP_L_MIN = 20.0
LEAK_L_MIN = 1.0
LINE: Nanos = 4 * SECOND  # from a dosing pump to the tank
LOW, HIGH = 0.05, 0.95  # where the floats sit
DRAWN_DRY_L = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What one millilitre of a stock brings into the tank: milliequivalents of alkalinity, mS/cm times litres."""

    ml_per_s: float
    alk_meq: float = 0.0
    salt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The names of the parts."""

    pump: str
    fill: str
    clean_supply: str
    solution_supply: str
    solution_fill: str
    irrigation: str
    stocks: dict[str, Stock]
    clean_l: float = 200.0
    solution_l: float = 100.0
    water: Water = RO
    clean_ph: float = 7.0
    clean_ec: float = 0.25


@dataclass(slots=True, kw_only=True)
class Mischief:
    """What can go wrong in the water itself. Each is a switch."""

    mains_off: bool = False
    blocked_now: bool = False  # this run of the pump only
    suction_blocked: bool = False
    fill_leaks: bool = False  # closed, and a litre a minute comes all the same
    solution_leaks: bool = False
    bottle_empty: str = ""  # a dosing pump that gives nothing


@dataclass(slots=True)
class _Dose:
    """A dose on its way through its line."""

    at: Nanos
    name: str
    ml: float


@dataclass(slots=True)
class TwoTanks:
    """The state of it all. Call `switched` for every relay that moves, `advance` before reading."""

    layout: Layout
    now: Nanos = 0
    clean_l: float = 0.0
    mischief: Mischief = field(default_factory=Mischief)
    pumped_l: float = 0.0
    watered_l: float = 0.0
    clean_overflow_l: float = 0.0
    filled_l: float = 0.0
    leaked_l: float = 0.0
    dosed_ml: dict[str, float] = field(default_factory=dict)
    doses: list[tuple[Nanos, str, float]] = field(default_factory=list)  # end, pump, ml
    standing_doses: int = 0  # doses into water that did not move
    dry: Nanos = 0  # the longest that the pump ran in one go without moving water
    tank: SolutionTank = field(init=False)
    _on: set[str] = field(default_factory=set)
    _since: dict[str, Nanos] = field(default_factory=dict)
    _lines: list[_Dose] = field(default_factory=list)
    _dry_for: Nanos = 0
    _ph: float = 7.0

    def __post_init__(self) -> None:
        alk = alkalinity(self.layout.water, self.layout.clean_ph)
        ec = self.layout.clean_ec
        self.tank = SolutionTank(
            capacity_l=self.layout.solution_l,
            litres=0.5,
            alk=Parts(near=alk, bulk=alk),
            ec=Parts(near=ec, bulk=ec),
        )

    def switched(self, name: str, on: bool, at: Nanos) -> None:
        """A relay moved."""
        self.advance(at)
        if on and name not in self._on:
            self._on.add(name)
            self._since[name] = at
            if name in self.layout.stocks and self.flow_l_min == 0.0:
                self.standing_doses += 1
        elif not on and name in self._on:
            self._on.discard(name)
            if (stock := self.layout.stocks.get(name)) is not None:
                ml = (at - self._since[name]) / SECOND * stock.ml_per_s
                self.doses.append((at, name, ml))
                self.dosed_ml[name] = self.dosed_ml.get(name, 0.0) + ml
                self._lines.append(_Dose(at=at + LINE, name=name, ml=ml))

    def advance(self, to: Nanos) -> None:
        """Let time pass. Between two switches the flows change only when a tank runs full or dry."""
        while self._lines and self._lines[0].at <= to:
            dose = self._lines.pop(0)
            self._flow(dose.at)
            self._arrives(dose)
        self._flow(to)

    def read(self, what: str) -> float:
        """The truth of one quantity: ph, ec, flow, volume, clean_pct, solution_pct, and the four floats."""
        match what:
            case "ph":
                self._ph = ph_of(self.layout.water, self.tank.alk.near, self._ph)
                return self._ph
            case "ec":
                return self.tank.ec.near
            case "flow":
                return self.flow_l_min
            case "volume":
                return self.pumped_l
            case "clean_pct":
                return 100 * self.clean_l / self.layout.clean_l
            case "solution_pct":
                return 100 * self.tank.litres / self.layout.solution_l
            case "clean_low":
                return float(self.clean_l > LOW * self.layout.clean_l)
            case "clean_high":
                return float(self.clean_l > HIGH * self.layout.clean_l)
            case "solution_low":
                return float(self.tank.litres > LOW * self.layout.solution_l)
            case "solution_high":
                return float(self.tank.litres > HIGH * self.layout.solution_l)
        raise KeyError(what)

    @property
    def flow_l_min(self) -> float:
        """What moves through the pump now."""
        on, parts = self._on, self.layout
        if parts.pump not in on or self.mischief.suction_blocked or self.mischief.blocked_now:
            return 0.0
        out = parts.solution_fill in on or parts.irrigation in on
        wet = (parts.clean_supply in on and self.clean_l > DRAWN_DRY_L) or (
            parts.solution_supply in on and self.tank.litres > DRAWN_DRY_L
        )
        return PUMP_L_MIN if out and wet else 0.0

    def _flow(self, to: Nanos) -> None:
        while self.now < to:
            # A step long enough to be cheap and short enough that a tank cannot run over within it unseen.
            busy = bool(self._on) or self.mischief.fill_leaks or self.mischief.solution_leaks
            step = min(to - self.now, SECOND if busy else to - self.now)
            self._step(step)
            self.now += step

    def _step(self, step: Nanos) -> None:
        on, parts, tank, spent_s = self._on, self.layout, self.tank, step / SECOND
        if not self.mischief.mains_off and (parts.fill in on or self.mischief.fill_leaks):
            came = (MAINS_L_MIN if parts.fill in on else LEAK_L_MIN) / 60 * spent_s
            fits = min(came, parts.clean_l - self.clean_l)
            self.clean_l += fits
            self.filled_l += came
            self.clean_overflow_l += came - fits
        if self.mischief.solution_leaks:
            self.leaked_l += tank.draw(LEAK_L_MIN / 60 * spent_s)
        flow_l_s = self.flow_l_min / 60
        is_dry = parts.pump in on and flow_l_s == 0.0
        self._dry_for = self._dry_for + step if is_dry else 0
        self.dry = max(self.dry, self._dry_for)
        circulates = 0.0
        if flow_l_s:
            moved = flow_l_s * spent_s
            self.pumped_l += moved
            if parts.clean_supply in on and self.clean_l > DRAWN_DRY_L:
                moved = min(moved, self.clean_l)
                self.clean_l -= moved
                tank.pour(moved, alk=alkalinity(parts.water, parts.clean_ph), ec=parts.clean_ec)
            elif parts.irrigation in on:
                self.watered_l += tank.draw(moved)
            else:
                circulates = flow_l_s
        tank.mix(circulates, spent_s)

    def _arrives(self, dose: _Dose) -> None:
        if dose.name == self.mischief.bottle_empty:
            return
        stock = self.layout.stocks[dose.name]
        self.tank.alk.add(stock.alk_meq * dose.ml, self.tank.litres)
        self.tank.ec.add(stock.salt * dose.ml, self.tank.litres)
