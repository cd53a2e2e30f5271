"""`edgectl journal backup` and `restore`: a copy is a moment of the journal, whole or not there; one that is put back
has a name of its own, keeps what is in force, and no kill and no full disk leaves anything between old and new."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from edgectl.__main__ import main
from edgectl.host.lock import AlreadyRunning, HostLock
from edgectl.journal import chain, still, survey
from edgectl.journal import copy as copies
from edgectl.journal.copy import copy
from edgectl.journal.outbox import JournalOutbox
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.ledger import Ledger, Spent
from edgectl.model.timeline import Batch, Change, Latch
from tests.contract.centre_rows import NOON, fill
from tests.unit.site_files import SMALL

CONFIG = Latch(name="config", held=True, since=NOON, who="the site file", why=json.dumps({"site.id": '"gh-small"'}))
LOCK = Latch(name="lock:beds", held=True, since=NOON, who="Ana", why="filter")
SPENT = Ledger(name="acid", spent=(Spent(amount=7.0, at=1, wall=NOON, boot_id="b", synced=True),))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A journal of twelve lines, closed, and the site file that it belongs to."""
    (tmp_path / "site.yaml").write_text(SMALL)
    folder = tmp_path / "state"
    folder.mkdir()
    write(folder, 1, 12, CONFIG)
    return folder


def write(folder: Path, first: int, last: int, *changes: Change) -> str:
    journal = SqliteJournal(folder / "journal.db")
    fill(journal, first, last)
    if changes:
        journal.commit(Batch(changes=changes, entries=()))
    name = journal.load().journal_id
    journal.close()
    return name


def ask(state: Path, *words: str) -> Result:
    site = () if "restore" not in words else ("--site", str(state.parent / "site.yaml"))
    return CliRunner().invoke(main, ["journal", *words, "--state", str(state), *site])


def told(path: Path) -> list[tuple[int, str]]:
    with still.opened(path) as db:
        return [(entry.seq, str(entry.details["why"])) for entry in survey.lines(db, 0)]


# ---------------------------------------------------------------- backup


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 6))
def test_a_copy_that_is_taken_while_lines_are_written_is_a_beginning_of_the_timeline(
    tmp_path_factory: pytest.TempPathFactory, commits: list[int], every: int
) -> None:
    folder = tmp_path_factory.mktemp("copied")
    journal = SqliteJournal(folder / "journal.db")
    fill(journal, 1, 200)
    seen, wanted, last, calls = 200, list(commits), 200, 0

    def written(_done: int, _all: int) -> None:
        nonlocal last, calls
        calls += 1
        if calls % every == 0 and wanted:
            more = wanted.pop()
            fill(journal, last + 1, last + more)
            last += more

    target = folder / "copy"
    target.touch()
    with still.opened(folder / "journal.db", alone=False) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgectl.journal.copy.PIECE", 2)
        copy(db, target, written)
    journal.close()
    assert last > seen or not commits, "somebody wrote meanwhile"
    with still.opened(target) as db:
        assert survey.unsound(db, lambda *_: None) == []
        assert chain.walk(db).broken_at is None
    assert told(target) == told(folder / "journal.db")[:seen]
    assert sorted(item.name for item in folder.iterdir() if item.name.startswith("copy")) == ["copy"], "one file"


