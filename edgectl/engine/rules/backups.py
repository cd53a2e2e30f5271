"""What feeds an output that cannot be switched off: a contactor, or the relay of a master valve, falls instead.

Two rules. It falls without asking anybody, and it comes back only when a person has acknowledged why it fell. And as
long as nothing speaks against it, it is on: what hangs behind it could not start otherwise.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.guards import veto_start
from edgectl.engine.rules.latched import forbids
from edgectl.engine.rules.orders import REPLY_WITHIN, switch_on
from edgectl.model.inputs import AskState, MakeSafe
from edgectl.model.time import SECOND
from edgectl.model.timeline import Latch

AGAIN = 10 * SECOND  # between two tries to draw a contactor that did not follow


def fall(draft: Draft, name: str, alarm_id: str, why: str) -> None:
    """Drop what feeds this output, until the alarm that says so is over and acknowledged."""
    feeder = draft.state.site.actuators[name].backup
    if feeder is None:
        return
    draft.effect(MakeSafe(actuator=feeder, reason=why))
    draft.effect(AskState(actuator=feeder))
    if not draft.held(latch := f"backup:{feeder}"):
        draft.put(Latch(name=latch, held=True, since=draft.now.wall, who=alarm_id, why=why))
        draft.note("BACKUP_FELL", actuator=feeder, because=name, why=why)


def _fallen(draft: Draft, feeder: str) -> bool:
    """Is it down, and has it to stay so? An alarm that is over and acknowledged is not on the list any more."""
    latch = draft.latch(f"backup:{feeder}")
    if latch is None or not latch.held:
        return False
    alarm = draft.alarm(latch.who)
    if alarm is not None and (alarm.active or alarm.acknowledged_by is None):
        return True
    draft.put(replace(latch, held=False, since=draft.now.wall, why="acknowledged"))
    return False


def keep(draft: Draft) -> None:
    """Draw every contactor that nothing speaks against."""
    for name in draft.state.fixed.contactors:
        actuator = draft.state.site.actuators[name]
        seen = draft.state.seen.get(name)
        if seen is None:
            draft.effect(AskState(actuator=name))  # nobody has looked since the start
            continue
        if _fallen(draft, name) or seen.on or forbids(draft, actuator):
            draft.forget_since(("contactor", name))
            continue
        if actuator.device in draft.state.silent or any(
            command.actuator == name and not command.terminal for command in draft.commands()
        ):
            continue
        tried = ("contactor", name)
        if tried in draft.holding and draft.now.mono < draft.holding[tried] + AGAIN:
            draft.wake(draft.holding[tried] + AGAIN)
            continue
        draft.forget_since(tried)
        draft.since(tried)
        if veto_start(draft, actuator, None) is not None:
            draft.wake(draft.now.mono + AGAIN)
            continue  # nobody asked for it: what keeps it down has told of itself
        switch_on(
            draft,
            actuator_name=name,
            lease=None,
            cmd_id=f"fd-{draft.state.seq + len(draft.entries) + 1}",
            stage="feed",
            task_id=None,
            zone=None,
            not_after=draft.now.mono + REPLY_WITHIN,
        )
