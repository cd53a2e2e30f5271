"""A journal that does not know every dose: nothing is dosed until a person has looked, or for a day.

The day is counted while the controller lives; time without it counts only where both ends of it had a clock to believe.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.dosing import LOCKED
from edgectl.model.ledger import DAY
from edgectl.model.time import Trust
from edgectl.model.timeline import Latch

BEGUN = "rebuilt"  # the ledger that says that the lock has been set


def lock(draft: Draft) -> None:
    """Begin the day, once: the new journal remembers for good that it is a new one."""
    if not _doses(draft) or draft.ledger(BEGUN).spent:
        return
    draft.spend(BEGUN, 1.0, draft.now.mono)
    lock_for(draft, "the journal was begun anew, and nobody knows what was dosed before")


def lock_for(draft: Draft, why: str) -> None:
    """Begin the day. Also after another controller has led, each time: this journal does not know what it dosed."""
    if not _doses(draft):
        return
    now = draft.now
    draft.put(_anew(draft, Latch(name=LOCKED, held=True, since=now.wall, who="dosing_locked:dosing", why=why)))
    draft.note("DOSING_LOCKED", why=why)
    draft.alert(
        "dosing_locked",
        "dosing",
        f"nothing is dosed for 24 h: {why}",
        "look at the tanks and the bottles, then acknowledge",
    )


def watch(draft: Draft) -> None:
    """End the day, and the alarm when somebody has released it before."""
    if draft.held(LOCKED):
        latch = draft.latch(LOCKED)
        assert latch is not None
        if latch.boot_id != draft.state.boot_id:
            latch = _carried_over(draft, latch)
            draft.put(latch)
        if draft.now.mono < latch.until_mono:
            draft.wake(latch.until_mono)
            return
        draft.put(replace(latch, held=False, since=draft.now.wall, why="its day is over"))
    elif (alarm := draft.alarm("dosing_locked:dosing")) is None or not alarm.active:
        return
    draft.calm("dosing_locked", "dosing")


def _doses(draft: Draft) -> bool:
    return any(actuator.doser is not None for actuator in draft.state.site.actuators.values())


def _carried_over(draft: Draft, latch: Latch) -> Latch:
    """The lock on the clock of this boot of the machine."""
    if latch.synced and draft.now.trust is Trust.SYNCED and latch.until is not None:
        left = max(0, latch.until - draft.now.wall)
        return replace(latch, until_mono=draft.now.mono + left, boot_id=draft.state.boot_id)
    return _anew(draft, latch)


def _anew(draft: Draft, latch: Latch) -> Latch:
    now = draft.now
    return replace(
        latch,
        until=now.wall + DAY,
        until_mono=now.mono + DAY,
        boot_id=draft.state.boot_id,
        synced=now.trust is Trust.SYNCED,
    )
