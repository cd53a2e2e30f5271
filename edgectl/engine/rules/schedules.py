"""Due occurrences become tasks, or rows that say why not. The cursor moves in the same decision."""

from collections.abc import Mapping

from edgectl.engine.draft import Draft
from edgectl.engine.rules import ahead, litres, triggers
from edgectl.engine.rules.admission import accept
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import OBSERVES, keeps_waiting, mode_of, told
from edgectl.engine.rules.power_return import returns_at
from edgectl.engine.rules.stopping import give_up
from edgectl.engine.state import Nap, Naps, Quiet
from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.inputs import Mode
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso, seconds
from edgectl.model.timeline import Cursor, Latch
from edgectl.scheduler.ahead import name_of
from edgectl.scheduler.catchup import MINUTE, RATE
from edgectl.scheduler.holding import doubted
from edgectl.scheduler.occurrence import Occurrence, Verdict, correlation
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Schedule, Window

EXPIRY = 105 * SECOND
PROPOSAL: Nanos = 1800 * SECOND  # how long a proposed task waits for a person
LATE_RUNS = "catchup"  # the account of late runs
A_DAY: Nanos = 86_400 * SECOND
STEP: Nanos = SECOND // 20  # a wall clock that moved by more is asked anew
MANUAL = "manual"
# What a turn takes of the calendar: looks at a schedule and rows of what is left out; a run weighs as much as ten.
A_RUN, AT_ONCE = 10, 400


def pause(schedule: str) -> str:
    """The latch that holds one schedule."""
    return f"pause:{schedule}"


def holds_on(draft: Draft, schedule: Schedule) -> list[Latch]:
    """What people have put on this schedule, or on its zone, that a run of its own would wait for. Light waits for no
    hold of its zone."""
    names = [pause(schedule.name), *([] if schedule.task_type == "lighting" else [f"hold:{schedule.zone}"])]
    return [latch for name in names if draft.held(name) and (latch := draft.latch(name)) is not None]


def keeper(draft: Draft, schedule: Schedule) -> Latch | None:
    """Who keeps it from starting anything now; None where nobody does."""
    kept = kept_by(draft, schedule)
    if kept is None:
        return None
    if kept == "hold":
        return holds_on(draft, schedule)[0]
    place = {"lock": f"lock:{schedule.zone}", MANUAL: f"mode:{schedule.zone}", "observe_only": OBSERVES}
    return draft.latch(place.get(kept, kept))


def kept_by(draft: Draft, schedule: Schedule) -> str | None:
    """What keeps this schedule from starting anything now: a stop, a lock, a hold, the mode of its zone."""
    if mode_of(draft, schedule.zone) is Mode.MANUAL:
        return MANUAL
    waits = keeps_waiting(draft, schedule.zone, schedule.task_type)
    return waits or ("hold" if draft.held(pause(schedule.name)) else None)


def _said(reason: str, draft: Draft) -> str:
    """After a takeover the journal is whole: what is missing in it was the other controller's to do."""
    took_over = draft.state.lead is not None and draft.state.lead.took_over
    return Code.NOT_LEADER.value if took_over and reason == Code.JOURNAL_LOST else reason


def run(draft: Draft) -> None:
    """Answer for every occurrence that is due."""
    state, now = draft.state, _believed(draft)
    ahead.seen(draft)
    quiet = state.quiet
    if quiet is not None and not draft.plans_changed and _still(quiet, now):
        draft.wake(quiet.until)
        return
    wakes: list[Nanos] = []
    open_ = {task.schedule for task in draft.tasks()}
    naps = _naps(draft, now)
    asleep, whole = dict[str, Nap](), True
    for schedule in state.schedules:
        runs, nap = schedule.name in open_, naps.get(schedule.name)
        if nap is not None and _sleeps(draft, schedule, nap, now, runs):
            wake = nap.until
        elif draft.calendar_work >= AT_ONCE:
            # Where everything is due at once nothing else stands still for it: the next turn goes on from here.
            draft.wake(draft.now.mono + 1)
            whole = False
            break
        else:
            wake = _answer(draft, schedule, _as_it_may_know(draft, schedule, now), open_=runs)
            cursor = draft.cursor(schedule.name)
            if cursor is not None and not schedule.needs_synced_clock:
                asleep[schedule.name] = Nap(cursor, runs, wake)
                draft.calendar_work += 1  # whoever cannot sleep is looked at in every turn, and keeps nobody waiting
        if wake is not None:
            wakes.append(wake)
            draft.wake(wake)
    if asleep and not draft.latches_changed:
        draft.naps = Naps(distance=now.wall - now.mono, trust=now.trust, of={**naps, **asleep})
    if whole and not draft.plans_changed:
        until = min(wakes, default=now.mono + A_DAY)
        draft.quiet = Quiet(until=until, distance=now.wall - now.mono, trust=now.trust)


