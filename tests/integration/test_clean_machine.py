"""What the script for clean machines installs, with a package manager that only takes notes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.units import tool

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"
# What the script asks for by a command; a package is named once.
ASKED = re.findall(r"^need (\S+) command -v (\S+)$", SCRIPT.read_text(), re.M)
WANTED = {command: package for package, command in ASKED}


def run(folder: Path, present: set[str], fail: bool = False) -> tuple[int, list[str]]:
    """(exit status, what was called) of the script on a machine that has these commands and python3 with venv."""
    commands = folder / "bin"
    (folder / ".ci").mkdir()
    commands.mkdir()
    shutil.copy(SCRIPT, folder / ".ci" / "run")
    notes = folder / "notes"
    notes.touch()
    for name, end in (("apt-get", f"exit {int(fail)}"), ("python3", "exit 0")):
        (commands / name).write_text(f'#!/bin/sh\n[ {name} = python3 ] || echo "{name} $*" >> {notes}\n{end}\n')
    (folder / "dev").write_text(f'#!/bin/sh\necho "dev $*" >> {notes}\nexit 7\n')
    for name in present:
        (commands / name).write_text("#!/bin/sh\n")
    for file in (*commands.iterdir(), folder / "dev"):
        file.chmod(0o755)
    for name in ("bash", "dirname"):
        (commands / name).symlink_to(tool(name))
    env = {"PATH": str(commands), "HOME": os.environ.get("HOME", "/")}
    ran = subprocess.run(
        [tool("bash"), str(folder / ".ci" / "run")], capture_output=True, text=True, timeout=60, env=env
    )
    return ran.returncode, notes.read_text().splitlines()


def test_each_package_is_asked_for_once() -> None:
    assert len(ASKED) == len(WANTED) == len(set(WANTED.values())) > 4


def test_nothing_is_installed_where_all_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, set(WANTED)) == (7, ["dev test"])


@pytest.mark.parametrize("gone", sorted(WANTED))
def test_only_what_is_missing_is_installed(tmp_path: Path, gone: str) -> None:
    status, notes = run(tmp_path, set(WANTED) - {gone})
    assert [n.split()[-1] for n in notes] == ["update", WANTED[gone], "test"]
    assert status == 7, "the result of the tests is the result of the script"


def test_a_bare_machine_is_updated_once(tmp_path: Path) -> None:
    _, notes = run(tmp_path, set())
    assert sum(n.endswith("update") for n in notes) == 1
    assert [n.split()[-len(WANTED) :] for n in notes if "install" in n] == [list(WANTED.values())]


def test_tests_do_not_start_on_half_a_machine(tmp_path: Path) -> None:
    status, notes = run(tmp_path, set(), fail=True)
    assert status != 0
    assert "dev test" not in notes
