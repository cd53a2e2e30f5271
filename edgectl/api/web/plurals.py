"""The form of a word that a number asks for: 1 line, 2 lines; 1 строка, 2 строки, 5 строк, 2,5 строки.

A phrase holds the forms behind the name of its number: `{n} {n|line waits|lines wait}`. English has two of them,
Russian three: one, few, many. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_CHOICE = re.compile(r"{(\w+)\|([^{}]*)}")


def fitted(text: str, fields: Mapping[str, Any], language: str) -> str:
    """The phrase with the form of each word that its numbers ask for; the fields themselves stay to be filled in."""
    return _CHOICE.sub(lambda found: _form(fields[found[1]], found[2].split("|"), language), text)


def _form(number: Any, forms: list[str], language: str) -> str:
    text = str(number).replace(",", ".").lstrip("-")
    whole, _, part = text.partition(".")
    if not whole.isdigit():  # no number at all: what most numbers would ask for
        return forms[-1]
    return forms[min(_RULES[language](int(whole), bool(part.strip("0"))), len(forms) - 1)]


def _english(whole: int, broken: bool) -> int:
    return 0 if whole == 1 and not broken else 1


def _russian(whole: int, broken: bool) -> int:
    if broken:
        return 1
    if whole % 10 == 1 and whole % 100 != 11:
        return 0
    return 1 if 2 <= whole % 10 <= 4 and not 12 <= whole % 100 <= 14 else 2


_RULES: Mapping[str, Callable[[int, bool], int]] = {"en": _english, "ru": _russian}
