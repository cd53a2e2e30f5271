"""Every command ends with one of four codes, and says why: 0 well, 1 something is wrong, 2 wrong usage, 3 no daemon."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import COMMANDS, SECTIONS, main
from edgectl.cli import calibrate, setting

# A daemon is asked; with these words each is used rightly.
ASK = """
ack low_water:tank
alarms
bus list
bus monitor field
calibrate cancel ph
calibrate ec ec --at 1.41
calibrate level tank --at 50
calibrate list
calibrate ph ph --at 7
calibrate pump acid --for 20s
central drain
central status
channel off pump
channel on pump --for 2s
channel read
hold beds --for 2h
lock beds --why filter
mode beds semi
override beds vent 30 --for 2h
press
release beds
resume
schedule hold morning --for 2h
schedule list
schedule release morning
schedule run-now morning
schedule skipped
shelve low_water:tank --for 8h
status
stop-all
stop-water
task approve st-1
task cancel st-1
task show st-1
task submit beds irrigation --duration 30s
tasks
token add grafana
token list
token pair
token revoke t1
top
unlock beds
"""
ASKING = [line.split() for line in ASK.strip().splitlines()]
# Without a daemon: by files, lines and databases of their own.
ALONE = {
    "bus probe", "bus scan", "central enrol", "central migrate", "central parity", "check", "device identify",
    "device new", "device read", "device write", "doctor", "explain", "init", "journal check", "journal export",
    "journal backup", "journal restore", "journal stats", "journal verify", "plan", "profiles",
    "door open", "door renew", "door show", "run", "safe-state", "simulate", "support-bundle", "udev",
}  # fmt: skip
# What is wrong there is the thing itself.
WRONG = [
    "check {gone}", "plan {gone}", "simulate {gone}", "profiles nobody-makes-this", "journal verify --state {gone}",
    "journal check --state {gone}", "journal stats --state {gone}", "journal export --state {gone}",
    "doctor --site {gone} --state {gone}", "bus scan {gone}", "bus probe {gone} 1", "device read {gone} 1 0",
    "central parity", "run --site {gone} --state {gone}", "journal backup {gone}/copy.db --state {gone}",
    "journal restore {gone} --site {gone} --state {gone}",
]  # fmt: skip


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield before + name, command


LEAVES = dict(leaves(main))


def call(*words: str, folder: Path) -> Result:
    nowhere = {"EDGECTL_SOCKET": str(folder / "none.sock"), "EDGECTL_STATE": str(folder / "state")}
    return CliRunner().invoke(main, [*words], env={**nowhere, "EDGECTL_SITE": str(folder / "site.yaml")})


def test_every_command_is_in_one_of_the_two_tables() -> None:
    asking = {name for name in LEAVES for words in ASKING if " ".join(words).startswith(name) and _is(name, words)}
    assert asking | ALONE == set(LEAVES)
    assert not asking & ALONE
    assert set(COMMANDS) == {name for section in SECTIONS.values() for name in section}


def _is(name: str, words: list[str]) -> bool:
    return words[: len(name.split())] == name.split()


@pytest.mark.parametrize("words", ASKING, ids=lambda words: " ".join(words[:2]))
def test_without_a_daemon_it_ends_with_3_and_a_sentence(words: list[str], tmp_path: Path) -> None:
    said = call(*words, folder=tmp_path)
    assert said.exit_code == 3, said.output
    assert "no daemon answers at" in said.stderr
    assert said.stdout == ""
    heard = call(*words, "--json", folder=tmp_path)
    assert heard.exit_code == 3
    body = json.loads(heard.stdout)
    assert (body["ok"], "no daemon answers" in body["message"]) == (False, True)
    assert ("--offline" in body["hint"]) == any(option.name == "offline" for option in LEAVES[_name(words)].params)


def _name(words: list[str]) -> str:
    return next(name for name in LEAVES if _is(name, words))


@pytest.mark.parametrize("name", LEAVES)
def test_a_wrong_usage_ends_with_2(name: str, tmp_path: Path) -> None:
    assert call(*name.split(), "--no-such-option", folder=tmp_path).exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("statuus", "there is no command 'statuus'; did you mean status"),
        ("task sow", "did you mean show?"),
        ("bus zzz --json", "bus --help lists them"),
        ("hold beds --for 2", "'2' needs a unit: 2s"),
        ("hold beds --for 2y", "'2y' is no duration: 2s"),
        ("task submit beds irrigation --duration 10", "'10' needs a unit: 2s"),
        ("channel on pump --for -3s", "'-3s' has to be above zero"),
    ],
)
def test_whoever_mistypes_a_word_hears_which_was_meant(line: str, says: str, tmp_path: Path) -> None:
    said = call(*line.split(), folder=tmp_path)
    assert said.exit_code == 2
    assert says in said.output


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), click.Abort()])
def test_whoever_ends_a_command_before_it_had_anything_to_tell_gets_a_word(
    ends: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ends

    monkeypatch.setattr(setting, "unit_on", broken)
    said = call("device", "identify", "field", "9", folder=tmp_path)
    assert (said.exit_code, said.stderr.strip()) == (1, "broken off before it was done")
    told = json.loads(call("device", "identify", "field", "9", "--json", folder=tmp_path).stdout)
    assert told == {"ok": False, "message": "broken off before it was done", "hint": ""}


@pytest.mark.parametrize("asked", ["prompt", "steady"])
def test_a_calibration_that_is_broken_off_says_that_the_probe_is_still_out_and_how_it_comes_back(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(calibrate, "ask", lambda *_: {"before": 6.1})
    monkeypatch.setattr(*((click, "prompt") if asked == "prompt" else (calibrate, "_settled")), broken)
    said = CliRunner().invoke(main, ["calibrate", "ph", "ph", "--at", "7", *(["--yes"] if asked == "steady" else [])])
    assert said.exit_code == 1
    assert "broken off by hand: ph is still in calibration, and nothing that needs it runs" in said.stderr
    assert said.stderr.endswith("edgectl calibrate cancel ph gives it back as it was (it read 6.1)\n")


@pytest.mark.parametrize("line", WRONG)
def test_a_thing_that_is_wrong_ends_with_1_and_a_sentence(line: str, tmp_path: Path) -> None:
    said = call(*line.format(gone=tmp_path / "gone").split(), folder=tmp_path)
    assert said.exit_code == 1, said.output
    assert "Traceback" not in said.output
    assert said.output.strip()


@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_of_the_help_ends_in_the_middle(columns: int) -> None:
    groups = ["", *{name.rpartition(" ")[0] for name in LEAVES if " " in name}]
    for group in groups:
        told = CliRunner().invoke(main, [*group.split(), "--help"], terminal_width=columns).output
        lines = [line for line in told.splitlines() if not line.startswith("Usage:")]
        assert not [line for line in lines if line.endswith("...")], group
        assert max(map(len, lines)) <= columns
    listed = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n{title}:\n" in listed for title in SECTIONS)
    assert all(f"\n  {name} " in listed for name in COMMANDS)


def test_every_command_speaks_to_programs_too() -> None:
    plain = {name for name, command in LEAVES.items() if not any("--json" in one.opts for one in command.params)}
    assert plain == {"run", "device new", "journal export"}, "a daemon, one that writes a profile, lines of JSON"
