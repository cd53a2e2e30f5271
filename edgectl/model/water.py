"""Tanks, the pipes between them, and what is dosed into them, as frozen values of the site file.

Sensors and actuators are given by name. Volumes are litres, doses millilitres, EC mS/cm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edgectl.model.time import MS, SECOND, Nanos, seconds

WET = 0.5  # a float reads 0 or 1
FULL_PCT = 95.0  # a tank without an upper float is full above


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """A tank and what shows how full it is. A float is 1 when it is wet; `low` is the lower one. An upper one that
    has not moved for `prove_every` is to be lifted by hand."""

    name: str
    volume_l: float
    level: str | None = None  # percent
    low: str | None = None
    high: str | None = None
    prove_every: Nanos | None = None

    @property
    def mark(self) -> tuple[str, float] | None:
        """What shows that it is full, and above which value: its upper float, or its level where it has none."""
        if self.high is not None:
            return self.high, WET
        return None if self.level is None else (self.level, FULL_PCT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How a level is reckoned while it cannot be seen: what 100 % are, for how long at most, and the counter of what
    comes in, where there is one."""

    volume_l: float
    lasts: Nanos
    into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A level as it was seen last, what may have been drawn and passed on since, and what the counters showed then."""

    pct: float
    at: Nanos
    followed: Nanos  # until when the drawing has been counted
    drawn_l: float = 0.0
    passed_l: float = 0.0
    counters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One pump with the valves on its two sides. `flow` is the sensor that sees water move through it."""

    pump: str
    draws: tuple[str, ...] = ()
    pushes: tuple[str, ...] = ()
    flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflow:
    """How water gets into a tank: while the pump runs, where there is one, and a valve is open on each side that has
    any. Without a pump the mains press."""

    tank: Tank
    pushes: tuple[str, ...]
    pump: str | None = None
    draws: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[tuple[str, ...], ...]:
        """What has to be on, one output of each."""
        pump = () if self.pump is None else (self.pump,)
        return tuple(side for side in (pump, self.draws, self.pushes) if side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How pumps move clean water and solution between the tanks and to the plants.

    `fill` lets clean water in from the mains. `clean_supply` and `solution_supply` choose what a pump draws from;
    `solution_fill` leads into the solution tank. A site with one tank has no clean tank: `fill` fills that one.
    The pump of the zone does everything for which no other is named. Where `irrigation` is a tank of its own, the zone
    is watered from there, and `mix_pump` moves the solution round and on through `irrigation_fill`.
    """

    solution: Tank
    fill: str
    clean: Tank | None = None
    clean_supply: str | None = None
    solution_supply: str | None = None
    solution_fill: str | None = None
    fill_l_min: float | None = None  # commissioned rate of the mains
    fill_meter: str | None = None  # a counter on the mains, L: a fill ends at its litres, whatever the floats say
    fill_most_l: float | None = None  # the most that one fill may let in
    fill_time: Nanos | None = None  # the longest a fill of the first tank may take
    drain: str | None = None  # empties the solution tank
    drain_time: Nanos | None = None  # the longest that may take
    solution_time: Nanos | None = None  # the longest a fill of the solution tank may take
    solution_meter: str | None = None  # a counter on the way into the solution tank, L; else that of the zone
    solution_return: str | None = None  # leads the mixing pump back into the solution tank; else solution_fill
    solution_l_min: float | None = None  # commissioned rate of a fill pump
    fill_pump: str | None = None  # moves clean water into the solution tank; else the mixing pump
    fill_flow: str | None = None
    mix_pump: str | None = None  # moves the solution round; else the pump of the zone
    mix_flow: str | None = None
    irrigation: Tank | None = None  # the third tank
    irrigation_fill: str | None = None  # leads the mixing pump into it
    irrigation_time: Nanos | None = None  # the longest a fill of it may take
    irrigation_meter: str | None = None  # a counter on the way into it, L

    @property
    def tanks(self) -> tuple[Tank, ...]:
        """Its tanks in the order of the water, the one that the mains fill first."""
        return tuple(tank for tank in (self.clean, self.solution, self.irrigation) if tank is not None)

    @property
    def source(self) -> Tank:
        """The tank that the plants drink from."""
        return self.irrigation or self.solution

    @property
    def back(self) -> str | None:
        """The valve through which the solution comes back on its round."""
        return self.solution_return or self.solution_fill

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every pump and valve that it names."""
        valves = (self.fill, self.drain, self.clean_supply, self.solution_supply, self.solution_fill)
        more = (self.solution_return, self.irrigation_fill, self.fill_pump, self.mix_pump)
        return tuple(part for part in (*valves, *more) if part is not None)

    def mixer(self, pump: str | None) -> str | None:
        """The pump that moves the solution round, in a zone with this pump."""
        return self.mix_pump or pump

    def filler(self, pump: str | None) -> str | None:
        """The pump that moves clean water into the solution tank."""
        return self.fill_pump or self.mixer(pump)

    def inflows(self, pump: str | None) -> tuple[Inflow, ...]:
        """Everything that can make one of its tanks run over, in a zone with this pump. What only goes round in a tank
        fills none; a pump that also mixes may push what it draws elsewhere through the way back."""
        mixer, filler = self.mixer(pump), self.filler(pump)
        found = [Inflow(tank=self.clean or self.solution, pushes=(self.fill,))]
        supply, back = _named(self.clean_supply), self.back if filler == mixer else None
        if self.clean is not None and filler is not None:
            into = _named(self.solution_fill, None if back == self.solution_fill else back)
            found.append(Inflow(tank=self.solution, pump=filler, draws=supply, pushes=into))
        if self.irrigation is not None and mixer is not None:
            # One that hangs in the solution tank draws from there, whatever valve is open before it.
            chosen = (*_named(self.solution_supply), *(supply if filler == mixer else ()))
            draws = () if self.solution_supply is None else chosen
            found.append(Inflow(tank=self.irrigation, pump=mixer, draws=draws, pushes=_named(self.irrigation_fill)))
        return tuple(found)

    def ways(self, watering: Way) -> tuple[Way, ...]:
        """Each pump with its valves, that of the zone first, which draws solution where there is no third tank."""
        found = {watering.pump: watering}
        # What the mixing pump draws is what the plants drink, unless they have a tank of their own.
        for pump, flow, draws, pushes in (
            (self.mixer(watering.pump), self.mix_flow, self.solution_supply, (self.back, self.irrigation_fill)),
            (self.filler(watering.pump), self.fill_flow, self.clean_supply, (self.solution_fill,)),
        ):
            assert pump is not None
            way = found.get(pump, Way(pump=pump, flow=flow))
            more = [name for name in pushes if name is not None and name not in way.pushes]
            drawn = way.draws if draws is None else (*way.draws, draws)
            found[pump] = replace(way, draws=drawn, pushes=(*way.pushes, *more))
        return tuple(found.values())


def _named(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doser:
    """What a dosing pump gives. `gain` is what 1 ml changes in the whole volume, always positive: mS/cm up for a
    nutrient, pH down for an acid, pH up for a base; where it is 0 nobody knows, and only people dose. `least` is the
    shortest pulse that can be trusted, `step` what a longer one is rounded down to."""

    ml_per_s: float
    max_dose_ml: float
    max_per_hour_ml: float
    max_per_day_ml: float
    gain: float = 0.0
    least: Nanos = 100 * MS
    step: Nanos = 100 * MS
    calibrate_every: Nanos | None = None
    total: str | None = None  # the sensor of what the pump has counted in all, ml


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """The targets of a solution and the means to reach them: actuators by name. `rate_l_min` is the commissioned
    circulation, `least_ec` the EC below which the probe is taken to hang in the air."""

    volume_l: float
    rate_l_min: float
    ph: str | None = None
    ec: str | None = None
    target_ph: float = 5.8
    target_ec: float = 1.5
    ph_band: tuple[float, float] | None = None  # where a request may put the target; None: where it is
    ec_band: tuple[float, float] | None = None
    acid: str | None = None
    base: str | None = None
    nutrients: tuple[str, ...] = ()  # dosed one after the other, never two in one mixing time
    least_ec: float = 0.2
    acid_per_litre: float = 0.0  # ml that a preparation may give for each litre filled, beside the cap of the hour

    @property
    def dosers(self) -> tuple[str, ...]:
        """Every pump that may change this solution."""
        return tuple(name for name in (*self.nutrients, self.acid, self.base) if name is not None)

    @property
    def mixing(self) -> Nanos:
        """How long a dose needs until the probes can tell what it did: V/Q, and never less than 120 s. After 20 s, as a
        widely used default has it, simulated RO water went from pH 6.8 to 3.8."""
        return max(120 * SECOND, seconds(self.volume_l / self.rate_l_min * 60))
