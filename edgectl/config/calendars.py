"""When a schedule strikes: from its lines in the file to the values that the scheduler reads."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, pairwise
from typing import get_args
from zoneinfo import ZoneInfo

from cronsim import CronSim

from edgectl.config import defaults
from edgectl.config.parts import Parts
from edgectl.config.schema import SiteSection, ZoneEntry
from edgectl.config.schema_times import ScheduleEntry, Weekday
from edgectl.model.time import SECOND, Nanos, from_datetime
from edgectl.scheduler.cadence import strikes
from edgectl.scheduler.days import EVERY_WEEKDAY, Days, Season
from edgectl.scheduler.schedule import At, Cadence, Cron, Every, Gauge, Sun, Trigger, Window

PATIENCE: Nanos = 15 * SECOND
MOST_PATIENCE: Nanos = 3600 * SECOND  # later than this a watering is another watering
STRIKES = 60  # enough to see how far apart the strikes of a calendar are
_ANY_DAY, ANYWHERE = datetime(2024, 1, 1, tzinfo=UTC), ZoneInfo("UTC")
ANY_DAY = from_datetime(_ANY_DAY)  # whether a calendar ever strikes, and how often, depends on no day
DAY: Nanos = 86_400 * SECOND
WEEK: tuple[str, ...] = get_args(Weekday)  # Monday first


def cadence(entry: ScheduleEntry, site: SiteSection | None) -> Cadence | None:
    """What was written; None where it does not say enough."""
    if entry.cron is not None:
        return Cron(expression=entry.cron)
    if entry.at is not None:
        return At(minutes=tuple(sorted(set(entry.at))))
    if entry.every is not None:
        return Every(interval=entry.every)
    if (asked := gauge_of(entry)) is not None and entry.min_gap is not None and entry.max_gap is not None:
        limit = getattr(entry, asked.value)
        return Trigger(gauge=asked, limit=limit, min_gap=entry.min_gap, interval=entry.max_gap)
    if entry.window is not None:
        length = defaults.window_length(entry.window)
        return None if length is None else Window(start_minute=entry.window.start, length=length)
    if entry.sun is None or site is None or site.latitude is None or site.longitude is None:
        return None
    return Sun(event=entry.sun.event, latitude=site.latitude, longitude=site.longitude, offset=entry.sun.offset)


def gauge_of(entry: ScheduleEntry) -> Gauge | None:
    """What asks for its runs, if anything that is measured does."""
    return next((gauge for gauge in Gauge if getattr(entry, gauge.value) is not None), None)


def days(entry: ScheduleEntry) -> Days:
    """The days on which it counts; all of them when none are written."""
    week = EVERY_WEEKDAY if entry.days is None else frozenset(WEEK.index(day) for day in entry.days)
    season = None if entry.season is None else Season(first=entry.season[0], last=entry.season[1])
    return Days(week=week, season=season)


def queue_patience(cadence: Cadence, days: Days, *, shared: bool) -> Nanos:
    """How long an accepted run may wait for what it opens: a moment, or half the interval where others use it too."""
    if not shared or isinstance(cadence, Window):
        return PATIENCE
    if isinstance(cadence, Every):
        return max(PATIENCE, min(cadence.interval // 2, MOST_PATIENCE))
    if isinstance(cadence, Cron) and never_closer(cadence.expression) >= 2 * MOST_PATIENCE:
        return MOST_PATIENCE
    struck = list(islice(strikes(cadence, ANY_DAY, ANYWHERE, days), STRIKES))
    apart = min((b - a for a, b in pairwise(struck)), default=PATIENCE)
    return max(PATIENCE, min(apart // 2, MOST_PATIENCE))


def least_gap(crontab: str) -> Nanos | None:
    """How far apart its strikes are where they are closest; None when it strikes once. Raises CronSimError."""
    struck = list(islice(CronSim(crontab, _ANY_DAY), STRIKES))
    gap = min((b - a for a, b in pairwise(struck)), default=None)
    return None if gap is None else round(gap.total_seconds()) * SECOND


@lru_cache(maxsize=4096)  # a house with many schedules has few crontabs
def never_closer(crontab: str) -> Nanos:
    """Its strikes are not closer than this, whichever days it counts: by the times of one day and the first of the next
    one. To walk along the calendar takes five hundred times as long. Raises CronSimError."""
    read = CronSim(crontab, _ANY_DAY)
    times = sorted((60 * hour + minute) * 60 * SECOND for hour in read.hours for minute in read.minutes)
    return min(b - a for a, b in pairwise([*times, times[0] + DAY]))


def sharers(parts: Parts) -> frozenset[str]:
    """Zones whose pump or valves another zone with a schedule uses too."""
    used = {name: _parts(parts.zones[name]) for name in {s.zone for s in parts.schedules.values()} & set(parts.zones)}
    return frozenset(
        name for name, mine in used.items() if any(mine & theirs for other, theirs in used.items() if other != name)
    )


def _parts(zone: ZoneEntry) -> frozenset[str]:
    circuit = zone.circuit
    names = [zone.pump, zone.valve, *(zone.then or ())]
    if circuit is not None:
        names += [circuit.fill, circuit.clean_supply, circuit.solution_supply, circuit.solution_fill, circuit.drain]
        names += [circuit.fill_pump, circuit.mix_pump, circuit.solution_return, circuit.irrigation_fill]
    return frozenset(name for name in names if name is not None)
