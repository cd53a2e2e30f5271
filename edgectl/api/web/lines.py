"""What the page of a task tells beside its facts: the reason of a line, and which curves are worth a look. Pure."""

from datetime import datetime
from typing import Any

from edgectl.model.events import Event

SENSORS_SHOWN = 6
DUE = "due"  # why a planned task was taken on: nothing that its reader does not know
NEEDED = "_required"  # how the codes end that say why a task begins


def code_of(line: dict[str, Any]) -> str | None:
    """The code that is the reason of this very line: of an end what ended it, or why nothing was needed. Why the task
    began stands at its decision; at an end it would pass for what ended it."""
    kind, code = line["event_type"], line.get("reason_code")
    if kind == Event.TASK_FINISHED:
        return line.get("error_code") or (code if line.get("action_required") is False else None)
    if kind == Event.STAGE_LEFT and str(code).endswith(NEEDED):
        return None
    return None if code == DUE else code


def not_known(names: list[str], outputs: dict[str, dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The outputs that nobody can see now, those together that were seen alike: a board that falls silent is one piece
    of news, not eight. The one that was not seen for longest stands first."""
    groups: dict[bool | None, list[dict[str, Any]]] = {}
    for output in (outputs[name] for name in names):
        if output["on"] is None and not output["closing"]:
            groups.setdefault(output["last_on"], []).append(output)
    return [sorted(group, key=lambda one: -(one["seen_s"] or 0)) for group in groups.values()]


def curves_of(task: dict[str, Any], zone: dict[str, Any] | None) -> dict[str, Any]:
    """Whose curves are worth a look beside a task, from when until when: those of its zone, once it has moved something
    there. `over` is None while it runs."""
    begun = next((line["occurred_at"] for line in task["timeline"] if line["event_type"] == Event.STAGE_ENTERED), None)
    if zone is None or begun is None or task["task_type"] == "lighting":
        return {"measured": [], "begun": None, "over": None}
    over = _second(task["updated_at"]) if task["result"] else None
    return {"measured": zone["sensors"][:SENSORS_SHOWN], "begun": _second(begun), "over": over}


def _second(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())
