"""When a schedule strikes: from its lines in the file to the values that the scheduler reads."""

from typing import get_args

from edgectl.config import defaults
from edgectl.config.schema import ScheduleEntry, SiteSection, Weekday
from edgectl.scheduler.days import EVERY_WEEKDAY, Days, Season
from edgectl.scheduler.schedule import At, Cadence, Cron, Every, Sun, Window

WEEK: tuple[str, ...] = get_args(Weekday)  # Monday first


def cadence(entry: ScheduleEntry, site: SiteSection | None) -> Cadence | None:
    """What was written; None where it does not say enough."""
    if entry.cron is not None:
        return Cron(expression=entry.cron)
    if entry.at is not None:
        return At(minutes=tuple(sorted(set(entry.at))))
    if entry.every is not None:
        return Every(interval=entry.every)
    if entry.window is not None:
        length = defaults.window_length(entry.window)
        return None if length is None else Window(start_minute=entry.window.start, length=length)
    if entry.sun is None or site is None or site.latitude is None or site.longitude is None:
        return None
    return Sun(event=entry.sun.event, latitude=site.latitude, longitude=site.longitude, offset=entry.sun.offset)


def days(entry: ScheduleEntry) -> Days:
    """The days on which it counts; all of them when none are written."""
    week = EVERY_WEEKDAY if entry.days is None else frozenset(WEEK.index(day) for day in entry.days)
    season = None if entry.season is None else Season(first=entry.season[0], last=entry.season[1])
    return Days(week=week, season=season)
