"""The whole house: switch a part, let time pass, read a channel, break something.

Two rules. Time passes under the old state before anything changes. And what is read is what a probe shows; the truth
(`plumbing`, `climate`, `totals`) is for whoever judges, never for whoever controls.
"""

from dataclasses import dataclass
from random import Random

from edgectl.model.time import SECOND, Nanos
from edgectl.plant.climate import Acts, Air, Climate
from edgectl.plant.faults import OF_CHANNEL, OF_PUMP, OF_WEATHER, Breakage, Fault, each
from edgectl.plant.layout import MAINS, Layout
from edgectl.plant.plumbing import Plumbing
from edgectl.plant.probes import Probe
from edgectl.plant.quantities import quantities
from edgectl.plant.weather import SPRING, Season, Sky, Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the house has been through: litres, ml, seconds, degC. The longest times are of any pump."""

    moved_l: dict[str, float]
    mains_l: float
    zone_l: float
    overflow_l: float
    leaked_l: float
    dosed_ml: dict[str, float]
    arrived_ml: dict[str, float]
    dry_longest_s: float
    dead_head_longest_s: float
    storm_open_s: float
    hottest: float | None
    coldest: float | None


class Plant:
    """One house. Instants are integer nanoseconds; asking about one already past is answered as of now."""

    def __init__(self, layout: Layout, random: Random, *, season: Season = SPRING, midnight: Nanos = 0) -> None:
        self.layout = layout
        self.plumbing = Plumbing(layout)
        self.weather = Weather(season, random, midnight)
        self.climate = Climate(self.weather, Air()) if layout.climate else None
        self.faults: dict[Breakage, float | None] = {}
        self.at: Nanos = 0
        self._on = dict.fromkeys((*layout.idle, *(layout.climate.names if layout.climate else ())), 0.0)
        self._parts = frozenset(self.names)
        self._seen: tuple[Nanos, Sky] | None = None  # the sky of one instant, which several probes look at
        self._probes = {gauge.channel: Probe(gauge, Random(random.getrandbits(64))) for gauge in layout.gauges}
        truths = quantities(layout, self.plumbing, self.climate, self._sky)
        unknown = [gauge.of for gauge in layout.gauges if gauge.of not in truths]
        if unknown:
            raise ValueError(f"no such quantity in this house: {', '.join(unknown)}; it has {', '.join(truths)}")
        self._truth = {gauge.channel: truths[gauge.of] for gauge in layout.gauges}

    @property
    def names(self) -> tuple[str, ...]:
        """All that can be switched."""
        plumbing = self.plumbing
        return (*plumbing.pumps, *plumbing.position, *plumbing.doses, *self._on)

    def has(self, name: str) -> bool:
        """True for what can be switched."""
        return name in self._parts

    @property
    def channels(self) -> tuple[str, ...]:
        """All that can be read."""
        return tuple(self._probes)

    def set(self, name: str, position: float, at: Nanos) -> None:
        """Switch a part on (1, True) or off (0, False), or move it to a position between. KeyError: no such part."""
        if name not in self._parts:
            raise KeyError(f"{name} is no part of this house; it has {', '.join(self.names)}")
        self.advance(at)
        if name not in self._on:
            self.plumbing.set(name, float(position))
            return
        self._on[name] = min(1.0, max(0.0, float(position)))
        self._act()

    def advance(self, to: Nanos) -> None:
        """Let time pass."""
        self.at = max(self.at, to)
        self.plumbing.advance(self.at)
        if self.climate is not None:
            self.climate.advance(self.at)

    def read(self, channel: str, at: Nanos) -> float:
        """What the probe of this channel shows; NaN is no answer. KeyError: no such channel."""
        probe = self._probes[channel]
        self.advance(at)
        self.plumbing.settle()
        return probe.read(self._truth[channel](), self.at)

    def shown(self, at: Nanos) -> dict[str, float]:
        """What every probe shows now, by channel; NaN is no answer. As `read` of each, in one go."""
        self.advance(at)
        self.plumbing.settle()
        truth, now = self._truth, self.at
        return {channel: probe.read(truth[channel](), now) for channel, probe in self._probes.items()}

    def break_part(self, fault: Fault, of: str, at: Nanos, *, value: float | None = None) -> None:
        """Break something from now on. `of` is the part or channel, "" for the site. ValueError: it cannot break so."""
        breakage = Breakage(fault=fault, of=of)
        if breakage not in self.possible_faults():
            raise ValueError(f"{fault} of {of or 'the site'} is not possible in this house")
        self._turn(breakage, at, True, value)
        self.faults[breakage] = value

    def mend(self, fault: Fault, of: str, at: Nanos) -> None:
        """Mend it; nothing happens if it was whole."""
        breakage = Breakage(fault=fault, of=of)
        if breakage in self.faults:
            self._turn(breakage, at, False, None)
            del self.faults[breakage]

    def possible_faults(self) -> tuple[Breakage, ...]:
        """Every single thing that can break in this house."""
        layout, plumbing = self.layout, self.plumbing
        found = each(OF_CHANNEL, self._probes)
        found += each(OF_PUMP, plumbing.pumps)
        found += each([Fault.TANK_LEAK], plumbing.tanks)
        found += each([Fault.VALVE_LEAKING], plumbing.position)
        found += each([Fault.DOSE_LINE_EMPTY], plumbing.doses)
        if any(valve.source == MAINS for valve in layout.valves):
            found.append(Breakage(fault=Fault.MAINS_DRY))
        if layout.climate is not None:
            found += [Breakage(fault=fault) for fault in OF_WEATHER]
            found += [Breakage(fault=Fault.HEATER_COLD)] if layout.climate.heater else []
        return tuple(found)

    @property
    def totals(self) -> Totals:
        """What has happened up to the instant reached."""
        plumbing, climate = self.plumbing, self.climate
        pumps, tanks, doses = plumbing.pumps.values(), plumbing.tanks.values(), plumbing.doses
        return Totals(
            moved_l={name: pump.moved_l for name, pump in plumbing.pumps.items()},
            mains_l=plumbing.mains_l,
            zone_l=plumbing.zone_l,
            overflow_l=sum(tank.overflow_l for tank in tanks),
            leaked_l=sum(tank.leaked_l for tank in tanks),
            dosed_ml={name: dose.total_ml(self.at) for name, dose in doses.items()},
            arrived_ml={name: dose.arrived_ml for name, dose in doses.items()},
            dry_longest_s=max((pump.dry_spell.longest for pump in pumps), default=0) / SECOND,
            dead_head_longest_s=max((pump.dead_head.longest for pump in pumps), default=0) / SECOND,
            storm_open_s=climate.storm_open / SECOND if climate else 0.0,
            hottest=climate.hottest if climate else None,
            coldest=climate.coldest if climate else None,
        )

    def _turn(self, breakage: Breakage, at: Nanos, broken: bool, value: float | None) -> None:
        self.advance(at)
        fault, of = breakage.fault, breakage.of
        if fault in OF_CHANNEL:
            self._probes[of].break_probe(fault, broken, value)
        elif fault in OF_WEATHER or fault is Fault.HEATER_COLD:
            if self.climate is not None:
                self.climate.settle(self.at)
            self._seen = None  # another sky from here on
            self.weather.storm = broken if fault is Fault.WIND_STORM else self.weather.storm
            self.weather.wave = broken if fault is Fault.HEAT_WAVE else self.weather.wave
            self.weather.frost = broken if fault is Fault.COLD_NIGHT else self.weather.frost
            self._act(heats=not broken if fault is Fault.HEATER_COLD else None)
        else:
            self.plumbing.break_part(breakage, broken)

    def _sky(self) -> Sky:
        seen = self._seen
        if seen is None or seen[0] != self.at:
            seen = self._seen = (self.at, self.weather.at(self.at))
        return seen[1]

    def _act(self, heats: bool | None = None) -> None:
        """Tell the air what acts on it now."""
        part = self.layout.climate
        if part is None or self.climate is None:
            return
        if heats is None:
            heats = Breakage(fault=Fault.HEATER_COLD) not in self.faults
        acts = Acts(
            vent=self._on.get(part.vent, 0.0),
            heating=self._on.get(part.heater, 0.0) * part.heater_w * heats,
            lamp=self._on.get(part.lamp, 0.0) * part.lamp_w,
            fog=self._on.get(part.fog, 0.0) * part.fog_g_s,
            co2=self._on.get(part.gas, 0.0) * part.gas_kg_s,
            shade=self._on.get(part.screen, 0.0),
        )
        self.climate.act(acts, self.at)
