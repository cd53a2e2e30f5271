"""`edgectl journal check`, `stats` and `export`: a journal looked through, beside a daemon and without one."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.host.lock import HostLock
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Alarm, Batch
from tests.contract.centre_rows import line, task

LINES = 12


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Twelve lines and three tasks, written and closed."""
    journal = SqliteJournal(tmp_path / "journal.db")
    journal.commit(
        Batch(changes=tuple(task(n) for n in range(1, 4)), entries=tuple(line(n) for n in range(1, LINES + 1)))
    )
    journal.close()
    return tmp_path


@pytest.fixture
def driven(state: Path) -> Iterator[SqliteJournal]:
    """The same, while somebody holds the lock and has written a line that is only in the log."""
    lock, journal = HostLock(state), SqliteJournal(state / "journal.db")
    lock.take()
    journal.commit(Batch(changes=(), entries=(line(LINES + 1),)))
    yield journal
    journal.close()
    lock.release()


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["journal", *words, "--state", str(state)])


def exported(state: Path, *words: str) -> list[int]:
    return [json.loads(text)["seq"] for text in ask(state, "export", *words).stdout.splitlines()]


def test_a_sound_journal_is_said_to_be_sound_and_left_as_it_was(state: Path) -> None:
    before = {file.name: file.read_bytes() for file in state.iterdir()}
    for words in (("check",), ("stats",), ("verify",), ("export",)):
        said = ask(state, *words)
        assert said.exit_code == 0, said.output
    after = {file.name: file.read_bytes() for file in state.iterdir() if file.name != "lock"}
    assert after == before
    assert json.loads(ask(state, "check", "--json").stdout) == {"sound": True, "found": []}


def test_the_numbers_are_those_of_what_was_written(state: Path) -> None:
    body = json.loads(ask(state, "stats", "--json").stdout)
    assert (body["lines"], sum(body["tasks"].values()), body["arrived"]) == (LINES, 3, None)
    assert sum(body["events"].values()) == LINES
    assert body["size"] == (state / "journal.db").stat().st_size
    told = ask(state, "stats").stdout
    assert f"{LINES}, from " in told
    assert "nothing was sent there" in told


def test_lines_are_exported_in_order_and_from_any_line_on(state: Path) -> None:
    assert exported(state) == list(range(1, LINES + 1))
    assert exported(state, "--after", "9") == [10, 11, 12]
    assert exported(state, "--after", "99") == []
    first = json.loads(ask(state, "export").stdout.splitlines()[0])
    assert first.keys() >= {"seq", "event_type", "occurred_at", "boot_id", "task_id", "zone", "details"}


def test_beside_a_daemon_the_newest_line_is_there_and_the_daemon_goes_on(state: Path, driven: SqliteJournal) -> None:
    assert exported(state)[-1] == LINES + 1
    assert ask(state, "check").exit_code == 0
    assert json.loads(ask(state, "stats", "--json").stdout)["logged"] > 0
    driven.commit(Batch(changes=(), entries=(line(LINES + 2),)))
    assert exported(state)[-1] == LINES + 2


SHELVED = Alarm(
    alarm_id="low_water:source",
    code="low_water",
    subject="source",
    raised_at=1,
    message="empty",
    advice="fill it",
    active=False,
    acknowledged_by="Ana",
    shelved_until=9,
    shelved_by="Ana",
)
SEEN = replace(SHELVED, alarm_id="low_water:tank", subject="tank", shelved_until=None)


def test_an_alarm_on_a_shelf_that_an_earlier_edgectl_took_for_closed_damages_nothing(state: Path) -> None:
    """Before a shelf kept an alarm standing it was put down as closed; such a row is sound, and is found again."""
    journal = SqliteJournal(state / "journal.db")
    journal.commit(Batch(changes=(SHELVED, SEEN), entries=()))
    journal.close()
    with sqlite3.connect(state / "journal.db") as db:
        db.executescript("UPDATE alarms SET open = 0; PRAGMA user_version = 10")
    db.close()
    journal = SqliteJournal(state / "journal.db")
    assert journal.load().alarms == (SHELVED,)
    journal.close()
    assert ask(state, "check").exit_code == 0
    assert ask(state, "backup", str(state / "copy.db")).exit_code == 0


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE timeline SET body = '{\"seq\": 5}' WHERE seq = 5", "timeline: row 5 is no value of edgectl"),
        ("UPDATE tasks SET body = 'x' WHERE id = (SELECT max(id) FROM tasks)", "tasks: row 3 is no value"),
    ],
)
def test_a_value_that_is_none_is_named(state: Path, sql: str, says: str) -> None:
    with sqlite3.connect(state / "journal.db") as db:
        db.execute(sql)
    db.close()
    said = ask(state, "check")
    assert (said.exit_code, says in said.stdout) == (1, True), said.output
    assert json.loads(ask(state, "check", "--json").stdout)["sound"] is False


