"""Every single thing that can break in the greenhouse itself, by name.

Relays that stick or weld belong to the board that switches them, lost bytes to the wire: neither is here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What breaks. A comment says of what: the name that goes with the fault."""

    PROBE_FREEZE = "probe_freeze"  # a channel: keeps its last value
    PROBE_STUCK = "probe_stuck"  # a channel: shows the value given with the fault
    PROBE_SPIKE = "probe_spike"  # a channel: one reading in ten is off by the value given
    PROBE_BIAS = "probe_bias"  # a channel: every reading is off by the value given
    PROBE_DROPOUT = "probe_dropout"  # a channel: NaN
    SUCTION_BLOCKED = "suction_blocked"  # a pump: nothing comes through its strainer
    PUMP_WORN = "pump_worn"  # a pump: half of its head is gone
    TANK_LEAK = "tank_leak"  # a tank: 0.5 L/min
    VALVE_LEAKING = "valve_leaking"  # a valve: closed, yet it passes 1 L/min
    DOSE_LINE_EMPTY = "dose_line_empty"  # a dosing pump: it turns and counts, nothing arrives
    MAINS_DRY = "mains_dry"  # of the site
    HEATER_COLD = "heater_cold"  # of the site: the heater is on and gives nothing
    WIND_STORM = "wind_storm"  # of the site: 18 m/s more
    HEAT_WAVE = "heat_wave"  # of the site: 14 degC more outside
    COLD_NIGHT = "cold_night"  # of the site: 20 degC less outside


OF_CHANNEL = (Fault.PROBE_FREEZE, Fault.PROBE_STUCK, Fault.PROBE_SPIKE, Fault.PROBE_BIAS, Fault.PROBE_DROPOUT)
OF_PUMP = (Fault.SUCTION_BLOCKED, Fault.PUMP_WORN)
OF_WEATHER = (Fault.WIND_STORM, Fault.HEAT_WAVE, Fault.COLD_NIGHT)
SITE = ""  # the name that goes with a fault of the whole site


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """One fault of one part."""

    fault: Fault
    of: str = SITE


def each(faults: Iterable[Fault], names: Iterable[str]) -> list[Breakage]:
    """Each of these faults of each of these parts."""
    names = tuple(names)
    return [Breakage(fault=fault, of=name) for fault in faults for name in names]
