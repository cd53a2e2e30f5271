"""A disk that fails under the writer thread: full, read-only, erring, held by another program; and how it heals."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.journal import ballast, sqlite
from edgectl.journal.ballast import SIZE
from edgectl.journal.errors import JournalError, JournalFull, JournalThreadEnded, JournalUnwritable
from edgectl.journal.reads import JournalReads
from edgectl.journal.sqlite import SqliteJournal
from edgectl.journal.writer import Committed, JournalWriter
from edgectl.model.timeline import Batch, Cursor, Entry

FILES_LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from tests.contract.test_journal_disk import batch
from edgectl.journal.errors import JournalFull, JournalUnwritable
from edgectl.journal.writer import JournalWriter

async def main():
    writer = JournalWriter(Path(sys.argv[1]))
    await writer.start()
    await writer.commit(batch(1))
    size = writer.path.with_name("journal.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
    for _ in range(3):
        try:
            await writer.commit(batch(2, lines=200))
        except JournalUnwritable as error:
            assert not isinstance(error, JournalFull), "there is room: giving the reserve up would not help"
            assert "disk I/O error" in str(error)
        else:
            raise SystemExit("the disk took it")
    assert writer.ballast.laid
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await writer.commit(batch(2, lines=200))
    await writer.close()

asyncio.run(main())
"""

SYNC_FAILS = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_journal_disk import batch
from edgectl.journal.errors import JournalUnwritable
from edgectl.journal.writer import JournalWriter

async def main():
    writer = JournalWriter(Path(sys.argv[1]))
    await writer.start()
    failed = seq = 0
    while seq < 20:
        try:
            await writer.commit(batch(seq + 1))
        except JournalUnwritable:
            failed += 1
        else:
            seq += 1
    await writer.close()
    print(failed)

