"""`edgectl explain`: what a code or an event means, and what to do about it. No daemon is asked."""

from difflib import get_close_matches
from typing import Any

import click

from edgectl.cli.client import show
from edgectl.cli.words import table
from edgectl.model.codes import MEANINGS, Code
from edgectl.model.codes.words import WORDS
from edgectl.model.events import HAPPENINGS, Event

ENOUGH = 3  # suggestions for a word that nobody knows


@click.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(code: str, as_json: bool) -> None:
    """What CODE means, and what to do. An event is written in capitals; of an alarm the whole id will do.

    Exit code 2 when there is no such code.
    """
    told = meaning_of(code.partition(":")[0])
    if told is None:
        close = nearest(code)
        hint = f"did you mean {' or '.join(close)}?" if close else "docs/codes.md lists them all"
        raise click.UsageError(f"there is no code {code}; {hint}")
    if not show(told, as_json):
        for line in lines(told):
            click.echo(line)


def meaning_of(word: str) -> dict[str, Any] | None:
    """What is known of one code, event or word, spelled exactly; None for a word that nobody says."""
    if word in {code.value for code in Code}:
        meaning = MEANINGS[Code(word)]
        kinds = sorted(kind.value for kind in meaning.kinds)
        sentence, advice, legacy = meaning.sentence, meaning.advice, meaning.legacy
    elif word in {event.value for event in Event}:
        kinds, advice = ["event"], None
        sentence, legacy = HAPPENINGS[Event(word)].sentence, HAPPENINGS[Event(word)].legacy
    elif word in WORDS:
        what, (sentence, advice) = WORDS[word]
        kinds, legacy = [what], None
    else:
        return None
    return {"code": word, "sentence": sentence, "kinds": kinds, "advice": advice, "legacy": legacy}


def nearest(word: str) -> list[str]:
    """The codes and events that are spelled most alike, whatever their case."""
    known = [*(item.value for item in (*Code, *Event)), *WORDS]
    alike = get_close_matches(word.lower(), {value.lower() for value in known}, n=ENOUGH)
    return [value for close in alike for value in known if value.lower() == close]


def lines(told: dict[str, Any]) -> list[str]:
    """The meaning as a person reads it."""
    rows = [["kind", ", ".join(told["kinds"])]]
    if told["advice"] is not None:
        rows.append(["do", told["advice"]])
    if told["legacy"] is not None:
        rows.append(["legacy", f"edgectl never says it: {told['legacy']}"])
    return [f"{told['code']}: {told['sentence']}", *(f"  {line}" for line in table(rows))]
