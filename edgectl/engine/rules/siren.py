"""The siren hangs on a contact that is closed while its relay rests: it has to be kept silent, and not to be set off.

Two rules. Each word of silence lasts a minute and is renewed three times in that: whoever dies, hangs, or loses the bus
sounds it. And it sounds at once for a critical alarm that nobody has acknowledged.
"""

from edgectl.engine.draft import Draft
from edgectl.model.codes.alarms import priority
from edgectl.model.deadman import Sound
from edgectl.model.time import SECOND, Nanos

SILENCE: Nanos = 60 * SECOND
AGAIN: Nanos = 20 * SECOND


def keep(draft: Draft) -> None:
    """Keep every siren of the site silent, or let it sound."""
    for name in draft.state.fixed.sirens:
        _keep(draft, name)


def _keep(draft: Draft, name: str) -> None:
    hushed, sounds, now = ("hushed", name), ("sounds", name), draft.now.mono
    if _is_needed(draft):
        draft.forget_since(hushed)
        if sounds not in draft.holding:
            draft.since(sounds)
            draft.effect(Sound(actuator=name))
        return
    draft.forget_since(sounds)
    last = draft.holding.get(hushed)
    if last is None or now >= last + AGAIN:
        draft.forget_since(hushed)
        last = draft.since(hushed)
        draft.effect(Sound(actuator=name, silent_for=SILENCE))
    draft.wake(last + AGAIN)


def _is_needed(draft: Draft) -> bool:
    return any(
        alarm.active and alarm.acknowledged_by is None and priority(alarm.code) == "critical"
        for alarm in draft.alarms()
    )
