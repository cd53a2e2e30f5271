"""What a watering that the controller's end cut short still owes the plants, and the task that gives it.

Two rules. Only what a meter has counted is known: where nobody knows how much was given, nothing is added, and the
plain timer of the zone stands by. And the rest is given once: what is cut short again is over.
"""

from collections.abc import Mapping

from edgectl.engine.draft import Draft
from edgectl.engine.rules.admission import accept
from edgectl.engine.rules.guards import rests_until
from edgectl.engine.rules.latched import keeps_waiting, mode_of
from edgectl.engine.workflows.execution import duration_of, litres_of
from edgectl.model.inputs import Mode
from edgectl.model.site import Zone
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Trust

LEAST_SHARE = 0.1  # of the run: less is not worth another start of the pump
LATEST: Nanos = 2 * 3600 * SECOND  # a run of the morning is not made whole at noon
PATIENCE: Nanos = 120 * SECOND
EXPIRY: Nanos = 105 * SECOND


def owe(draft: Draft, task: Task, amounts: Mapping[str, float]) -> None:
    """Ask for the metered rest of an interrupted watering, if there is one and nobody has a word against it."""
    site, now = draft.state.site, draft.now
    zone = site.zones[task.zone]
    pumped = any(one.actuator == zone.pump for one in draft.commands(task.task_id))
    if zone.meter is not None and not pumped:
        amounts = {f"{zone.meter}_l": 0.0}  # it stood behind the run before: nothing that went by was its own
    rest_l = _rest_l(zone, task, amounts)
    rests = 0 if zone.pump is None else max(0, rests_until(draft, site.actuators[zone.pump]) - now.mono)
    recent = now.trust is not Trust.UNTRUSTED and 0 <= now.wall - task.updated_at <= LATEST
    kept = keeps_waiting(draft, task.zone, "irrigation") or mode_of(draft, zone.name) is not Mode.AUTO
    if rest_l is None or not recent or rests > LATEST or task.stopping or kept:
        return
    due_at = now.wall + PATIENCE + rests  # its pump rests first, after a run that was cut short as after any other
    rest = accept(
        draft,
        zone=task.zone,
        task_type="irrigation",
        payload={"volume_l": round(rest_l, 3), "remainder_of": task.task_id},
        source="self",
        correlation_id=f"ae:self:{zone.number}:irrigation:{task.task_id}",
        scheduled_for=now.wall,
        due_at=due_at,
        expires_at=due_at + EXPIRY,
    )
    draft.note("SELF_TASK_ENQUEUED", task_id=rest.task_id, zone=task.zone, remainder_of=task.task_id)


def _rest_l(zone: Zone, task: Task, amounts: Mapping[str, float]) -> float | None:
    """The litres that are missing; None when nobody knows, or when it is next to nothing."""
    if task.task_type != "irrigation" or task.stage != "water" or "remainder_of" in task.payload:
        return None
    given, wanted = amounts.get(f"{zone.meter}_l"), _wanted_l(zone, task)
    if given is None or wanted is None or wanted - given < LEAST_SHARE * wanted:
        return None
    return wanted - given


def _wanted_l(zone: Zone, task: Task) -> float | None:
    share = 0.5 if task.run_mode == "run_reduced" else 1.0
    if (litres := litres_of(task.payload)) is not None:
        return share * litres
    asked = duration_of(task.payload)
    if asked is None or zone.rate_l_min is None:
        return None
    return share * float(asked) / 60 * zone.rate_l_min