def _naps(draft: Draft, now: Now) -> Mapping[str, Nap]:
    """What is known of schedules that have nothing to do. A step of the clock or a latch makes all of it void."""
    naps = draft.naps
    if draft.latches_changed or naps.trust is not now.trust or abs(now.wall - now.mono - naps.distance) >= STEP:
        return {}
    return naps.of


def _sleeps(draft: Draft, schedule: Schedule, nap: Nap, now: Now, runs: bool) -> bool:
    """A run that has ended, a cursor that was moved and the hour itself wake it."""
    if nap.open_ is not runs or (nap.until is not None and now.mono >= nap.until):
        return False
    return draft.cursor(schedule.name) is nap.cursor


def doubt_windows(draft: Draft) -> None:
    """The controller has come back: whatever a window holds, nobody has seen it since. It is brought about anew."""
    for schedule in draft.state.schedules:
        cursor = draft.cursor(schedule.name)
        if isinstance(schedule.cadence, Window) and cursor is not None:
            draft.put(doubted(cursor))


def _believed(draft: Draft) -> Now:
    """The clock as the calendar may use it. Plants do not wait for a time server for days: patience ends."""
    now = draft.now
    if now.trust is not Trust.UNTRUSTED:
        draft.calm("clock_untrusted", "clock")
        return now
    patient_until = draft.state.started + draft.state.site.clock_patience
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


def _as_it_may_know(draft: Draft, schedule: Schedule, now: Now) -> Now:
    """Some schedules take no guess for the time: without a time server they wait, and somebody is told."""
    if not schedule.needs_synced_clock:
        return now
    if draft.now.trust is Trust.SYNCED:
        draft.calm("clock_untrusted", schedule.name)
        return now
    patient_until = draft.state.started + draft.state.site.clock_patience
    if now.mono < patient_until:
        draft.wake(patient_until)
    else:
        draft.alert(
            "clock_untrusted",
            schedule.name,
            f"{schedule.name} waits for a clock that is synchronised, as its site file asks",
            "let the controller reach a time server, or run it by hand: edgectl schedule run-now",
        )
    return replace(now, trust=Trust.UNTRUSTED)


def _still(quiet: Quiet, now: Now) -> bool:
    apart = abs(now.wall - now.mono - quiet.distance)
    return now.mono < quiet.until and apart < STEP and now.trust is quiet.trust


def _answer(draft: Draft, schedule: Schedule, now: Now, *, open_: bool) -> Nanos | None:
    """Everything of one schedule that is due. Returns when it has to be looked at again."""
    state, cursor = draft.state, ahead.cursor_of(draft, schedule, now)
    cadence = schedule.cadence
    blind = now.trust is Trust.UNTRUSTED and not isinstance(cadence, Every)
    if blind and cursor is None:
        return None  # whoever does not know the time cannot begin to count from it
    kept = kept_by(draft, schedule)
    planned = due(
        schedule,
        cursor,
        now,
        state.zone_info,
        # While everything is stopped a window does not try again: the stop is the state that is wanted.
        busy=open_ or (kept is not None and isinstance(cadence, Window)),
        lost=state.journal_lost,
        room=RATE - round(draft.spent(LATE_RUNS, MINUTE)),
        zone_number=state.site.zones[schedule.zone].number,
        asked=triggers.asks(draft, schedule, cursor),
    )
    began = bool(planned.occurrences) and kept is None
    moved = triggers.counted(draft, schedule, cursor, planned.cursor, began=began)
    if kept is not None and planned.occurrences and isinstance(cadence, Window):
        moved = replace(moved, unmet=True)  # when the restraint is taken off, the window is brought about
    elif kept is not None and planned.occurrences and isinstance(cadence, Every):
        moved = replace(moved, last_finished=now.mono)  # the next rest counts from the run that is left out
    if moved != cursor:
        draft.put(moved)
    for occurrence in planned.occurrences:
        _carry_out(draft, schedule, occurrence, kept)
    return None if blind else _look_again(draft, schedule, moved, now, kept=kept is not None, open_=open_)


def _look_again(draft: Draft, schedule: Schedule, cursor: Cursor, now: Now, *, kept: bool, open_: bool) -> Nanos | None:
    # A stop ends by a latch, and an open task by its end: both are looked at again by themselves.
    ahead = replace(cursor, unmet=False) if (kept or open_) and cursor.unmet else cursor
    at = triggers.look_at(draft, schedule, wake_at(schedule, ahead, now, draft.state.zone_info))
    if open_ and at is not None and at <= now.mono and type(schedule.cadence) is Every:
        return None  # the rest before this run is long over, and the next one begins with its end
    return at


