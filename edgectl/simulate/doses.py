"""The promises about water and doses in the two-tank house, held against what the plant received."""

from itertools import pairwise

from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.hydroponics import Hydroponics

T_DRY: Nanos = 7 * SECOND  # proof of flow, age of the reading, the stop itself on a line that loses frames
SPILLED_L = 2.0  # between the float and the last drop of a valve that has just been ordered shut
PH_SAFE = (4.5, 8.5)


def broken_doses(site: Site, ground: Hydroponics) -> list[str]:
    """Every promise that does not hold, as a sentence."""
    return [*_caps(site, ground), *_mixing(site, ground), *_tanks(ground)]


def _caps(site: Site, ground: Hydroponics) -> list[str]:
    """10: in no hour and in no day more than the caps, counted by what flowed."""
    found: list[str] = []
    for name, actuator in site.actuators.items():
        if (doser := actuator.doser) is None:
            continue
        doses = [(at, ml) for at, pump, ml in ground.tanks.doses if pump == name]
        for span, cap, word in ((HOUR, doser.max_per_hour_ml, "hour"), (DAY, doser.max_per_day_ml, "day")):
            first, total = 0, 0.0
            for at, ml in doses:
                total += ml
                while doses[first][0] <= at - span:
                    total -= doses[first][1]
                    first += 1
                if total > cap * 1.01 + 0.2:
                    found.append(f"10: {name} gave {total:.1f} ml within one {word}, its cap is {cap:g} ml")
                    break
        for _, ml in doses:
            if ml > doser.max_dose_ml * 1.02 + 0.2:
                found.append(f"10: {name} gave {ml:.1f} ml at once, its largest dose is {doser.max_dose_ml:g} ml")
                break
    return found


def _mixing(site: Site, ground: Hydroponics) -> list[str]:
    """11: no two pumps within one mixing time, and none into standing water."""
    found: list[str] = []
    for zone in site.zones.values():
        if zone.chemistry is None:
            continue
        mixing = max(120.0, 60 * zone.chemistry.volume_l / zone.chemistry.rate_l_min) * SECOND
        mine = [(at, pump) for at, pump, _ in ground.tanks.doses if pump in zone.chemistry.dosers]
        for (before, one), (after, other) in pairwise(mine):
            # The end of one pulse to the end of the next: the pulse itself, of a minute at most, is part of the gap.
            if one != other and after - before < mixing - SECOND:
                gap_s = (after - before) / SECOND
                found.append(
                    f"11: {other} gave {gap_s:.0f} s after {one}, mixing takes {zone.chemistry.mixing // SECOND} s"
                )
    if ground.tanks.standing_doses:
        found.append(f"11: {ground.tanks.standing_doses} doses fell into standing water")
    return found


def _tanks(ground: Hydroponics) -> list[str]:
    found: list[str] = []
    if ground.tanks.dry > T_DRY:
        found.append(f"12: the pump ran {ground.tanks.dry / SECOND:.1f} s without moving water")
    tanks, parts = ground.tanks, ground.tanks.layout
    lies = bool(ground.stuck)
    for litres, volume_l, tank in (
        (tanks.clean_overflow_l, parts.clean_l, "clean"),
        (tanks.tank.overflow_l, parts.solution_l, "solution"),
    ):
        # With a float that lies two fills may run their whole time before the valve is locked; with a true one, none.
        if litres > (1.7 * volume_l if lies else SPILLED_L) and not tanks.mischief.fill_leaks:
            found.append(f"H2: {litres:.1f} L ran over the {tank} tank")
    return found
