"""A board that loses its power under a running pump stops the water too, and is found silent a moment later.

Until then the water was blamed. Two rules. What the silence explains is taken back: the alarm, the failure that was
counted, and the lock that came of it. And only that: a board that has shown its pump since, off or welded on, was
there, so that it was the water; what fell silent much later explains nothing; a flow that was read and was none says
nothing of the meter's board; and where no water had moved before the silence, as under a motor that disturbs its line
and pumps nothing, the silence is believed once a day.
"""

from edgectl.engine.draft import Draft
from edgectl.engine.rules import flow
from edgectl.engine.rules.alarms import answered_by, silence
from edgectl.model.changed import replace
from edgectl.model.codes import Code
from edgectl.model.ledger import DAY
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Alarm, Latch

BLAMED = frozenset({Code.BIZ_NO_FLOW, Code.BIZ_DRY_RUN})  # the water, and a motor that pushes nothing
A_MOMENT: Nanos = 30 * SECOND  # several times what a bus needs to find out that a board is silent
AT_ONCE: Nanos = SECOND  # a pump is ordered off in the decision that blames it
JUDGED: Nanos = SECOND + flow.READ_WITHIN  # so long after it should have moved water, a pump that never did is off
ONCE = 1  # a day: a dry pump whose board falls silent at each start would never be locked


def by_silence(draft: Draft, device: str) -> None:
    """A device was just found silent: which alarms had it as their cause?"""
    for alarm in draft.alarms():
        if alarm.active and alarm.code in BLAMED and alarm.subject in draft.state.site.actuators:
            if (stopped := _never_shown_since(draft, alarm.subject, device)) is not None:
                _take_back(draft, alarm, stopped, device)
            elif flow.unreadable(draft, alarm.subject) and _only_unread(draft, alarm):
                answered_by(draft, alarm, f"{silence(draft.state.site, device)}:{device}")


def _never_shown_since(draft: Draft, name: str, device: str) -> Nanos | None:
    """When this output of the device was ordered off, by the wall; None when it has been seen since, or long ago."""
    output, seen = draft.output(name), draft.state.seen.get(name)
    if output is None or not output.owed_off or output.closing is None:
        return None
    if draft.now.mono - output.closing > A_MOMENT or (seen is not None and seen.at >= output.closing):
        return None
    return draft.now.wall_at(output.closing) if draft.state.site.actuators[name].device == device else None


def _only_unread(draft: Draft, alarm: Alarm) -> bool:
    """Was it told because nobody could read the flow? That is not counted among the failures."""
    trips = draft.latch(f"trips:{alarm.subject}")
    return alarm.code == Code.BIZ_NO_FLOW and (trips is None or not trips.count)


def _take_back(draft: Draft, alarm: Alarm, stopped: Nanos, device: str) -> None:
    pump = alarm.subject
    named = [draft.latch(name) for name in (f"trips:{pump}", f"lockout:{pump}")]
    came = [one for one in named if one and one.who == alarm.alarm_id and abs(one.since - stopped) < AT_ONCE]
    if came and not _believed(draft, pump):
        return
    if abs(alarm.raised_at - stopped) < AT_ONCE:
        answered_by(draft, alarm, f"{silence(draft.state.site, device)}:{device}")
    for latch in came:
        draft.put(_one_less(latch, f"{device} had fallen silent"))


def _believed(draft: Draft, pump: str) -> bool:
    """Was it the silence that stopped the water? Surely where water had moved in this run. Else it may be, and that is
    believed once a day; the next time the pump is judged like one whose board is heard."""
    output, excuse = draft.output(pump), f"silence:{pump}"
    command = None if output is None else draft.command(output.cmd_id)
    if output is not None and output.closing is not None and command is not None:
        proven_at = flow.proven_by(draft, command)
        if proven_at is not None and output.closing >= proven_at + JUDGED:
            return True
    if draft.spent(excuse, DAY) >= ONCE:
        return False
    draft.spend(excuse, ONCE, draft.now.mono)
    return True


def _one_less(latch: Latch, why: str) -> Latch:
    return replace(latch, held=False, count=max(0, latch.count - 1), why=why)
