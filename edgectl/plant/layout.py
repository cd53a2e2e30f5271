"""What a house is built of: names and sizes of its parts. The names are values; the equations know none of them."""

from dataclasses import dataclass

from edgectl.plant.water import ACID, BASE, NUTRIENT_A, NUTRIENT_B, NUTRIENT_C, SOFT, Solute, fed

MAINS = "mains"  # where water comes from
ZONE = "zone"  # where it is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class TankPart:
    """Litres. A float is wet from its volume up. `trickle` comes by itself through a ball valve, as rain does."""

    name: str
    capacity_l: float
    start_l: float
    dead_l: float = 2.0
    min_float_l: float = 20.0
    max_float_l: float = 190.0
    litre: Solute = SOFT
    trickle_l_min: float = 0.0
    evaporation_l_h: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpPart:
    """`rate_l_min` is what it moves through one open valve. `tank` is drawn without any valve on the suction."""

    name: str
    rate_l_min: float = 20.0
    tank: str | None = None
    power_w: float = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValvePart:
    """A pipe with a valve: mains to tank, tank to pump, or pump to tank or zone. The rate matters to mains only."""

    name: str
    source: str
    target: str
    rate_l_min: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePart:
    """A dosing pump into a tank: ml/s, and what one ml brings."""

    name: str
    tank: str
    ml_s: float
    brings: Solute


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimatePart:
    """The air. Names of what acts on it ("" is not fitted), and what each gives when fully on, per m2 of floor."""

    vent: str = "vent"
    heater: str = "heater"
    lamp: str = "lamp"
    fog: str = "fog"
    screen: str = ""
    gas: str = ""
    heater_w: float = 150.0
    lamp_w: float = 80.0
    fog_g_s: float = 0.02
    gas_kg_s: float = 4e-6

    @property
    def names(self) -> tuple[str, ...]:
        """What can be switched."""
        return tuple(name for name in (self.vent, self.heater, self.lamp, self.fog, self.screen, self.gas) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A probe: the channel it feeds, and the quantity it stands in, such as `solution.ph` or `air.temperature`.

    tau in seconds; bias, drift, noise (1 sigma) and step (of quantisation, 0 is none) in the unit of the quantity.
    """

    channel: str
    of: str
    tau_s: float = 0.0
    bias: float = 0.0
    drift_per_day: float = 0.0
    noise: float = 0.0
    step: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One house. A tank may feed itself and those after it in the list, never one before it.

    Raises ValueError for a name used twice, a pipe to nowhere, or tanks in the wrong order.
    """

    tanks: tuple[TankPart, ...]
    pumps: tuple[PumpPart, ...]
    valves: tuple[ValvePart, ...]
    doses: tuple[DosePart, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    climate: ClimatePart | None = None
    mains: Solute = SOFT
    meter_l_per_pulse: float = 0.1
    idle: tuple[str, ...] = ()  # parts that are switched and move nothing here, such as a lamp without a climate

    def __post_init__(self) -> None:
        names = [part.name for group in (self.tanks, self.pumps, self.valves, self.doses) for part in group]
        names += [*self.idle, *(self.climate.names if self.climate else ())]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two parts have the same name: {', '.join(sorted(twice))}")
        tanks, pumps = [part.name for part in self.tanks], [part.name for part in self.pumps]
        for valve in self.valves:
            ends = (valve.source, valve.target)
            known = (
                (ends[0] == MAINS and ends[1] in tanks)
                or (ends[0] in tanks and ends[1] in pumps)
                or (ends[0] in pumps and ends[1] in [*tanks, ZONE])
            )
            if not known:
                raise ValueError(f"{valve.name} leads from {ends[0]} to {ends[1]}: that is no pipe of this house")
        for pump in self.pumps:
            from_tanks = [tanks.index(name) for name in self.suctions(pump)]
            into_tanks = [tanks.index(v.target) for v in self.valves if v.source == pump.name and v.target in tanks]
            if from_tanks and into_tanks and max(from_tanks) > min(into_tanks):
                raise ValueError(f"{pump.name} can push water back to a tank before its source: list the source first")

    def stirring(self, tank: str) -> list[str]:
        """The pumps that can draw from a tank or push into it."""
        into = {valve.source for valve in self.valves if valve.target == tank}
        return [pump.name for pump in self.pumps if pump.name in into or tank in self.suctions(pump)]

    def suctions(self, pump: PumpPart) -> list[str]:
        """The tanks a pump can draw from."""
        direct = [pump.tank] if pump.tank else []
        return direct + [valve.source for valve in self.valves if valve.target == pump.name]


def two_tanks(tap: Solute = SOFT, *, climate: ClimatePart | None = None, full: float = 0.0) -> Layout:
    """The two-tank site: clean and solution, one pump, five valves, five dosing pumps. `full` is 0 to 1."""
    start_l = 3.0 + 197.0 * full
    gauges = [
        Gauge(channel=name, of=f"{tank}.{end}")
        for tank in ("clean", "solution")
        for name, end in ((f"{tank}_min", "min"), (f"{tank}_max", "max"))
    ]
    gauges += [
        Gauge(channel="level_clean", of="clean.level", tau_s=1, noise=0.2, step=0.1),
        Gauge(channel="level_solution", of="solution.level", tau_s=1, noise=0.2, step=0.1),
        Gauge(channel="ph", of="solution.ph", tau_s=11, noise=0.01, step=0.01),
        Gauge(channel="ec", of="solution.ec", tau_s=3, noise=0.01, step=0.001),
        Gauge(channel="flow", of="pump_main.flow", tau_s=0.5, step=0.01),
        Gauge(channel="volume", of="pump_main.volume", step=0.1),
        Gauge(channel="power", of="pump_main.power", tau_s=0.5, noise=1, step=0.1),
    ]
    return Layout(
        tanks=(
            TankPart(name="clean", capacity_l=200, start_l=start_l, litre=tap),
            TankPart(name="solution", capacity_l=200, start_l=start_l, litre=fed(tap, ph=6.0, ec=1.5)),
        ),
        pumps=(PumpPart(name="pump_main"),),
        valves=(
            ValvePart(name="valve_clean_fill", source=MAINS, target="clean"),
            ValvePart(name="valve_clean_supply", source="clean", target="pump_main"),
            ValvePart(name="valve_solution_supply", source="solution", target="pump_main"),
            ValvePart(name="valve_solution_fill", source="pump_main", target="solution"),
            ValvePart(name="valve_irrigation", source="pump_main", target=ZONE),
        ),
        doses=tuple(
            DosePart(name=name, tank="solution", ml_s=1.0, brings=brings)
            for name, brings in (
                ("acid", ACID),
                ("base", BASE),
                ("nutrient_a", NUTRIENT_A),
                ("nutrient_b", NUTRIENT_B),
                ("nutrient_c", NUTRIENT_C),
            )
        ),
        gauges=(*gauges, *(AIR if climate else ())),
        climate=climate,
        mains=tap,
    )


def one_tank(*, climate: ClimatePart | None = None) -> Layout:
    """The small house: a tank that rain fills, a pump, a valve, a lamp."""
    lamp = climate is None or climate.lamp != "lamp"
    return Layout(
        tanks=(TankPart(name="tank", capacity_l=200, start_l=140, trickle_l_min=0.07),),
        pumps=(PumpPart(name="pump", rate_l_min=10, tank="tank"),),
        valves=(ValvePart(name="valve", source="pump", target=ZONE),),
        gauges=(
            Gauge(channel="level.level", of="tank.level", tau_s=1, noise=0.1, step=0.1),
            Gauge(channel="meter.volume", of="pump.volume", step=0.1),
            Gauge(channel="meter.flow", of="pump.flow", step=0.01),
            *(AIR if climate else ()),
        ),
        climate=climate,
        idle=("lamp",) if lamp else (),
    )


AIR = (
    Gauge(channel="temperature", of="air.temperature", tau_s=60, noise=0.1, step=0.1),
    Gauge(channel="humidity", of="air.humidity", tau_s=60, noise=1, step=0.1),
    Gauge(channel="co2", of="air.co2", tau_s=60, noise=10, step=1),
    Gauge(channel="outside", of="weather.temperature", tau_s=60, noise=0.1, step=0.1),
    Gauge(channel="radiation", of="weather.radiation", tau_s=1, noise=2, step=1),
    Gauge(channel="wind", of="weather.wind", tau_s=1, noise=0.2, step=0.1),
    Gauge(channel="rain", of="weather.rain"),
)
