"""Does what is measured ask for a run? The light that has fallen, the thirst of the air, the drain of the last run.

Two rules. What cannot be seen asks for nothing; the longest gap of the schedule then waters all the same. And the sum
of light is written down ten times on its way, so that a restart forgets a tenth of it at most.
"""

import math
from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.model.channel import Missing, Use
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import Gauge, Schedule, Trigger

LOOK: Nanos = 10 * SECOND  # how often a rest that may be cut short is looked at
STEPS = 10  # of a sum of light, each written down


def asks(draft: Draft, schedule: Schedule, cursor: Cursor | None) -> bool:
    """Is the limit reached?"""
    trigger = schedule.cadence
    if not isinstance(trigger, Trigger) or cursor is None:
        return False
    match trigger.gauge:
        case Gauge.LIGHT_SUM:
            return _light(draft, schedule, cursor) >= trigger.limit
        case Gauge.VPD:
            vpd = _vpd(draft, schedule.zone)
            return vpd is not None and vpd >= trigger.limit
        case Gauge.DRAIN:
            drain = _value(draft, draft.state.site.zones[schedule.zone].drain)
            return drain is not None and drain < trigger.limit


def counted(draft: Draft, schedule: Schedule, before: Cursor | None, moved: Cursor, *, began: bool) -> Cursor:
    """The cursor with the light that has fallen: from nothing after a run, and written down step by step."""
    trigger = schedule.cadence
    if not isinstance(trigger, Trigger) or trigger.gauge is not Gauge.LIGHT_SUM:
        return moved
    if began or before is None:
        return replace(moved, light=0.0, light_from=_total(draft, schedule))
    light = _light(draft, schedule, moved)
    return replace(moved, light=light) if light - moved.light >= trigger.limit / STEPS else moved


def look_at(draft: Draft, schedule: Schedule, rested: Nanos | None) -> Nanos | None:
    """When to look again, given the instant at which the rest is over by itself."""
    if rested is None or not isinstance(schedule.cadence, Trigger):
        return rested
    soonest = rested - schedule.cadence.interval + schedule.cadence.min_gap
    return min(rested, max(soonest, draft.now.mono + LOOK))


def _light(draft: Draft, schedule: Schedule, cursor: Cursor) -> float:
    return _total(draft, schedule) - cursor.light_from


def _total(draft: Draft, schedule: Schedule) -> float:
    site = draft.state.site
    name = site.zones[schedule.zone].radiation
    found = None if name is None else draft.state.sums.get(site.sensors[name].channel)
    return 0.0 if found is None else found.total


def _vpd(draft: Draft, zone: str) -> float | None:
    """Vapour pressure deficit in kPa, by the formula of Tetens."""
    climate = draft.state.site.zones[zone].climate
    if climate is None:
        return None
    celsius, humidity = _value(draft, climate.temperature), _value(draft, climate.humidity)
    if celsius is None or humidity is None:
        return None
    return 0.6108 * math.exp(17.27 * celsius / (celsius + 237.3)) * (1 - humidity / 100)


def _value(draft: Draft, sensor: str | None) -> float | None:
    reading = None if sensor is None else draft.read(sensor, Use.IRRIGATION)
    return None if reading is None or isinstance(reading, Missing) else reading.value
