"""`edgectl schedule …` against the running daemon: what comes next, what keeps it, and by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A house that waters on the first of January, running."""
    with SimulatedField(tmp_path / "field") as field:
        pace = {"every": "1h", "duration": "2s", "travel": "200ms", "run_down": "200ms"}
        site = write_site(tmp_path, field, timezone="Europe/Berlin", **pace)
        site.write_text(site.read_text().replace("every: 1h", 'cron: "0 6 1 1 *"'))
        with DaemonProcess(tmp_path, site) as running:
            running.wait_ready()
            yield running


def listed(daemon: DaemonProcess) -> dict[str, dict[str, Any]]:
    said = daemon.cli("schedule", "list", "--json")
    assert said.returncode == 0, said.stderr
    return {row["schedule"]: row for row in json.loads(said.stdout)}


def test_a_schedule_is_looked_at_held_run_by_hand_and_released(daemon: DaemonProcess) -> None:
    rows = listed(daemon)
    assert (rows["watering"]["when"], rows["watering"]["held_until"]) == ("cron 0 6 1 1 *", None)
    assert [run["at"][4:16] for run in rows["watering"]["next"]] == ["-01-01T05:00"] * 3
    assert [run.keys() for run in rows["lamps"]["next"]] == [{"at", "on"}] * 3
    held = daemon.cli("schedule", "hold", "watering", "--for", "2h", "--why", "sowing")
    assert held.stdout == "watering is held for 2 h; edgectl schedule release watering ends it earlier\n"
    plain = daemon.cli("schedule", "list").stdout
    assert "watering: held until" in plain
    assert "(sowing)" in plain
    assert "schedule watering is held until" in daemon.cli("status").stdout
    asked = daemon.cli("schedule", "run-now", "watering")
    assert asked.returncode == 1, "whoever holds it had a reason"
    assert "(sowing)" in asked.stderr
    assert "--anyway" in asked.stderr
    ran = json.loads(daemon.cli("schedule", "run-now", "watering", "--anyway", "--json").stdout)
    daemon.wait(f"/tasks/{ran['task_id']}", lambda task: task["status"] == "completed")
    assert daemon.cli("schedule", "release", "watering").stdout == "watering is released and goes on from now\n"
    assert listed(daemon)["watering"]["held_until"] is None


def test_what_cannot_be_done_gets_a_sentence(daemon: DaemonProcess) -> None:
    unknown = daemon.cli("schedule", "hold", "wattering", "--for", "2h")
    assert (unknown.returncode, "there are: lamps, watering" in unknown.stderr) == (1, True)
    assert daemon.cli("schedule", "release", "lamps").returncode == 1
    assert daemon.cli("schedule", "hold", "lamps", "--for", "30d").returncode == 1
    assert daemon.cli("schedule", "hold", "lamps").returncode == 2
    assert daemon.cli("schedule", "skipped").stdout == "nothing was left out, as far back as this looks\n"
    assert json.loads(daemon.cli("schedule", "skipped", "lamps", "--json").stdout) == []
    assert daemon.cli("schedule", "skipped", "wattering").returncode == 1
    assert json.loads(daemon.cli("status", "--json").stdout)["missed"] == []
