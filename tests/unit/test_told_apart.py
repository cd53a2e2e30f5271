"""Small things that a newcomer has to be told: units, where a log is, why a demo ended, what is left out and how."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.cli import asking, calibrate, support, tasks
from edgectl.drivers.discover import Found, Guess, body, found_in
from edgectl.testing import demo
from edgectl.testing.daemon import DaemonProcess

LEVEL = Guess(profile="qdy30a-level", marks=(("unit of the value", 1.0),), values=(("level", 145.3, "cm"),))
SEEN = Found(unit=5, functions=(3,), noise="", text="", guesses=(LEVEL,))


def test_what_a_daemon_tells_of_a_unit_loses_nothing() -> None:
    assert found_in(body(SEEN)) == SEEN


def test_an_older_daemon_tells_no_units() -> None:
    told = body(SEEN)
    del told["guesses"][0]["units"]
    assert found_in(told).guesses[0].values == (("level", 145.3, ""),)


@pytest.mark.parametrize(("stdout", "says"), [("-- No entries --\n", support.NO_LOG), ("it ran\n", "it ran\n")])
def test_an_empty_log_names_the_option_that_fills_it(stdout: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess[str]([], 0, stdout=stdout, stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert support._journal() == says


@pytest.mark.parametrize(
    ("ends", "says"), [("os.kill(os.getpid(), 9)", "was ended by SIGKILL"), ("sys.exit(4)", "ended with 4")]
)
def test_a_demo_whose_daemon_is_killed_says_so(
    ends: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = DaemonProcess(tmp_path, tmp_path / "site.yaml")
    daemon.process = subprocess.Popen([sys.executable, "-c", f"import os, sys; {ends}"])
    assert not demo._stays(daemon)
    said = capsys.readouterr().out
    assert says in said
    assert str(daemon.log) in said


def test_a_probe_in_calibration_is_not_one_that_nobody_ever_calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    never = {"calibration": None, "calibrate_every_s": None, "in_hands": None}
    rows = [
        {**never, "sensor": "ec"},
        {**never, "sensor": "ph", "in_hands": {"who": "Ana"}},
        {**never, "output": "acid"},
    ]
    monkeypatch.setattr(calibrate, "ask", lambda *_: rows)
    said = CliRunner().invoke(calibrate.calibrate, ["list"]).output
    assert said == "in calibration now: ph by Ana\nnever, as far as edgectl knows: ec, acid\n"


@pytest.mark.parametrize(("said", "profile"), [("2", "other"), ("-", ""), ("\n-", "")], ids=["chosen", "left", "again"])
def test_a_device_is_left_out_with_a_dash_everywhere(said: str, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(said.split("\n"))
    monkeypatch.setattr(asking.click, "prompt", lambda *_, **__: next(given))
    rival = Guess(profile="other", marks=(), values=())
    twins = Found(unit=9, functions=(3,), noise="", text="", guesses=(Guess(profile="one", marks=(), values=()), rival))
    assert asking._choice(twins) == profile


@pytest.mark.parametrize(
    ("status", "says"), [("accepted", "accepted: st-1\n"), ("running", "accepted: st-1 (running)\n")]
)
def test_what_became_of_a_request_is_said_once(status: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"result": "accepted", "task_id": "st-1", "status": status, "due_at": "2026-06-01T06:00:00.000Z"}
    monkeypatch.setattr(tasks, "ask", lambda *_, **__: answer)
    said = CliRunner().invoke(tasks.task, ["submit", "zone-1", "lighting", "--on"])
    assert said.output.startswith(says)
