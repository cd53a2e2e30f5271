"""The quick parser of the site file gives what the careful one gives, or leaves the text to it."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from edgectl.config import source, stream
from edgectl.config.source import parse

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
# Everything that YAML has a meaning for, and that people type.
PIECES = [
    "a", "b: ", "key: ", "- ", "{", "}", "[", "]", ", ", ",", ":", " ", "\n", "\n  ", "\n    ", "'", '"', "#", " # c",
    "\t", "|", "|\n  x\n", ">-\n  y\n", "? ", "! ", "!!str ", "&x ", "*x", "---\n", "...\n", "%", "@", "`", "1",
    "06:00", '"06:00"', "\\", "\\n", "\r\n", "\r", "é", "\ufeff", "\x85", "\u2028", "a:b", "{a: 1}", "[1, 2]", "{a:1}",
    "-", "?", "x y", '"a\\x41\\u00e9\\/"', "~", "null", "\x07", "\xa0", "<<: ", "😀", "a: 1\n", "b:\n  - c\n",
    '{"a":1}', "[a:b]", "'a':1", "%YAML 1.1\n---\n", ">", "[a > 1]", '"0 6-20/2 * * *"', "... #c\n",
]  # fmt: skip
DRAWN = 5_000


def drawn(random: random.Random, example: str) -> str:
    """A heap of pieces, or a stretch of a real file with some of them in it."""
    if random.random() < 0.4:
        return "".join(random.choice(PIECES) for _ in range(random.randrange(1, 12)))
    at = random.randrange(len(example))
    text = example[at : at + random.randrange(300)]
    for _ in range(random.randrange(4)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(PIECES) + text[at + random.randrange(2) :]
    return text


def different(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """Texts of which the two do not say the same, to the line and the column; and how many the quick one has read."""

    def not_here(text: str) -> None:
        raise stream.Unsure

    lot, found, read = random.Random(7), list[str](), 0
    whole = "".join(file.read_text() for file in EXAMPLES)
    for _ in range(DRAWN):
        text = drawn(lot, whole)
        try:
            quick = source._build("f", source.quick(text), problems := [])
        except (stream.Unsure, source._Refused):
            continue  # left to the careful one
        read += 1
        with monkeypatch.context() as patch:
            patch.setattr(source, "quick", not_here)
            if parse("f", text) != (quick, problems):
                found.append(text)
    return found, read


def test_what_the_quick_one_reads_is_what_the_careful_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, read = different(monkeypatch)
    assert wrong == []
    assert read > DRAWN // 20


def _believes_every_text(patch: pytest.MonkeyPatch) -> None:
    import re

    patch.setattr(stream, "_STRANGE", re.compile("(?!)"))


def _believes_every_event(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stream, "_doubtful", lambda event: False)


@pytest.mark.parametrize("plant", [_believes_every_text, _believes_every_event])
def test_a_planted_mistake_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert different(monkeypatch)[0]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_a_usual_site_file_is_read_by_the_quick_one(file: Path) -> None:
    """A file of 10,000 schedules would take the careful one minutes on a small machine."""
    assert sum(1 for _ in stream.quick(file.read_text())) > 100


def test_a_second_end_of_the_text_is_left_to_the_careful_one() -> None:
    with pytest.raises(stream.Unsure):
        list(stream.quick("a: 1\n...\n...\n"))
