"""Sentences of the engine in Russian: those of alarms and guards, with their numbers and names.

The engine writes one language, for the journal is read for years. A sentence of a known shape is said in the other one;
its parts may be sentences themselves. What has no known shape stays as it is, and the page marks it as English.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from edgectl.api.web.plurals import fitted
from edgectl.model.channel import Absence
from edgectl.model.codes import MEANINGS

DEEPEST = 3
# Single words that stand for a reason in a sentence; any other single word may be somebody's name, which is kept.
_REASONS = {absence.value for absence in Absence}
_FIELD = re.compile(r"{([wt]?)(\d)}")
_NUMBER = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\w.])")


@lru_cache(maxsize=1)
def russian() -> dict[str, Any]:
    """The Russian words: `page` by their English, `codes`, `advice` and `events` by their code, `told` by the shape of
    an English sentence."""
    return dict(json.loads((resources.files("edgectl.api.web") / "ru.json").read_text("utf-8")))


@lru_cache(maxsize=1)
def shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The shapes with their Russian, the most particular first. `{w0}` stands for a name, `{t0}` for a
    word of the machine, `{0}` for any text."""
    known: Mapping[str, str] = russian()["told"]
    ordered = sorted(known, key=lambda english: -len(_FIELD.sub("", english)))
    return tuple((re.compile(_pattern(english), re.DOTALL), known[english]) for english in ordered)


def in_russian(text: str, word: Callable[[str], str], codes: Mapping[str, str], depth: int = 0) -> str | None:
    """The sentence in Russian; None when its shape is not known. `word` says a word of the page, `codes` hold the
    Russian sentences of the codes."""
    if found := _sentences(codes).get(text):
        return found
    for pattern, russian in shapes():
        if (match := pattern.fullmatch(text)) is not None:
            parts = [_part(kind[0], part, word, codes, depth) for kind, part in match.groupdict().items()]
            return fitted(russian, {str(at): part for at, part in enumerate(parts)}, "ru").format(*parts)
    return None


def _part(kind: str, text: str, word: Callable[[str], str], codes: Mapping[str, str], depth: int) -> str:
    """A name is never translated, whatever it means elsewhere."""
    if kind == "t" or (kind == "a" and (" " in text or text in _REASONS)):
        said = word(text.replace("_", " "))
        if said != text.replace("_", " "):
            return said
    told = in_russian(text, word, codes, depth + 1) if depth < DEEPEST and " " in text else None
    return told if told is not None else _NUMBER.sub(r"\1,\2", text)


def _sentences(codes: Mapping[str, str]) -> dict[str, str]:
    return {MEANINGS[code].sentence: codes[code] for code in MEANINGS if code in codes}


def _pattern(english: str) -> str:
    """A regular expression out of a shape."""
    found, at = "", 0
    for field in _FIELD.finditer(english):
        text = r"\S+" if field[1] else ".+?"
        found += re.escape(english[at : field.start()]) + f"(?P<{field[1] or 'a'}{field[2]}>{text})"
        at = field.end()
    return found + re.escape(english[at:])
