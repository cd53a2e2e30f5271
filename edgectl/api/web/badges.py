"""What the page says of a task in two words: were its deadlines kept, and did the hardware say DONE. Pure."""

from datetime import datetime
from typing import Any

AT_RISK_S = 30.0
GOOD, PLAIN, LOOK, BAD = "good", "plain", "look", "bad"


def sla(task: dict[str, Any], now: str) -> tuple[str, str]:
    """The badge of the deadlines: its words and its kind."""
    status = task["status"]
    if not task.get("due_at"):
        return "no deadline", PLAIN
    if status == "rejected":
        return "rejected: late", BAD
    if status == "expired":
        return "expired", BAD
    if status == "accepted":
        left = (datetime.fromisoformat(task["due_at"]) - datetime.fromisoformat(now)).total_seconds()
        return ("at risk", LOOK) if left <= AT_RISK_S else ("in time so far", PLAIN)
    if task.get("started_in_time") is False:
        return "started late", LOOK
    return ("running", PLAIN) if status == "running" else ("deadlines met", GOOD)


def done(task: dict[str, Any]) -> tuple[str, str, dict[str, int]]:
    """The badge of DONE: its words, its kind, and the numbers in it."""
    result = task["result"]
    if result is None:
        return "DONE: waiting", PLAIN, {}
    if not result["action_required"]:
        return "DONE: not required", PLAIN, {}
    total, sent = result["commands_total"], result["commands_submitted"]
    confirmed = result["commands_effect_confirmed"]
    numbers = {"k": confirmed, "n": total}
    if not total:
        return "DONE: none sent", LOOK, {}
    if not sent:
        return "DONE: not sent", BAD, {}
    if confirmed == total:
        return "DONE: confirmed {k} of {n}", GOOD, numbers
    return "DONE: not confirmed, {k} of {n}", BAD, numbers


def status(task: dict[str, Any]) -> tuple[str, str]:
    """How it ended, in a word."""
    result = task["result"]
    if task["status"] == "completed" and result is not None and not result["action_required"]:
        return "no action needed", PLAIN
    kinds = {"completed": GOOD, "failed": BAD, "rejected": BAD, "expired": BAD}
    return task["status"], kinds.get(task["status"], PLAIN)
