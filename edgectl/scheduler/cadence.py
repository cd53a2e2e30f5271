"""When a cadence strikes. Wall instants in, wall instants out; the site's zone decides about daylight saving."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim

from edgectl.model.time import Nanos, from_datetime, to_datetime
from edgectl.scheduler.schedule import Cron, Window


def strikes_back(cadence: Cron | Window, upto: Nanos, zone: ZoneInfo) -> Iterator[Nanos]:
    """The strikes at or before an instant, the newest first, without end: whoever asks brings the bound."""
    if isinstance(cadence, Window):
        yield from (edge for edge, _ in _edges_back(cadence, upto, zone))
        return
    # The reverse walk excludes its own start, which may be a strike.
    moment = to_datetime(upto).astimezone(zone) + timedelta(seconds=1)
    for strike in CronSim(cadence.expression, moment, reverse=True):
        at = from_datetime(strike.astimezone(UTC))
        if at <= upto:
            yield at


@lru_cache(maxsize=4096)  # asked again in every turn until the cursor moves
def next_strike(cadence: Cron | Window, after: Nanos, zone: ZoneInfo) -> Nanos:
    """The first strike after an instant."""
    if isinstance(cadence, Window):
        day = to_datetime(after).astimezone(zone).date() - timedelta(days=2)
        edges = sorted(edge for n in range(6) for edge, _ in _edges_of(cadence, day + timedelta(days=n), zone))
        return next(edge for edge in edges if edge > after)
    return from_datetime(next(CronSim(cadence.expression, to_datetime(after).astimezone(zone))).astimezone(UTC))


def window_state(window: Window, at: Nanos, zone: ZoneInfo) -> bool:
    """What the window wants at an instant."""
    return next(on for edge, on in _edges_back(window, at, zone))


def _edges_back(window: Window, upto: Nanos, zone: ZoneInfo) -> Iterator[tuple[Nanos, bool]]:
    day = to_datetime(upto).astimezone(zone).date() + timedelta(days=1)
    while True:
        # Windows of neighbouring days interleave when they reach past midnight: look at three days, yield one.
        edges = [e for n in range(3) for e in _edges_of(window, day - timedelta(days=n), zone)]
        first, past = _start(window, day, zone), _start(window, day - timedelta(days=1), zone)
        yield from sorted((e for e in edges if past < e[0] <= first and e[0] <= upto), reverse=True)
        day -= timedelta(days=1)


def _edges_of(window: Window, day: date, zone: ZoneInfo) -> tuple[tuple[Nanos, bool], ...]:
    start, following = _start(window, day, zone), _start(window, day + timedelta(days=1), zone)
    end = start + window.length
    # On the short day of spring a long window reaches past the next start: its end must not cut that one off.
    return ((start, True), (end, False)) if end < following else ((start, True),)


def _start(window: Window, day: date, zone: ZoneInfo) -> Nanos:
    hours, minutes = divmod(window.start_minute, 60)
    local = datetime.combine(day, time(hours, minutes), tzinfo=zone)
    return from_datetime(local.astimezone(UTC))
