"""A plan is followed only as long as everything that it was made from is what it was."""

from pathlib import Path

import pytest

from edgectl.daemon.words import made_from


@pytest.mark.parametrize("beside", ["site.yaml", "conf.d/beds.yaml", "profiles/board.yaml"])
def test_whatever_a_plan_was_made_from_ends_it_when_it_changes(tmp_path: Path, beside: str) -> None:
    site, changed = tmp_path / "site.yaml", tmp_path / beside
    site.write_text("site: {}")
    changed.parent.mkdir(exist_ok=True)
    before = made_from(site)
    changed.write_text("on: 0")
    assert made_from(site) != before
    now = made_from(site)
    changed.write_text("on: 1")
    assert made_from(site) not in (before, now)


def test_a_site_file_that_is_no_file_leaves_the_plan_alone(tmp_path: Path) -> None:
    assert made_from(tmp_path / "nowhere.yaml") == ""
    assert made_from(tmp_path) == ""
