"""Letters that nobody sees and that change what is read: each is refused at its place, before any parser meets it.

A person cannot find by eye what a terminal does not show. So the sentence names the letter, and the place is a line and
a column.
"""

import re
import unicodedata

from edgectl.config.problems import Problem

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # control characters, but for tab and the ends of lines
    "|[\u200b\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]"  # turns, marks
    "|^[ \t]*\xa0|(?<=:)\xa0",  # a space that is none, where a space has a meaning
    re.MULTILINE,
)
_NAMES = {0: "a NUL byte", 0x1B: "an escape character", 0x7F: "a delete character", 0xFEFF: "a byte order mark"}
_NAMES |= {0xA0: "a space that does not break, which YAML does not take for one", 0x85: "a next-line character"}
_TURNS = (range(0x202A, 0x202F), range(0x2066, 0x206A))
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def unseen(file: str, text: str) -> Problem | None:
    """The first of them, or None."""
    found = _UNSEEN.search(text)
    if found is None:
        return None
    at = found.end() - 1
    # Lines are counted as an editor does, which a lone carriage return ends as well.
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    what = f"{hidden(text)} stands here"
    return Problem(file=file, line=line, column=column, path="", what=what, hint="type this line anew, by hand")


def hidden(text: str) -> str:
    """The name of the first of them; empty when there is none."""
    found = _UNSEEN.search(text)
    code = 0 if found is None else ord(text[found.end() - 1])
    return "" if found is None else f"{_called(code)} (U+{code:04X})"


def encoding(raw: bytes) -> str:
    """The encoding that the first bytes tell of, where it is another one than UTF-8; else nothing."""
    return _MARKS.get(raw[:2], "")


def _called(code: int) -> str:
    if any(code in turns for turns in _TURNS):
        return "a sign that turns the direction of the text"
    name = unicodedata.name(chr(code), "").lower()
    return _NAMES.get(code) or (name and f"an unseen {name}") or "a control character"
