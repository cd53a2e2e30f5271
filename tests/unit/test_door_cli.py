"""`edgectl door`: what it makes, what it leaves alone, and what it says when it cannot."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.cli import asking, certified, token
from edgectl.cli import door as door_cli
from edgectl.cli import run as run_cli
from edgectl.cli import whole as whole_file
from edgectl.cli.whole import whole
from edgectl.config.first import First
from edgectl.config.loaded import DoorSection
from edgectl.config.loader import load
from edgectl.host import certificate as certificate_file
from edgectl.host.certificate import facts
from edgectl.host.clock import SystemClock
from edgectl.host.lock import HostLock
from edgectl.journal import still
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.timeline import Batch, Entry
from edgectl.testing.wall import clock_at
from tests.unit.test_first_site import DEVICES, GIVEN, LINES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site file, and a folder for its secrets."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path / "secrets"))
    monkeypatch.setenv("EDGECTL_STATE", str(tmp_path / "state"))
    file = tmp_path / "site.yaml"
    shutil.copy(ROOT / "examples" / "small.yaml", file)
    return file


def door(*words: str) -> Result:
    return CliRunner().invoke(main, ["door", *words])


def test_a_door_is_made_once_and_never_written_over(site: Path) -> None:
    said = door("open", "--site", str(site), "--name", "gh.example")
    assert said.exit_code == 0, said.output
    key, lines = site.parent / "secrets" / "door", site.parent / "conf.d" / "door.yaml"
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["door"], "nothing else is left there"
    found = load(site).door
    assert (found.listen, found.credential, found.names) == (("0.0.0.0", 9405), "door", frozenset({"gh.example"}))
    told = facts(key.read_text())
    assert "gh.example" in told.names
    assert told.fingerprint[:47] in said.output
    assert told.fingerprint[48:] in said.output
    assert "edgectl token pair" in said.output
    before = key.read_bytes(), lines.read_bytes()
    again = json.loads(door("open", "--site", str(site), "--json").stdout)
    assert (again["fingerprint"], again["written"], again["shown"]) == (told.fingerprint, None, False)
    assert (key.read_bytes(), lines.read_bytes()) == before
    shown = json.loads(door("show", "--site", str(site), "--json").stdout)
    assert shown == {key: again[key] for key in ("fingerprint", "names", "ends", "shown")}


def test_a_door_that_waits_for_a_start_says_so(site: Path) -> None:
    assert door("open", "--site", str(site)).exit_code == 0
    assert "opens it at 0.0.0.0:9405: that counts from the next start on" in door("open", "--site", str(site)).output


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:9405", "edgectl door open, and a start of edgectl after it"),
        ("https://127.0.0.1:9405", "another address at listen: of conf.d/door.yaml"),
    ],
)
def test_a_phone_that_cannot_come_is_told_what_is_missing(
    address: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"code": "AB", "path": "/pair", "good_for_s": 600, "address": address, "reachable": False, "fingerprint": ""}
    monkeypatch.setattr(token, "ask", lambda *_: data)
    assert says in CliRunner().invoke(main, ["token", "pair"]).output


def test_a_new_certificate_has_a_new_key(site: Path) -> None:
    assert door("open", "--site", str(site)).exit_code == 0
    key = site.parent / "secrets" / "door"
    before = facts(key.read_text()).fingerprint
    assert door("renew", "--site", str(site.parent / "none.yaml")).exit_code == 1
    key.write_text("damaged")
    assert "edgectl door renew" in door("show", "--site", str(site)).output
    said = door("renew", "--site", str(site))
    assert said.exit_code == 0, said.output
    assert facts(key.read_text()).fingerprint != before
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    for words in ("show", "open"):
        refused = door(words, "--site", str(site))
        assert (refused.exit_code, "others can read" in refused.output) == (1, True)


@pytest.mark.parametrize("line", ['api: {listen: "127.0.0.1:9500"}', "api: {certificate: {credential: mine}}"])
def test_where_the_site_file_says_otherwise_the_lines_are_printed(site: Path, line: str) -> None:
    site.write_text(f"{site.read_text()}\n{line}\n")
    said = door("open", "--site", str(site))
    assert said.exit_code == 0, said.output
    assert 'api: {listen: "0.0.0.0:9405", certificate: {credential: door}}' in said.output
    assert not (site.parent / "conf.d").exists()


def test_beside_another_key_of_its_section_they_are_written(site: Path) -> None:
    site.write_text(f"{site.read_text()}\napi: {{outside_scheduler: true}}\n")
    assert door("open", "--site", str(site)).exit_code == 0
    found = load(site)
    assert found.outside_scheduler
    assert found.door.credential == "door"


def test_what_cannot_be_is_a_sentence_and_nothing_is_made(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["--listen", "greenhouse:9405"], ["--listen", "0.0.0.0"], ["--name", "a b"], ["--name", 'x"]}']):
        assert door("open", "--site", str(site), *words).exit_code == 2, words
    text = site.read_text()
    site.write_text("site: 1\n")
    assert "has to be right first" in door("open", "--site", str(site)).output
    site.write_text(text)
    assert "edgectl door open makes it" in door("show", "--site", str(site)).output
    assert not list((site.parent / "secrets").iterdir())
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(site.parent / "nowhere"))
    refused = door("open", "--site", str(site))
    assert (refused.exit_code, "cannot be written" in refused.output) == (1, True)
    assert not (site.parent / "conf.d").exists()


def test_a_clock_that_cannot_be_right_makes_no_certificate(site: Path) -> None:
    command = [sys.executable, "-m", "edgectl", "door", "open", "--site", str(site)]
    then = clock_at("1970-01-03 00:00:00")
    done = subprocess.run(command, env=then, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout
    assert "the clock of this machine says 1970-01-0" in done.stderr
    assert "timedatectl" in done.stderr
    assert not list((site.parent / "secrets").iterdir())


FAR: Nanos = 4_070_908_800 * SECOND  # 2099-01-01
HERE: Nanos = 1_800_000_000 * SECOND


def told_time(patch: pytest.MonkeyPatch, wall: Nanos, trust: Trust = Trust.RESTORED) -> None:
    patch.setattr(SystemClock, "now", lambda self: Now(mono=1, wall=wall, trust=trust))


def a_journal_up_to(folder: Path, wall: Nanos) -> None:
    folder.mkdir(exist_ok=True)
    journal = SqliteJournal(folder / "journal.db")
    entry = Entry(seq=1, event_type="READY", wall=wall, mono=1, boot_id="b", zone=None, details={})
    journal.commit(Batch(changes=(), entries=(entry,)))
    journal.close()


def test_a_clock_that_runs_far_ahead_of_the_journal_replaces_no_certificate(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_time(monkeypatch, HERE, Trust.SYNCED)
    quiet = door("open", "--site", str(site))
    assert (quiet.exit_code, "no time server" in quiet.stderr) == (0, False)
    key = site.parent / "secrets" / "door"
    before = key.read_bytes()
    a_journal_up_to(site.parent / "state", HERE)
    told_time(monkeypatch, FAR)
    said = door("renew", "--site", str(site))
    assert (said.exit_code, "good for nobody yet" in said.stderr) == (1, True), said.output
    assert "the newest line of the journal is of 2027-01-15" in said.stderr
    assert key.read_bytes() == before
    told_time(monkeypatch, FAR, Trust.SYNCED)  # somebody vouches for it: the house has rested for long
    assert door("renew", "--site", str(site)).exit_code == 0
    assert key.read_bytes() != before


@pytest.mark.parametrize(("newest", "said"), [(None, "time server"), (HERE, "time server"), (FAR, "line is of 2099")])
def test_where_nobody_vouches_for_the_clock_a_person_is_asked_to_look(
    site: Path, monkeypatch: pytest.MonkeyPatch, newest: Nanos | None, said: str
) -> None:
    """A house without a network has a clock that was set by hand: it gets its door all the same."""
    if newest is not None:
        a_journal_up_to(site.parent / "state", newest)
    told_time(monkeypatch, HERE + 300 * 86_400 * SECOND)
    opened = door("open", "--site", str(site), "--json")
    assert opened.exit_code == 0, opened.output
    assert said in opened.stderr
    assert "LOOK: the clock of this machine says 2027-11-11" in opened.stderr
    assert json.loads(opened.stdout)["fingerprint"]


def test_beside_a_daemon_the_journal_is_not_taken_for_one_that_does_not_change(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = site.parent / "state"
    told_time(monkeypatch, HERE, Trust.SYNCED)
    assert door("open", "--site", str(site)).exit_code == 0
    a_journal_up_to(state, HERE)
    lock, journal = HostLock(state), SqliteJournal(state / "journal.db")
    lock.take()
    try:
        told_time(monkeypatch, FAR)
        monkeypatch.setattr(still, "address", lambda path: f"{path.as_uri()}.none?mode=ro")
        said = door("renew", "--site", str(site))
    finally:
        journal.close()
        lock.release()
    assert (said.exit_code, "good for nobody yet" in said.stderr) == (1, True), said.output


def test_a_journal_that_cannot_be_compared_with_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.parent / "state").mkdir(exist_ok=True)
    (site.parent / "state" / "journal.db").write_text("no journal")
    told_time(monkeypatch, FAR)
    opened = door("open", "--site", str(site))
    assert (opened.exit_code, "cannot be read to compare it with" in opened.stderr) == (0, True), opened.output


def test_of_two_who_open_the_door_at_once_both_tell_of_the_certificate_that_is_there(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, others = certificate_file.make, list[Result]()

    def while_another_is_at_it(*of: Any) -> bytes:
        monkeypatch.setattr(certificate_file, "make", make)
        others.append(door("open", "--site", str(site), "--json"))
        return make(*of)

    monkeypatch.setattr(certificate_file, "make", while_another_is_at_it)
    mine = door("open", "--site", str(site), "--json")
    assert (mine.exit_code, others[0].exit_code) == (0, 0), mine.output
    there = facts((site.parent / "secrets" / "door").read_text()).fingerprint
    told = [json.loads(one.stdout) for one in (mine, others[0])]
    assert [one["fingerprint"] for one in told] == [there, there]
    assert [one["written"] is None for one in told] == [True, False], "and one of them has written the lines"
    assert "lines" not in told[0], "the door opens by what the other one wrote"


def test_a_full_disk_leaves_nothing_that_the_next_try_stumbles_over(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified.certificate(())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        said = door("open", "--site", str(site))
    assert (said.exit_code, "door.yaml cannot be written: No space left" in said.stderr) == (1, True), said.output
    assert list((site.parent / "conf.d").iterdir()) == []
    assert door("open", "--site", str(site)).exit_code == 0
    lines = site.parent / "conf.d" / "door.yaml"
    assert lines.stat().st_mode & 0o777 == site.stat().st_mode & 0o666
    lines.write_text("")
    assert "door.yaml is there already, and opens no door" in door("open", "--site", str(site)).stdout


def test_where_a_file_has_one_name_alone_it_is_whole_and_nothing_is_written_over_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links here")))
    out = tmp_path / "copy"
    with whole(out) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), whole(out) as file:
        file.write(b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("copy", b"first")]


def the_later_one_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(whole_file, "_named", lambda part, out: part.rename(out))


def test_a_rename_over_what_is_there_is_seen(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    the_later_one_is_kept(monkeypatch)
    with pytest.raises(AssertionError):
        test_of_two_who_open_the_door_at_once_both_tell_of_the_certificate_that_is_there(site, monkeypatch)


def test_a_first_site_file_has_its_door_when_that_was_wished(site: Path) -> None:
    new = site.parent / "new" / "site.yaml"
    new.parent.mkdir()
    said = CliRunner().invoke(main, ["init", str(new), *GIVEN, "--door"])
    assert said.exit_code == 0, said.output
    assert load(new).door.listen == ("0.0.0.0", 9405)
    assert "edgectl token pair lets a phone in" in said.output
    again = CliRunner().invoke(main, ["init", str(new.parent / "quiet.yaml"), *GIVEN, "--door", "--json"])
    assert "door.yaml is there already" in again.output, "the lines of another site file stay"
    other = site.parent / "other.yaml"
    assert CliRunner().invoke(main, ["init", str(other), *GIVEN]).exit_code == 0
    assert load(other).door.credential == "", "nobody asked for one"


@pytest.mark.parametrize(("answer", "credential"), [("y\n", "door"), ("\n", "door"), ("n\n", ""), ("", "")])
def test_whoever_is_asked_has_the_last_word_about_the_door(
    site: Path, monkeypatch: pytest.MonkeyPatch, answer: str, credential: str
) -> None:
    first = First(site_id="gh-1", name="House", timezone="UTC", lines=LINES, devices=DEVICES)
    monkeypatch.setattr(asking, "ask_all", lambda *_: first)
    new = site.parent / "new" / "site.yaml"
    new.parent.mkdir()
    said = CliRunner().invoke(main, ["init", str(new)], input=answer)
    assert said.exit_code == 0, said.output
    assert load(new).door.credential == credential
    assert (site.parent / "secrets" / "door").exists() == bool(credential)


def test_a_service_that_does_not_restart_is_told(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = site.parent / "systemctl"
    manager.write_text("#!/bin/sh\necho 'Unit edgectl.service not found.' >&2; exit 5\n")
    manager.chmod(0o755)
    monkeypatch.setenv("PATH", str(site.parent), prepend=":")
    said = door("open", "--site", str(site), "--restart")
    assert (said.exit_code, "Unit edgectl.service not found." in said.output) == (1, True)
    assert load(site).door.credential == "door", "what was written stays"


def test_what_systemd_hands_over_is_renewed_where_it_comes_from(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_cli, "HANDED", handed := site.parent / "handed")
    monkeypatch.setattr(door_cli, "TAKEN_UP_WITHIN_S", 1)
    assert door("open", "--site", str(site)).exit_code == 0
    key = site.parent / "secrets" / "door"
    before = key.read_text()
    handed.mkdir()
    (handed / "door").write_text(before)
    said = door("renew", "--site", str(site))
    assert (said.exit_code, "systemctl restart edgectl" in said.output) == (0, True), said.output
    assert "takes it up" not in said.output
    new = key.read_text()
    assert new != before
    refused = door("renew", "--site", str(site))
    assert (refused.exit_code, "LoadCredential" in refused.output) == (1, True)
    assert key.read_text() == new, "a file that nobody reads is not made"
    (handed / "door").unlink()
    assert "takes it up itself" in door("renew", "--site", str(site)).output


@pytest.mark.parametrize(
    "place", ["127.0.0.1:²", "127.0.0.1:99999", "127.0.0.1:" + "9" * 5000, "greenhouse:9405", "9405"]
)
@pytest.mark.parametrize("option", ["--http", "--metrics"])
def test_an_option_that_is_no_place_is_a_sentence(site: Path, option: str, place: str) -> None:
    said = CliRunner().invoke(main, ["run", "--site", str(site), option, place])
    assert (said.exit_code, "must be ADDRESS:PORT, for example 127.0.0.1:" in said.output) == (2, True), said.output


def test_the_numbers_stand_behind_the_lock_that_the_site_file_has_now() -> None:
    """A site file is read anew after a long wait: without its certificate both doors are judged anew."""
    locked, open_ = DoorSection(listen=None, credential="door", names=frozenset()), DoorSection()
    numbers = ("0.0.0.0", 9401)
    written = DoorSection(listen=None, metrics=("127.0.0.1", 9402), credential="", names=frozenset())
    assert run_cli._places(None, None, written, locked=False) == (("127.0.0.1", 9405), ("127.0.0.1", 9402))
    assert run_cli._places(None, ("127.0.0.1", 9403), written, locked=False)[1] == ("127.0.0.1", 9403)
    assert run_cli._places(None, numbers, locked, locked=False) == (("127.0.0.1", 9405), numbers)
    for given in ((None, numbers), (numbers, None)):
        with pytest.raises(SystemExit):
            run_cli._places(*given, open_, locked=False)
        assert numbers in run_cli._places(*given, open_, locked=True)


@pytest.mark.parametrize(
    ("page", "numbers", "stands"),
    [
        (("127.0.0.1", 9401), ("127.0.0.1", 9401), False),
        (("0.0.0.0", 9401), ("127.0.0.1", 9401), False),
        (("127.0.0.1", 9401), ("::", 9401), False),
        (("0.0.0.0", 9401), ("::1", 9401), True),
        (("127.0.0.1", 9401), ("192.168.1.7", 9401), True),
        (("0.0.0.0", 9405), ("127.0.0.1", 9401), True),
        (("127.0.0.1", 0), ("127.0.0.1", 0), True),
    ],
)
def test_a_second_door_that_the_page_stands_in_is_left_out_with_a_word(
    capsys: pytest.CaptureFixture[str], page: tuple[str, int], numbers: tuple[str, int], stands: bool
) -> None:
    """A daemon that is told so waters all the same, and /metrics stands at the page."""
    assert run_cli._places(page, numbers, DoorSection(), locked=True) == (page, numbers if stands else None)
    assert ("opens no second door" in capsys.readouterr().err) is not stands
