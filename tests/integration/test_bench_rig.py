"""The rig of real devices where there are none: it says what is absent. With simulated ones in their place it works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgectl.testing.field import SimulatedField

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(180)


def bench(*words: str, field: object = "", witness: object = "") -> subprocess.CompletedProcess[str]:
    named = {"EDGECTL_BENCH_FIELD": str(field), "EDGECTL_BENCH_WITNESS": str(witness)}
    environment = {**os.environ, **{name: place for name, place in named.items() if place}}
    environment.pop("EDGECTL_REACHED", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "hil/test_hazards.py"]
    return subprocess.run(
        [*command, "--rig", "bench", *words],
        capture_output=True, text=True, timeout=150, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_what_is_absent_is_said_and_nothing_is_passed_over(tmp_path: Path) -> None:
    said = bench("-k", "killed")
    assert said.returncode == 2
    assert "A bench of real devices is not there:" in said.stdout + said.stderr
    assert "the line under test, /dev/edgectl/bench-field" in said.stdout + said.stderr
    assert "the witness of the relays" in said.stdout + said.stderr
    assert 'docs/rig.md, "A bench of real devices", says what to buy' in said.stdout + said.stderr
    assert "\n# A bench of real devices\n" in (ROOT / "docs" / "rig.md").read_text()
    assert "skipped" not in said.stdout


def test_the_same_scene_runs_where_the_devices_are(tmp_path: Path) -> None:
    with SimulatedField(tmp_path / "field", witness=True) as field:
        host, port = field.tcp
        said = bench("-k", "test_a_run_that_was_killed", field=field.port, witness=f"{host}:{port}")
        assert said.returncode == 0, said.stdout + said.stderr
        assert "1 passed" in said.stdout
        field.fault("wrong_identity")
        wrong = bench("-k", "killed", field=field.port, witness=f"{host}:{port}")
        assert wrong.returncode == 2
        assert "level probe in the bucket, a qdy30a-level at unit 5: " in wrong.stdout + wrong.stderr