NO_ID = "DELETE FROM meta WHERE name = 'journal_id'"
NO_VALUE = "UPDATE timeline SET body = '{' WHERE seq = 5"
NO_ENTRY = "UPDATE timeline SET body = '[]' WHERE seq = 5"
NO_INSTANT = (
    """UPDATE timeline SET wall = 'noon', body = replace(body, '"wall":', '"wall":"noon","was":') WHERE seq = 5"""
)
NO_TEXT = "UPDATE timeline SET body = CAST(x'ff' AS TEXT) WHERE seq = 5"
NO_TABLE = "DROP TABLE tasks; DROP TABLE timeline; DROP TABLE meta"
NEWER, OLDER = "PRAGMA user_version = 999; ALTER TABLE tasks RENAME COLUMN status TO phase", "PRAGMA user_version = 3"
EVERY = ("check", "stats", "verify", "export")
SAYS = {
    NO_ID: {"stats": "it holds no 'journal_id'", "verify": "it holds no 'journal_id'"},
    NO_VALUE: {"export": "line 5 of the journal is damaged"},
    NO_ENTRY: {"export": "edgectl journal export --after 5 goes on behind it"},
    NO_INSTANT: {"stats": "is damaged", "export": "is damaged"},
    NO_TEXT: dict.fromkeys(("check", "verify", "export"), "is damaged: Could not decode"),
    NO_TABLE: dict.fromkeys(EVERY, "is damaged: no such table"),
    NEWER: dict.fromkeys(EVERY, "install the edgectl that wrote it"),
    OLDER: dict.fromkeys(EVERY, "start the daemon once"),
}


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside"])
@pytest.mark.parametrize("sql", SAYS)
def test_every_command_has_a_sentence_for_what_it_cannot_read(state: Path, sql: str, alone: bool) -> None:
    with sqlite3.connect(state / "journal.db") as db:
        db.executescript(sql)
    db.close()
    lock = HostLock(state)
    with contextlib.ExitStack() as held:
        if not alone:
            lock.take()
            held.callback(lock.release)
        for word, says in SAYS[sql].items():
            said = ask(state, word)
            assert (said.exit_code, says in said.stderr) == (1, True), (word, said.output, said.exception)
            assert isinstance(said.exception, SystemExit), "and no traceback"


@pytest.mark.parametrize(("where", "code", "says"), [("| head -1", 0, ""), ("> /dev/full", 1, "No space left")])
def test_lines_that_nobody_takes_are_no_fault_of_the_journal(state: Path, where: str, code: int, says: str) -> None:
    journal = SqliteJournal(state / "journal.db")
    journal.commit(Batch(changes=(), entries=tuple(line(n) for n in range(LINES + 1, 900))))
    journal.close()
    export = f"{sys.executable} -m edgectl journal export --state {state} {where}"
    done = subprocess.run(["sh", "-c", export], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == (2 if says else 0), done.stderr
    assert "state folder" not in done.stderr


def test_a_damaged_page_is_told_and_not_mended(state: Path) -> None:
    path = state / "journal.db"
    raw = bytearray(path.read_bytes())
    raw[4096 * 2 : 4096 * (len(raw) // 4096)] = b"\xff" * (4096 * (len(raw) // 4096) - 4096 * 2)
    path.write_bytes(raw)
    said = ask(state, "check")
    assert said.exit_code == 1
    assert "Traceback" not in said.output
    assert "malformed" in said.output or "invalid page" in said.output or "btreeInitPage" in said.output, said.output
    assert path.read_bytes() == bytes(raw)
