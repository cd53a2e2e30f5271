"""A folder or a pipe where a file of the state belongs: it is put aside with its name, and the house is driven."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgectl.daemon import safeplan
from edgectl.daemon.judged import Judged
from edgectl.journal import quarantine
from edgectl.journal.sqlite import SqliteJournal

KINDS: list[Callable[[Path], None]] = [Path.mkdir, os.mkfifo]


@pytest.mark.parametrize("make", KINDS, ids=["folder", "pipe"])
def test_a_journal_that_is_no_file_counts_as_a_lost_one(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "journal.db"
    make(path)
    journal = SqliteJournal(path)
    assert journal.lost
    journal.close()
    assert path.is_file()
    assert not (tmp_path / "journal.db.quarantine-1").is_file()
    assert quarantine.predecessor(path)
    again = SqliteJournal(path)
    again.close()
    assert not (tmp_path / "journal.db.quarantine-2").exists(), "once"


@pytest.mark.parametrize("make", KINDS, ids=["folder", "pipe"])
@pytest.mark.parametrize("name", [safeplan.NAME, f"{safeplan.NAME}.new"])
@pytest.mark.timeout(60)
def test_a_plan_is_written_whatever_stood_in_its_place(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    make(tmp_path / name)
    safeplan.write(tmp_path, {"format": 1, "buses": []})
    assert safeplan.judged(tmp_path) == Judged()
    assert not (tmp_path / f"{name}.quarantine-1").is_file()
