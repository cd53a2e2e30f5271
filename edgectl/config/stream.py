"""The events of a YAML text, from whichever of two parsers may read it.

ruamel.yaml says what the language is: YAML 1.2, with a sentence for each mistake. libyaml reads the same events thirty
times as fast, but it speaks 1.1 and is milder in places. So it reads what is plain, and says that it is not sure of
everything in which the two were ever seen to differ, and of every mistake: that is read by ruamel.yaml from the start.
"""

import re
from collections.abc import Iterator
from typing import Any

# A tab between words, a line that ends in another way than most, a sign of the byte order within the text, a directive,
# the end of a text before the text ends, and a colon that touches both the quote before it and the value behind it.
_STRANGE = re.compile(r"[\t\r\x85\u2028\u2029\ufeff]|^(?:%|\.\.\.)|['\"]:\S", re.MULTILINE)
_BLOCKS = ("|", ">")


class Unsure(Exception):
    """The careful parser has to read this."""


def careful(text: str) -> Iterator[Any]:
    """Every text, and every mistake with its place. Raises what ruamel.yaml raises."""
    from ruamel.yaml import YAML

    yield from YAML(typ="safe", pure=True).parse(text)


def quick(text: str) -> Iterator[Any]:
    """A plain text without a mistake. Raises Unsure, also where there is no libyaml."""
    try:
        from yaml import YAMLError
        from yaml.cyaml import CParser
    except ImportError:
        raise Unsure from None
    if _STRANGE.search(text):
        raise Unsure
    try:
        parser = CParser(text)
        while (event := parser.get_event()) is not None:
            if _doubtful(event):
                raise Unsure
            yield event
    except (YAMLError, ValueError):
        raise Unsure from None


def _doubtful(event: Any) -> bool:
    """What a site file does not use anyway, text in blocks, and a value that nobody wrote: where would it stand?"""
    if kind(event) == "AliasEvent" or getattr(event, "anchor", None) or getattr(event, "tag", None):
        return True
    return kind(event) == "ScalarEvent" and (event.style in _BLOCKS or not (event.value or event.style))


def kind(event: Any) -> str:
    """ScalarEvent, MappingStartEvent, …: both parsers use these names."""
    return type(event).__name__
