"""A part that failed too often stays off until a person has looked, and a third time within a day until one has gone.

Two rules. The alarm of the failure and its lock are released together, and no other alarm of the same part releases it:
who has seen that a pump cannot be reached has not seen why it ran dry. And a release from afar is a guess: two in 24 h,
then somebody has to say that he stands in front of it.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.model.ledger import DAY
from edgectl.model.timeline import Alarm, Latch

RESETS = 2  # from afar, within a day


def lock_out(draft: Draft, name: str, why: str, *, code: str, count: int = 0, task_id: str | None = None) -> None:
    """Keep a part off until the alarm of this code is acknowledged. What locked it first is what must be seen to."""
    if draft.held(f"lockout:{name}"):
        return
    latch = Latch(name=f"lockout:{name}", held=True, since=draft.now.wall, who=f"{code}:{name}", why=why, count=count)
    draft.put(latch)
    draft.note("LOCKED_OUT", task_id=task_id, actuator=name, why=why)


def may_release(draft: Draft, alarm: Alarm, *, here: bool) -> str:
    """Why the lock of an alarm may not be taken off by this person; empty when it may, or when there is none."""
    subject = alarm.subject
    latch = draft.latch(f"lockout:{subject}")
    if here or latch is None or not latch.held or not belongs(latch, alarm):
        return ""
    if draft.spent(_resets(subject), DAY) < RESETS:
        return ""
    why = f"{subject} was released {RESETS} times from afar within a day and failed again each time"
    draft.alert(
        "output_lockout",
        subject,
        why,
        f"go there and look; then, standing in front of it: edgectl ack output_lockout:{subject} --here",
    )
    return why


def release(draft: Draft, alarm: Alarm, who: str, *, here: bool) -> None:
    """Take off the lock that belongs to an alarm, with the failures that led to it."""
    for name in (f"lockout:{alarm.subject}", f"trips:{alarm.subject}"):
        latch = draft.latch(name)
        if latch is None or not (latch.held or latch.count) or not belongs(latch, alarm):
            continue
        if latch.held:
            draft.calm("output_lockout", alarm.subject)
            if not here:
                draft.spend(_resets(alarm.subject), 1.0, draft.now.mono)
        draft.put(replace(latch, held=False, count=0, since=draft.now.wall, why=f"acknowledged by {who}"))


def belongs(latch: Latch, alarm: Alarm) -> bool:
    """Is this the alarm by which the latch came? A latch of an older version says only that the engine set it: then
    every alarm of its part is taken for it."""
    return alarm.code == "output_lockout" or latch.who in (alarm.alarm_id, "engine")


def _resets(subject: str) -> str:
    return f"resets:{subject}"