def _carry_out(draft: Draft, schedule: Schedule, occurrence: Occurrence, kept: str | None) -> None:
    """The row of one occurrence: a task, or why there is none."""
    if occurrence.verdict is Verdict.SKIP:
        _leave_out(draft, schedule, occurrence, occurrence.reason)
    elif kept is not None:
        reason = Code.NOT_READY if kept == "observe_only" else Code.HOLD
        _leave_out(draft, schedule, occurrence, reason.value, why=kept, by=keeper(draft, schedule))
    elif occurrence.verdict is Verdict.REPLAY and (spent := _used_up(draft, schedule)) is not None:
        _leave_out(draft, schedule, occurrence, Code.BUDGET.value, why=spent)
    else:
        _start(draft, schedule, occurrence)


def _leave_out(
    draft: Draft, schedule: Schedule, occurrence: Occurrence, reason: str, why: str = "", by: Latch | None = None
) -> None:
    """Who reads it a day later wants to know since when and until when that held, and by whom."""
    draft.calendar_work += 1
    held = None if by is None else told(draft, by.name)
    bond = {} if held is None else {"who": held["who"], "kept_since": held["since"], "kept_until": held["until"]}
    draft.note(
        "SCHEDULE_SKIPPED",
        zone=schedule.zone,
        schedule=schedule.name,
        scheduled_for=iso(occurrence.scheduled_for),
        reason_code=_said(reason, draft),
        folded=occurrence.folded,
        **({"why": why} if why else {}),
        **{name: value for name, value in bond.items() if value},
    )


def _start(draft: Draft, schedule: Schedule, occurrence: Occurrence) -> None:
    now = draft.now
    draft.calendar_work += A_RUN
    if occurrence.verdict is Verdict.REPLAY:
        draft.spend(LATE_RUNS, 1.0, now.mono)
    if occurrence.cancels:
        for task in draft.tasks():
            if task.schedule == schedule.name and not task.stopping:
                give_up(draft, task, f"the next run of {schedule.name}")
    # Only a run that is just due is measured by its planned time. A window holds a state, a late run has been
    # let in by its policy, and a queued one has waited for the run before it: these are due from now on.
    # The name of an interval may lie ahead of a clock that was set back, its patience may not.
    anchor = min(occurrence.scheduled_for, now.wall) if occurrence.reason == "due" else now.wall
    proposed = mode_of(draft, schedule.zone) is Mode.SEMI
    due_at = anchor + max(PROPOSAL if proposed else schedule.queue_patience, _cools_for(draft, schedule))
    number, name = draft.state.site.zones[schedule.zone].number, name_of(schedule, draft.cursor(schedule.name))
    accept(
        draft,
        zone=schedule.zone,
        task_type=schedule.task_type,
        payload=occurrence.payload,
        source="schedule",
        correlation_id=correlation(number, schedule.task_type, occurrence.scheduled_for, name),
        scheduled_for=occurrence.scheduled_for,
        due_at=due_at,
        expires_at=due_at + EXPIRY,
        schedule=schedule.name,
        told={
            "scheduled_for": iso(occurrence.scheduled_for),
            "verdict": occurrence.verdict.value,
            "reason_code": occurrence.reason,
            **({"clock": now.trust.value} if now.trust is Trust.UNTRUSTED else {}),
        },
    )


def _cools_for(draft: Draft, schedule: Schedule) -> Nanos:
    """How long a lamp has still to rest, or a pump to wait for its turn after a start, or to rest from the life before:
    the run waits for that. A rest behind another run is a matter of the plan."""
    zone, actuators = draft.state.site.zones[schedule.zone], draft.state.site.actuators
    lit = isinstance(schedule.cadence, Window)
    load = zone.light if lit else zone.pump
    if load is None:
        return 0
    rests = lit or draft.now.mono < draft.state.started + actuators[load].min_off
    ready = rests_until(draft, actuators[load]) if rests else returns_at(draft, actuators[load])
    return max(0, ready - draft.now.mono)


def _used_up(draft: Draft, schedule: Schedule) -> str | None:
    """Would this late run go beyond what the day allows? Then it is left out: the runs of the day need the rest."""
    zone, payload = draft.state.site.zones[schedule.zone], schedule.payload
    litres_asked, duration = payload.get("volume_l"), payload.get("duration_s")
    for name in (zone.pump, zone.valve):
        actuator = None if name is None else draft.state.site.actuators[name]
        if actuator is None or actuator.daily is None or schedule.task_type != "irrigation":
            continue
        by_meter = litres_asked is not None and zone.meter is not None
        lasts = float(litres_asked or 0) / actuator.daily.l_min * 60 if by_meter else float(duration or 0)
        if (why := litres.veto(draft, actuator, seconds(lasts))) is not None:
            return why
    return None
