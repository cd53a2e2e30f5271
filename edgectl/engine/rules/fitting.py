"""Does the planned work still fit into tighter limits? Who says no here leaves the last set in force, and the plants
get what was planned; who says yes to a limit that nothing fits into stops their water from afar.

Only what a limit has changed is judged: what the site file itself does not allow is not the centre's doing.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from edgectl.engine.rules.thirst import CALL
from edgectl.engine.workflows.planned import Use, Work, courses
from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Actuator, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.scheduler.schedule import Schedule

Run = tuple[Nanos, Work]  # when it begins
Judge = Callable[[Actuator, list[Run]], str]
LONGEST_REST: Nanos = DAY
SHORTEST_ON: Nanos = SECOND


def unfit(local: Site, site: Site, schedules: tuple[Schedule, ...], since: Nanos) -> str:
    """Which planned work of the local site the tightened one has no room for, in words; empty when all of it fits."""
    tightened = [name for name, part in site.actuators.items() if part != local.actuators[name]]
    if not tightened:
        return ""
    # What is planned is what the file wants: a shorter limit must not make the wish smaller first.
    planned = courses(local, schedules, since)
    for name in tightened:
        for why in _of_part(local, site, name, planned):
            return why
    return ""


def _of_part(local: Site, site: Site, name: str, planned: list[list[Work]]) -> Iterator[str]:
    part, own = site.actuators[name], local.actuators[name]
    judges: list[Judge] = []
    if part.max_on != own.max_on:
        judges.append(_too_long)
    if part.min_off != own.min_off:
        judges.append(_too_soon)
    if part.starts_per_hour != own.starts_per_hour:
        judges.append(_too_often)
    if part.daily != own.daily:
        judges.append(_too_much)
    for course in planned:
        runs = sorted(
            ((at, work) for work in course if name in work.uses for at in work.starts), key=lambda run: run[0]
        )
        yield from (why for judge in judges if (why := judge(part, runs)))
    if _too_long in judges and (part.max_on or 0) < min(SHORTEST_ON, own.max_on or SHORTEST_ON):
        yield f"{name} on for {(part.max_on or 0) / SECOND:g} s at most would be no limit but an end; use a hold"
    if _too_soon in judges:
        yield from _rests_too_long(site, part)


def _too_long(part: Actuator, runs: list[Run]) -> str:
    for _, work in runs:
        lease = work.uses[part.name].lease
        if part.max_on is not None and lease > part.max_on:
            return (
                f"{work.name} keeps {part.name} on for {lease / SECOND:g} s, and max_on would be "
                f"{part.max_on / SECOND:g} s: every run of it would be refused"
            )
    return ""


def _too_soon(part: Actuator, runs: list[Run]) -> str:
    for (at, work), (following, later) in pairwise(runs):
        rest = following + later.waits - at - work.takes
        if rest < part.min_off:
            return (
                f"{later.name} needs {part.name} {max(0, rest) / SECOND:g} s after {work.name}, and min_off would be "
                f"{part.min_off / SECOND:g} s"
            )
    return ""


def _rests_too_long(site: Site, part: Actuator) -> Iterator[str]:
    if part.min_off > LONGEST_REST:
        yield f"{part.name} would rest for {part.min_off / SECOND:g} s; more than a day is no limit but an end"
    for zone in site.zones.values():
        waters = part.name in (zone.pump, *zone.outlets)
        if waters and zone.max_gap is not None and part.min_off > CALL * zone.max_gap:
            yield (
                f"{part.name} would rest for {part.min_off / HOUR:g} h, and the plants of {zone.name} bear "
                f"{zone.max_gap / HOUR:g} h without water"
            )


def _too_often(part: Actuator, runs: list[Run]) -> str:
    """A start counts for a whole hour, so the one that is due when that ends is counted too."""
    most = part.starts_per_hour
    for (first, _), (at, work) in zip(runs, runs[most:], strict=False):
        if at - first <= HOUR:
            start = f"start {(most or 0) + 1} of {part.name} within an hour"
            return f"{work.name} would be {start}, and starts_per_hour would be {most}"
    return ""


def _too_much(part: Actuator, runs: list[Run]) -> str:
    assert part.daily is not None, "a part without an account of its water has no such limit"
    oldest, before = 0, 0
    for at, work in runs:
        while runs[oldest][0] <= at - DAY:
            before -= runs[oldest][1].uses[part.name].held
            oldest += 1
        litres = part.daily.l_min * (before + _whole(work.uses[part.name])) / (60 * SECOND)
        if litres > part.daily.litres:
            return (
                f"{work.name} brings {part.name} to {litres:.1f} L in a day, and litres_per_day would be "
                f"{part.daily.litres:g} L"
            )
        before += work.uses[part.name].held
    return ""


def _whole(use: Use) -> Nanos:
    """What its order may let through is entered before it flows."""
    return max(use.held, use.lease)
