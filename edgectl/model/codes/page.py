"""docs/codes.md, made from the tables, so that it cannot say anything else than the program does."""

from collections.abc import Iterable

from edgectl.model.codes import MEANINGS, Kind
from edgectl.model.codes.words import ABSENCES, PUT_ON
from edgectl.model.events import HAPPENINGS

_SECTIONS = {
    Kind.REASON: ("Reasons", "Why a decision was made: `reason_code` of a task or of a skipped run."),
    Kind.ERROR: ("Errors", "Why a task failed: `error_code`."),
    Kind.REFUSAL: ("Refusals", "Why a request was not taken: `code` of the answer."),
    Kind.NODE: ("Device codes", "What a node may answer; edgectl understands it and quotes it as evidence."),
    Kind.ALARM: ("Alarms", "What calls a person."),
}
_HEAD = """# Codes

Every code that edgectl says or understands. A code with several uses stands in each section. *Legacy* codes come from
records of the predecessor: edgectl shows them in words and never says them itself. `edgectl explain CODE` says the
same at the shell.

This page is made by `python -m edgectl.model.codes > docs/codes.md`.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for kind, (title, intro) in _SECTIONS.items():
        rows = [
            (code.value, meaning.sentence, meaning.advice or "", meaning.legacy)
            for code, meaning in MEANINGS.items()
            if kind in meaning.kinds
        ]
        parts.append(_section(title, intro, rows))
    events = [(event.value, told.sentence, "", told.legacy) for event, told in HAPPENINGS.items()]
    parts.append(_section("Events", "The types of the lines of the timeline: `event_type`.", events))
    missing = [(word.value, *told, None) for word, told in ABSENCES.items()]
    parts.append(_section("Missing readings", "Why a sensor has no value that may be used: `missing`.", missing))
    put_on = [(word.value, *told, None) for word, told in PUT_ON.items()]
    parts.append(_section("What people put on", "Restraints and modes, of the site or of a zone.", put_on))
    return "\n".join(parts)


def _section(title: str, intro: str, rows: Iterable[tuple[str, str, str, str | None]]) -> str:
    lines = [f"## {title}", intro, "", "| code | meaning | what to do | remark |", "|---|---|---|---|"]
    for word, sentence, advice, legacy in rows:
        remark = "" if legacy is None else f"*Legacy*: {legacy}."
        lines.append(f"| `{word}` | {sentence} | {advice} | {remark} |")
    return "\n".join(lines) + "\n"
