"""The timeline cannot be rewritten in silence: a changed, missing, added or moved line is named."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.journal import chain, still
from edgectl.journal.chain import Chain
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Batch, Entry

LINES = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of twenty lines, written in two lives."""
    file = tmp_path / "journal.db"
    for first in (1, 11):
        journal = SqliteJournal(file)
        for seq in range(first, first + 10, 2):
            journal.commit(Batch(changes=(), entries=(_entry(seq), _entry(seq + 1))))
        journal.close()
    return file


def walk(path: Path) -> Chain:
    with still.opened(path) as db:
        return chain.walk(db)


def _entry(seq: int) -> Entry:
    return Entry(seq=seq, event_type="T", wall=seq, mono=seq, boot_id="b", details={"ml": seq})


def _change(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    db.executescript(sql)
    db.close()


def test_a_journal_that_nobody_touched_is_whole_across_lives(path: Path) -> None:
    whole = walk(path)
    assert (whole.lines, whole.broken_at) == (LINES, None)


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("UPDATE timeline SET body = replace(body, '\"ml\":7', '\"ml\":8') WHERE seq = 7", 7),
        ("DELETE FROM timeline WHERE seq = 12", 12),
        ("DELETE FROM timeline WHERE seq = 1", 1),
        ("UPDATE timeline SET hash = NULL WHERE seq = 3", 3),
        ("UPDATE timeline SET body = CAST(body AS BLOB) WHERE seq = 6", 6),
        ("UPDATE timeline SET seq = 100 WHERE seq = 4; UPDATE timeline SET seq = 4 WHERE seq = 5;", 4),
        ("INSERT INTO timeline SELECT 21, event_type, wall, task_id, body, hash FROM timeline WHERE seq = 20", 21),
    ],
)
def test_the_first_line_that_does_not_fit_is_named(path: Path, sql: str, at: int) -> None:
    _change(path, sql)
    assert walk(path).broken_at == at


def test_a_changed_line_hashed_anew_breaks_the_chain_after_it(path: Path) -> None:
    """Whoever rewrites one line and its hash has to rewrite every line after it, and then the last hash differs."""
    before = walk(path).last
    db = sqlite3.connect(path)
    body = db.execute("SELECT body FROM timeline WHERE seq = 9").fetchone()[0].replace('"ml":9', '"ml":1')
    eighth = db.execute("SELECT hash FROM timeline WHERE seq = 8").fetchone()[0]
    db.execute(
        "UPDATE timeline SET body = ?, hash = ? WHERE seq = 9", (body, hashlib.sha256(eighth + body.encode()).digest())
    )
    db.commit()
    db.close()
    assert walk(path).broken_at == 10
    assert walk(path).last != before


def test_verify_says_it_in_words_and_as_json(path: Path) -> None:
    args = ["journal", "verify", "--state", str(path.parent)]
    whole = CliRunner().invoke(main, args)
    assert whole.exit_code == 0
    assert "20 lines, none changed" in whole.output
    _change(path, "DELETE FROM timeline WHERE seq = 12")
    broken = CliRunner().invoke(main, [*args, "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["broken_at"] == 12
    nothing = CliRunner().invoke(main, ["journal", "verify", "--state", str(path.parent / "none")])
    assert nothing.exit_code == 1
    assert "there is no journal in" in nothing.stderr
