"""Tighter limits from the centre: taken whole or not at all, under a number that grows.

What is refused leaves the last set in force. No set may leave the plants without the work that is planned for them, nor
make a reading unbelievable that is believed now. And the set before is kept: the centre goes back to it by a word,
and so does a start whose site file no longer fits into the set in force.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgectl.engine import envelope
from edgectl.engine.draft import Draft
from edgectl.engine.envelope import SECTIONS, Limit, tighter
from edgectl.engine.rules import fitting, starving
from edgectl.engine.workflows import fit
from edgectl.model.ask import Tighten
from edgectl.model.channel import Reading
from edgectl.model.codes import Code
from edgectl.model.inputs import Answer
from edgectl.model.site import Actuator, Sensor, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch
from edgectl.scheduler.schedule import Schedule

LARGEST = 1e9
_FORM = '{"revision": 3, "actuators": {"pump": {"max_on_s": 60}}, "sensors": {"level": {"high": 95}}}'


def tighten(draft: Draft, order: Tighten) -> None:
    """Take a whole set of limits, or none of it. They hold from the next turn on; what was refused leaves the last set
    in force. A set without limits gives the site file its own back; `back` means the set that was in force before."""
    before, good = draft.latch(envelope.NAME), draft.latch(envelope.BEFORE)
    last = 0 if before is None else before.count
    limits = envelope.read(good.why) if order.back and good is not None else order.limits
    if order.revision <= last:
        why = f"revision {order.revision} is not newer than {last}, which is in force"
    elif order.back and good is None:
        why = "there was no set before this one: one without limits gives the site file its own back"
    else:
        why = refusal(draft.state.local, draft.state.schedules, limits, draft.now.wall) or _unbelievable(draft, limits)
    if why:
        draft.effect(Answer(token=order.token, ok=False, code=Code.LIMITS_REFUSED, body={"why": why}))
        return
    if before is not None and not order.back:
        draft.put(replace(before, name=envelope.BEFORE))
    draft.put(
        Latch(
            name=envelope.NAME,
            held=any(limits.values()),
            since=draft.now.wall,
            who=order.who,
            why=json.dumps(dict(limits), sort_keys=True),
            count=order.revision,
        )
    )
    told: dict[str, Any] = {} if good is None or not order.back else {"back_to": good.count}
    draft.note("LIMITS_TIGHTENED", revision=order.revision, who=order.who, limits=dict(limits), before=last, **told)
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"revision": order.revision}))


def look_again(draft: Draft) -> None:
    """At a start: the site file may have changed under a set of limits. When its work no longer fits into them, the set
    before is in force again, and where that does not fit either, the file alone."""
    latch, good = draft.latch(envelope.NAME), draft.latch(envelope.BEFORE)
    if latch is None or not latch.held:
        return
    local, schedules, wall = draft.state.local, draft.state.schedules, draft.now.wall
    if why := _unfit(local, draft.state.site, schedules, wall):
        limits = {} if good is None else envelope.read(good.why)
        if good is None or refusal(local, schedules, limits, wall):
            limits, back_to = {}, 0
        else:
            back_to = good.count
        text = json.dumps(dict(limits), sort_keys=True)
        draft.put(replace(latch, held=any(limits.values()), since=draft.now.wall, who="engine", why=text))
        told: dict[str, Any] = {"before": latch.count, "back_to": back_to, "why": why}
        draft.note("LIMITS_TIGHTENED", revision=latch.count, who="engine", limits=dict(limits), **told)


def refusal(site: Site, schedules: tuple[Schedule, ...], limits: Any, since: Nanos) -> str:
    """Why these limits cannot be taken; empty when every one tightens the local site, and the work that is planned from
    now on still fits."""
    if not isinstance(limits, Mapping) or set(limits) - set(SECTIONS):
        return f"limits are written as {_FORM}"
    for section, parts in limits.items():
        if not isinstance(parts, Mapping):
            return f"{section} must name parts of the site: {_FORM}"
        for name, wanted in parts.items():
            part = getattr(site, section).get(name)
            if part is None:
                return f"the site has no {section.removesuffix('s')} {str(name)[:40]!r}"
            if not isinstance(wanted, Mapping):
                return f"{section}.{name} must name limits: {', '.join(SECTIONS[section])}"
            for limit, value in wanted.items():
                if wrong := _wrong(part, SECTIONS[section], limit, value):
                    return f"{section}.{name}.{str(limit)[:40]}{wrong}"
    return _unfit(site, envelope.tightened(site, limits), schedules, since)


def _wrong(part: Actuator | Sensor, known: Mapping[str, Limit], limit: str, value: Any) -> str:
    rule = known.get(limit)
    if rule is None:
        return f" is no limit that can be tightened; there are: {', '.join(known)}"
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or abs(value) > LARGEST
    ):
        return " must be a number"
    if isinstance(part, Actuator) and (value < 0 or (value == 0 and rule.lowers)):
        return f" is {value:g}: that would be no limit but an end; use a hold"
    if limit == "starts_per_hour" and value != int(value):
        return " must be a whole number"
    if not rule.needs(part):
        return " limits nothing here: this part has no such limit"
    local = rule.read(part)
    if local is not None and tighter(rule, local, value) != value:
        return f" is {value:g}, and the site's own {local:g} is tighter: the centre can only tighten"
    return ""


def _unbelievable(draft: Draft, limits: Mapping[str, Any]) -> str:
    """A range that shuts out what is read now would leave whatever waters by it without a reading, from afar."""
    changed = envelope.tightened(draft.state.local, limits).sensors
    for name in limits.get("sensors", {}):
        reading = draft.read(name)
        if isinstance(reading, Reading) and not changed[name].shows(reading.value):
            return f"sensors.{name}: it reads {reading.value:g} now, and would no longer be believed"
    return ""


def _unfit(local: Site, site: Site, schedules: tuple[Schedule, ...], since: Nanos) -> str:
    """Work that no longer fits would be refused each time it is due, and the plants would pay for it."""
    for sensor in site.sensors.values():
        if sensor.low is not None and sensor.high is not None and sensor.low >= sensor.high:
            return f"sensors.{sensor.name}: nothing lies between {sensor.low:g} and {sensor.high:g}"
    for span in fit.spans(site):
        longest = site.actuators[span.actuator].max_on
        if longest is not None and span.lease > longest:
            return f"{span.workflow} of {span.zone} keeps {span.actuator} on for {span.lease / SECOND:g} s"
    return fitting.unfit(local, site, schedules, since) or starving.starved(local, site)
