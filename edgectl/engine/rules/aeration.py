"""Air that roots need: a bubbler, wanted on without end or in turns. It keeps its state, whoever dies."""

from edgectl.engine.draft import Draft
from edgectl.engine.rules.flow import ROUND
from edgectl.engine.rules.guards import rests_until, veto_start
from edgectl.engine.rules.latched import mode_of
from edgectl.engine.rules.orders import REPLY_WITHIN, order_off, switch_on
from edgectl.model.inputs import AskState, Mode
from edgectl.model.site import Actuator, Round, Zone
from edgectl.model.time import SECOND, Nanos

ASK_EVERY: Nanos = 60 * SECOND  # nobody else looks at it
AGAIN: Nanos = 30 * SECOND


def keep(draft: Draft, zone: Zone, one: Round, air: Actuator) -> None:
    """Bring one output into the state that its turn asks for, by what it shows and not by what it was told."""
    _look(draft, air)
    seen = draft.state.seen.get(air.name)
    if seen is not None:
        turn = _turns_at(draft, one, air, on=bool(seen.on))
        if turn is not None and not _busy(draft, air) and mode_of(draft, zone.name) is not Mode.MANUAL:
            draft.wake(turn)
            if draft.now.mono >= turn:
                _switch(draft, zone, air, on=not seen.on)
    _mind(draft, zone, one, air)


def _turns_at(draft: Draft, one: Round, air: Actuator, *, on: bool) -> Nanos | None:
    """When it is its turn to change, None for never. Only a rest that this life has begun is waited for."""
    rests, runs = ("air rests", air.name), ("air runs", air.name)
    if not on:
        draft.forget_since(runs)
        return draft.holding[rests] + one.off if rests in draft.holding else 0
    if not _busy(draft, air):
        draft.forget_since(rests)  # an OFF that is on its way has begun the rest already
    return None if one.on is None else draft.since(runs) + one.on


def _look(draft: Draft, air: Actuator) -> None:
    seen, now, key = draft.state.seen.get(air.name), draft.now.mono, ("air asked", air.name)
    asked = max(draft.holding.get(key, 0), 0 if seen is None else seen.at)
    if not asked or now - asked >= ASK_EVERY:
        draft.holding = {**draft.holding, key: now}
        draft.effect(AskState(actuator=air.name))
        asked = now
    draft.wake(asked + ASK_EVERY)


def _busy(draft: Draft, air: Actuator) -> bool:
    output = draft.output(air.name)
    by_hand = output is not None and output.owed_off
    return by_hand or any(c.actuator == air.name and not c.terminal for c in draft.commands())


def _switch(draft: Draft, zone: Zone, air: Actuator, *, on: bool) -> None:
    now, key = draft.now.mono, ("air tried", air.name)
    tried = draft.holding.get(key)
    at = max(0 if tried is None else tried + AGAIN, rests_until(draft, air) if on else 0)
    if at > now:
        draft.wake(at)
        return
    cmd_id = f"rd-{zone.number}-{air.name}-{draft.state.seq + len(draft.entries) + 1}"
    if on and veto_start(draft, air, None) is not None:
        draft.wake(now + AGAIN)  # the alarm says what keeps it off, if that lasts
        return
    draft.holding = {**draft.holding, key: now}
    if not on:
        draft.since(("air rests", air.name))
        order_off(draft, actuator_name=air.name, cmd_id=cmd_id, stage=ROUND, task_id=None, zone=zone.name)
        return
    switch_on(
        draft,
        actuator_name=air.name,
        lease=None,
        cmd_id=cmd_id,
        stage=ROUND,
        task_id=None,
        zone=zone.name,
        not_after=now + REPLY_WITHIN,
    )


def _mind(draft: Draft, zone: Zone, one: Round, air: Actuator) -> None:
    """A bubbler that nobody can see on is off, for all that the roots know."""
    seen, now = draft.state.seen.get(air.name), draft.now.mono
    if seen is not None and seen.on and now - seen.at < ASK_EVERY + one.max_off // 2:
        draft.forget_since(("no air", air.name))
        draft.calm("circulation_off", air.name)
        return
    since = draft.since(("no air", air.name))
    if now < since + one.max_off:
        draft.wake(since + one.max_off)
        return
    veto = veto_start(draft, air, None)
    draft.alert(
        "circulation_off",
        air.name,
        f"{air.name} of {zone.name} has not been seen on for {(now - since) / SECOND / 60:.0f} min",
        f"look at {air.name}, its fuse and its relay" if veto is None else f"it is kept off: {veto.why}",
    )
