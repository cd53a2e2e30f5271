"""No alarm without something that raises it: the page of alarms names a test for each, and the test speaks of it."""

import ast
import re
from pathlib import Path

import pytest

from edgectl.model.codes import MEANINGS, Code, Kind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "proof" / "alarms.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| `((?:tests|hil)/[\w/]+\.py)::(\w+)` \|$", re.M)
ALARMS = {code.value for code in Code if Kind.ALARM in MEANINGS[code].kinds and MEANINGS[code].legacy is None}
# A table of faults stands in another file than the test that lives through it.
TABLES = {"tests/sim/test_single_faults.py": "tests/sim/test_two_tanks.py"}


def wrong(page: str) -> list[str]:
    """Alarms without a row, rows without a test, and tests that do not speak of their alarm."""
    rows = ROW.findall(page)
    found = [f"{alarm} has no row" for alarm in sorted(ALARMS - {alarm for alarm, *_ in rows})]
    found += [f"{alarm} is no alarm" for alarm, *_ in rows if alarm not in ALARMS]
    for alarm, file, name in rows:
        text = (ROOT / file).read_text() if (ROOT / file).is_file() else ""
        if name not in {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, FUNCTIONS)}:
            found.append(f"{file} has no {name}")
        elif alarm not in text + ((ROOT / TABLES[file]).read_text() if file in TABLES else ""):
            found.append(f"{file} does not speak of {alarm}")
    return found


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_each_alarm_has_a_test_that_raises_it() -> None:
    assert wrong(PAGE) == []


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("| `flow_low` |", "| `flow_high` |"),
        ("::test_a_dead_bus_is_one_alarm", "::test_a_dead_bus_is_two"),
        ("tests/unit/test_observe_only.py::test_one", "tests/unit/test_codes.py::test_one"),
        ("| `lit_too_long` | somebody", "| `biz_no_flow` | somebody"),
    ],
)
def test_a_page_that_is_wrong_is_found(here: str, there: str) -> None:
    assert here in PAGE
    assert wrong(PAGE.replace(here, there)) != []
