"""When a cadence strikes. Wall instants in, wall instants out; the site's zone decides about daylight saving.

There is one way of reading a calendar, forwards; the way back is found by it, so the two never disagree. A local time
that a day lacks moves to the first valid minute, a time that a day has twice is taken once, and two times that fall
together strike once.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from edgectl.model.time import SECOND, Nanos, from_datetime, to_datetime
from edgectl.scheduler.days import ANY_DAY, LONGEST_WAIT, Days
from edgectl.scheduler.schedule import At, Calendar, Cron, Sun, Window
from edgectl.scheduler.sun import sun_strike

DAY: Nanos = 86_400 * SECOND
STRETCH: Nanos = DAY // 4  # of a crontab, read in one piece on the way back
AT_A_TIME, AT_A_STRETCH = 32, 40 * DAY  # what is read of a calendar beforehand
RUNS = 16_384  # calendars that are remembered at a time
_RUNS: dict[tuple[Calendar, ZoneInfo, Days], tuple[Nanos, ...]] = {}  # an instant, and the strikes that follow it
BARREN = 400  # days that count and bring nothing: a sun that never sets has no sunset next year either


def strikes(cadence: Calendar, after: Nanos, zone: ZoneInfo, days: Days = ANY_DAY) -> Iterator[Nanos]:
    """The strikes after an instant, the oldest first. It ends only where no further strike is to be expected."""
    if isinstance(cadence, Cron):
        yield from _cron(cadence, after, zone, days)
        return
    here = local_day(after, zone)
    barren = 0
    while barren < BARREN:
        if found := _falling_on(cadence, here, zone, days):
            barren = 0
            yield from (at for at in found if at > after)
        barren += not found
        # A strike of a day that counts may fall on one that does not: its neighbours are looked at as well.
        early, late = _reach(cadence)
        counted = days.following(here - timedelta(days=late))
        if counted is None:
            return
        here = max(here + timedelta(days=1), counted - timedelta(days=early))


def strikes_back(cadence: Calendar, after: Nanos, upto: Nanos, zone: ZoneInfo, days: Days = ANY_DAY) -> Iterator[Nanos]:
    """The strikes after one instant and up to another, the newest first."""
    if isinstance(cadence, Cron):
        yield from _cron_back(cadence, after, upto, zone, days)
        return
    # A day that does not count may still hold the end of a window of the day before, so every date is read.
    here, first = local_day(upto, zone), local_day(after, zone)
    while here >= first:
        yield from (at for at in reversed(_falling_on(cadence, here, zone, days)) if after < at <= upto)
        here -= timedelta(days=1)


def next_strike(cadence: Calendar, after: Nanos, zone: ZoneInfo, days: Days = ANY_DAY) -> Nanos | None:
    """The first strike after an instant; None when there is none for years."""
    key = (cadence, zone, days)
    run = _RUNS.get(key)
    if run is not None and run[0] <= after < run[-1]:
        return run[bisect_right(run, after)]
    if run is None or after != run[-1] or len(run) == 1:
        first = _first(cadence, after, zone, days)
        if run is None or after > run[-1]:
            _remember(key, (after,) if first is None else (after, first))
        return first
    # Whoever has come to the end of a run goes on along the calendar: a plan, or a house from day to day.
    run = (after, *_within(strikes(cadence, after, zone, days), after + AT_A_STRETCH))
    _remember(key, run)
    return run[1] if len(run) > 1 else None


@lru_cache(maxsize=4096)  # of those who look here and there
def _first(cadence: Calendar, after: Nanos, zone: ZoneInfo, days: Days) -> Nanos | None:
    return next(strikes(cadence, after, zone, days), None)


def _remember(key: tuple[Calendar, ZoneInfo, Days], run: tuple[Nanos, ...]) -> None:
    if len(_RUNS) >= RUNS:
        _RUNS.clear()
    _RUNS[key] = run


def _within(found: Iterator[Nanos], until: Nanos) -> Iterator[Nanos]:
    """The first one in any case, and then a few more, not far beyond an instant."""
    for at in islice(found, AT_A_TIME):
        yield at
        if at > until:
            return


def window_state(window: Window, at: Nanos, zone: ZoneInfo, days: Days = ANY_DAY) -> bool:
    """What the window wants at an instant."""
    today = local_day(at, zone)
    begun = (today - timedelta(days=n) for n in range(_reach(window)[1] + 1))
    starts = (local_instant(day, window.start_minute, zone) for day in begun if days.allow(day))
    return any(start <= at < start + window.length for start in starts)


def local_day(at: Nanos, zone: ZoneInfo) -> date:
    """The date that the site's calendar shows at an instant."""
    return to_datetime(at).astimezone(zone).date()


