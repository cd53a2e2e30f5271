"""`--offline`: what the journal says while nobody drives the house, and that looking leaves no trace."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.cli import support
from edgectl.config.loader import load
from edgectl.host import lock
from edgectl.host.lock import HostLock
from edgectl.journal import still
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.output import Output
from edgectl.model.task import Task
from edgectl.model.timeline import Batch, Change
from edgectl.simulate.field import Faults
from edgectl.simulate.houses import house_of, settle_in
from edgectl.simulate.world import DAY
from tests.unit.site_files import EXAMPLES

SITE = EXAMPLES / "small.yaml"
QUESTIONS = (("status",), ("tasks",), ("alarms",), ("schedule", "list"), ("schedule", "skipped"), ("calibrate", "list"))
MINUTE = DAY // 1440


def test_who_asks_a_daemon_waits_for_nothing_that_reads_a_journal() -> None:
    code = "import sys, edgectl.cli.status; print([m for m in ('asyncio', 'edgectl.model.codes') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as a kill leaves it: in the middle of a watering, and with everything still in its log."""
    loaded = load(SITE)
    world = settle_in(house_of(loaded.site, loaded.schedules), 3, faults=Faults(), crash=0.0, people=False, disk=0.0)
    at, values = 0, world.journal.values
    while not (_watered(values.values()) and _pumps(values.values())):
        at += MINUTE // 2
        world.run(at)
    folder = tmp_path_factory.mktemp("state")
    journal = SqliteJournal(folder / "journal.db")
    journal.commit(Batch(changes=tuple(world.journal.values.values()), entries=tuple(world.journal.timeline)))
    killed = tmp_path_factory.mktemp("killed")
    for file in folder.iterdir():
        shutil.copy(file, killed)
    journal.close()
    return killed


def _watered(values: Iterable[Change]) -> bool:
    return any(isinstance(one, Task) and one.task_type == "irrigation" and one.terminal for one in values)


def _pumps(values: Iterable[Change]) -> bool:
    return any(isinstance(one, Output) and one.name == "main_pump" and one.owed_off for one in values)


