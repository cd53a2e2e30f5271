"""The little program that tells the daemon about the clock: it asks, waits for a yes, and changes nothing."""

import ctypes
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.units import FOLDER, tool

PROGRAM = FOLDER / "edgectl-clock"
SYNCHRONISED, REFUSED, NOT_SYNCHRONISED = 0, -1, 5


class Kernel:
    """Gives these answers in turn, and remembers what it was asked and what was there at that time."""

    def __init__(self, file: Path, answers: list[int]) -> None:
        self._file = file
        self._answers = answers
        self.asked: list[bytes] = []
        self.there: list[bool] = []

    def adjtimex(self, timex: ctypes.Array[ctypes.c_char]) -> int:
        """Asked with a struct timex; the kernel fills it in, also its first word."""
        self.asked.append(timex.raw)
        self.there.append(self._file.exists())
        ctypes.memset(timex, 0xFF, 208)
        return self._answers.pop(0)


@pytest.mark.parametrize("bad", [NOT_SYNCHRONISED, REFUSED])
def test_it_waits_while_the_clock_is_not_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: int) -> None:
    file, waited = tmp_path / "synchronised", []
    kernel = Kernel(file, [bad, bad, SYNCHRONISED])
    monkeypatch.setattr(ctypes, "CDLL", lambda name: kernel)
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(sys, "argv", [str(PROGRAM), str(file)])
    runpy.run_path(str(PROGRAM))
    assert waited == [10.0, 10.0]
    assert kernel.there == [False, False, False]
    assert file.exists()
    assert kernel.asked == [bytes(512)] * 3, "modes 0 every time: anything else would set the clock"


def test_the_real_call_is_a_question(tmp_path: Path) -> None:
    """The C library's call, decoded by strace, which also answers yes in the kernel's place."""
    log, file = tmp_path / "log", tmp_path / "synchronised"
    watch = [tool("strace"), "-f", "-o", str(log), "-e", "trace=adjtimex,clock_adjtime"]
    watch += ["-e", "inject=adjtimex,clock_adjtime:retval=0"]
    ran = subprocess.run(
        [*watch, sys.executable, "-I", str(PROGRAM), str(file)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    [line] = [line for line in log.read_text().splitlines() if "adjtime" in line]
    assert "modes=0," in line
    assert file.exists()


def test_it_can_be_started_as_it_is() -> None:
    assert PROGRAM.stat().st_mode & 0o111 == 0o111
    assert PROGRAM.read_text().startswith("#!/usr/bin/python3 -I\n")
