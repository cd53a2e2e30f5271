"""A lamp that has been on for its `max_on` goes off, and stays off until its window is over or a person has looked.

Its order carries no end, for a lamp that falls with the controller leaves plants in the dark. So somebody has to watch
the clock, across restarts too: since when it is lit stands in the journal.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.lockouts import lock_out
from edgectl.engine.rules.orders import order_off
from edgectl.model.codes import Code
from edgectl.model.inputs import AskState
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos, Trust
from edgectl.model.timeline import Latch
from edgectl.scheduler.cadence import window_state
from edgectl.scheduler.schedule import Window

INSIST_EVERY: Nanos = 60 * SECOND
LOOK_EVERY: Nanos = 900 * SECOND  # somebody may have switched it by hand


def watch(draft: Draft) -> None:
    """Look at every lamp that has a limit."""
    for lamp in draft.state.fixed.lit:
        seen = draft.state.seen.get(lamp)
        if seen is None or draft.now.mono - seen.at >= LOOK_EVERY:
            _ask(draft, lamp)
        if seen is None:
            continue
        if seen.on:
            _burns(draft, lamp)
        else:
            _dark(draft, lamp)


def _burns(draft: Draft, lamp: str) -> None:
    most = draft.state.site.actuators[lamp].max_on
    assert most is not None
    ends = _lit_since(draft, lamp) + most
    if draft.now.mono < ends:
        draft.wake(ends)
        return
    why = f"{lamp} has been on for its max_on of {most / SECOND / 60:g} min"
    draft.alert(
        Code.LIT_TOO_LONG,
        lamp,
        why,
        f"look why nobody switched it off; {lamp} stays dark until its window is over or this is acknowledged",
    )
    lock_out(draft, lamp, why, code=Code.LIT_TOO_LONG)
    _insist(draft, lamp)


def _lit_since(draft: Draft, lamp: str) -> Nanos:
    """By the clock that nobody can set. Only after a restart of the machine the wall clock tells how long it has burnt,
    where it could be believed both times."""
    key, latch, now, before = ("lit", lamp), draft.latch(_name(lamp)), draft.now, 0
    if key in draft.holding:
        return draft.holding[key]
    if latch is None or not latch.held:
        draft.put(
            Latch(
                name=_name(lamp),
                held=True,
                since=now.wall,
                who="engine",
                why="it burns",
                since_mono=now.mono,
                boot_id=draft.state.boot_id,
                synced=now.trust is Trust.SYNCED,
            )
        )
    elif latch.boot_id == draft.state.boot_id:
        before = now.mono - latch.since_mono
    else:
        before = max(0, now.wall - latch.since) if latch.synced and now.trust is Trust.SYNCED else 0
        draft.put(_carried_over(draft, latch, before))
    draft.holding = {**draft.holding, key: now.mono - before}
    return now.mono - before


def _carried_over(draft: Draft, latch: Latch, before: Nanos) -> Latch:
    """Since when it is lit on the clock of this boot: its further restarts go by that, and by no clock that is set."""
    now = draft.now
    carried = replace(latch, since_mono=now.mono - before, boot_id=draft.state.boot_id)
    return carried if latch.synced else replace(carried, since=now.wall, synced=now.trust is Trust.SYNCED)


def _insist(draft: Draft, lamp: str) -> None:
    """OFF, and again every minute as long as it is seen on."""
    since = draft.holding.get(("lit off", lamp))
    if since is not None and draft.now.mono < since + INSIST_EVERY:
        draft.wake(since + INSIST_EVERY)
        return
    draft.holding = {**draft.holding, ("lit off", lamp): draft.now.mono}
    draft.wake(draft.now.mono + INSIST_EVERY)
    if any(c.actuator == lamp and not c.terminal for c in draft.commands()):
        return
    cmd_id = f"lit-{lamp}-{draft.state.seq + len(draft.entries) + 1}"
    zone = next((zone.name for zone in draft.state.site.zones.values() if zone.light == lamp), "")
    order_off(draft, actuator_name=lamp, cmd_id=cmd_id, stage="max_on", task_id=None, zone=zone)


def _dark(draft: Draft, lamp: str) -> None:
    draft.forget_since(("lit", lamp))
    draft.forget_since(("lit off", lamp))
    latch = draft.latch(_name(lamp))
    if latch is not None and latch.held:
        draft.put(replace(latch, held=False))
    lock = draft.latch(f"lockout:{lamp}")
    if lock is None or not lock.held or lock.who != f"{Code.LIT_TOO_LONG}:{lamp}" or _wanted(draft, lamp):
        return
    if _has_window(draft, draft.state.site, lamp):
        # The night that was to follow has begun: the next morning is not to be dark for it.
        draft.put(replace(lock, held=False, since=draft.now.wall, why="its window is over"))
        draft.calm(Code.LIT_TOO_LONG, lamp)


def _wanted(draft: Draft, lamp: str) -> bool:
    zones, now = draft.state.site.zones, draft.now
    return any(
        zones[one.zone].light == lamp
        and isinstance(one.cadence, Window)
        and bool(window_state(one.cadence, now.wall, draft.state.zone_info, one.days))
        for one in draft.state.schedules
    )


def _has_window(draft: Draft, site: Site, lamp: str) -> bool:
    return any(isinstance(one.cadence, Window) and site.zones[one.zone].light == lamp for one in draft.state.schedules)


def _ask(draft: Draft, lamp: str) -> None:
    asked = draft.holding.get(("lit asked", lamp))
    if asked is None or draft.now.mono - asked >= LOOK_EVERY:
        draft.holding = {**draft.holding, ("lit asked", lamp): draft.now.mono}
        draft.effect(AskState(actuator=lamp))
    draft.wake(draft.holding[("lit asked", lamp)] + LOOK_EVERY)


def _name(lamp: str) -> str:
    return f"lit:{lamp}"
