"""Set-points that change slowly between night and day: a leap of three degrees at six would heat at full power."""

from dataclasses import replace

from edgectl.model.air import Climate
from edgectl.model.time import SECOND

DAY_MINUTES = 1440.0


def ramped(climate: Climate, minute: float) -> Climate:
    """The set-points of this minute of the local day, in both places of each pair."""
    if not climate.ramp:
        return climate
    share = day_share(climate, minute)
    return replace(climate, heat=_at(climate.heat, share), vent=_at(climate.vent, share))


def day_share(climate: Climate, minute: float) -> float:
    """How much of the way from the night to the day is behind it, 0..1; the ramp begins where day and night begin."""
    begin, end = climate.day
    lasts, day = climate.ramp / SECOND / 60, (end - begin) % DAY_MINUTES
    since = (minute - begin) % DAY_MINUTES
    if since < day:
        return min(1.0, since / lasts)
    return max(0.0, 1.0 - (since - day) / lasts)


def _at(pair: tuple[float, float] | None, share: float) -> tuple[float, float] | None:
    if pair is None:
        return None
    value = pair[1] + (pair[0] - pair[1]) * share
    return value, value