def test_a_backup_is_whole_its_owners_alone_and_overwrites_nothing(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    said = ask(state, "backup", str(file), "--json")
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout) == {"file": str(file), "lines": 12, "size": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o600
    assert told(file) == told(state / "journal.db")
    before = file.read_bytes()
    again = ask(state, "backup", str(file))
    assert (again.exit_code, "nothing is overwritten" in again.stderr) == (1, True)
    assert file.read_bytes() == before
    assert [item.name for item in tmp_path.glob(".copy.db*")] == []


def test_of_two_backups_to_one_name_the_second_is_told_and_takes_nothing_away(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "copy.db"

    def and_another(*asked: Any) -> int:
        monkeypatch.undo()
        assert ask(state, "backup", str(file)).exit_code == 0
        return copies.looked_through(*asked)

    monkeypatch.setattr(copies, "looked_through", and_another)
    said = ask(state, "backup", str(file))
    assert (said.exit_code, "nothing is overwritten" in said.stderr) == (1, True), said.output
    assert told(file) == told(state / "journal.db")
    assert [item.name for item in tmp_path.glob(".copy.db*")] == []


def test_a_backup_beside_a_daemon_keeps_no_commit_waiting(state: Path, tmp_path: Path) -> None:
    """The writer goes on in its own thread while the copy is read; no commit meets a lock, and each is in its place."""
    lock, journal = HostLock(state), SqliteJournal(state / "journal.db")
    lock.take()
    ended, last = threading.Event(), 12

    def live() -> None:
        nonlocal last
        while not ended.is_set() and last < 3000:
            fill(journal, last + 1, last + 1)
            last += 1

    living = threading.Thread(target=live)
    living.start()
    try:
        said = ask(state, "backup", str(tmp_path / "copy.db"))
    finally:
        ended.set()
        living.join()
        journal.close()
        lock.release()
    assert said.exit_code == 0, said.output
    held = told(tmp_path / "copy.db")
    assert held == told(state / "journal.db")[: len(held)]
    assert 12 <= len(held) <= last


def test_a_damaged_journal_gives_no_copy(state: Path, tmp_path: Path) -> None:
    with sqlite3.connect(state / "journal.db") as db:
        db.execute("UPDATE timeline SET body = replace(body, 'line 5', 'line 6') WHERE seq = 5")
    db.close()
    said = ask(state, "backup", str(tmp_path / "copy.db"))
    assert (said.exit_code, "the chain breaks at line 5" in said.stderr) == (1, True), said.output
    assert not (tmp_path / "copy.db").exists()


# ---------------------------------------------------------------- restore


@pytest.fixture
def file(state: Path, tmp_path: Path) -> Path:
    """A copy of the twelve lines; the journal has gone on to twenty since, with a lock and a dose."""
    made = tmp_path / "copy.db"
    assert ask(state, "backup", str(made)).exit_code == 0
    write(state, 13, 20, LOCK, SPENT)
    return made


def test_what_is_put_back_bears_a_name_of_its_own_and_keeps_what_is_in_force(state: Path, file: Path) -> None:
    former = still.look(state / "journal.db").stored.journal_id
    said = ask(state, "restore", str(file), "--json")
    assert said.exit_code == 0, said.output
    body = json.loads(said.stdout)
    stored = still.look(state / "journal.db").stored
    assert stored.journal_id == body["journal"] != former
    assert stored.put_back is not None
    assert (stored.put_back.former, stored.put_back.upto, stored.last_seq) == (former, 12, 12)
    assert {latch.name for latch in stored.latches} == {"config", "lock:beds"}, "somebody works there"
    assert stored.ledgers == (SPENT,)
    assert stored.wall_high_water == still.look(Path(body["kept"])).stored.wall_high_water
    assert len(told(Path(body["kept"]))) == 20, "the one before is kept whole"
    assert ".replaced-" in body["kept"]
    write(state, 13, 14)
    assert ask(state, "verify").exit_code == 0, "the chain goes on through the seam"
    assert ask(state, "check").exit_code == 0


def test_where_the_journal_is_lost_it_says_that_nobody_knows(state: Path, file: Path) -> None:
    (state / "journal.db").unlink()
    said = ask(state, "restore", str(file))
    assert said.exit_code == 0, said.output
    assert "NOT KNOWN: which stops" in said.stdout
    assert len(told(state / "journal.db")) == 12


def test_a_damaged_one_goes_aside_and_nothing_of_it_is_trusted(state: Path, file: Path) -> None:
    (state / "journal.db").write_bytes(b"no journal" * 1000)
    said = ask(state, "restore", str(file), "--json")
    body = json.loads(said.stdout)
    assert (body["in_force_taken_along"], Path(body["kept"]).name) == (False, "journal.db.quarantine-1")
    journal = SqliteJournal(state / "journal.db")
    assert journal.load().last_seq == 12, "and the next start does not put the copy aside"
    journal.close()


def test_one_that_was_found_damaged_in_use_leaves_no_note_on_the_copy(state: Path, file: Path) -> None:
    (state / "journal.db.condemned").write_text("a page of it\n")
    assert json.loads(ask(state, "restore", str(file), "--json").stdout)["in_force_taken_along"] is False
    journal = SqliteJournal(state / "journal.db")
    assert journal.load().last_seq == 12
    journal.close()


RELEASED = replace(LOCK, held=False, since=NOON - 5)
EARLIER = Ledger(name="acid", spent=(Spent(amount=3.0, at=0, wall=NOON - 9, boot_id="b", synced=True),))


def held(state: Path) -> set[str]:
    return {latch.name for latch in still.look(state / "journal.db").stored.latches if latch.held}


@pytest.mark.parametrize("lost", [False, True], ids=["an older copy came first", "a new one was begun"])
def test_a_journal_that_knows_less_than_the_copy_releases_and_forgets_nothing(
    state: Path, file: Path, lost: bool
) -> None:
    """The lock of the copy was hung up after what stands there was written, or was lost with what stood there."""
    right = file.with_name("right.db")
    assert ask(state, "backup", str(right)).exit_code == 0
    for item in state.glob("journal.db*"):
        item.unlink()
    if not lost:
        assert ask(state, "restore", str(file)).exit_code == 0
    write(state, 1 if lost else 13, 16, CONFIG, RELEASED, EARLIER)
    said = ask(state, "restore", str(right))
    assert "what either holds is held now" in said.stdout, said.output
    assert "lock:beds" in held(state), "somebody works there"
    assert still.look(state / "journal.db").stored.ledgers == (
        Ledger(name="acid", spent=(*EARLIER.spent, *SPENT.spent)),
    ), "what either knows of was given"


def test_what_was_released_since_the_copy_was_taken_stays_released(state: Path, file: Path) -> None:
    right = file.with_name("right.db")
    assert ask(state, "backup", str(right)).exit_code == 0
    write(state, 21, 22, RELEASED)
    said = ask(state, "restore", str(right), "--json")
    assert json.loads(said.stdout)["held_of_both"] is False
    assert held(state) == {"config"}, "nobody goes thirsty for a lock that was taken off"


REFUSALS = {
    "another site": ("UPDATE latches SET body = replace(body, 'gh-small', 'gh-2') WHERE id = 'config'", "site gh-2"),
    "nobody's": ("DELETE FROM latches", "does not say whose"),
    "newer": ("PRAGMA user_version = 999", "install the edgectl that wrote it"),
    "changed": ("UPDATE timeline SET body = replace(body, 'line 5', 'line 6') WHERE seq = 5", "breaks at line 5"),
    "another kind of line": (
        "UPDATE timeline SET event_type = 'READY' WHERE seq = 5",
        "row 5 says in its column event_type",
    ),
    "a lock that nobody finds": (
        "UPDATE latches SET open = 0 WHERE id = 'config'",
        "latches: row 1 says in its column open something else",
    ),
    "a program": (
        "CREATE TRIGGER t AFTER INSERT ON formers BEGIN DELETE FROM latches; END",
        "it holds a trigger of somebody else's, t",
    ),
    "no value": (
        "UPDATE latches SET body = '{}' WHERE id <> 'config'; INSERT INTO outputs VALUES ('x', 1, 'y')",
        "outputs",
    ),
}


@pytest.mark.parametrize("what", [*REFUSALS, "no journal", "none", "itself", "driven"])
def test_what_must_not_be_put_back_is_refused_and_nothing_was_touched(state: Path, file: Path, what: str) -> None:
    sql, says = REFUSALS.get(what, ("", "nothing was touched"))
    with sqlite3.connect(file) as db:
        db.executescript(sql)
    db.close()
    if what == "no journal":
        file.write_bytes(b"a picture" * 999)
    elif what == "none":
        file, says = file.with_name("none.db"), "there is no file"
    elif what == "itself":
        file, says = state / "journal.db", "is in use here"
    before = {item.name: item.read_bytes() for item in state.iterdir() if item.name != "lock"}
    lock = HostLock(state)
    if what == "driven":
        lock.take()
    try:
        said = ask(state, "restore", str(file))
    finally:
        lock.release()
    assert (said.exit_code, says in said.stderr) == (1, True), said.output
    assert "journal.db.new" not in said.stderr, "who gave a file is told of that"
    assert isinstance(said.exception, SystemExit), "and no traceback"
    assert {item.name: item.read_bytes() for item in state.iterdir() if item.name != "lock"} == before


def test_a_file_that_is_not_there_is_told_before_the_daemon_that_runs(state: Path, file: Path) -> None:
    lock = HostLock(state)
    lock.take()
    try:
        said = ask(state, "restore", str(file.with_name("copi.db")))
    finally:
        lock.release()
    assert (said.exit_code, "there is no file" in said.stderr) == (1, True), said.output


def test_who_has_to_be_let_in_anew_is_said_and_in_which_zone_the_times_are(state: Path, file: Path) -> None:
    said = ask(state, "restore", str(file))
    assert "no tokens.json here" in said.stdout
    assert re.search(r"12 lines, to \w+ \d+ \w+ [\d:]+ CES?T$", said.stdout, re.M), said.stdout
    (state / "tokens.json").write_text("[]")
    again = ask(state, "restore", str(file), "--json")
    assert json.loads(again.stdout)["tokens_there"] is True, "those of the house stay with it"
    assert re.search(r"from .* to .* \w+", ask(state, "stats").stdout)


def test_no_link_in_the_state_folder_leads_a_restore_elsewhere(
    monkeypatch: pytest.MonkeyPatch, state: Path, file: Path, tmp_path: Path
) -> None:
    """The user of the service may put links there, and root is who restores."""
    foreign, chowned = tmp_path / "foreign", list[Path]()
    foreign.write_text("another's words")
    (state / "lock").unlink(missing_ok=True)
    for name in ("lock", "journal.db.x"):
        (state / name).symlink_to(foreign)

    def chown(path: Path, _uid: int, _gid: int, *, follow_symlinks: bool = True) -> None:
        chowned.append(path.resolve() if follow_symlinks else path)

    with monkeypatch.context() as root:
        root.setattr(os, "geteuid", lambda: 0)
        root.setattr(os, "chown", chown)
        assert ask(state, "restore", str(file)).exit_code == 0
    assert state / "journal.db.x" in chowned
    assert foreign not in chowned
    assert foreign.read_text() == "another's words", "and no number of a process"
    holder, second = HostLock(state), HostLock(state)
    holder.take()
    with pytest.raises(AlreadyRunning):
        second.take()
    holder.release()


def test_a_link_in_the_place_of_the_journal_is_refused(state: Path, file: Path) -> None:
    (state / "journal.db").rename(state / "elsewhere")
    (state / "journal.db").symlink_to(state / "elsewhere")
    said = ask(state, "restore", str(file))
    assert (said.exit_code, "is a link" in said.stderr) == (1, True), said.output
    assert len(told(state / "elsewhere")) == 20


def test_a_lock_that_is_written_through_a_link_would_be_found(
    monkeypatch: pytest.MonkeyPatch, state: Path, file: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "O_NOFOLLOW", 0)
    with pytest.raises(AssertionError):
        test_no_link_in_the_state_folder_leads_a_restore_elsewhere(monkeypatch, state, file, tmp_path)


def test_an_older_copy_is_brought_to_this_schema(state: Path, file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.executescript("DROP TABLE formers; PRAGMA user_version = 9")
    db.close()
    assert ask(state, "restore", str(file)).exit_code == 0
    assert ask(state, "check").exit_code == 0
    assert still.look(state / "journal.db").stored.put_back is not None


async def test_the_centre_is_told_each_line_under_one_name(state: Path, file: Path) -> None:
    """The journal that made room keeps its lines; the copy adds those that came after it, and sends none twice."""
    former = still.look(state / "journal.db").stored.journal_id
    assert ask(state, "restore", str(file)).exit_code == 0
    name = write(state, 13, 15)
    outbox = JournalOutbox(state / "journal.db")
    shelves = await outbox.shelves()
    assert [(s.journal_id, s.begins, s.head, s.in_use, s.cut) for s in shelves] == [
        (former, 0, 20, False, False),
        (name, 12, 15, True, False),
    ]
    parcel = await outbox.parcel(name, 0, lines=50, size=1 << 20)
    assert parcel is not None
    assert ([one.seq for one in parcel.lines], parcel.after) == ([13, 14, 15], 0)
    assert await outbox.hash_at(name, 12) is None, "that line is the other journal's"
    assert sum(day.lines for day in await outbox.day_sums(name)) == 3
    for kept in state.glob("journal.db.replaced-*"):  # noqa: ASYNC240  nobody else is on this loop
        kept.unlink()
    cut = (await outbox.shelves())[0]
    assert (cut.journal_id, cut.head, cut.cut, cut.beyond(20), cut.beyond(12)) == (former, 12, True, True, False)
    parcel = await outbox.parcel(former, 5, lines=50, size=1 << 20)
    assert parcel is not None
    assert [one.seq for one in parcel.lines] == list(range(6, 13))


def test_a_copy_of_a_copy_goes_on(state: Path, file: Path, tmp_path: Path) -> None:
    assert ask(state, "restore", str(file)).exit_code == 0
    first = write(state, 13, 16)
    assert ask(state, "backup", str(tmp_path / "second.db")).exit_code == 0
    assert ask(state, "restore", str(tmp_path / "second.db")).exit_code == 0
    stored = still.look(state / "journal.db").stored
    assert stored.put_back is not None
    assert (stored.put_back.former, stored.put_back.upto) == (first, 16)
    write(state, 17, 18)
    assert ask(state, "verify").exit_code == 0
    assert len(list(state.glob("journal.db.replaced-*"))) == 2


# ---------------------------------------------------------------- kills and a disk without room

KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from edgectl.journal import restore, still
from edgectl.journal.sqlite import SqliteJournal

folder, file = Path(sys.argv[1]), Path(sys.argv[2])

def kill_at(number):
    left = [number]
    def counted(name):
        real = getattr(os, name)
        def call(*given, **more):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **more)
        setattr(os, name, call)
    for name in ("open", "fsync", "fdatasync", "link", "rename", "unlink"):
        counted(name)

number = 0
while True:
    number += 1
    child = os.fork()
    if child == 0:
        kill_at(number)
        ready = restore.make_ready(file, folder / "journal.db", "gh-small", at=10**18, who="x", told=lambda *_: None)
        restore.swap(ready, folder / "journal.db")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    journal = SqliteJournal(folder / "journal.db")
    stored = journal.load()
    journal.close()
    assert not stored.lost, number
    assert stored.last_seq == (12 if stored.put_back else 20), (number, stored)
    if stored.put_back is not None:
        print(number, os.waitstatus_to_exitcode(status))
        break
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, (number, status)
"""


def test_a_kill_at_any_step_of_a_restore_leaves_the_old_journal_or_the_new_one(state: Path, file: Path) -> None:
    journal = SqliteJournal(state / "journal.db")  # a crash left a log: what is only there must not be lost either
    os.link(state / "journal.db-wal", state.parent / "log")
    journal.close()
    words = [sys.executable, "-c", KILLED, str(state), str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 5, "it was killed at each of its steps"


CUT = """
import os, signal, sys
from edgectl.__main__ import main
left, name = [int(sys.argv[1])], sys.argv[2]
real = getattr(os, name)
def call(*given, **more):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **more)
setattr(os, name, call)
main(sys.argv[3:])
"""


@pytest.mark.parametrize(("deed", "number"), [("fdatasync", 1), ("fsync", 1), ("fsync", 2), ("link", 1)])
def test_a_kill_while_a_copy_is_taken_leaves_no_copy(state: Path, tmp_path: Path, deed: str, number: int) -> None:
    before = told(state / "journal.db")
    words = [sys.executable, "-c", CUT, str(number), deed, "journal", "backup", str(tmp_path / "copy.db")]
    done = subprocess.run([*words, "--state", str(state)], capture_output=True, timeout=60, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "copy.db").exists(), "what bears the name is whole"
    assert told(state / "journal.db") == before
    assert all(item.stat().st_mode & 0o077 == 0 for item in tmp_path.glob(".copy.db.*")), (
        "what is left is nobody else's"
    )


HANGS = """
import os, sys, threading
from edgectl.__main__ import main
from edgectl.cli import patience
patience.WITHIN_S = float(sys.argv[1])
os.fdatasync = lambda descriptor: threading.Event().wait()
main(sys.argv[2:])
"""


def hanging(state: Path, file: Path, within_s: float, wait_s: float) -> "subprocess.CompletedProcess[str]":
    words = [
        sys.executable,
        "-c",
        HANGS,
        str(within_s),
        "journal",
        "backup",
        str(file),
        "--json",
        "--state",
        str(state),
    ]
    return subprocess.run(words, capture_output=True, text=True, timeout=wait_s, check=False)


def test_a_copy_onto_a_disk_that_hangs_is_given_up_and_the_log_of_the_journal_is_free(
    state: Path, tmp_path: Path
) -> None:
    journal = SqliteJournal(state / "journal.db")
    done = hanging(state, tmp_path / "copy.db", 0.5, 60)
    assert done.returncode == 1, done.stderr
    assert "takes nothing more" in json.loads(done.stdout)["message"]
    assert not (tmp_path / "copy.db").exists()
    fill(journal, 13, 400)
    with closing(sqlite3.connect(state / "journal.db")) as db:
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "no snapshot is held"
    journal.close()


def test_without_that_it_would_be_held_for_ever(state: Path, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        hanging(state, tmp_path / "copy.db", 3600, 4)


SHORT = """
import resource, signal, sys
from edgectl.__main__ import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40960, resource.RLIM_INFINITY))
main(sys.argv[1:])
"""


@pytest.mark.parametrize("deed", ["backup", "restore"])
def test_a_disk_that_takes_no_more_leaves_everything_as_it_was(state: Path, file: Path, deed: str) -> None:
    before = {item.name: item.read_bytes() for item in state.iterdir() if item.name != "lock"}
    where = str(file.with_name("another.db") if deed == "backup" else file)
    site = ["--site", str(state.parent / "site.yaml")] if deed == "restore" else []
    words = [sys.executable, "-c", SHORT, "journal", deed, where, "--state", str(state), *site]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr
    assert {item.name: item.read_bytes() for item in state.iterdir() if item.name != "lock"} == before
    assert sorted(item.name for item in file.parent.iterdir()) == ["copy.db", "site.yaml", "state"]


# ---------------------------------------------------------------- planted mistakes

MISTAKES = {
    "nothing in force goes along": ("edgectl.journal.carried._TAKE_ALONG", "SELECT 1 -- {table}"),
    "the seam is one of the old name": ("edgectl.journal.restore._FORMER", "SELECT ?, ?, ?, ?, ?"),
}


OF_BOTH = {
    "the later word counts": ("edgectl.journal.carried._IN_BOTH", "SELECT 1 FROM old.{table} WHERE 0"),
    "each is taken for one that goes on": ("edgectl.journal.carried._SAME_LINE", "SELECT 1"),
}


@pytest.mark.parametrize("mistake", OF_BOTH)
def test_a_copy_that_is_overruled_would_be_found(
    monkeypatch: pytest.MonkeyPatch, state: Path, file: Path, mistake: str
) -> None:
    monkeypatch.setattr(*OF_BOTH[mistake])
    with pytest.raises(AssertionError):
        test_a_journal_that_knows_less_than_the_copy_releases_and_forgets_nothing(state, file, True)


def test_a_program_in_a_copy_that_is_not_looked_for_would_be_found(
    monkeypatch: pytest.MonkeyPatch, state: Path, file: Path
) -> None:
    monkeypatch.setattr("edgectl.journal.survey._FOREIGN", "SELECT '', '' WHERE 0")
    with pytest.raises(AssertionError):
        test_what_must_not_be_put_back_is_refused_and_nothing_was_touched(state, file, "a program")


def test_none_that_is_taken_for_one_that_goes_on_would_be_found(
    monkeypatch: pytest.MonkeyPatch, state: Path, file: Path
) -> None:
    monkeypatch.setattr("edgectl.journal.carried._SAME_LINE", "SELECT 0")
    with pytest.raises(AssertionError):
        test_what_was_released_since_the_copy_was_taken_stays_released(state, file)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(monkeypatch: pytest.MonkeyPatch, state: Path, file: Path, mistake: str) -> None:
    monkeypatch.setattr(*MISTAKES[mistake])
    with pytest.raises(AssertionError):
        test_what_is_put_back_bears_a_name_of_its_own_and_keeps_what_is_in_force(state, file)


def test_a_copy_that_is_not_looked_through_would_be_found(
    monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("edgectl.journal.copy.looked_through", lambda *_: 12)
    with pytest.raises(AssertionError):
        test_a_damaged_journal_gives_no_copy(state, tmp_path)
