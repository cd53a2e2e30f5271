"""The page of the contract names nothing that is not there: no file, no function, no test."""

import re
from pathlib import Path

import pytest

from tests.sim import test_budgets as budgets
from tests.sim import test_mail as mail
from tests.sim import test_mutants as engine
from tests.sim import test_pairing as pairs
from tests.sim import test_reference_model as model
from tests.sim import test_rule_mutants as rules
from tests.sim import test_tank_mutants as tanks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "proof" / "contract.md"
CAMPAIGNS = ROOT / "docs" / "proof" / "campaigns.md"
CODE = re.compile(r"`((?:edgectl|tests|hil|docs)/[\w/.-]+)(?::(\w+))?`")
TEST = re.compile(r"`((?:tests|hil)/[\w/]+\.py)::(\w+)`")


def wrong(text: str) -> list[str]:
    """Every name of a page that leads nowhere, and every row that no test holds."""
    named = [(file, name) for file, name in [*CODE.findall(text), *TEST.findall(text)]]
    found = [complaint for file, name in named if (complaint := _leads_nowhere(ROOT / file, name))]
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promised")]
    return found + [f"no test in: {row[:80]}" for row in rows if not TEST.search(row)]


def _leads_nowhere(path: Path, name: str) -> str:
    if not path.is_file():
        return f"{path} is not there"
    defined = rf"^\s*(?:async )?(?:def|class) {name}\b|^{name}\b|^from .* import .*\b{name}\b|^    {name},$"
    return "" if not name or re.search(defined, path.read_text(), re.M) else f"{path} has no {name}"


def test_each_row_leads_to_code_and_to_a_test() -> None:
    text = PAGE.read_text()
    assert wrong(text) == []
    assert len(TEST.findall(text)) > 100


def test_each_planted_bug_stands_on_its_page() -> None:
    text = CAMPAIGNS.read_text()
    assert [complaint for file, name in TEST.findall(text) if (complaint := _leads_nowhere(ROOT / file, name))] == []
    named = {name for _, name in TEST.findall(text)}
    plants = {plant.__name__ for room in (budgets, engine, mail, model, pairs) for plant in room.PLANTS}
    plants |= {plant.__name__ for plant, *_ in tanks.MUTANTS} | {scene.__name__ for scene, _ in rules.RULES}
    assert plants - named == set()
    assert len(plants) > 50


@pytest.mark.parametrize(
    "row",
    [
        "| a | `edgectl/nowhere.py` | `tests/unit/test_codes.py::test_the_page_is_fresh` |",
        "| a | `edgectl/engine/decide.py:dance` | `tests/unit/test_codes.py::test_the_page_is_fresh` |",
        "| a | `edgectl/engine/decide.py:decide` | `tests/unit/test_codes.py::test_the_page_is_stale` |",
        "| a | `edgectl/engine/decide.py:decide` | hope |",
    ],
)
def test_a_name_that_leads_nowhere_is_found(row: str) -> None:
    assert len(wrong(row)) == 1
