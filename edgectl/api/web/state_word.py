"""Is it well? One word for the whole house, and the sentence that says why. Pure."""

from dataclasses import dataclass
from typing import Any

RESTRAINED = {
    "lock": "{zone} is locked for service",
    "hold": "{zone} is held",
    "mode": "{zone} is not in auto mode",
    "override": "{zone} has another value for a while",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`word` is Well, Look or Act now; `why` a phrase of the page with its fields, or a code."""

    word: str
    kind: str
    why: str = ""
    code: str = ""
    fields: dict[str, Any] | None = None


def word_of(status: dict[str, Any]) -> Word:
    """The first thing that a person should know, the worst first."""
    alarms = [alarm for alarm in status["alarms"] if alarm["active"]]
    unseen = [alarm for alarm in status["alarms"] if alarm["acknowledged_by"] is None and not alarm["shelved_until"]]
    critical = next((alarm for alarm in alarms if alarm["priority"] == "critical" and alarm in unseen), None)
    if critical is not None:
        return Word(word="Act now", kind="bad", code=critical["id"])
    if not status["ready"]:
        reason = "; ".join(status["not_ready_because"])
        return Word(word="Act now", kind="bad", why="not ready: {reason}", fields={"reason": reason})
    if status["stopped"]:
        return Word(word="Look", kind="look", why="everything is stopped until somebody releases it")
    if any(item["what"] == "stop_water" for item in status["restraints"]):
        return Word(word="Look", kind="look", why="the water is stopped until somebody releases it")
    if unseen or alarms:
        return Word(word="Look", kind="look", code=(unseen or alarms)[0]["id"])
    if status["proposed"]:
        return Word(word="Look", kind="look", why="work waits for your yes")
    if status["restraints"]:
        item = status["restraints"][0]
        return Word(word="Look", kind="look", why=RESTRAINED[item["what"]], fields={"zone": item["zone"]})
    if status["clock"] == "untrusted":
        return Word(word="Look", kind="look", why="the clock cannot be believed")
    return Word(word="Well", kind="good", why="nothing needs you")