@lru_cache(maxsize=4096)  # a window is asked in every turn what it wants, about the same day
def local_instant(day: date, minute: int, zone: ZoneInfo) -> Nanos:
    """The instant at which the site's clock first shows a minute of a day, or the first minute after it that exists."""
    moment = datetime.combine(day, time(minute // 60, minute % 60))
    while True:
        aware = moment.replace(tzinfo=zone).astimezone(UTC)
        if aware.astimezone(zone).replace(tzinfo=None) == moment:
            return from_datetime(aware)
        moment += timedelta(minutes=1)


def _reach(cadence: Calendar) -> tuple[int, int]:
    """How many days before and after its own day a strike may fall."""
    match cadence:
        case Sun():
            # A sunrise is at most half a day from its noon, and that may stand anywhere in a day of 23 hours.
            whole = -(-(abs(cadence.offset) + 14 * DAY // 24) // DAY)
            return whole, whole
        case Window():
            return 0, 1 + cadence.length // DAY
    return 0, 1  # where the clock jumps over midnight


@lru_cache(maxsize=4096)
def _falling_on(cadence: Calendar, day: date, zone: ZoneInfo, days: Days) -> tuple[Nanos, ...]:
    """Every strike that falls on a local day, whichever day it belongs to."""
    early, late = _reach(cadence)
    near = (day + timedelta(days=n) for n in range(-late, early + 1))
    found = {at for one in near if days.allow(one) for at in _of_day(cadence, one, zone, days)}
    return tuple(sorted(at for at in found if local_day(at, zone) == day))


def _of_day(cadence: Calendar, day: date, zone: ZoneInfo, days: Days) -> list[Nanos]:
    match cadence:
        case At():
            return [local_instant(day, minute, zone) for minute in cadence.minutes]
        case Sun():
            strike = sun_strike(cadence, day, zone)
            return [] if strike is None else [strike]
        case Window():
            start = local_instant(day, cadence.start_minute, zone)
            end = start + cadence.length
            # On the short day of spring a long window reaches past the next start: its end must not cut that one off.
            return [start] if window_state(cadence, end, zone, days) else [start, end]
    raise TypeError(f"{type(cadence).__name__} is not read day by day")


def _cron(cadence: Cron, after: Nanos, zone: ZoneInfo, days: Days) -> Iterator[Nanos]:
    moment: datetime | None = to_datetime(after).astimezone(zone)
    # A crontab and a season that never meet are given up like a 30 February.
    last = local_day(after, zone) + timedelta(days=LONGEST_WAIT)
    while moment is not None:
        start, moment = moment, None
        for strike in CronSim(cadence.expression, start):
            at = from_datetime(strike.astimezone(UTC))
            # In the repeated hour of autumn the calendar still names times of the first pass.
            if at <= after:
                continue
            if days.allow(strike.date()):
                last = strike.date() + timedelta(days=LONGEST_WAIT)
                yield at
                continue
            if strike.date() > last:
                return
            if (counted := days.following(strike.date())) is not None:
                moment = datetime.combine(counted, time(), tzinfo=zone) - timedelta(seconds=1)
            break


def _cron_back(cadence: Cron, after: Nanos, upto: Nanos, zone: ZoneInfo, days: Days) -> Iterator[Nanos]:
    """Halve the span until a piece is short, and leave out the pieces in which nothing strikes."""
    first = next_strike(cadence, after, zone, days)
    if first is None or first > upto:
        return
    if upto - first <= STRETCH:
        found = takewhile(lambda at: at <= upto, strikes(cadence, after, zone, days))
        yield from reversed(list(found))
        return
    middle = (first + upto) // 2
    yield from _cron_back(cadence, middle, upto, zone, days)
    yield from _cron_back(cadence, first - 1, middle, zone, days)
