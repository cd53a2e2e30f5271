"""Tanks, the pipes between them, and what is dosed into them, as frozen values of the site file.

Sensors and actuators are given by name. Volumes are litres, doses millilitres, EC mS/cm.
"""

from dataclasses import dataclass

from edgectl.model.time import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """A tank and what shows how full it is. A float is 1 when it is wet; `low` is the lower one."""

    name: str
    volume_l: float
    level: str | None = None  # percent
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How one pump moves clean water and solution between two tanks and to the plants.

    `fill` lets clean water in from the mains. `clean_supply` and `solution_supply` choose what the pump draws from;
    `solution_fill` leads back into the solution tank. A site with one tank has no clean tank: `fill` fills that one.
    """

    solution: Tank
    fill: str
    clean: Tank | None = None
    clean_supply: str | None = None
    solution_supply: str | None = None
    solution_fill: str | None = None
    fill_l_min: float | None = None  # commissioned rate of the mains
    fill_time: Nanos | None = None  # the longest a fill of the first tank may take
    solution_time: Nanos | None = None  # the longest a fill of the solution tank may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Doser:
    """What one actuator doses. `gain` is what 1 ml changes in the whole volume: mS/cm up for a nutrient, pH for an acid
    or a base, always positive."""

    actuator: str
    ml_per_s: float
    gain: float
    max_dose_ml: float
    max_per_hour_ml: float
    max_per_day_ml: float
    least_s: float = 0.1  # the shortest pulse that can be trusted, and the step of all


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """The targets of a solution and the means to reach them. `rate_l_min` is the commissioned circulation."""

    volume_l: float
    rate_l_min: float
    ph: str | None = None
    ec: str | None = None
    target_ph: float = 5.8
    target_ec: float = 1.5
    acid: Doser | None = None
    base: Doser | None = None
    nutrients: tuple[Doser, ...] = ()  # dosed one after the other, never two in one mixing time
