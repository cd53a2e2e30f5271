"""What every journal must guarantee, and what only the one on disk can show."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from edgectl.journal.errors import JournalTooNew, JournalUnwritable
from edgectl.journal.memory import MemoryJournal
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Batch, Entry, key_of
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import DAY, World

WRITER = """
import sys
from pathlib import Path
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.timeline import Batch, Cursor, Entry
journal = SqliteJournal(Path(sys.argv[1]))
seq = journal.load().last_seq
while True:
    seq += 1
    entry = Entry(seq=seq, event_type="T", wall=seq, mono=seq, boot_id="b")
    journal.commit(Batch(changes=(Cursor(schedule="s", position=seq),), entries=(entry,)))
    print(seq, flush=True)
"""


def _entry(seq: int) -> Entry:
    return Entry(seq=seq, event_type="T", wall=seq, mono=seq, boot_id="b")


def test_disk_and_memory_give_back_the_same_after_a_rough_day(tmp_path: Path) -> None:
    disk = SqliteJournal(tmp_path / "journal.db")
    world = World(example_site(), example_schedules(), 3, faults=Faults(lost_reply=0.05, stuck_relay=0.05), crash=0.01)
    memory: MemoryJournal = world.journal
    commit = memory.commit

    def both(batch: Batch) -> None:
        commit(batch)
        disk.commit(batch)

    memory.commit = both  # type: ignore[method-assign]
    for hour in range(1, 25):
        world.run(hour * DAY // 24 + 30 * 10**9)
        left, right = memory.load(), disk.load()
        for kind in ("tasks", "commands", "outputs", "cursors", "latches", "alarms"):
            a = {key_of(value): value for value in getattr(left, kind)}
            assert a == {key_of(value): value for value in getattr(right, kind)}, kind
        assert left.last_seq == right.last_seq
    assert world.report.crashes > 0


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    path, random, acknowledged = tmp_path / "journal.db", Random(5), 0
    for _ in range(15):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(random.randint(1, 60)):
            acknowledged = int(child.stdout.readline())
        child.kill()
        rest = child.stdout.read().splitlines()
        child.stdout.close()
        child.wait()
        acknowledged = max([acknowledged, *(int(line) for line in rest if line.strip())])
        journal = SqliteJournal(path)
        stored = journal.load()
        journal.close()
        assert not stored.lost
        assert stored.last_seq >= acknowledged
        assert stored.cursors[0].position == stored.last_seq, "cursor and timeline are one commit"


def test_a_damaged_file_is_put_aside_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = SqliteJournal(path)
    first.commit(Batch(changes=(), entries=(_entry(1),)))
    identity = first.load().journal_id
    first.close()
    path.write_bytes(b"this is no database" * 300)
    second = SqliteJournal(path)
    assert second.load().lost
    assert second.load().journal_id != identity
    assert (tmp_path / "journal.db.quarantine-1").read_bytes().startswith(b"this is no database")
    second.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteJournal(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalTooNew, match="schema 99"):
        SqliteJournal(path)
    assert not list(tmp_path.glob("*quarantine*"))


def test_a_full_disk_keeps_nothing_of_the_batch_and_heals(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    big = tuple(_entry(seq) for seq in range(1, 2000))
    with pytest.raises(JournalUnwritable, match="make room"):
        journal.commit(Batch(changes=(), entries=big))
    assert journal.load().last_seq == 0
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.commit(Batch(changes=(), entries=big))
    assert journal.load().last_seq == 1999
    journal.close()
