"""House rules that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

from edgectl.model.codes import SENTENCES, Code

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "edgectl").rglob("*.py"))
CLOCK = re.compile(
    r"datetime\.(?:now|utcnow|today)\(|date\.today\(|from time import|loop(?:\(\))?\.time\("
    r"|\btime\.(?:time|monotonic|perf_counter|clock_gettime|process_time)\w*\("
)
CLOCKS = {ROOT / "edgectl" / "host" / "clock.py", ROOT / "edgectl" / "drivers" / "sim" / "clocks.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400, "past 400 lines a second idea has moved in"
    assert ast.get_docstring(ast.parse(text)), "the first thing a reader meets is a sentence"
    assert path.stem not in {"utils", "helpers", "manager"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_asks_for_the_time(path: Path) -> None:
    asked = CLOCK.findall(path.read_text())
    assert not asked or path in CLOCKS or path.parent.name == "testing", "time is an argument"


def test_the_rule_about_time_knows_the_ways_around_it() -> None:
    for way in ("asyncio.get_running_loop().time()", "loop.time()", "time.perf_counter()", "from time import time"):
        assert CLOCK.search(way), way


def test_each_code_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Code)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_the_names_in_the_walks_exist() -> None:
    walks = (ROOT / "docs" / "walks.md").read_text()
    names = re.findall(r"`(edgectl/[\w/]+\.py):(\w+)`", walks)
    assert len(names) > 8
    for file, name in names:
        assert re.search(rf"\b(?:def|class) {name}\b|^{name}\b", (ROOT / file).read_text(), re.M), f"{file}:{name}"


def test_each_decision_has_its_own_number_and_says_it() -> None:
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [path.name[:4] for path in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    for path in files:
        assert path.read_text().startswith(f"# {path.name[:4]}: ")
