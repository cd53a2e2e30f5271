"""A part that failed too often stays off until a person has looked, and a third time within a day until one has gone.

Two rules. The alarm of the failure and its lock are released together. And a release from afar is a guess: two in 24 h,
then somebody has to say that he stands in front of it.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.model.ledger import DAY
from edgectl.model.timeline import Latch

RESETS = 2  # from afar, within a day


def lock_out(draft: Draft, name: str, why: str, *, count: int = 0, task_id: str | None = None) -> None:
    """Keep a part off, or the dosing of a zone."""
    draft.put(Latch(name=f"lockout:{name}", held=True, since=draft.now.wall, who="engine", why=why, count=count))
    draft.note("LOCKED_OUT", task_id=task_id, actuator=name, why=why)


def may_release(draft: Draft, subject: str, *, here: bool) -> str:
    """Why a lock may not be taken off by this person; empty when it may, or when there is none."""
    if here or not draft.held(f"lockout:{subject}") or draft.spent(_resets(subject), DAY) < RESETS:
        return ""
    why = f"{subject} was released {RESETS} times from afar within a day and failed again each time"
    draft.alert(
        "output_lockout",
        subject,
        why,
        f"go there and look; then, standing in front of it: edgectl ack output_lockout:{subject} --here",
    )
    return why


def release(draft: Draft, subject: str, who: str, *, here: bool) -> None:
    """Take the lock off, with the failures that led to it."""
    if draft.held(f"lockout:{subject}") and not here:
        draft.spend(_resets(subject), 1.0, draft.now.mono)
    for name in (f"lockout:{subject}", f"trips:{subject}"):
        latch = draft.latch(name)
        if latch is not None and (latch.held or latch.count):
            draft.put(replace(latch, held=False, count=0, who=who, since=draft.now.wall, why="acknowledged"))
    draft.calm("output_lockout", subject)


def _resets(subject: str) -> str:
    return f"resets:{subject}"
