"""The keys of the site file that say who may dispatch."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from tests.unit.site_files import SMALL, line_of, rejected


def test_an_outside_scheduler_is_let_in_by_name_only(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL)
    assert load(path).outside_scheduler is False
    path.write_text(f"{SMALL}\napi: {{outside_scheduler: true}}\n")
    assert load(path).outside_scheduler is True


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("api: {outside_scheduler: yes}", "api.outside_scheduler", "true"),
        ("api: {outside_schedulers: true}", "api.outside_schedulers", "did you mean outside_scheduler?"),
        ("api: open", "api", "outside_scheduler: true"),
    ],
)
def test_a_mistake_is_told_at_its_line(tmp_path: Path, text: str, where: str, words: str) -> None:
    whole = f"{SMALL}\n{text}\n"
    (problem,) = rejected(tmp_path, whole)
    assert (problem.line, problem.path) == (line_of(whole, text), where)
    assert words in str(problem)
