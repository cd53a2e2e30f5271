"""A dosing run on the real journal, killed at every durable system call: no dose twice, none that flowed forgotten."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def every_point(call: str, out: Path, *more: str) -> dict[str, Any]:
    """Run it in a process of its own, for it forks."""
    command = [sys.executable, "-m", "tests.crash.dosing_run", call, str(out), *more]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("call", "least"), [("fdatasync", 10), ("pwrite64", 100)])
def test_no_dose_is_given_twice_at_any_durable_call(tmp_path: Path, call: str, least: int) -> None:
    result = every_point(call, tmp_path)
    assert result["broken"] == {}
    assert result["points"] >= least
    assert result["flowed"] > result["points"] // 2, "at many points a dose had flowed"


@pytest.mark.timeout(600)
def test_an_order_that_leaves_before_the_disk_has_it_is_caught(tmp_path: Path) -> None:
    found = [
        sentence for broken in every_point("fdatasync", tmp_path, "hasty")["broken"].values() for sentence in broken
    ]
    assert any("is not in the journal" in sentence for sentence in found)
