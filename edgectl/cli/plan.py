"""`edgectl plan`: what the schedules of a site file will do, and what becomes of them when something comes between.

No daemon is asked and nothing is started: tasks that somebody asked for at a later time are in `edgectl status`.
"""

import json
import re
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from edgectl.cli.client import refuse
from edgectl.cli.foretold import line, table_of
from edgectl.model.time import Nanos, from_datetime, iso, seconds, to_datetime

if TYPE_CHECKING:
    from edgectl.config.loaded import Loaded
    from edgectl.scheduler.preview import Course, Outlook

DEFAULT = "/etc/edgectl/site.yaml"
HOUR: Nanos = 3600 * 10**9
USUAL = 24  # hours
LONGEST = 366 * 24  # hours
LONG: Nanos = 31 * 24 * HOUR  # worth a bar that shows the progress
FARTHEST = 36_525 * 24 * 3600  # s: a clock may come up in another century, and all steps together not farther away
YEARS = range(1970, 2200)
SETTLES: Nanos = 10**8  # what a start takes until its outputs are proven: the questions of the bus and their answers


@click.command()
@click.argument("file", type=click.Path(path_type=Path), envvar="EDGECTL_SITE", default=DEFAULT)
@click.option("--hours", type=click.IntRange(1, LONGEST), help="How far to look: 24, and a week with --dst.")
@click.option("--from", "start", metavar="TIME", help="Begin there instead of now: 2026-06-01T06:00, or 06:00.")
@click.option("--outage", "outages", multiple=True, metavar="A..B", help="The controller is off: 05:30..10:40.")
@click.option("--power-cut", "cuts", multiple=True, metavar="A..B", help="The same, and the machine boots anew.")
@click.option(
    "--clock-step",
    "steps",
    multiple=True,
    metavar="TIME,BY",
    help="Somebody sets the clock: 06:30,-1h.",
)
@click.option("--dst", is_flag=True, help="Around the next change of the clocks.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plan(
    file: Path,
    hours: int | None,
    start: str | None,
    outages: tuple[str, ...],
    cuts: tuple[str, ...],
    steps: tuple[str, ...],
    dst: bool,
    as_json: bool,
) -> None:
    """Show what the schedules of the site file FILE will do: each occurrence as run, replay or skip, and why; where
    runs share a pump or a valve, who waits for whom, and which run will be rejected because the other one lasts too
    long.

    Times without an offset are those of the greenhouse. 05:30 is the first one after the beginning; with --dst it is
    that of the day on which the clocks are changed. What falls due in this time is followed beyond its end until it
    has its row. Tasks that somebody asked for at a later time are in edgectl status. Exit code 1 when the site file is
    wrong.
    """
    # Imported here: the schema library takes longer to import than the rest of the command line together.
    from edgectl.config.loader import load
    from edgectl.config.problems import SiteRejected
    from edgectl.engine.workflows.effort import efforts
    from edgectl.host.clock import SystemClock
    from edgectl.scheduler.preview import ClockStep, Course, Gap, around, foresee, next_change

    try:
        loaded = load(file)
    except SiteRejected as rejected:
        refuse(str(rejected), "edgectl check explains the file")
    zone = ZoneInfo(loaded.site.timezone)
    now = SystemClock().now().wall
    begin = now if start is None else _instant(start, zone, "--from", now)
    span, anchor = (USUAL if hours is None else hours) * HOUR, begin
    if dst:
        day = next_change(begin, zone)
        if day is None:
            refuse(f"the clock of {loaded.site.timezone} is not changed within a year", "leave --dst out")
        anchor = from_datetime(datetime.combine(day, time(), zone)) - 1
        begin, span = around(day, zone, None if hours is None else span)
    gaps = [Gap(begin=a, end=b) for a, b in (_span(text, zone, "--outage", anchor) for text in outages)]
    gaps += [Gap(begin=a, end=b, boots=True) for a, b in (_span(text, zone, "--power-cut", anchor) for text in cuts)]
    course = Course(
        begin=begin,
        span=span,
        gaps=tuple(gaps),
        steps=tuple(ClockStep(at=at, by=by) for at, by in _steps(steps, zone, anchor)),
        settles=SETTLES,
    )
    numbers = {name: one.number for name, one in loaded.site.zones.items()}
    asked = efforts(loaded.site, loaded.schedules)
    outlook = foresee(loaded.schedules, zone, numbers, course, asked, _Progress() if span >= LONG else lambda _: None)
    if as_json:
        click.echo(json.dumps(_body(loaded, course, outlook, zone), ensure_ascii=False))
    else:
        _print(loaded, course, outlook, zone)


class _Progress:
    """How far a long look ahead has come, where a person looks on."""

    def __init__(self) -> None:
        self._told = -1
        self._watched = sys.stderr.isatty()

    def __call__(self, done: float) -> None:
        if self._watched and (percent := int(100 * done)) > self._told:
            self._told = percent
            click.echo(f"\rlooking ahead {percent} %", err=True, nl=percent >= 99)


