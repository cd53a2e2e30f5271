"""Sunrise, noon and sunset of a local day, to the minute.

Each day has one noon, and its sunrise and its sunset are counted from there. So a sunset that has slid past midnight
still belongs to its evening, and no day has two: asked by the dates of UTC, a sunrise that moves over midnight there
would be missed.
"""

from datetime import UTC, date, timedelta
from functools import lru_cache
from math import degrees
from zoneinfo import ZoneInfo

from astral import Observer, SunDirection
from astral.julian import julianday, julianday_to_juliancentury
from astral.sun import hour_angle, noon, sun_declination

from edgectl.model.time import Nanos, from_datetime
from edgectl.scheduler.schedule import Sun, SunEvent

HORIZON = 90.833  # degrees from the zenith: half the disc of the sun and what the air bends
MINUTES_PER_DEGREE = 4
NEIGHBOURS = (0, -1, 1)  # the tables count days in UTC; the local day begins up to 14 hours apart
ROUNDS = 3  # the sun moves on its way while it rises: the third look changes seconds only


@lru_cache(maxsize=4096)
def sun_strike(sun: Sun, day: date, zone: ZoneInfo) -> Nanos | None:
    """The instant of the event on a local day, moved by the offset. None where the sun does not rise or set that day,
    as beyond the polar circles."""
    observer = Observer(latitude=sun.latitude, longitude=sun.longitude)
    noons = (noon(observer, day + timedelta(days=n), tzinfo=UTC) for n in NEIGHBOURS)
    top = next((one for one in noons if one.astimezone(zone).date() == day), None)
    if top is None:
        return None
    moment = top
    if sun.event is not SunEvent.NOON:
        direction = SunDirection.RISING if sun.event is SunEvent.SUNRISE else SunDirection.SETTING
        for _ in range(ROUNDS):
            declination = sun_declination(julianday_to_juliancentury(julianday(moment)))
            try:
                angle = hour_angle(sun.latitude, declination, HORIZON, direction)
            except ValueError:  # it stays on one side of the horizon
                return None
            moment = top - timedelta(minutes=MINUTES_PER_DEGREE * degrees(angle))
    # Whole minutes: the instant names a run, and a table that is better by a second must not make two runs of it.
    return from_datetime(moment.replace(second=0, microsecond=0)) + sun.offset
