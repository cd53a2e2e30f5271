"""What a preparation may give of acid: so much for each litre that was filled, beside the hour and inside the day.

Fresh hard water needs more acid than any hour should be trusted with: 279 ml for 100 L. Two accounts, both journaled
before anything flows by them: the litres of the last day that went into the solution tank, entered when their fill is
left, and the millilitres that preparations gave, entered with each dose. Where nobody knows the litres there are none.
"""

from edgectl.engine.draft import Draft
from edgectl.model.ledger import DAY, HOUR
from edgectl.model.site import Site, Zone
from edgectl.model.task import TaskStatus
from edgectl.model.time import Nanos

STAGE = "prepare"


def filled(zone: str) -> str:
    """The ledger of the litres that went into the solution tank of a zone."""
    return f"filled:{zone}"


def given(acid: str) -> str:
    """The ledger of what preparations gave of an acid."""
    return f"prepared:{acid}"


def left_ml(draft: Draft, acid: str) -> float:
    """What the litres leave for the preparation that is under way; 0 when none is."""
    zone = _prepared(draft, acid)
    if zone is None or zone.chemistry is None:
        return 0.0
    budget = zone.chemistry.acid_per_litre * draft.spent(filled(zone.name), DAY)
    # What the hour has seen already counts against it, too: the two never add up.
    return budget - max(draft.spent(acid, HOUR), draft.spent(given(acid), DAY))


def enter(draft: Draft, acid: str, ml: float, until: Nanos) -> None:
    """Put a dose into the account, in the decision that lets it out."""
    if _prepared(draft, acid) is not None:
        draft.spend(given(acid), ml, until)


def fill_ended(draft: Draft, zone: Zone, litres: float) -> None:
    """So many litres went into the solution tank."""
    if zone.chemistry is not None and zone.chemistry.acid_per_litre and litres > 0:
        draft.spend(filled(zone.name), litres, draft.now.mono)


def _prepared(draft: Draft, acid: str) -> Zone | None:
    """The zone whose solution is being prepared with this acid, by its own budget."""
    budgeted = _budgeted(draft.state.site, acid)
    for task in draft.tasks() if budgeted else ():
        if task.zone in budgeted and task.status is TaskStatus.RUNNING and task.stage == STAGE and not task.stopping:
            return draft.state.site.zones[task.zone]
    return None


def _budgeted(site: Site, acid: str) -> set[str]:
    zones = site.zones.values()
    return {
        z.name for z in zones if z.chemistry is not None and z.chemistry.acid == acid and z.chemistry.acid_per_litre
    }