def _body(loaded: "Loaded", course: "Course", outlook: "Outlook", zone: ZoneInfo) -> dict[str, Any]:
    return {
        "site": loaded.site.site_id,
        "timezone": zone.key,
        "from": iso(course.begin),
        "to": iso(course.begin + course.span),
        "occurrences": [
            {
                "scheduled_for": iso(one.occurrence.scheduled_for),
                "decided_at": iso(one.decided),
                "begins_at": None if one.begun is None else iso(one.begun),
                "schedule": one.schedule.name,
                "zone": one.schedule.zone,
                "task_type": one.schedule.task_type,
                "verdict": one.occurrence.verdict.value,
                "outcome": one.fate.value,
                "behind": None
                if one.behind is None
                else {"schedule": one.behind.schedule, "part": one.behind.part, "until": iso(one.behind.until)},
                "reason": one.occurrence.reason,
                "folded": one.occurrence.folded,
                "payload": dict(one.occurrence.payload),
            }
            for one in outlook.rows
        ],
        "again": [
            {"schedule": one.schedule.name, "scheduled_for": iso(one.at), "seen_again_after": iso(one.step.at)}
            for one in outlook.again
        ],
        "silent": {name: None if at is None else iso(at) for name, at in _silent(loaded, course, outlook, zone)},
    }


def _print(loaded: "Loaded", course: "Course", outlook: "Outlook", zone: ZoneInfo) -> None:
    from edgectl.scheduler.ahead import AHEAD
    from edgectl.scheduler.preview import local_text

    end = course.begin + course.span
    click.echo(f"{loaded.site.site_id}: {local_text(course.begin, zone)} to {local_text(end, zone)}")
    for gap in course.gaps:
        what = "power cut" if gap.boots else "outage"
        click.echo(f"{what}: {local_text(gap.begin, zone)} to {local_text(gap.end, zone)}")
    for step in course.steps:
        far = ", more than a day: the calendar is brought back and goes on from there" if -step.by > AHEAD else ""
        click.echo(f"clock step: {local_text(step.at, zone)}, by {step.by / 10**9:+g} s{far}")
    for row in table_of(outlook, course, zone) or ["nothing is planned in this time"]:
        click.echo(row)
    if rests := _rests(outlook):
        said = f"{', '.join(rests)}: counted as if a rest began with this plan; the house counts from its last run"
        click.echo(line(f"{said}: edgectl schedule list"))
    for name, at in _silent(loaded, course, outlook, zone):
        click.echo(line(f"{name}: nothing in this time; next {'never' if at is None else local_text(at, zone)}"))


def _rests(outlook: "Outlook") -> list[str]:
    """Schedules that count from the end of their last run, which a site file does not know."""
    from edgectl.scheduler.schedule import Every

    return sorted({one.schedule.name for one in outlook.rows if isinstance(one.schedule.cadence, Every)})


def _silent(loaded: "Loaded", course: "Course", outlook: "Outlook", zone: ZoneInfo) -> list[tuple[str, Nanos | None]]:
    """Schedules of which nothing was seen, and when they strike next. An interval strikes when its rest is over."""
    from edgectl.scheduler.preview import next_of
    from edgectl.scheduler.schedule import Every

    heard = {one.schedule.name for one in outlook.rows}
    end = course.begin + course.span
    return [
        (one.name, next_of(one, end, zone))
        for one in loaded.schedules
        if one.name not in heard and not isinstance(one.cadence, Every)
    ]


def _instant(text: str, zone: ZoneInfo, option: str, after: Nanos) -> Nanos:
    """A moment as written; a time of day is the first one after an instant."""
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text.strip()):
            return _of_day(time.fromisoformat(text.strip().zfill(5)), zone, after)
        moment = datetime.fromisoformat(text.strip())
        if moment.year not in YEARS:
            raise ValueError(moment)
        return from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise click.BadParameter(f"'{text}' is no time; write 2026-06-01T06:00 or 06:00", param_hint=option) from None


def _of_day(clock: time, zone: ZoneInfo, after: Nanos) -> Nanos:
    first = to_datetime(after).astimezone(zone).date()
    days = (datetime.combine(first + timedelta(days=n), clock, zone) for n in range(3))
    return next(at for at in map(from_datetime, days) if at > after)


def _span(text: str, zone: ZoneInfo, option: str, after: Nanos) -> tuple[Nanos, Nanos]:
    first, dots, last = text.partition("..")
    if not dots:
        what = f"'{text}' has no end; write 2026-06-01T06:00..2026-06-01T09:00, or 06:00..09:00"
        raise click.BadParameter(what, param_hint=option)
    begin = _instant(first, zone, option, after)
    end = _instant(last, zone, option, begin)
    if end <= begin:
        raise click.BadParameter(f"'{text}' ends before it begins", param_hint=option)
    return begin, end


def _steps(texts: tuple[str, ...], zone: ZoneInfo, after: Nanos) -> list[tuple[Nanos, Nanos]]:
    steps = [_step(text, zone, after) for text in texts]
    if sum(abs(by) for _, by in steps) > seconds(FARTHEST):
        what = f"the clock would be set by more than a hundred years; at most {FARTHEST} s in all"
        raise click.BadParameter(what, param_hint="--clock-step")
    return steps


def _step(text: str, zone: ZoneInfo, after: Nanos) -> tuple[Nanos, Nanos]:
    first, _, by = text.rpartition(",")
    try:
        step = seconds(float(by))
    except (ValueError, OverflowError):
        step = _by(by)
    if not first or step == 0:
        what = f"'{text}' does not say by how much; write 2026-06-01T06:00,-3600, or -1h"
        raise click.BadParameter(what, param_hint="--clock-step")
    return _instant(first, zone, "--clock-step", after), step


def _by(text: str) -> Nanos:
    """-1h, 90s: how far somebody sets the clock. 0 where it is neither."""
    from edgectl.config.quantities import duration

    try:
        whole = duration(text.removeprefix("-"))
    except ValueError:
        return 0
    return -whole if text.startswith("-") else whole
