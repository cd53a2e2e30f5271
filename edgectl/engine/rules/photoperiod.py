"""Lights that should be on and are not: plants that sit in the dark call a person within the hour.

Nobody's echo counts here: the lamp is asked again and again, and only what it shows is light.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.model.inputs import AskState, Mode
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.scheduler.cadence import window_state
from edgectl.scheduler.schedule import Schedule, Window

DARK_FOR: Nanos = 1800 * SECOND
ASK_EVERY: Nanos = 900 * SECOND


def watch(draft: Draft) -> None:
    """Look at every lamp that a window wants on."""
    if draft.now.trust is Trust.UNTRUSTED:
        return
    for schedule in draft.state.schedules:
        lamp = draft.state.site.zones[schedule.zone].light
        if isinstance(schedule.cadence, Window) and lamp is not None:
            _look(draft, schedule, schedule.cadence, lamp)


def _look(draft: Draft, schedule: Schedule, window: Window, lamp: str) -> None:
    now, since, asked = draft.now.mono, ("dark", lamp), ("asked", lamp)
    seen = draft.state.seen.get(lamp)
    if seen is not None and seen.on and now - seen.at < ASK_EVERY:
        # Most turns end here: what was seen on a moment ago is not dark, whatever is wanted.
        draft.forget_since(since)
        draft.calm("biz_light_failure", lamp)
        draft.wake(seen.at + ASK_EVERY)
        return
    wanted = window_state(window, draft.now.wall, draft.state.zone_info, schedule.days)
    kept = keeps_waiting(draft, schedule.zone, "lighting") or mode_of(draft, schedule.zone) is Mode.MANUAL
    if not wanted or kept:
        draft.forget_since(since)
        draft.calm("biz_light_failure", lamp)
        return
    if seen is not None and seen.on is False and seen.at > draft.state.started:
        _bring_back(draft, schedule, lamp)
    # A lamp that does not answer is asked again as seldom as one that does.
    asked_at = max(seen.at if seen is not None else draft.state.started, draft.holding.get(asked, 0))
    if now - asked_at >= ASK_EVERY:
        draft.effect(AskState(actuator=lamp))
        draft.forget_since(asked)
        asked_at = draft.since(asked)
    draft.wake(asked_at + ASK_EVERY)
    if seen is not None and seen.on and now - seen.at < DARK_FOR:
        return  # it has just been asked again
    dark_since = draft.since(since)
    if now - dark_since >= DARK_FOR:
        draft.alert(
            "biz_light_failure",
            lamp,
            f"{lamp} of {schedule.zone} should be on and has been dark for {(now - dark_since) // SECOND // 60} min",
            "look at the lamp, its fuse and its relay; edgectl tasks says why it was not switched",
        )
    else:
        draft.wake(dark_since + DARK_FOR)


def _bring_back(draft: Draft, schedule: Schedule, lamp: str) -> None:
    """The lamp is dark while its window wants light, as after a power cut: its schedule has to speak again."""
    cursor, output = draft.cursor(schedule.name), draft.output(lamp)
    if draft.held(f"lockout:{lamp}"):
        return  # a person is called already, and each try would be refused
    if cursor is None or cursor.unmet or (output is not None and output.owed_off):
        return
    if cursor.position > draft.now.wall or any(
        task.zone == schedule.zone and task.task_type == "lighting" and not task.enqueued for task in draft.tasks()
    ):
        return
    draft.put(replace(cursor, unmet=True))
    draft.wake(draft.now.mono + SECOND)
