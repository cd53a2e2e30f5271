"""Who gets a second look on a quiet machine, and who does not."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import second_look

ROOT = Path(__file__).parents[2]
NAME = "tests/page/test_day.py::test_a"
# Stands in for the tools of the virtual environment; only its tests fail, the first time or each time.
TOOL = """#!/bin/sh
case "$*" in
  *tests.second_look*) echo "a second look, alone, at {name}" ;;
  *--last-failed*) exit {second} ;;
  *pytest*) [ "$2" != pytest ] || exit {first} ;;
esac
"""


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        (["tests/integration/test_daemon.py::test_a", "hil/test_hazards.py::test_b[x]"], True),
        (["tests/integration/test_daemon.py::test_a", "tests/crash/test_sigkill.py::test_c[0]"], False),
        (["tests/sim/test_seeds.py::test_d"], False),
        (["tests/unit/test_bus_owner.py::test_e"], False),
        ([f"tests/page/test_now.py::test_{n}" for n in range(9)], False),
        ([], False),
    ],
)
def test_only_a_few_tests_of_real_processes_get_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failed: list[str],
    again: bool,
) -> None:
    file = tmp_path / "lastfailed"
    file.write_text(json.dumps(dict.fromkeys(failed, True)))
    monkeypatch.setattr(second_look, "FAILED", file)
    if again:
        second_look.main()
    else:
        with pytest.raises(SystemExit) as end:
            second_look.main()
        assert end.value.code == 1
    told = capsys.readouterr().out
    assert all(name in told for name in failed if again)


@pytest.mark.parametrize(("first", "second", "code"), [(0, 9, 0), (1, 0, 0), (1, 1, 1)])
def test_a_run_that_was_saved_by_its_second_look_is_green_and_says_so_last(
    tmp_path: Path, first: int, second: int, code: int
) -> None:
    ran = _run(tmp_path, first, second)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "EDGECTL_ORDER=7" in ran.stdout, "the order can be had again"
    assert ran.stdout.count(NAME) == (0, 1, 2)[first + (code == 0) * first]
    assert ran.stdout.rstrip().endswith(NAME) is (first == 1)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (1, 1)])
def test_what_a_linter_says_makes_a_run_red_whatever_the_tests_say(tmp_path: Path, first: int, second: int) -> None:
    ran = _run(tmp_path, first, second, mypy="#!/bin/sh\necho 'a type is wrong in here'\nexit 1\n")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stdout.endswith("RED: what the linters say:\na type is wrong in here\n")
    assert ran.stdout.count(NAME) == (0, 1, 2)[first + (second == 0) * first], "the tests have had their say"


def _run(tmp_path: Path, first: int, second: int, **instead: str) -> subprocess.CompletedProcess[str]:
    """`./dev test` with tools that end as it is wished."""
    (tmp_path / "bin").mkdir()
    for tool in ("python", "ruff", "mypy", "lint-imports", "codespell", "pytest"):
        (tmp_path / "bin" / tool).write_text(instead.get(tool) or TOOL.format(name=NAME, first=first, second=second))
        (tmp_path / "bin" / tool).chmod(0o755)
    (tmp_path / ".edgectl-stamp").write_text(hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest())
    bash = shutil.which("bash")
    assert bash is not None
    environment = {**os.environ, "EDGECTL_VENV": str(tmp_path), "EDGECTL_ORDER": "7", "TMPDIR": str(tmp_path)}
    return subprocess.run(
        [bash, str(ROOT / "dev"), "test"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
