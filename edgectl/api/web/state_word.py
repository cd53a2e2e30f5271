"""Is it well? One word for the whole house, and the sentence that says why. Pure."""

from dataclasses import dataclass
from typing import Any

RESTRAINED = {
    "lock": "{zone} is locked for service",
    "hold": "{zone} is held",
    "pause": "{schedule} is held",
    "mode": "{zone} is not in auto mode",
    "vent": "{zone}: a person has set the vents for a while",
    "heat": "{zone}: a person has set the heating for a while",
    "dosing": "{zone}: nothing is dosed for a while, a person holds it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`word` is Well, Look or Act now; `why` a phrase of the page with its fields, or a code; what a code says may be
    `over`."""

    word: str
    kind: str
    why: str = ""
    code: str = ""
    over: bool = False
    fields: dict[str, Any] | None = None


def word_of(status: dict[str, Any]) -> Word:
    """The first thing that a person should know, the worst first."""
    alarms = [alarm for alarm in status["alarms"] if alarm["active"]]
    unseen = [alarm for alarm in status["alarms"] if not_seen(alarm)]
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
        worst = min([*unseen, *alarms], key=_rank)
        return Word(word="Look", kind="look", code=worst["id"], over=not worst["active"])
    if status["proposed"]:
        return Word(word="Look", kind="look", why="work waits for your yes")
    if status["restraints"]:
        item = status["restraints"][0]
        put_on = item["setting"] if item["what"] == "override" else item["what"]
        named = {"zone": item["zone"], "schedule": item.get("schedule", "")}
        return Word(word="Look", kind="look", why=RESTRAINED[put_on], fields=named)
    held = next((row["sensor"] for row in status["readings"] if row["in_hands"] is not None), None)
    if held is not None:
        return Word(word="Look", kind="look", why="{sensor} is in calibration", fields={"sensor": held})
    if stuck := still(status):
        return Word(
            word="Look", kind="look", why="{output} did not move when it was pressed", fields={"output": stuck[0]}
        )
    if status["clock"] == "untrusted":
        return Word(word="Look", kind="look", why="the clock cannot be believed")
    return Word(word="Well", kind="good", why="nothing needs you")


def not_seen(alarm: dict[str, Any]) -> bool:
    """Nobody has seen it, and nobody has silenced it: it needs a person."""
    return alarm["acknowledged_by"] is None and not alarm["shelved_until"]


def _rank(alarm: dict[str, Any]) -> tuple[bool, int, bool]:
    """What is so now stands before what was, the graver first, and what nobody has seen before what somebody has."""
    gravity = ("critical", "high", "low").index(alarm["priority"])
    return not alarm["active"], gravity, alarm["acknowledged_by"] is not None


def still(status: dict[str, Any]) -> list[str]:
    """Outputs behind which nothing moved when somebody pressed them."""
    return [row["output"] for row in status["outputs"] if row["tried"] is not None and not row["tried"]["moved"]]


def zone_hold(status: dict[str, Any], zone: str) -> dict[str, Any] | None:
    """The hold on a zone: by whom, until when and why."""
    return next((row for row in status["restraints"] if row["what"] == "hold" and row["zone"] == zone), None)
