"""The site file is an order too: what it changed since the last start stands in the timeline, before and after."""

import json

from edgectl.engine.draft import Draft
from edgectl.model.timeline import Latch

MOST_TOLD = 50  # entries in one line of the timeline; how many more there are is said
LONGEST = 400  # characters of one entry


def tell(draft: Draft) -> None:
    """Compare the file of this start with that of the last one. The first file of a journal changes all of it."""
    _part_with_schedules(draft)
    after, latch = dict(draft.state.config), draft.latch("config")
    before = {} if latch is None else _read(latch.why)
    if not after or after == before:
        return
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    draft.note(
        "CONFIG_CHANGED",
        who="the site file",
        why="it was read at the start",
        first=latch is None,
        changed=[
            {"path": path, "before": _short(before.get(path)), "after": _short(after.get(path))}
            for path in changed[:MOST_TOLD]
        ],
        more=max(0, len(changed) - MOST_TOLD),
    )
    draft.put(
        Latch(
            name="config", held=True, since=draft.now.wall, who="the site file", why=json.dumps(after, sort_keys=True)
        )
    )


def _part_with_schedules(draft: Draft) -> None:
    """A run that failed is called off by the next one; of a schedule that is no more there is none."""
    known = {schedule.name for schedule in draft.state.schedules}
    for alarm in draft.alarms():
        code, _, name = alarm.alarm_id.partition(":")
        if code == "schedule_failed" and alarm.active and name not in known:
            draft.calm(code, name)


def _read(why: str) -> dict[str, str]:
    """What the last start wrote. A row in which a bit has flipped names no entry: all of them are told anew."""
    try:
        entries = json.loads(why)
    except ValueError:
        return {}
    return {str(path): str(line) for path, line in entries.items()} if isinstance(entries, dict) else {}


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else f"{text[:LONGEST]}…"
