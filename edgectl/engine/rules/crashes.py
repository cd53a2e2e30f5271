"""A controller that dies again and again must not switch something on in each of its lives: it watches.

Every start is counted in the journal, unless the life before it ended as it was asked to. One start too many within ten
minutes, and the controller only observes: it settles its outputs, reads, warns, keeps frost away, shuts vents for
wind and rain, and leaves aeration as it is. It leads again when a person has looked, or when it has lived for half an
hour: plants do not wait for a repair.
"""

from dataclasses import replace

from edgectl.engine.draft import Draft
from edgectl.engine.rules.latched import OBSERVES
from edgectl.engine.rules.restraints import restart_intervals
from edgectl.model.time import SECOND, Nanos
from edgectl.model.timeline import Latch

STARTS = "starts:controller"  # the ledger that counts them
WELL = "ended_well"
WITHIN: Nanos = 600 * SECOND
CALM_AFTER: Nanos = 1800 * SECOND


def count(draft: Draft) -> None:
    """Count this start, once, in the first commit of this life."""
    allowed = draft.state.site.restarts_allowed
    if allowed is None or _counted(draft):
        return
    # The first start of all follows no fall, unless what counted the falls was lost.
    first = not draft.ledger(STARTS).spent and not draft.state.journal_lost
    planned = draft.held(WELL) or first
    before = draft.latch(WELL)
    if before is not None and before.held:
        draft.put(replace(before, held=False))
    draft.spend(STARTS, 0.0 if planned else 1.0, max(draft.now.mono, draft.state.started))
    restarts = round(draft.spent(STARTS, WITHIN))
    if planned or restarts <= allowed or draft.held(OBSERVES):
        return
    why = f"{restarts} restarts within {WITHIN // SECOND // 60} min"
    draft.put(Latch(name=OBSERVES, held=True, since=draft.now.wall, who="observe_only:controller", why=why))
    draft.note("OBSERVE_ONLY", why=why)
    draft.alert(
        "observe_only",
        "controller",
        f"the controller only watches after {why}; frost heating, aeration and the shutting of vents go on,"
        " nothing else does",
        "journalctl -u edgectl says why it died; acknowledge this to let it lead again. It tries by itself after"
        f" {CALM_AFTER // SECOND // 60} min without a fall",
    )


def end_well(draft: Draft) -> None:
    """The controller ends because it was asked to: the next start is no crash."""
    if draft.state.site.restarts_allowed is not None:
        draft.put(Latch(name=WELL, held=True, since=draft.now.wall, who="engine", why="it was asked to end"))


def watch(draft: Draft) -> None:
    """Lead again after a life that has lasted, and call the alarm off when somebody else has released it."""
    if draft.held(OBSERVES):
        calm_at = draft.state.started + CALM_AFTER
        if draft.now.mono < calm_at:
            draft.wake(calm_at)
            return
        latch = draft.latch(OBSERVES)
        assert latch is not None
        draft.put(replace(latch, held=False, since=draft.now.wall, why="it has lived for long enough"))
    elif (alarm := draft.alarm("observe_only:controller")) is None or not alarm.active:
        return
    draft.note("LEADS_AGAIN")
    draft.calm("observe_only", "controller")
    restart_intervals(draft, "")


def _counted(draft: Draft) -> bool:
    state = draft.state
    return any(s.boot_id == state.boot_id and s.at >= state.started for s in draft.ledger(STARTS).spent)
