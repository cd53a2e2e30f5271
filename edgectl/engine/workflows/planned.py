"""What is planned for a house: which parts each schedule and each plain timer turns on, when, and for how long.

For whoever asks whether a limit leaves this possible. Runs by the calendar share one course, as they share their parts;
a rest after the last run, and the plain timer of a zone that was not watered, are looked at each for itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from edgectl.engine.workflows import times
from edgectl.engine.workflows.catalogue import table_of
from edgectl.engine.workflows.effort import efforts, held, imagined
from edgectl.engine.workflows.stage import Stage, Volume, main_line
from edgectl.model.site import Fallback, Site, Zone
from edgectl.model.time import SECOND, Nanos
from edgectl.scheduler.cadence import DAY, strikes, window_state
from edgectl.scheduler.schedule import Every, Schedule, Trigger, Window

LOOK: Nanos = 8 * DAY  # a week and the day after it, from the first run on
MOST = 512  # runs of one schedule that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One part in one run: how long it is needed, and the longest that one order keeps it on."""

    held: Nanos
    lease: Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The runs of one schedule. `waits` is how long a run may be kept waiting for its parts."""

    name: str  # with what it is: schedule morning
    takes: Nanos
    waits: Nanos
    uses: Mapping[str, Use]
    starts: tuple[Nanos, ...]


def courses(site: Site, schedules: tuple[Schedule, ...], since: Nanos) -> list[list[Work]]:
    """Works whose runs follow one another. What keeps a rest is imagined to begin its first run at 0."""
    works = {one.name: _work(site, one, f"schedule {one.name}", _starts(site, one, since)) for one in schedules}
    by_rest = [[works[one.name]] for one in schedules if isinstance(one.cadence, Every)]
    by_calendar = [works[one.name] for one in schedules if not isinstance(one.cadence, Every)]
    timers = [
        [_fallback(site, zone, zone.fallback)]
        for zone in site.zones.values()
        if zone.fallback is not None and zone.pump
    ]
    return [by_calendar, *by_rest, *timers]


def _work(site: Site, schedule: Schedule, name: str, starts: tuple[Nanos, ...]) -> Work:
    return Work(
        name=name,
        takes=_takes(site, schedule),
        waits=schedule.queue_patience,
        uses=dict(_uses(site, schedule)),
        starts=starts,
    )


def _takes(site: Site, schedule: Schedule) -> Nanos:
    window = schedule.cadence
    return window.length if isinstance(window, Window) else efforts(site, (schedule,))[schedule.name].takes


def _uses(site: Site, schedule: Schedule) -> Iterator[tuple[str, Use]]:
    if schedule.task_type == "lighting":
        lamp, window = site.zones[schedule.zone].light, schedule.cadence
        if lamp is not None and isinstance(window, Window):
            yield lamp, Use(held=window.length, lease=window.length)
        return
    found: dict[str, Use] = {}
    for stage in main_line(table_of(site, imagined(schedule))):
        known = _known(site.zones[schedule.zone], stage)
        for part in stage.parts:
            needed, lease, before = held(site, schedule, known), times.lease(site, known, part), found.get(part)
            found[part] = Use(
                held=needed + (0 if before is None else before.held),
                lease=max(lease, 0 if before is None else before.lease),
            )
    yield from found.items()


def _known(zone: Zone, stage: Stage) -> Stage:
    """How long litres take that come at no known rate nobody can tell: the least is asked for."""
    unknown = isinstance(stage.until, Volume) and not zone.rate_l_min
    return replace(stage, limit=min(stage.limit, SECOND)) if unknown else stage


def _starts(site: Site, schedule: Schedule, since: Nanos) -> tuple[Nanos, ...]:
    cadence = schedule.cadence
    if isinstance(cadence, Every):
        rest = cadence.min_gap if isinstance(cadence, Trigger) else cadence.interval
        return _resting(rest + _takes(site, schedule), MOST)
    zone = ZoneInfo(site.timezone)
    found = islice(strikes(cadence, since, zone, schedule.days), MOST)
    begun = (at for at in found if not isinstance(cadence, Window) or window_state(cadence, at, zone, schedule.days))
    first = next(begun, None)
    return () if first is None else (first, *takewhile(lambda at: at < first + LOOK, begun))


def _resting(step: Nanos, most: int) -> tuple[Nanos, ...]:
    return tuple(range(0, LOOK, max(step, SECOND)))[:most]


def _fallback(site: Site, zone: Zone, fallback: Fallback) -> Work:
    """The plain timer counts from the beginning of a run to that of the next."""
    timer = Schedule(
        name=f"fallback:{zone.name}",
        zone=zone.name,
        task_type="irrigation",
        cadence=Every(interval=fallback.every),
        payload={"duration_s": fallback.duration / SECOND, "fallback": True},
    )
    return _work(site, timer, f"the fallback of {zone.name}", _resting(fallback.every, fallback.max_per_day))
