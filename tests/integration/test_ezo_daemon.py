"""The real daemon with EZO circuits: readings that arrive, a pump that is stopped first, a dose that was left over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)

SITE = """\
site: {{id: doses, name: Dosing corner, timezone: Europe/Berlin}}
buses:
  probe: {{type: ezo-uart, port: {folder}/bus-probe}}
  line:  {{type: ezo-uart, port: {folder}/bus-line}}
devices:
  ph:  {{bus: probe, profile: atlas-ezo-ph}}
  pmp: {{bus: line, profile: atlas-ezo-pmp}}
sensors:
  solution_ph: {{from: ph.ph, max_age: 6s, range: [3, 14]}}
  acid_given:  {{from: pmp.total_volume, max_age: 6s}}
actuators:
  acid: {{to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml}}
declare: [anti_siphon, emergency_stop]
"""


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field", circuits={"probe": "pH", "line": "PMP"}) as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, field: SimulatedField) -> Iterator[DaemonProcess]:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(folder=field.folder))
    process = DaemonProcess(tmp_path, site)
    yield process
    process.end()


def sensor(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row.get("sensor") == name)


def test_readings_arrive_and_the_first_word_to_a_pump_is_off(field: SimulatedField, daemon: DaemonProcess) -> None:
    with daemon:
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: (sensor(rows, "solution_ph")["value"] or 0) > 4)
        daemon.wait("/channels", lambda rows: sensor(rows, "acid_given")["value"] == 0)
        assert next(row["heard"] for row in field.circuits("line") if "heard" in row) == "X"
        assert daemon.cli("safe-state").returncode == 0
        assert daemon.terminate() == 0
    alone = daemon.cli("safe-state")
    assert (alone.returncode, alone.stdout) == (0, "acid: off, read back\n")


def test_a_dose_that_runs_at_the_start_is_stopped_and_what_flowed_is_known(
    field: SimulatedField, daemon: DaemonProcess
) -> None:
    """As a daemon that was killed in the middle of a dose leaves it behind."""
    with serial.Serial(str(field.folder / "bus-line"), timeout=5) as port:
        port.write(b"C,0\rD,30.00,1.0000\r")
        assert port.read_until(b"*OK\r")
        assert port.read_until(b"*OK\r")
    with daemon:
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: (sensor(rows, "acid_given")["value"] or 0) > 0)
        state = field.control("state")["circuits"]["line"]
        assert not state["running"]
        assert 0 < state["total"] < 15, "stopped long before its end"
        given = daemon.wait("/channels", lambda rows: sensor(rows, "acid_given")["value"] is not None)
        assert sensor(given, "acid_given")["value"] == pytest.approx(state["total"], abs=0.011)
