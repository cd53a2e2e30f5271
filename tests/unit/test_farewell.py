"""A thread that hangs on a file holds up the end of the process no longer than a while, and no strange file hangs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgectl.api.access import Role
from edgectl.api.tokens import TokenBook
from edgectl.daemon.aside import Aside

HANGS = """
import asyncio, os, sys
from edgectl.daemon import farewell

async def live():
    reading = asyncio.get_running_loop().run_in_executor(None, open, sys.argv[1])
    await asyncio.sleep(0.1)
    print("it lives", flush=True)
    farewell.leave_soon(3, seen_off=sys.argv[3] == "seen")

farewell.WITHIN_S = float(sys.argv[2])
asyncio.run(live())
"""


def lives(pipe: Path, within_s: float, patience_s: float, outputs: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", HANGS, str(pipe), str(within_s), outputs]
    return subprocess.run(words, capture_output=True, text=True, timeout=patience_s, check=False)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that whoever opens it waits at."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("outputs", ["seen", "not seen"])
def test_what_hangs_ends_with_the_process_and_it_says_off_only_of_what_was_seen_off(pipe: Path, outputs: str) -> None:
    done = lives(pipe, 0.5, 60, outputs)
    assert (done.returncode, done.stdout) == (3, "it lives\n"), done.stderr
    assert ("outputs are off" in done.stderr) == (outputs == "seen")
    assert ("NOT EVERY OUTPUT WAS SEEN OFF" in done.stderr) == (outputs == "not seen")


def test_without_that_it_would_hang_for_ever(pipe: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        lives(pipe, 3600, 4, "seen")


KINDS: list[Callable[[Path], None]] = [Path.mkdir, os.mkfifo]


@pytest.mark.parametrize("make", KINDS, ids=["folder", "pipe"])
@pytest.mark.timeout(20)
def test_a_book_of_tokens_that_is_no_file_lets_nobody_in_and_hangs_nothing(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "tokens.json")
    book = TokenBook(tmp_path / "tokens.json", lambda: 1)
    assert book.listed() == ()
    token, secret = book.draw("grafana", Role.VIEWER)
    book.add(token)
    assert book.known(secret, "token") is not None


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_file_that_is_about_to_be_written_is_not_waited_at(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tokens.json.new")
    os.mkfifo(tmp_path / "service.json.new")
    book = TokenBook(tmp_path / "tokens.json", lambda: 1)
    book.add(book.draw("grafana", Role.VIEWER)[0])
    Aside(tmp_path / "service.json", "j").write(7, {})
    assert (tmp_path / "service.json").is_file()
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600
