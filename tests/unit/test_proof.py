"""The page of numbers is what its generator makes of the measured file."""

import importlib.util
import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_page_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("bench_run", ROOT / "benchmarks" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    results = json.loads((ROOT / "docs" / "proof" / "benchmarks.json").read_text())
    assert (ROOT / "docs" / "proof" / "benchmarks.md").read_text() == run.page(results)
    rows = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, "11b", "11c", "11d", 12, 13, 14, 16, 17, 18, 19, 20]
    assert [row["row"].split()[0] for row in results["rows"]] == [f"P{row}" for row in rows]


def test_the_page_of_hazards_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "proof" / "hazards.md").read_text()
    files = set(re.findall(r"(?:hil|tests)/[\w/]+\.py", page))
    assert len(files) > 12
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
