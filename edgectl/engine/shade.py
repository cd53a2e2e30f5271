"""What screens, mixing valves and the gas should do now: pure arithmetic, like `air`, and after it.

A screen is drawn against too much sun and against a cold night, and never on what cannot be seen: plants want light.
A mixing valve follows the temperature. Gas is given by day into a house that is shut, while its probe can be believed.
"""

from dataclasses import replace

from edgectl.engine.air import SMALL, Seen, Wanted
from edgectl.model.air import Climate, Screen

FOLDED, DRAWN = 1.0, 0.0  # a screen lets everything through, or nothing
GAP = 0.1  # of a screen by night, for damp air
BRIGHT_BACK = 0.8  # of the radiation that drew it
COLD_BACK = 1.0  # degC above what drew it
MIX = 2.0  # degC below the set-point a mixing valve is fully open, and so much above it is shut
GAS_BACK = 50.0  # ppm below the target: on again
DARK = 50.0  # W/m2: below, plants take up no gas


def with_shade(climate: Climate, seen: Seen, found: Wanted, before: Wanted, *, night: bool) -> Wanted:
    """The same air, with what screens, mixing valves and gas do about it."""
    was = before.screens or (FOLDED,) * len(climate.screens)
    return replace(
        found,
        screens=tuple(_screen(s, climate, seen, w, night=night) for s, w in zip(climate.screens, was, strict=True)),
        mix=_mix(climate, seen, before.mix, night=night),
        gas=_gas(climate, seen, found, before, night=night),
    )


def _screen(screen: Screen, climate: Climate, seen: Seen, was: float, *, night: bool) -> float:
    back = was < FOLDED
    if not night:
        limit = screen.shade_above
        if limit is None or seen.radiation is None:
            return FOLDED
        return DRAWN if seen.radiation > limit * (BRIGHT_BACK if back else 1.0) else FOLDED
    if screen.cold_below is None or seen.outside is None:
        return FOLDED
    if seen.outside >= screen.cold_below + (COLD_BACK if back else 0.0):
        return FOLDED
    if seen.temperature is not None and seen.temperature >= climate.overheat:
        return FOLDED
    damp = climate.wettest is not None and seen.humidity is not None and seen.humidity > climate.wettest
    return GAP if damp else DRAWN


def _mix(climate: Climate, seen: Seen, was: float, *, night: bool) -> float:
    at = seen.temperature
    if not climate.mixers or climate.heat is None or at is None or at >= climate.overheat:
        return 0.0
    share = min(1.0, max(0.0, (climate.heat[night] - at + MIX) / (2 * MIX)))
    return was if 0.0 < share < 1.0 and abs(share - was) < SMALL else share


def _gas(climate: Climate, seen: Seen, found: Wanted, before: Wanted, *, night: bool) -> bool:
    gas = climate.gas
    if gas is None or night or found.vent > 0 or found.fans or seen.co2 is None or seen.temperature is None:
        return False
    if climate.radiation is not None and (seen.radiation is None or seen.radiation < DARK):
        return False
    return seen.co2 < gas.target - (0.0 if before.gas else GAS_BACK)
