"""An electrician at a line that nobody drives: who is there, what is it, and what does a stranger hold."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.drivers.profile import Profile
from edgectl.drivers.registry import find
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path_factory.mktemp("line")) as running:
        yield running


def edgectl(*words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgectl", *map(str, words)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, cwd=folder or root, env=environment
    )


def test_a_scan_names_every_device_and_writes_nothing(field: SimulatedField) -> None:
    field.control("clear")
    field.control("power")  # whatever an earlier test left on has fallen
    before = field.trace()
    said = edgectl("bus", "scan", field.port, "--units", "1..8", "--json")
    assert said.returncode == 0, said.stderr
    rows = {row["unit"]: row for row in json.loads(said.stdout)}
    assert {unit: row["guesses"][0]["profile"] for unit, row in rows.items()} == {
        1: "waveshare-relay-8ch",
        3: "wb-mr6c",
        5: "qdy30a-level",
        7: "wb-mcm8",
    }
    assert "reads only" in said.stderr
    assert field.trace() == before, "no relay has moved"


def test_two_devices_at_one_address_are_told_from_one(field: SimulatedField) -> None:
    field.control("clear")
    field.fault("bad_crc", unit=5)
    said = edgectl("bus", "scan", field.port, "--units", "4..5")
    field.control("clear")
    assert "unit 5" in said.stdout
    assert "collide" in said.stdout


def test_a_probe_tells_what_the_device_reads_now(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("bus", "probe", field.port, 5)
    assert said.returncode == 0, said.stderr
    assert "is a qdy30a-level: level " in said.stdout
    silent = edgectl("bus", "probe", field.port, 6)
    assert silent.returncode == 1
    assert "unit 6 is silent" in silent.stderr
    assert "edgectl bus scan" in silent.stderr


def test_registers_can_be_read_and_what_is_not_there_is_said(field: SimulatedField) -> None:
    field.control("clear")
    said = edgectl("device", "read", field.port, 5, 2, "--count", 2, "--json")
    assert json.loads(said.stdout) == [{"address": 2, "value": 1}, {"address": 3, "value": 1}]
    refused = edgectl("device", "read", field.port, 5, 99)
    assert refused.returncode == 1
    assert "unit 5" in refused.stderr
    assert "exception 2" in refused.stderr


def test_a_stranger_becomes_the_beginning_of_a_profile(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    said = edgectl("device", "new", field.port, 5, "my-probe", "--last", 20, folder=tmp_path)
    assert said.returncode == 0, said.stderr
    from edgectl.drivers.registry import read_profile

    profile = read_profile("my-probe", (tmp_path / "my-probe.yaml").read_text())
    assert isinstance(profile, Profile)
    wanted = find("qdy30a-level").channels["level"].register
    assert wanted is not None
    assert any(c.register is not None and c.register.address == wanted.address for c in profile.channels.values())
    again = edgectl("device", "new", field.port, 5, "my-probe", folder=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_line_that_a_daemon_drives_is_left_to_it(field: SimulatedField, tmp_path: Path) -> None:
    field.control("clear")
    daemon = DaemonProcess(tmp_path, write_site(tmp_path, field, every="1h", duration="1s", travel="100ms"))
    with daemon:
        daemon.wait_ready()
        before = field.control("state")["requests"]
        said = edgectl("bus", "scan", "field", "--site", daemon.site)
        assert said.returncode == 1
        assert "in use by another program" in said.stderr
        assert "systemctl stop edgectl" in said.stderr
        listed = daemon.cli("bus", "list")
        assert listed.returncode == 0
        assert "qdy30a" not in listed.stdout
        assert {"field", "climate"} <= set(listed.stdout.split())
        assert field.control("state")["requests"] >= before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("bus", "scan", "/dev/nothing-here"), "/dev/nothing-here"),
        (("bus", "scan", "127.0.0.1:1"), "127.0.0.1:1"),
        (("bus", "scan", "nowhere", "--site", "examples/small.yaml"), "there are: cabinet, climate"),
        (("bus", "scan", "relays", "--site", "/nothing.yaml"), "/nothing.yaml"),
        (("device", "new", "/dev/x", "5", "My Probe"), "no name of a profile"),
    ],
)
def test_a_wrong_line_gets_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    said = edgectl(*words)
    assert said.returncode == 1
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_addresses_outside_of_the_protocol_are_a_wrong_usage() -> None:
    for units in ("0..5", "5..300", "x", "9..2"):
        said = edgectl("bus", "scan", "/dev/x", "--units", units)
        assert said.returncode == 2, units
        assert "1..247" in said.stderr
