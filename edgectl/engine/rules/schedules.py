"""Due occurrences become tasks, or rows that say why not. The cursor moves in the same decision."""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import accept
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.engine.state import Quiet
from edgectl.model.codes import Code
from edgectl.model.inputs import Mode
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.scheduler.catchup import MINUTE, RATE
from edgectl.scheduler.occurrence import Verdict, correlation
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Schedule, Window

EXPIRY = 105 * SECOND
PROPOSAL: Nanos = 1800 * SECOND  # how long a proposed task waits for a person
LATE_RUNS = "catchup"  # the account of late runs
A_DAY: Nanos = 86_400 * SECOND
STEP: Nanos = SECOND // 20  # a wall clock that moved by more is asked anew
CLOCK_PATIENCE: Nanos = 600 * SECOND  # how long the calendar waits for a clock that can be believed


def _believed(draft: Draft) -> Now:
    """The clock as the calendar may use it. Plants do not wait for a time server for days: patience ends."""
    now = draft.now
    if now.trust is not Trust.UNTRUSTED:
        draft.calm("clock_untrusted", "clock")
        return now
    patient_until = draft.state.started + CLOCK_PATIENCE
    if now.mono < patient_until:
        draft.wake(patient_until)
        return now
    draft.alert(
        "clock_untrusted",
        "clock",
        "the wall clock cannot be believed; the calendar runs by the best guess",
        "set the clock or let it reach a time server; until then runs may come at the wrong hour",
    )
    return replace(now, trust=Trust.RESTORED)


def _cools_for(draft: Draft, schedule: Schedule) -> Nanos:
    """How long a lamp has still to rest: its run waits for that."""
    lamp = draft.state.site.zones[schedule.zone].light if isinstance(schedule.cadence, Window) else None
    if lamp is None:
        return 0
    return max(0, rests_until(draft, draft.state.site.actuators[lamp]) - draft.now.mono)


def _still(quiet: Quiet, now: Now) -> bool:
    apart = abs(now.wall - now.mono - quiet.distance)
    return now.mono < quiet.until and apart < STEP and now.trust is quiet.trust


def run(draft: Draft) -> None:
    """Answer for every occurrence that is due."""
    state, now = draft.state, _believed(draft)
    quiet = state.quiet
    if quiet is not None and not draft.plans_changed and _still(quiet, now):
        draft.wake(quiet.until)
        return
    wakes: list[Nanos] = []
    open_ = {task.schedule for task in draft.tasks()}
    for schedule in state.schedules:
        cursor = draft.cursor(schedule.name)
        waits = keeps_waiting(draft, schedule.zone, schedule.task_type)
        mode = mode_of(draft, schedule.zone)
        kept = waits is not None or mode is Mode.MANUAL
        number = state.site.zones[schedule.zone].number
        planned = due(
            schedule,
            cursor,
            now,
            state.zone_info,
            # While everything is stopped a window does not try again: the stop is the state that is wanted.
            busy=schedule.name in open_ or (kept and isinstance(schedule.cadence, Every | Window)),
            lost=state.journal_lost,
            room=RATE - round(draft.spent(LATE_RUNS, MINUTE)),
            zone_number=number,
        )
        for occurrence in planned.occurrences:
            if occurrence.verdict is Verdict.SKIP:
                draft.note(
                    "SCHEDULE_SKIPPED",
                    zone=schedule.zone,
                    schedule=schedule.name,
                    scheduled_for=iso(occurrence.scheduled_for),
                    reason_code=occurrence.reason,
                    folded=occurrence.folded,
                )
                continue
            kept_off = "manual" if mode is Mode.MANUAL else waits
            if kept_off is not None:
                draft.note(
                    "SCHEDULE_SKIPPED",
                    zone=schedule.zone,
                    schedule=schedule.name,
                    scheduled_for=iso(occurrence.scheduled_for),
                    reason_code=Code.HOLD.value,
                    why=kept_off,
                    folded=1,
                )
                continue
            if occurrence.verdict is Verdict.REPLAY:
                draft.spend(LATE_RUNS, 1.0, now.mono)
            # Only a run that is just due is measured by its planned time. A window holds a state, a late run has been
            # let in by its policy, and a queued one has waited for the run before it: these are due from now on.
            anchor = occurrence.scheduled_for if occurrence.reason == "due" else now.wall
            patience = PROPOSAL if mode is Mode.SEMI else schedule.queue_patience
            due_at = anchor + max(patience, _cools_for(draft, schedule))
            accept(
                draft,
                zone=schedule.zone,
                task_type=schedule.task_type,
                payload=occurrence.payload,
                source="schedule",
                correlation_id=correlation(number, schedule.task_type, occurrence.scheduled_for, schedule.name),
                scheduled_for=occurrence.scheduled_for,
                due_at=due_at,
                expires_at=due_at + EXPIRY,
                schedule=schedule.name,
            )
        moved = planned.cursor
        if kept and planned.occurrences and isinstance(schedule.cadence, Window):
            moved = replace(moved, unmet=True)  # when the restraint is taken off, the window is brought about
        if moved != cursor:
            draft.put(moved)
        # A stop ends by a latch, and that is looked at again by itself.
        ahead = replace(moved, unmet=False) if kept else moved  # (planned.cursor, unmet=False)
        if (wake := wake_at(schedule, ahead, now, state.zone_info)) is not None:
            wakes.append(wake)
            draft.wake(wake)
    if not draft.plans_changed:
        until = min(wakes, default=now.mono + A_DAY)
        draft.quiet = Quiet(until=until, distance=now.wall - now.mono, trust=now.trust)
