"""A damaged journal: found, put aside, kept, and never forgotten, whatever is killed meanwhile."""

import os
import shutil
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path
from random import Random

import pytest

from edgectl.journal import quarantine, sqlite, writer
from edgectl.journal.errors import JournalError, JournalRefused, JournalUnreadable
from edgectl.journal.reads import JournalReads
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.timeline import Batch, Cursor, Entry

LEFT_IN_THE_LOG = """
import os, sys
from pathlib import Path
from tests.contract.test_journal_damage import batch
from edgectl.journal.sqlite import SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]))
for seq in range(1, 120):
    journal.commit(batch(seq))
os._exit(0)
"""


def batch(seq: int, wall: int | None = None) -> Batch:
    """One line of a task and the cursor that belongs to it."""
    entry = Entry(seq=seq, event_type="T", wall=seq if wall is None else wall, mono=seq, boot_id="b", task_id="st-1")
    return Batch(changes=(Cursor(schedule="s", position=seq),), entries=(entry,))


class Killed(BaseException):
    """The process ends here."""


def _damaged(path: Path) -> bytes:
    journal = SqliteJournal(path)
    journal.commit(batch(1))
    journal.close()
    path.write_bytes(b"no database" * 1000)
    return path.read_bytes()


@pytest.mark.parametrize("steps", range(3))
def test_a_kill_at_any_step_of_the_quarantine_hides_nothing(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    garbage = _damaged(path)
    left, rename = steps, Path.rename

    def dying(self: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise Killed
        moved = rename(self, target)
        left -= 1
        return moved

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dying)
        try:
            SqliteJournal(path).close()
        except Killed:
            assert steps < 2
    after = SqliteJournal(path)
    assert after.load().lost, "whatever was reached, the new one knows"
    after.close()
    assert garbage in [item.read_bytes() for item in tmp_path.glob("journal.db.quarantine-*")]


def test_an_empty_file_was_never_a_journal_of_ours(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    journal = SqliteJournal(tmp_path / "journal.db")
    assert journal.load().lost
    journal.close()
    assert (tmp_path / "journal.db.quarantine-1").exists()


def test_a_log_without_its_file_is_a_loss(tmp_path: Path) -> None:
    (tmp_path / "journal.db-wal").write_bytes(b"what was acknowledged")
    journal = SqliteJournal(tmp_path / "journal.db")
    assert journal.load().lost
    journal.close()
    assert (tmp_path / "journal.db.quarantine-1-wal").read_bytes() == b"what was acknowledged"


def test_a_birth_that_was_cut_short_leaves_no_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.db.new").write_bytes(b"half")
    journal = SqliteJournal(tmp_path / "journal.db")
    assert not journal.load().lost, "nothing had been promised yet"
    journal.close()
    assert not (tmp_path / "journal.db.new").exists()


def test_flips_and_cuts_of_file_and_log_end_in_whole_commits_or_in_quarantine(tmp_path: Path) -> None:
    master = tmp_path / "master"
    master.mkdir()
    subprocess.run([sys.executable, "-c", LEFT_IN_THE_LOG, str(master / "journal.db")], check=True)
    random, opened, aside = Random(13), 0, 0
    for number in range(60):
        folder = tmp_path / str(number)
        shutil.copytree(master, folder)
        (folder / "journal.db-shm").unlink(missing_ok=True)
        victim = folder / ("journal.db-wal" if number % 2 else "journal.db")
        raw = bytearray(victim.read_bytes())
        if number % 4 < 2:
            del raw[random.randrange(len(raw)) :]
        else:
            for _ in range(1 + number % 7 * 10):
                raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
        victim.write_bytes(raw)
        try:
            journal = SqliteJournal(folder / "journal.db")
        except JournalError:
            continue  # said in words, and the file left alone
        stored = journal.load()
        position = stored.cursors[0].position if stored.cursors else 0
        assert position == stored.last_seq, "whole commits only"
        assert stored.lost == bool(list(folder.glob("*quarantine*")))
        journal.commit(batch(stored.last_seq + 1))
        journal.close()
        opened, aside = opened + 1, aside + stored.lost
    assert opened > 30
    assert aside > 5


def _hidden_damage(path: Path) -> None:
    """Destroy an index that a start does not read and a commit does."""
    journal = SqliteJournal(path)
    for seq in range(1, 400):
        journal.commit(batch(seq))
    query = "SELECT rootpage FROM sqlite_schema WHERE name = 'timeline_of_task'"
    page = journal._db.execute(query).fetchone()[0]
    journal.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


def test_damage_met_by_a_commit_is_typed_and_noted_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    monkeypatch.setattr(sqlite, "CHECKED_AT_OPEN", 0)
    _hidden_damage(path)
    journal = SqliteJournal(path)
    assert not journal.load().lost, "too large to be checked while the outputs wait"
    with pytest.raises(JournalUnreadable, match="put aside"):
        journal.commit(batch(400))
    journal.close()
    following = SqliteJournal(path)
    assert following.load().lost
    following.close()
    assert "malformed" in (tmp_path / "journal.db.quarantine-1.condemned").read_text()


async def test_a_large_file_is_checked_beside_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    monkeypatch.setattr(sqlite, "CHECKED_AT_OPEN", 0)
    monkeypatch.setattr(writer, "CHECKED_AT_OPEN", 0)
    _hidden_damage(path)
    house = JournalWriter(path)
    assert not (await house.start()).lost
    assert house._check is not None
    house._check.join()
    lonely = Batch(changes=(Cursor(schedule="s", position=0),), entries=())
    with pytest.raises(JournalUnreadable, match="damaged"):
        await house.commit(lonely)  # it would not have met the damage by itself
    await house.close()
    assert (await house.start()).lost
    await house.commit(batch(1))
    await house.close()


async def test_a_sound_large_file_passes_its_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHECKED_AT_OPEN", 0)
    house = JournalWriter(tmp_path / "journal.db")
    await house.start()
    assert house._check is not None
    house._check.join()
    await house.commit(batch(1))
    await house.close()
    assert quarantine.condemned(house.path) is None


def test_a_mistake_of_ours_is_no_damage_and_leaves_nothing_open(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    journal.commit(batch(1))
    with pytest.raises(JournalRefused, match="mistake"):
        journal.commit(batch(1))
    senseless = Entry(seq=2, event_type="T", wall=2, mono=2, boot_id="b", details={"what": object()})
    with pytest.raises(TypeError, match="object"):
        journal.commit(Batch(changes=(), entries=(senseless,)))
    journal.commit(batch(2))
    assert journal.load().last_seq == 2
    journal.close()
    assert not list(tmp_path.glob("*.condemned"))


def test_the_high_water_mark_outlives_a_clock_that_stepped_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for seq, wall, high in ((1, 500, 500), (2, 900, 900), (3, 100, 900), (4, 200, 900), (5, 1000, 1000), (6, 7, 1000)):
        journal = SqliteJournal(path)
        journal.commit(batch(seq, wall))
        assert journal.load().wall_high_water == high
        journal.close()
        again = SqliteJournal(path)
        assert again.load().wall_high_water == high
        again.close()


def test_a_journal_of_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = sqlite3.connect(path)
    old.executescript((resources.files("edgectl.journal") / "sql" / "001_start.sql").read_text())
    old.executescript(
        "PRAGMA user_version = 1; INSERT INTO meta VALUES ('journal_id', 'first');"
        "INSERT INTO timeline VALUES (1, 'T', 900, NULL, '{}'), (2, 'T', 100, NULL, '{}');"
    )
    old.close()
    journal = SqliteJournal(path)
    stored = journal.load()
    assert (stored.journal_id, stored.last_seq, stored.wall_high_water, stored.lost) == ("first", 2, 900, False)
    journal.close()


def test_a_start_and_the_list_of_tasks_scan_no_history(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    asked: list[str] = []
    journal.load()
    journal._db.set_trace_callback(asked.append)
    journal.load()
    journal._db.set_trace_callback(None)
    asked.append("SELECT body FROM tasks WHERE 1 AND (NULL IS NULL) ORDER BY created_at DESC, id LIMIT 20")
    plans = [row[3] for query in asked for row in journal._db.execute(f"EXPLAIN QUERY PLAN {query}")]
    journal.close()
    assert len(plans) > 8
    bare = [step for step in plans if step.startswith("SCAN") and " USING " not in step]
    assert {step.split()[1] for step in bare} <= {
        "meta",
        "outputs",
        "cursors",
        "latches",
        "alarms",
        "ledgers",
        "timeline",
        "formers",  # one row for each copy that was ever put back
        "sqlite_schema",
    }
    assert not [step for step in plans if "TEMP B-TREE FOR ORDER BY" in step], "a whole sort"


async def test_a_reader_cannot_write_and_says_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "50% shade? #2"
    folder.mkdir()
    journal = SqliteJournal(folder / "journal.db")
    journal.commit(batch(1))
    reads = JournalReads(folder / "journal.db")
    assert [entry.seq for entry in await reads.last_entries()] == [1]
    with pytest.raises(JournalError, match="cannot be read now"):
        await reads._all(str, "INSERT INTO meta VALUES ('a', 'b') RETURNING name", ())
    journal._db.execute("UPDATE timeline SET body = '[]'")
    with pytest.raises(JournalUnreadable, match="puts a damaged journal aside"):
        await reads.last_entries()
    journal.close()
    (folder / "journal.db").write_bytes(b"no database" * 1000)
    with pytest.raises(JournalUnreadable, match="damaged"):
        await reads.task("st-1")
