"""What a run of each schedule asks of its house, for whoever rehearses the day: how long it takes when nothing goes
wrong, and which parts nobody else can have meanwhile."""

from collections.abc import Mapping

from edgectl.engine.rules.power_return import APART, turn_of
from edgectl.engine.workflows.catalogue import CATALOGUE, name_of, table_of
from edgectl.engine.workflows.stage import Elapsed, Stage, Table, Volume, row
from edgectl.model.site import LOADS, Role, Site
from edgectl.model.task import Task
from edgectl.model.time import MS, Nanos, seconds
from edgectl.scheduler.rehearsal import Effort
from edgectl.scheduler.schedule import Schedule

ROUND_TRIP: Nanos = 75 * MS  # on a usual line
ORDER: Nanos = 2 * ROUND_TRIP + 4 * MS  # an order and what shows that it took effect, with the commit before it


def efforts(site: Site, schedules: tuple[Schedule, ...]) -> Mapping[str, Effort]:
    """By the name of the schedule."""
    return {schedule.name: _effort(site, schedule) for schedule in schedules}


def _effort(site: Site, schedule: Schedule) -> Effort:
    if schedule.task_type == "lighting":
        lamp = site.zones[schedule.zone].light
        return Effort(takes=ORDER, returns=0 if lamp is None else APART * turn_of(site, lamp))
    task = imagined(schedule)
    workflow = CATALOGUE.get(name_of(task))
    if workflow is None or workflow.lacks(site.zones[schedule.zone]):
        return Effort(takes=0)  # such a task ends at once, and says why
    table = table_of(site, task)
    parts = frozenset(name for stage in table for name in stage.parts)
    return Effort(
        takes=sum(_stage(site, schedule, stage) for stage in _way(table)),
        stops=2 * ORDER,
        parts=parts,
        returns=max((APART * turn_of(site, name) for name in parts if site.actuators[name].role in LOADS), default=0),
    )


def _way(table: Table) -> list[Stage]:
    """The stages in which nothing goes wrong."""
    way, stage = list[Stage](), table[0]
    while stage not in way:
        way.append(stage)
        if stage.done.to is None:
            break
        stage = row(table, stage.done.to)
    return way


def _stage(site: Site, schedule: Schedule, stage: Stage) -> Nanos:
    parts = [site.actuators[name] for name in stage.opens]
    pumps = {part.role is Role.PUMP for part in parts}
    # A valve that needs no time is waited for until it has been seen open.
    travel = max(ROUND_TRIP, *(part.travel for part in parts)) if len(pumps) > 1 else 0
    run_down = max((part.run_down for part in parts), default=0) if len(pumps) > 1 else 0
    return travel + held(site, schedule, stage) + run_down + len(pumps) * ORDER


def held(site: Site, schedule: Schedule, stage: Stage) -> Nanos:
    """How long it stays open: what is known, else the longest that it may."""
    if stage.pulse is not None:
        return stage.pulse
    rate = site.zones[schedule.zone].rate_l_min
    match stage.until:
        case Elapsed():
            return stage.until.after
        case Volume() if rate:
            return min(stage.limit, seconds(stage.until.litres / rate * 60))
    return stage.limit


def imagined(schedule: Schedule) -> Task:
    """A task of this schedule, with no instant that means anything."""
    return Task(
        task_id=schedule.name,
        zone=schedule.zone,
        task_type=schedule.task_type,
        source="schedule",
        correlation_id=schedule.name,
        payload=schedule.payload,
        fingerprint="",
        scheduled_for=0,
        due_at=0,
        expires_at=0,
        created_at=0,
        due=0,
        expires=0,
        schedule=schedule.name,
    )
