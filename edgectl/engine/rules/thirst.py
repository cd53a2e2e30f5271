"""No water is a hazard too: how long a zone has gone without, a call at half of what its plants bear, and the plain
timer at four fifths.

The fallback is a task like any other: it passes every guard, and what a person has stopped, held or locked stays so.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import accept
from edgectl.engine.rules.crashes import STARTS
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.model.inputs import Mode
from edgectl.model.ledger import DAY, HOUR, age
from edgectl.model.site import Fallback, Zone
from edgectl.model.time import SECOND, Nanos, Trust

CALL, FALL_BACK = 0.5, 0.8  # of max_gap
PATIENCE: Nanos = 15 * SECOND
EXPIRY: Nanos = 105 * SECOND


def watered(zone: str) -> str:
    """The ledger of a zone's water: seconds of each run that moved some."""
    return f"watered:{zone}"


def watch(draft: Draft) -> None:
    """Look at every zone whose plants have a limit."""
    for zone in draft.state.site.zones.values():
        if zone.max_gap is not None:
            _look(draft, zone, zone.max_gap)


def _look(draft: Draft, zone: Zone, max_gap: Nanos) -> None:
    now = draft.now
    dry_for = since_last(draft, watered(zone.name))
    if dry_for < CALL * max_gap:
        if _dated(draft, watered(zone.name)):
            draft.calm("zone_thirsty", zone.name)
        draft.wake(now.mono + round(CALL * max_gap) - dry_for)
        return
    draft.alert(
        "zone_thirsty",
        zone.name,
        f"{zone.name} has had no water for {dry_for / HOUR:.1f} h, its plants bear {max_gap / HOUR:g} h",
        "edgectl tasks says why nothing ran; water by hand if in doubt",
    )
    if zone.fallback is None:
        return
    if dry_for < FALL_BACK * max_gap:
        draft.wake(now.mono + round(FALL_BACK * max_gap) - dry_for)
    elif keeps_waiting(draft, zone.name, "irrigation") is None and mode_of(draft, zone.name) is Mode.AUTO:
        _fall_back(draft, zone, zone.fallback)


def _fall_back(draft: Draft, zone: Zone, fallback: Fallback) -> None:
    """One run of the plain timer, not more often than declared."""
    now, name = draft.now, f"fallback:{zone.name}"
    mine = (task for task in draft.tasks() if task.zone == zone.name and not task.enqueued)
    if any(task.task_type == "irrigation" for task in mine):
        return
    last = since_last(draft, name) if draft.ledger(name).spent else fallback.every
    if last < fallback.every:
        draft.wake(now.mono + fallback.every - last)
        return
    if draft.spent(name, DAY) >= fallback.max_per_day:
        return
    draft.spend(name, 1.0, now.mono)
    task = accept(
        draft,
        zone=zone.name,
        task_type="irrigation",
        payload={"duration_s": fallback.duration / SECOND, "fallback": True},
        source="self",
        # The wall clock may have shown this before; the timeline never grows back.
        correlation_id=f"ae:self:{zone.number}:irrigation:{draft.state.seq + len(draft.entries) + 1}",
        scheduled_for=now.wall,
        due_at=now.wall + PATIENCE,
        expires_at=now.wall + PATIENCE + EXPIRY,
    )
    draft.note("SELF_TASK_ENQUEUED", task_id=task.task_id, zone=zone.name)
    draft.note("SELF_TASK_DISPATCHED", task_id=task.task_id, zone=zone.name)
    draft.note("FALLBACK_STARTED", task_id=task.task_id, zone=zone.name)
    draft.alert(
        "fallback_watering",
        zone.name,
        f"{zone.name} is watered for {fallback.duration / SECOND:g} s by its plain timer",
        "repair what keeps its schedule from running; a run of the schedule ends this",
    )


def _dated(draft: Draft, name: str) -> bool:
    """Can anybody tell how long ago the newest entry is? Of another boot, without a clock to believe, only that it is
    not shorter ago than this start: that is no reason to calm."""
    state, spent = draft.state, draft.ledger(name).spent
    synced = draft.now.trust is Trust.SYNCED
    return bool(spent) and (spent[-1].boot_id == state.boot_id or (spent[-1].synced and synced))


def since_last(draft: Draft, name: str) -> Nanos:
    """How long ago the newest entry is; without one, since somebody first asked, which is written down: who falls often
    must not begin to count anew each time. An older one of another boot may seem newer than it is, and is not asked."""
    state, spent = draft.state, draft.ledger(name).spent
    if not spent:
        draft.spend(name, 0.0, state.started)
        return draft.now.mono - state.started
    newest = spent[-1]
    if newest.boot_id == state.boot_id and not newest.synced and draft.now.trust is Trust.SYNCED:
        # The clock is believed only now: of a machine that falls often, it alone tells the next boot how long ago.
        draft.spend(name, 0.0, newest.at)
    began = state.started if newest.boot_id == state.boot_id else _boot_seen(draft)
    return max(0, age(newest, draft.now, state.boot_id, began))


def _boot_seen(draft: Draft) -> Nanos:
    """An instant of this boot of the machine, the first that is known: what another boot counted is older than that.
    A controller that falls and starts again without a clock to believe must not begin to count anew each time."""
    state = draft.state
    starts = (start.at for start in draft.ledger(STARTS).spent if start.boot_id == state.boot_id)
    return min(starts, default=state.started)
