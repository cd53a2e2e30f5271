"""`edgectl door`: what it makes, what it leaves alone, and what it says when it cannot."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.cli import asking
from edgectl.cli import door as door_cli
from edgectl.cli import run as run_cli
from edgectl.config.first import First
from edgectl.config.loaded import DoorSection
from edgectl.config.loader import load
from edgectl.host.certificate import facts
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
    command = [shutil.which("faketime") or "faketime", "1970-01-03 00:00:00", sys.executable, "-m", "edgectl"]
    done = subprocess.run(
        [*command, "door", "open", "--site", str(site)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stdout
    assert "the clock of this machine says 1970-01-0" in done.stderr
    assert "timedatectl" in done.stderr
    assert not list((site.parent / "secrets").iterdir())


def test_a_first_site_file_has_its_door_when_that_was_wished(site: Path) -> None:
    new = site.parent / "new" / "site.yaml"
    new.parent.mkdir()
    said = CliRunner().invoke(main, ["init", str(new), *GIVEN, "--door"])
    assert said.exit_code == 0, said.output
    assert load(new).door.listen == ("0.0.0.0", 9405)
    assert "edgectl token pair lets a phone in" in said.output
    again = CliRunner().invoke(main, ["init", str(new.parent / "quiet.yaml"), *GIVEN, "--door", "--json"])
    assert "cannot be written: File exists" in again.output, "the lines of another site file stay"
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
    assert run_cli._places(None, numbers, locked, locked=False) == (("127.0.0.1", 9405), numbers)
    for given in ((None, numbers), (numbers, None)):
        with pytest.raises(SystemExit):
            run_cli._places(*given, open_, locked=False)
        assert numbers in run_cli._places(*given, open_, locked=True)
