"""The process that reads the site file: whatever becomes of it, the file is read, and nothing of it stays."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.cli.run import _as_it_is_now, _read
from edgectl.config import beside
from edgectl.config.beside import Reading
from edgectl.config.loader import load
from edgectl.daemon.words import made_from
from tests.unit.test_safe_plan_nodes import SITE


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def gone(reading: Reading) -> bool:
    assert reading._process is not None
    return reading._process.poll() is not None


def test_a_module_that_lies_in_the_current_folder_is_not_loaded(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pydantic", "ruamel", "click", "pickle"):
        (site.parent / f"{name}.py").write_text("import os\nopen('ran', 'w').close()\nos._exit(1)\n")
    monkeypatch.chdir(site.parent)
    found = Reading(site).loaded()
    assert not (site.parent / "ran").exists()
    assert found == replace(load(site), loads=(), effective=()), "it was the process beside that read it"


def test_what_is_printed_beside_disturbs_nothing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = site.parent / "noise"
    noisy.mkdir()
    (noisy / "sitecustomize.py").write_text("print('hello', flush=True)\n")
    monkeypatch.setenv("PYTHONPATH", str(noisy))
    assert Reading(site).loaded() == replace(load(site), loads=(), effective=())


def test_one_that_stands_still_is_ended_and_the_file_read_here(
    site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(beside, "WITHIN_S", 0.1)
    reading = Reading(site)
    assert reading._process is not None
    os.kill(reading._process.pid, signal.SIGSTOP)
    assert reading.loaded() == load(site)
    assert gone(reading)
    assert "it is read here" in caplog.text


def test_an_interrupt_leaves_no_stopped_process_behind(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Reading) -> None:
        raise KeyboardInterrupt

    reading = Reading(site)
    assert reading._process is not None
    os.kill(reading._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(Reading, "_heard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reading.loaded()
    assert gone(reading)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_start_that_is_asked_to_end_leaves_no_stopped_process_behind(tmp_path: Path, end: signal.Signals) -> None:
    site = tmp_path / "site.yaml"
    os.mkfifo(site)  # whoever reads it waits
    command = [sys.executable, "-m", "edgectl", "run", "--site", str(site), "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as starting:
        children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children")
        deadline = time.monotonic() + 60
        while not (beside := children.read_text().split()) or not _hears(starting.pid, signal.SIGTERM):
            assert time.monotonic() < deadline, "nobody reads the file"
            time.sleep(0.02)
        os.kill(int(beside[0]), signal.SIGSTOP)
        starting.send_signal(end)
        assert starting.wait(60) == 0
        assert starting.stderr is not None
        assert starting.stderr.read() == b""
    assert not Path(f"/proc/{beside[0]}").exists()


HANGS = """
import pathlib, pickle, sys, time
def hang(_):
    pathlib.Path(__file__).with_name("hangs").touch()
    time.sleep(600)
if "edgectl.config.beside" in sys.orig_argv:
    pickle.dumps = hang
"""


def test_a_start_that_is_killed_leaves_no_stopped_process_behind(site: Path) -> None:
    (site.parent / "sitecustomize.py").write_text(HANGS)
    command = [sys.executable, "-m", "edgectl", "run", "--site", str(site), "--state", str(site.parent / "state")]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(site.parent)}) as starting:
        children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children")
        deadline = time.monotonic() + 60
        while not (site.parent / "hangs").exists():
            assert time.monotonic() < deadline, "nobody reads the file"
            time.sleep(0.02)
        (beside,) = children.read_text().split()
        os.kill(int(beside), signal.SIGSTOP)
        starting.kill()
        starting.wait(60)
    try:
        while _lives(Path(f"/proc/{beside}/stat")):
            assert time.monotonic() < deadline, "it outlived whoever asked"
            time.sleep(0.02)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(beside), signal.SIGKILL)


def _lives(stat: Path) -> bool:
    """One that ended and was not buried yet does not."""
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _hears(pid: int, number: signal.Signals) -> bool:
    """Does it do something of its own when it is asked so?"""
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


@pytest.mark.parametrize(
    "said", [b"", b"hello", pickle.dumps(()), pickle.dumps((1,)), pickle.dumps({}), b"cno\nsuch\n."]
)
def test_what_cannot_be_understood_is_nothing(said: bytes) -> None:
    assert beside._unpacked(said) is None


def test_a_file_that_changes_while_it_is_read_makes_a_plan_of_unknown_origin(site: Path) -> None:
    def change() -> None:
        site.write_text(SITE.replace("role: valve, max_on: 2m", "role: valve, max_on: 3m"))

    before = made_from(site)
    assert _read(site, before, lambda: load(site)) == (load(site), before)
    change()
    assert _read(site, before, lambda: load(site))[1] == "", "changed between the hash and the reading"
    site.write_text(SITE)
    assert _read(site, before, lambda: (load(site), change())[0])[1] == "", "changed after it"


def test_a_follower_that_reads_anew_says_anew_what_its_plan_is_made_from(site: Path) -> None:
    known, made = load(site), made_from(site)
    site.write_text(SITE.replace("max_on: 1m", "max_on: 2m"))
    loaded, now = _as_it_is_now(known, made)
    assert (loaded, now) == (load(site), made_from(site))
    assert now not in ("", made)
    site.write_text("site: {")
    assert _as_it_is_now(loaded, now) == (loaded, now), "what stays in force keeps its own name"
