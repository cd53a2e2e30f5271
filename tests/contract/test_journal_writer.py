"""The writer thread on a real file: order, failure and healing, a cut await, a full disk, readers beside it."""

import asyncio
import contextlib
import gc
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from edgectl.journal.ballast import SIZE, Ballast
from edgectl.journal.errors import JournalError, JournalUnwritable
from edgectl.journal.reads import JournalReads
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import JournalWriter
from edgectl.model.timeline import Batch, Cursor, Entry
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, World

KILLED = """
import asyncio, sys
from pathlib import Path
from edgectl.journal.writer import JournalWriter
from edgectl.model.timeline import Batch, Cursor, Entry

async def main():
    writer = JournalWriter(Path(sys.argv[1]))
    seq = (await writer.start()).last_seq
    while True:
        seq += 1
        entry = Entry(seq=seq, event_type="T", wall=seq, mono=seq, boot_id="b")
        await writer.commit(Batch(changes=(Cursor(schedule="s", position=seq),), entries=(entry,)))
        print(seq, flush=True)

asyncio.run(main())
"""


def batch(seq: int) -> Batch:
    """One line and the cursor that belongs to it."""
    entry = Entry(seq=seq, event_type="T", wall=seq, mono=seq, boot_id="b")
    return Batch(changes=(Cursor(schedule="s", position=seq),), entries=(entry,))


