"""The schedules as the doors see them: read from the engine's state and the journal, ordered through the inbox."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from edgectl.api.house import Body
from edgectl.daemon.control import Control
from edgectl.daemon.house import DaemonHouse
from edgectl.daemon.views import on_the_second, wakes_at
from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import told
from edgectl.engine.rules.schedules import keeper, kept_by, pause
from edgectl.engine.state import State
from edgectl.journal.reads import LeftOut
from edgectl.model.inputs import HoldSchedule, RunNow
from edgectl.model.ports import Clock
from edgectl.model.time import Now, iso, seconds
from edgectl.model.timeline import Latch
from edgectl.scheduler.cadence import strikes, window_state
from edgectl.scheduler.describe import words
from edgectl.scheduler.schedule import Schedule, Window, by_calendar

NEXT = 3  # runs that are told
AT_A_TIME = 100  # schedules that are told without a pause
LONGEST_WORDS = 200


class Skips(Protocol):
    """The read side of the journal, as far as it is asked here."""

    async def left_out(self) -> list[LeftOut]:
        """The newest runs that never began, the newest first."""


class ScheduleDesk:
    """The calendar of the running controller."""

    def __init__(self, house: DaemonHouse, control: Control, reads: Skips, clock: Clock) -> None:
        self._house, self._control, self._clock = house, control, clock
        self._reads = reads

    async def schedules(self) -> list[Body]:
        """Every schedule with its next runs, what keeps it, and what was left out last."""
        left_out = await self._house.read(self._reads.left_out())
        return await listed(self._control.stepper.state, self._clock.now(), left_out)

    async def hold(self, schedule: str, seconds_: float, *, who: str, why: str) -> Body:
        """Hold a schedule for a while."""
        lasts = seconds(min(max(seconds_, 0.0), 1e8))
        return await self._house.ask(
            lambda token: HoldSchedule(
                token=token, schedule=schedule, on=True, who=who, why=why[:LONGEST_WORDS], lasts=lasts
            )
        )

    async def release(self, schedule: str, *, who: str) -> Body:
        """End a hold."""
        return await self._house.ask(lambda token: HoldSchedule(token=token, schedule=schedule, on=False, who=who))

    async def run_now(self, schedule: str, *, who: str, anyway: bool, source: str) -> Body:
        """Run it once, now; while it is held only for somebody who says that they know."""
        return await self._house.ask(
            lambda token: RunNow(token=token, schedule=schedule, who=who, anyway=anyway, source=source)
        )


async def listed(state: State, now: Now, left_out: Sequence[LeftOut]) -> list[Body]:
    """Every schedule; `left_out` are the newest runs that never began, the newest first."""
    newest: dict[str, LeftOut] = {}
    for run in left_out:
        newest.setdefault(run.schedule, run)
    rows: list[Body] = []
    for begin in range(0, len(state.schedules), AT_A_TIME):
        draft = Draft(state, now)
        some = state.schedules[begin : begin + AT_A_TIME]
        rows += [_view(draft, schedule, newest.get(schedule.name)) for schedule in some]
        await asyncio.sleep(0)  # a house with thousands of them does not stand still while somebody reads
    return rows


def _view(draft: Draft, schedule: Schedule, skipped: LeftOut | None) -> dict[str, Any]:
    state = draft.state
    cursor, latch = state.cursors.get(schedule.name), draft.latch(pause(schedule.name))
    running = next((task for task in draft.tasks() if task.schedule == schedule.name), None)
    held = latch if latch is not None and latch.held else None
    until = None if held is None else held.ends_at(draft.now, state.boot_id)
    return {
        "schedule": schedule.name,
        "zone": schedule.zone,
        "task_type": schedule.task_type,
        "when": words(schedule),
        "next": [] if cursor is None else _next(state, schedule, draft.now, busy=running is not None),
        "task": None if running is None else running.task_id,
        "kept": kept_by(draft, schedule) or (None if cursor is None else cursor.waits or None),
        "held_until": None if until is None else iso(until),
        "held_by": None if held is None else held.who,
        "held_why": None if held is None else held.why,
        "keeper": _kept_by(draft, keeper(draft, schedule)),
        "skipped": None
        if skipped is None
        else {
            "scheduled_for": skipped.scheduled_for,
            "reason": skipped.reason,
            "why": skipped.why,
            "who": skipped.who or None,
            "at": iso(skipped.at),
        },
    }


def _kept_by(draft: Draft, latch: Latch | None) -> dict[str, Any] | None:
    return None if latch is None else told(draft, latch.name)


def _next(state: State, schedule: Schedule, now: Now, *, busy: bool) -> list[dict[str, Any]]:
    """The next runs by the calendar; of what follows its own last run only the next one can be known."""
    cursor, cadence, zone = state.cursors[schedule.name], schedule.cadence, state.zone_info
    if not by_calendar(cadence):
        at = wakes_at(state, schedule, now, busy=busy)
        return [] if at is None else [{"at": iso(on_the_second(max(now.wall, now.wall_at(at))))}]
    struck = islice(strikes(cadence, max(now.wall, cursor.position), zone, schedule.days), NEXT)
    if isinstance(cadence, Window):
        return [{"at": iso(at), "on": window_state(cadence, at, zone, schedule.days)} for at in struck]
    return [{"at": iso(at)} for at in struck]
