"""The hours in which a zone may be watered, and whether now is one of them."""

import re
from collections.abc import Mapping
from typing import Any

from edgectl.engine.draft import Draft
from edgectl.engine.workflows.execution import execution_of
from edgectl.model.task import Task
from edgectl.model.time import to_datetime

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def outside(draft: Draft, task: Task) -> bool:
    """True when the request names hours and this is none of them. The plain timer of a thirsty zone asks for none."""
    hours = _asked(task.payload)
    if hours is None or flaw(task.payload):
        return False
    begin, end = (_minute(str(hours[key])) for key in ("start", "end"))
    local = to_datetime(draft.now.wall).astimezone(draft.state.zone_info)
    minute = local.hour * 60 + local.minute
    return not (begin <= minute < end if begin <= end else minute >= begin or minute < end)


def flaw(payload: Mapping[str, Any]) -> str:
    """What is wrong with the hours of a request, as a sentence; empty when nothing is, or when it names none."""
    hours = _asked(payload)
    if hours is None:
        return ""
    good = isinstance(hours, Mapping) and all(_CLOCK.fullmatch(str(hours.get(key))) for key in ("start", "end"))
    return "" if good else 'window has to be {"start": "06:00", "end": "20:00"}, in the local time of the site'


def _asked(payload: Mapping[str, Any]) -> Any:
    return payload.get("window") or execution_of(payload).get("window")


def _minute(clock: str) -> int:
    found = _CLOCK.fullmatch(clock)
    assert found is not None
    return int(found[1]) * 60 + int(found[2])