@pytest.fixture(params=["killed", "ended"])
def state(left: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "state"
    shutil.copytree(left, folder)
    if request.param == "ended":
        SqliteJournal(folder / "journal.db").close()
    return folder


def ask(state: Path, *words: str, site: Path = SITE) -> Result:
    return CliRunner().invoke(main, [*words, "--offline"], env={"EDGECTL_STATE": str(state), "EDGECTL_SITE": str(site)})


def kept(state: Path) -> dict[str, bytes]:
    """What a start would mind. The shared index is made anew by whoever opens a journal first."""
    return {file.name: file.read_bytes() for file in state.iterdir() if file.name not in ("lock", "journal.db-shm")}


def test_every_question_is_answered_and_nothing_is_written(state: Path) -> None:
    before = kept(state)
    for words in QUESTIONS:
        said = ask(state, *words)
        assert said.exit_code == (1 if words == ("status",) else 0), said.output
        first = said.stdout.splitlines()[0]
        assert first.startswith("OFFLINE: no daemon drives the house from here; the journal's last line is "), first
        assert kept(state) == before
    logged = "journal.db-wal" in before
    assert (state / "journal.db-shm").exists() == logged, "a journal without a log gets none"
    assert not (state / "lock").exists(), "whoever only looks takes no lock"
    again = SqliteJournal(state / "journal.db")
    assert not again.lost
    assert again.load().tasks
    again.close()


def test_the_picture_says_what_is_owed_and_guesses_nothing(state: Path) -> None:
    lines = ask(state, "status").stdout.splitlines()
    assert lines[1].startswith("Small house · NOT DRIVEN · ")
    (zone,) = [line for line in lines if line.startswith("zone-1")]
    assert "IRRIGATING" in zone
    assert "when its controller ended" in zone
    assert "NOT SEEN OFF: " in zone
    assert "main_pump" in zone
    assert any(line.startswith("planned") for line in lines)
    assert not any("everything off" in line or " %" in line for line in lines)
    told = json.loads(ask(state, "status", "--json").stdout)["data"]
    assert (told["phase"], {row["on"] for row in told["outputs"]}) == ("not_driven", {None})


def test_one_task_is_told_with_its_lines(state: Path) -> None:
    rows = json.loads(ask(state, "tasks", "--json").stdout)
    assert rows["offline"] is True
    assert rows["last_line_at"].startswith("2026-")
    done = next(row for row in rows["data"] if row["status"] == "completed" and row["task_type"] == "irrigation")
    told = ask(state, "task", "show", done["task_id"]).stdout
    assert "TASK_FINISHED" in told
    searched = ask(state, "tasks", "--preset", "failed", "--json")
    assert json.loads(searched.stdout)["data"] == []
    unknown = ask(state, "task", "show", "st-0")
    assert (unknown.exit_code, "there is no task st-0" in unknown.stderr) == (1, True)


def test_what_was_pressed_can_be_read_and_nothing_can_be_pressed(state: Path) -> None:
    record = ask(state, "press", "--list")
    assert record.exit_code == 1, "nobody has pressed anything yet"
    assert "main_pump" in record.stdout
    assert "not pressed yet" in record.stdout
    assert ask(state, "press").exit_code == 2


def test_a_site_file_that_cannot_be_read_hides_nothing_that_happened(state: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("site: {id: \n")
    said = ask(state, "tasks", site=broken)
    assert said.exit_code == 0, said.output
    assert "irrigation" in said.stdout
    assert "1 problem: edgectl check" in said.stderr


def test_while_a_daemon_drives_the_house_nothing_is_opened(state: Path) -> None:
    held = HostLock(state)
    held.take()
    try:
        said = ask(state, "tasks", "--json")
    finally:
        held.release()
    assert said.exit_code == 1
    assert "already drives the site" in json.loads(said.stdout)["message"]
    assert "leave --offline out" in json.loads(said.stdout)["hint"]


@pytest.mark.parametrize("words", [("tasks", "--offline"), ("journal", "check"), ("journal", "export")])
def test_who_looks_holds_up_no_off_and_shows_nothing_that_was_read_meanwhile(
    state: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start, and safe-state at the end of a daemon, take the lock at once and without waiting, in mid-look."""
    held: list[HostLock] = []
    address = still.address

    def opened(path: Path) -> str:
        if not held:
            held.append(HostLock(state))
            held[0].take()
        return address(path)

    monkeypatch.setattr(still, "address", opened)
    where = {"EDGECTL_STATE": str(state), "EDGECTL_SITE": str(SITE)}
    said = CliRunner().invoke(main, [*words], env=where)
    assert held, "it was taken in the middle"
    held[0].release()
    assert said.exit_code == 1
    assert "took the house while its journal was read" in said.stderr
    said = CliRunner().invoke(main, [*words], env=where)
    assert said.exit_code == 0, said.output


def _asks_by_a_shared_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def starts_in_the_middle_of_the_asking(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A start takes the lock without waiting while somebody asks, and has ended before they look again."""
    (folder / "lock").write_text("1\n")
    os.utime(folder / "lock", ns=(1, 1))
    asks = lock._is_marked

    def start(descriptor: int) -> bool:
        found = asks(descriptor)
        starts = HostLock(folder)
        starts.take()
        starts.release()
        return found

    with patch.context() as meanwhile:
        meanwhile.setattr(lock, "_is_marked", start)
        before = lock.unheld(folder)
    assert lock.unheld(folder) != before


def test_a_start_never_meets_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts_in_the_middle_of_the_asking(tmp_path, monkeypatch)
    monkeypatch.setattr(lock, "_is_marked", _asks_by_a_shared_lock)
    with pytest.raises(lock.AlreadyRunning):
        starts_in_the_middle_of_the_asking(tmp_path, monkeypatch)


def test_a_folder_that_was_taken_and_given_back_meanwhile_is_not_at_rest(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1\n")
    os.utime(tmp_path / "lock", ns=(1, 1))
    before = lock.unheld(tmp_path)
    assert lock.unheld(tmp_path) == before
    taken = HostLock(tmp_path)
    taken.take()
    with pytest.raises(lock.AlreadyRunning, match=f"process {os.getpid()} already drives"):
        lock.unheld(tmp_path)
    taken.release()
    assert lock.unheld(tmp_path) != before


def test_a_bundle_holds_nothing_that_was_read_while_somebody_came(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECTL_SOCKET", str(state / "nobody"))
    asked = support._whom(SITE, state)
    assert json.loads(asked("/tasks?limit=5"))["offline"] is True
    came = HostLock(state)
    came.take()
    came.release()
    assert "took the house while its journal was read" in asked("/tasks?limit=5")


def test_where_no_journal_is_none_is_made(tmp_path: Path) -> None:
    said = ask(tmp_path, "status")
    assert (said.exit_code, "there is no journal in" in said.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_who_may_not_read_it_hears_as_whom(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lock, "unheld", refuse)  # tests may run as root, who may read everything
    said = ask(left, "status")
    assert said.exit_code == 1
    assert "you may not read the journal" in said.stderr
    assert "sudo -u edgectl edgectl" in said.stderr


def test_who_may_not_make_the_index_of_a_log_hears_as_whom(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = sqlite3.OperationalError("unable to open database file")
    refused.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN

    def refuse(*_: object, **__: object) -> None:
        raise refused

    monkeypatch.setattr(still.sqlite3, "connect", refuse)
    said = ask(left, "tasks")
    assert (said.exit_code, "with the log that a crash left" in said.stderr, "sudo" in said.stderr) == (1, True, True)


def test_a_journal_of_another_version_is_left_alone(state: Path) -> None:
    with sqlite3.connect(state / "journal.db") as db:
        db.execute("PRAGMA user_version = 3")
    db.close()
    said = ask(state, "tasks")
    assert (said.exit_code, "has schema 3, this edgectl reads" in said.stderr) == (1, True)


def _never_minds_the_log(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _always_opens_as_usual(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


@pytest.fixture
def checks(left: Path, tmp_path: Path) -> Callable[[], None]:
    killed, ended = tmp_path / "killed", tmp_path / "ended"
    shutil.copytree(left, killed)
    shutil.copytree(left, ended)
    SqliteJournal(ended / "journal.db").close()

    def both() -> None:
        for folder in (killed, ended):
            test_every_question_is_answered_and_nothing_is_written(folder)
            test_the_picture_says_what_is_owed_and_guesses_nothing(folder)

    return both


@pytest.mark.parametrize("plant", [_never_minds_the_log, _always_opens_as_usual])
def test_a_planted_way_of_opening_is_caught(
    plant: Callable[[Path], str], checks: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still, "address", plant)
    with pytest.raises(AssertionError):
        checks()
