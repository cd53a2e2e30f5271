"""Readings as they are read, for a while, because the centre has asked for them.

Two rules. Each has an end of its own, across restarts, so that nobody's curiosity fills a disk for ever. And it changes
nothing but what travels: it is a latch that only the telemetry looks at. There are a few places for such latches, used
again and again, so that what was asked for once does not stay in memory.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.model.ask import SendRaw
from edgectl.model.codes import Code
from edgectl.model.inputs import Answer
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.model.timeline import Latch

PREFIX = "raw:"
LONGEST: Nanos = 24 * 3600 * SECOND
MOST = 8  # at one time


def send_raw(draft: Draft, order: SendRaw) -> None:
    """Promise them, or say why not."""
    code, why = _refusal(draft, order)
    if code:
        draft.effect(Answer(token=order.token, ok=False, code=code, body={"why": why}))
        return
    now, places = draft.now, (f"{PREFIX}{number}" for number in range(MOST))
    draft.put(
        Latch(
            name=next(place for place in places if not draft.held(place)),
            held=True,
            since=now.wall,
            who=order.who,
            why=json.dumps({"request": order.name, "sensors": order.sensors}),
            until=now.wall + order.lasts,
            until_mono=now.mono + order.lasts,
            boot_id=draft.state.boot_id,
            synced=now.trust is Trust.SYNCED,
        )
    )
    draft.note(
        "RAW_BEGUN", request_id=order.name, sensors=list(order.sensors), who=order.who, seconds=order.lasts // SECOND
    )
    draft.effect(Answer(token=order.token, ok=True, code="ok", body={"until": now.wall + order.lasts}))


def expire(draft: Draft, latch: Latch) -> None:
    """End what has lasted long enough."""
    if latch.over(draft.now, draft.state.boot_id):
        draft.put(replace(latch, held=False, since=draft.now.wall))
        draft.note("RAW_ENDED", request_id=json.loads(latch.why)["request"])
    elif latch.boot_id == draft.state.boot_id:
        draft.wake(latch.until_mono)


def wanted(latches: Mapping[str, Latch]) -> list[tuple[str, ...]]:
    """The sensors that are asked for, request by request; an empty one asks for every sensor."""
    found = (latches.get(f"{PREFIX}{number}") for number in range(MOST))
    return [tuple(json.loads(latch.why)["sensors"]) for latch in found if latch is not None and latch.held]


def _refusal(draft: Draft, order: SendRaw) -> tuple[str, str]:
    known = draft.state.site.sensors
    if strange := [name for name in order.sensors if name not in known]:
        return Code.UNKNOWN_SENSOR, f"there is no sensor {strange[0]!r}; there are: {', '.join(sorted(known))}"
    if not 0 < order.lasts <= LONGEST:
        return Code.RAW_REFUSED, "readings as they are read are sent for more than 0 s and at most 24 h"
    if len(draft.holding_latches(PREFIX)) >= MOST:
        return Code.RAW_REFUSED, f"{MOST} such requests are under way already; each has an end of its own"
    return "", ""