asyncio.run(main())
"""


def batch(seq: int, lines: int = 1) -> Batch:
    """Some lines from `seq` on and the cursor that belongs to the last one."""
    entries = tuple(
        Entry(seq=number, event_type="T", wall=number, mono=number, boot_id="b") for number in range(seq, seq + lines)
    )
    return Batch(changes=(Cursor(schedule="s", position=entries[-1].seq),), entries=entries)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A real file system of that size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(disk: Path, how: str) -> None:
    """Make it read-only or writable."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def fill(folder: Path) -> Path:
    """Take every byte that is left."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def test_a_full_disk_gives_the_reserve_once_and_says_so(tmp_path: Path) -> None:
    async def live(disk: Path) -> None:
        writer = JournalWriter(disk / "journal.db")
        await writer.start()
        filler = fill(disk)
        answers, seq, told = [], 1, ""
        while not told:
            try:
                answers.append(await writer.commit(batch(seq, lines=50)))
                seq += 50
            except JournalFull as full:
                told = full.hint
        assert "make room" in told
        assert [answer.ballast_freed for answer in answers].count(True) == 1
        assert len(answers) > 20, "the reserve carries the last words"
        assert not writer.ballast.laid
        filler.unlink()
        assert await writer.commit(batch(seq, lines=50)) == Committed(ballast_freed=False), "healed without a restart"
        seq += 50
        looks = []
        while not any(looks):
            assert len(looks) < 2 * ballast.TRY_AGAIN_AFTER
            looks.append((await writer.commit(batch(seq, lines=1))).ballast_back)
            seq += 1
        assert writer.ballast.laid, "and whoever was called hears that there is room again"
        seq -= 50
        await writer.close()
        last = await writer.start()
        assert last.last_seq == last.cursors[0].position == seq + 49
        assert writer.ballast.laid
        await writer.close()

    with small_disk(tmp_path / "disk", "6m") as disk:
        asyncio.run(live(disk))


def test_a_start_on_a_full_disk_uses_the_reserve_of_the_life_before(tmp_path: Path) -> None:
    async def live(disk: Path) -> None:
        writer = JournalWriter(disk / "journal.db")
        await writer.start()
        await writer.commit(batch(1))
        await writer.close()
        assert writer.ballast.path.stat().st_size == SIZE
        fill(disk)
        again = JournalWriter(disk / "journal.db")
        assert (await again.start()).last_seq == 1
        await again.commit(batch(2))
        await again.close()
        assert not again.ballast.laid, "a full disk is not filled by its own reserve"

    with small_disk(tmp_path / "disk", "6m") as disk:
        asyncio.run(live(disk))


def test_a_disk_that_was_read_only_at_the_start_is_asked_again(tmp_path: Path) -> None:
    async def live(disk: Path) -> None:
        writer = JournalWriter(disk / "journal.db")
        remount(disk, "ro")
        with pytest.raises(JournalUnwritable, match="writable"):
            await writer.start()
        remount(disk, "rw")
        await writer.start()
        await writer.commit(batch(1))
        await writer.close()
        remount(disk, "ro")
        with pytest.raises(JournalUnwritable, match="nothing is switched on"):
            await writer.start()
        remount(disk, "rw")
        assert (await writer.start()).last_seq == 1
        await writer.close()

    with small_disk(tmp_path / "disk", "6m") as disk:
        asyncio.run(live(disk))


def test_an_erring_disk_with_room_keeps_the_reserve_and_heals(tmp_path: Path) -> None:
    code = [sys.executable, "-c", FILES_LIMITED, str(tmp_path / "journal.db")]
    subprocess.run(code, check=True, timeout=60)
    journal = SqliteJournal(tmp_path / "journal.db")
    assert journal.load().last_seq == 201
    journal.close()


def test_a_sync_that_fails_is_no_commit_and_the_next_one_is(tmp_path: Path) -> None:
    inject = "inject=fdatasync:error=EIO:when=20..23"
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject]
    code = [sys.executable, "-c", SYNC_FAILS, str(tmp_path / "journal.db")]
    done = subprocess.run([*trace, *code], check=True, capture_output=True, text=True, timeout=60)
    assert int(done.stdout) >= 1, "the fault was met"
    journal = SqliteJournal(tmp_path / "journal.db")
    stored = journal.load()
    assert (stored.last_seq, stored.lost) == (20, False)
    assert stored.cursors[0].position == 20
    journal.close()


async def test_another_program_that_holds_the_file_is_named_and_outlived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 50)
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    other = sqlite3.connect(writer.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnwritable, match="another program holds the file"):
        await writer.commit(batch(1))
    other.execute("ROLLBACK")
    other.close()
    await writer.commit(batch(1))
    await writer.close()


async def test_when_the_thread_ends_everyone_is_told_and_a_start_brings_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    held = threading.Event()

    def dying(self: SqliteJournal, _: Batch) -> None:
        held.wait(30)
        raise SystemExit("the thread is shot")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteJournal, "commit", dying)
        first = asyncio.create_task(writer.commit(batch(1)))
        second = asyncio.create_task(writer.start())  # waits behind it
        await asyncio.sleep(0)
        held.set()
        async with asyncio.timeout(60):
            for waiting in (first, second):
                with pytest.raises(JournalThreadEnded, match="the thread is shot"):
                    await waiting
            with pytest.raises(JournalThreadEnded, match="restart edgectl"):
                await writer.commit(batch(1))
    assert (await writer.start()).last_seq == 0
    await writer.commit(batch(1))
    await writer.close()


async def test_two_commits_at_once_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.db")
    await writer.start()
    first = asyncio.create_task(writer.commit(batch(1)))
    await asyncio.sleep(0)
    with pytest.raises(AssertionError, match="one commit in flight"):
        await writer.commit(batch(2))
    await first
    await writer.close()


async def test_the_log_stays_small_beside_readers_and_bursts(tmp_path: Path) -> None:
    path, most, seq = tmp_path / "journal.db", 0, 1
    writer, reads = JournalWriter(path), JournalReads(path)
    await writer.start()
    log = path.with_name("journal.db-wal")
    for number in range(300):
        lines = 4000 if number % 100 == 50 else 400
        looking = asyncio.create_task(reads.last_entries(20)) if number % 10 == 0 else None
        await writer.commit(batch(seq, lines))
        seq += lines
        most = max(most, os.stat(log).st_size)
        if looking is not None:
            seen = [entry.seq for entry in await looking]
            assert seen == sorted(seen)
    await writer.close()
    assert path.stat().st_size > 10 << 20, "enough was written to fill it more than once"
    assert most <= 8 << 20


async def test_a_log_that_a_slow_reader_has_swollen_is_cut_back(tmp_path: Path) -> None:
    path, seq = tmp_path / "journal.db", 1
    writer = JournalWriter(path)
    await writer.start()
    log = path.with_name("journal.db-wal")
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM timeline").fetchone()
    while os.stat(log).st_size <= 8 << 20:
        await writer.commit(batch(seq, 2000))
        seq += 2000
    reader.close()
    for _ in range(3):
        await writer.commit(batch(seq))
        seq += 1
    assert os.stat(log).st_size <= 8 << 20
    await writer.close()


async def test_a_missing_folder_is_said_in_words(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "nowhere" / "journal.db")
    with pytest.raises(JournalError, match="check that the folder exists"):
        await writer.start()
    await writer.close()
