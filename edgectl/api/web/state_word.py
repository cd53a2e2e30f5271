"""Is it well? One word for the whole house, and the sentence that says why. Pure."""

from dataclasses import dataclass
from typing import Any

RESTRAINED = {
    "lock": "{zone} is locked for service",
    "hold": "{zone} is held",
    "pause": "{schedule} is held",
    "mode semi": "{zone}: it proposes, a person releases",
    "mode manual": "{zone}: people alone",
    "vent": "{zone}: a person has set the vents for a while",
    "heat": "{zone}: a person has set the heating for a while",
    "dosing": "{zone}: nothing is dosed for a while, a person holds it",
}


# What the controller misses, in words for whoever can only look; the engine's own stand small beside them.
NOT_READY = {
    "journal": "the journal takes no entries, so nothing that could do harm is switched on",
    "control": "the controller has stood still for some seconds",
    "outputs": "it has just started, and looks whether everything is off",
    "command_bus": "no line to the devices works",
    "leading": "it has restarted too often and only watches",
    "tasks": "a part of the program has stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`word` is Well, Look or Act now; `why` a phrase of the page with its fields, or a code; what a code says may be
    `over`. `detail` is what the engine says itself."""

    word: str
    kind: str
    why: str = ""
    code: str = ""
    over: bool = False
    fields: dict[str, Any] | None = None
    detail: str = ""


def word_of(status: dict[str, Any]) -> Word:
    """The first thing that a person should know, the worst first."""
    # A silenced one asks for nothing while its silence lasts; what cannot wait cannot be silenced.
    alarms = [alarm for alarm in status["alarms"] if alarm["active"] and not alarm["shelved_until"]]
    unseen = [alarm for alarm in status["alarms"] if not_seen(alarm)]
    critical = next((alarm for alarm in alarms if alarm["priority"] == "critical" and alarm in unseen), None)
    if critical is not None:
        return Word(word="Act now", kind="bad", code=critical["id"])
    if not status["ready"]:
        return _not_ready(status["not_ready_because"])
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
        put_on = {"override": item.get("setting"), "mode": f"mode {item.get('why')}"}.get(item["what"], item["what"])
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


def _not_ready(because: list[str]) -> Word:
    """A start that only looks at its outputs is over in a moment; anything else needs a person."""
    missed = [reason.partition(":")[0] for reason in because]
    worst = next((name for name in missed if name != "outputs"), "outputs")
    word, kind = ("Look", "look") if set(missed) == {"outputs"} else ("Act now", "bad")
    return Word(word=word, kind=kind, why=NOT_READY.get(worst, "it is not ready"), detail="; ".join(because))


def others(status: dict[str, Any]) -> int:
    """How many things need a person beside the one that the word names."""
    open_alarms = [alarm for alarm in status["alarms"] if not alarm["shelved_until"]]
    in_hands = [row for row in status["readings"] if row["in_hands"] is not None]
    found = [*open_alarms, *status["proposed"], *status["restraints"], *in_hands, *still(status)]
    return max(0, len(found) + bool(status["stopped"]) + (not status["ready"]) - 1)


def by_gravity(alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As somebody should read them who reads only the first."""
    return sorted(alarms, key=_rank)


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
