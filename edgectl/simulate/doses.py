"""The promises about water and doses in the two-tank house, held against what the plant received."""

from collections import Counter
from itertools import pairwise

from edgectl.engine.rules.interlock import SLOWEST_ASK
from edgectl.engine.rules.orders import READ_BACK_EVERY
from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Role, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.dosing import Pulse
from edgectl.plant.faults import Fault
from edgectl.simulate.allowance import Allowance
from edgectl.simulate.field import SimField
from edgectl.simulate.ground import Ground
from edgectl.simulate.invariants import Met

T_DRY: Nanos = 7 * SECOND  # proof of flow, age of the reading, the stop itself on a line that loses frames
SPILLED_L = 6.0  # between the float and the edge there is room; a valve takes a moment to close
LYING = frozenset({Fault.PROBE_FREEZE, Fault.PROBE_STUCK, Fault.PROBE_BIAS, Fault.PROBE_SPIKE})


def broken_doses(
    site: Site, field: SimField, met: Met | None = None, *, lies: int = 0, leaks: bool = False
) -> list[str]:
    """Every promise that does not hold, as a sentence. `lies` is how often a fill may have run its whole time because
    of a float that lied, `leaks` whether a valve has leaked."""
    ground, met = field.ground, Counter() if met is None else met
    found = [*_caps(site, field, met), *_mixing(site, ground, met)]
    if ground.dry > t_dry(field):
        found.append(f"12: the pump ran {ground.dry / SECOND:.1f} s without moving water")
    leaks = leaks or any(breakage.fault is Fault.VALVE_LEAKING for breakage in ground.plant.faults)
    if not lies and not leaks and not any(breakage.fault in LYING for breakage in ground.plant.faults):
        found += _brims(field, met)  # what seeps through a shut valve was ordered by nobody
    return found + _tanks(ground, met, lies=lies, leaks=leaks)


def t_dry(field: SimField) -> Nanos:
    """How long a pump may run dry on this line: each OFF that is lost is asked for again after a while."""
    return _reaction(field, *(name for name, part in field.site.actuators.items() if part.role is Role.PUMP))


def _reaction(field: SimField, *outputs: str) -> Nanos:
    lost = max((field.deaf[name] for name in outputs), default=0)
    return T_DRY + sum(min(READ_BACK_EVERY << (n + 1), SLOWEST_ASK) for n in range(max(0, lost - 1)))


def _pulses(ground: Ground, pump: str) -> list[Pulse]:
    # A dosing pump that serves no tank of the file has no place in the plant, and doses nothing there.
    doses = ground.plant.plumbing.doses.get(pump)
    return [] if doses is None else list(doses.pulses)


def _caps(site: Site, field: SimField, met: Met) -> list[str]:
    """10: in no hour and in no day more than the caps, counted by what flowed. In an hour in which a solution is
    prepared its litres may allow more."""
    found: list[str] = []
    ground = field.ground
    for name, actuator in site.actuators.items():
        if (doser := actuator.doser) is None:
            continue
        doses, allowed = _pulses(ground, name), Allowance(site, field, name)
        met["10"] += len(doses)
        for span, cap, word in ((HOUR, doser.max_per_hour_ml, "hour"), (DAY, doser.max_per_day_ml, "day")):
            first, total = 0, 0.0
            for dose in doses:
                total += dose.ml
                while doses[first].start <= dose.start - span:
                    total -= doses[first].ml
                    first += 1
                most = max(cap, allowed.at(dose.start)) if span is HOUR and total > cap else cap
                if total > most * 1.01 + 0.2:
                    found.append(f"10: {name} gave {total:.1f} ml within one {word}, its cap is {most:g} ml")
                    break
        largest = max((dose.ml for dose in doses), default=0.0)
        if largest > doser.max_dose_ml * 1.02 + 0.2:
            found.append(f"10: {name} gave {largest:.1f} ml at once, its largest dose is {doser.max_dose_ml:g} ml")
    return found


def _mixing(site: Site, ground: Ground, met: Met) -> list[str]:
    """11: no two pumps within one mixing time, and none into standing water."""
    found: list[str] = []
    for zone in site.zones.values():
        if zone.chemistry is None:
            continue
        mixing = max(120.0, 60 * zone.chemistry.volume_l / zone.chemistry.rate_l_min) * SECOND
        mine = sorted((dose.start, name) for name in zone.chemistry.dosers for dose in _pulses(ground, name))
        met["11"] += len(mine)
        for (before, one), (after, other) in pairwise(mine):
            if one != other and after - before < mixing - SECOND:
                gap_s = (after - before) / SECOND
                found.append(f"11: {other} gave {gap_s:.0f} s after {one}, before that had mixed")
    if ground.standing_doses:
        found.append(f"11: {ground.standing_doses} doses fell into standing water")
    return found


def _brims(field: SimField, met: Met) -> list[str]:
    """H2: nothing that was ordered, by whomever, fills a tank on over an upper float that is wet and can be seen."""
    ground, most = field.ground, _reaction(field, *field.site.actuators)
    met["H2"] += len(ground.fed_full)
    return [
        f"H2: the {name} tank was filled on for {lasted / SECOND:.1f} s over its float"
        for name, lasted in ground.fed_full.items()
        if lasted > most
    ]


def _tanks(ground: Ground, met: Met, *, lies: int, leaks: bool) -> list[str]:
    found: list[str] = []
    if leaks:
        return found  # no program closes a valve that does not close
    lies = max(lies, any(breakage.fault in LYING for breakage in ground.plant.faults))
    for name, tank in ground.plant.plumbing.tanks.items():
        # With a float that lies two fills may run their whole time before the valve is locked; with a true one, none.
        met["H2"] += 1
        spilled_l = tank.overflow_l - ground.spilled_alone[name]  # software cannot close a valve after it has died
        if spilled_l > SPILLED_L + lies * 1.7 * tank.capacity_l:
            found.append(f"H2: {spilled_l:.1f} L ran over the {name} tank")
    return found