async def test_what_was_committed_is_there_in_order(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    assert (await writer.start()).last_seq == 0
    for seq in range(1, 51):
        await writer.commit(batch(seq))
    await writer.close()
    again = JournalWriter(tmp_path / "journal.db")
    stored = await again.start()
    await again.close()
    assert stored.last_seq == 50
    assert stored.cursors[0].position == 50


async def test_the_thread_writes_while_the_loop_has_not_come_round_yet(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    written = writer.commit(batch(1))
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        end = time.monotonic() + 60
        while db.execute("SELECT count(*) FROM timeline").fetchone()[0] == 0:  # the loop stands still meanwhile
            assert time.monotonic() < end, "a commit waits for its loop"
    await written
    await writer.close()


async def test_a_cut_await_does_not_cut_the_transaction(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    for seq in range(1, 20):
        waiting = asyncio.create_task(writer.commit(batch(seq)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await writer.close()
    journal = SqliteJournal(tmp_path / "journal.db")
    stored = journal.load()
    journal.close()
    assert stored.last_seq == stored.cursors[0].position == 19


async def test_a_commit_that_fails_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    writer.ballast.drop()
    await writer.commit(batch(1))
    assert writer._journal is not None
    db = writer._journal._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    big = Batch(changes=(), entries=tuple(batch(seq).entries[0] for seq in range(2, 3000)))
    with pytest.raises(JournalUnwritable, match="make room"):
        await writer.commit(big)
    db.execute("PRAGMA max_page_count = 1000000")
    await writer.commit(big)
    await writer.close()


async def test_after_the_end_nothing_hangs(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    await writer.close()
    with pytest.raises(JournalUnwritable, match="thread"):
        await writer.commit(batch(1))


def test_on_a_full_disk_the_ballast_lets_the_last_words_through(tmp_path: Path) -> None:
    """A real small disk when it can be mounted, as root; the journal and its ballast fill it together."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)], check=True)
    try:
        asyncio.run(_fill(disk))
    finally:
        gc.collect()
        subprocess.run(["umount", str(disk)], check=True)


async def _fill(disk: Path) -> None:
    writer = JournalWriter(disk / "journal.db")
    await writer.start()
    assert writer.ballast.path.stat().st_size == SIZE
    filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, b"x" * 4096)
    os.close(filler)
    seq = 0
    while writer.ballast.laid:
        seq += 1
        await writer.commit(batch(seq))
    for _ in range(20):
        seq += 1
        await writer.commit(batch(seq))  # the last words
    (disk / "filler").unlink()
    for _ in range(250):
        seq += 1
        await writer.commit(batch(seq))
    assert writer.ballast.laid, "with room again it is laid again"
    await writer.close()


def test_the_ballast_is_really_allocated(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast")
    ballast.lay()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= SIZE
    assert ballast.drop()
    assert not ballast.drop(), "there is only one"


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path, random, acknowledged = tmp_path / "journal.db", Random(7), 0
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(random.randint(1, 40)):
            acknowledged = int(child.stdout.readline())
        child.kill()
        rest = [int(line) for line in child.stdout.read().splitlines() if line.strip()]
        child.stdout.close()
        child.wait()
        acknowledged = max([acknowledged, *rest])
        journal = SqliteJournal(path)
        stored = journal.load()
        journal.close()
        assert stored.last_seq >= acknowledged
        assert stored.cursors[0].position == stored.last_seq


def test_whatever_happens_to_the_file_it_opens_or_is_put_aside(tmp_path: Path) -> None:
    master = tmp_path / "master.db"
    journal = SqliteJournal(master)
    for seq in range(1, 200):
        journal.commit(batch(seq))
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal.close()
    whole, random = master.read_bytes(), Random(11)
    aside = 0
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        raw = bytearray(whole)
        if number % 3 == 0:
            del raw[random.randrange(1, len(raw)) :]
        else:
            for _ in range(1 if number % 3 == 1 else 200):
                raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
        (folder / "journal.db").write_bytes(raw)
        try:
            opened = SqliteJournal(folder / "journal.db")
        except JournalError:
            continue  # said in words, and the file left alone
        try:
            stored = opened.load()
            assert stored.lost == bool(list(folder.glob("*quarantine*"))), "never silent"
            aside += stored.lost
        finally:
            opened.close()
    assert aside > 10


async def test_a_reader_sees_whole_commits_while_the_writer_writes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    looks = 0

    async def look() -> None:
        nonlocal looks
        while looks < 40:
            db = sqlite3.connect(f"file:{tmp_path / 'journal.db'}?mode=ro", uri=True)
            row = db.execute(
                "SELECT (SELECT coalesce(max(seq), 0) FROM timeline), "
                "(SELECT coalesce(max(json_extract(body, '$.position')), 0) FROM cursors)"
            ).fetchone()
            db.close()
            assert row[0] == row[1]
            looks += 1
            await asyncio.sleep(0)

    reader = asyncio.create_task(look())
    for seq in range(1, 120):
        await writer.commit(batch(seq))
    await reader
    await writer.close()


async def test_the_questions_of_the_doors(tmp_path: Path) -> None:
    disk = SqliteJournal(tmp_path / "journal.db")
    world = World(example_site(), example_schedules(), 5)
    commit = world.journal.commit

    def both(change: Batch) -> None:
        commit(change)
        disk.commit(change)

    world.journal.commit = both  # type: ignore[method-assign]
    world.run(DAY)
    reads = JournalReads(tmp_path / "journal.db")
    tasks = await reads.tasks(limit=100)
    assert len(tasks) == 11
    assert [t.created_at for t in tasks] == sorted((t.created_at for t in tasks), reverse=True)
    assert await reads.tasks(preset="failed") == []
    assert await reads.tasks(zone="nowhere") == []
    one = next(t for t in tasks if t.task_type == "irrigation")
    assert await reads.task(one.task_id) == one
    assert await reads.task_by_correlation(one.correlation_id) == one
    assert await reads.task("st-none") is None
    assert [c.actuator for c in await reads.commands(one.task_id)] == ["valve", "pump"]
    lines = await reads.timeline(one.task_id)
    assert (lines[0].event_type, lines[-1].event_type) == ("TASK_RECEIVED", "TASK_FINISHED")
    assert [e.seq for e in await reads.last_entries(5)] == [world.state.seq - n for n in (4, 3, 2, 1, 0)]
    disk.close()
    with pytest.raises(JournalError, match="there is no journal in"):
        await JournalReads(tmp_path / "nothing.db").task("st-1")
