"""When a schedule runs, in the words of its site file."""

from edgectl.model.time import MS, SECOND, Nanos
from edgectl.scheduler.days import EVERY_WEEKDAY
from edgectl.scheduler.schedule import At, Cadence, Cron, Every, Gauge, Schedule, Sun, Trigger, Window

UNITS = {Gauge.LIGHT_SUM: "J/cm2", Gauge.VPD: "kPa", Gauge.DRAIN: "%"}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def words(schedule: Schedule) -> str:
    """One line: `cron 0 6 * * *, mon wed, 04-01 to 10-15`."""
    said, days = [_cadence(schedule.cadence)], schedule.days
    if days.week != EVERY_WEEKDAY:
        said.append(" ".join(WEEK[day] for day in sorted(days.week)))
    if days.season is not None:
        said.append(" to ".join(f"{month:02d}-{day:02d}" for month, day in (days.season.first, days.season.last)))
    return ", ".join(said)


def _cadence(cadence: Cadence) -> str:
    match cadence:
        case Cron():
            return f"cron {cadence.expression}"
        case At():
            return "at " + " ".join(_clock(minute) for minute in cadence.minutes)
        case Trigger():
            gaps = f"{span(cadence.min_gap)} to {span(cadence.interval)} apart"
            return f"{cadence.gauge.value} {cadence.limit:g} {UNITS[cadence.gauge]}, {gaps}"
        case Every():
            return f"every {span(cadence.interval)}"
        case Window():
            return f"window {_clock(cadence.start_minute)} for {span(cadence.length)}"
        case Sun():
            sign = "+" if cadence.offset > 0 else "-"
            return cadence.event.value + (f"{sign}{span(abs(cadence.offset))}" if cadence.offset else "")


def span(nanos: Nanos) -> str:
    """A duration in the largest unit that says it without a fraction: 2h, 90s."""
    for size, unit in ((86_400 * SECOND, "d"), (3600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s")):
        if nanos and nanos % size == 0:
            return f"{nanos // size}{unit}"
    return f"{nanos / MS:g}ms"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
