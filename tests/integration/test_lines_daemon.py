"""The real daemon with a sonar, a gas sensor and a relay board that acknowledges nothing, on real ports."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)

SITE = """\
site: {{id: gh-1, name: Frames, timezone: Europe/Berlin}}
buses:
  echo:  {{type: serial-lines, port: {folder}/bus-sonar}}
  air:   {{type: serial-lines, port: {folder}/bus-gas}}
  warm:  {{type: serial-lines, port: {folder}/bus-warm}}
  board: {{type: serial-lines, port: {folder}/bus-board}}
devices:
  sonar:  {{bus: echo, profile: a02yyuw}}
  gas:    {{bus: air, profile: mh-z19}}
  other:  {{bus: warm, profile: my-gas}}
  relays: {{bus: board, profile: lcus-relay-4ch}}
sensors:
  level: {{from: sonar.distance, scale: [30, 4500, 100, 0], unit: "%", max_age: 10s}}
  co2:   {{from: gas.co2}}
  warm_co2: {{from: other.co2}}
actuators:
  valve: {{to: relays.relay_1, role: valve, max_on: 5m, travel: 300ms, accept: [no_hardware_end]}}
  pump:
    {{to: relays.relay_4, role: pump, max_on: 5m, run_down: 500ms, requires: [level > 5], accept: [no_hardware_end]}}
zones:
  beds: {{number: 1, pump: pump, valve: valve}}
schedules:
  watering: {{zone: beds, task: irrigation, every: 1h, duration: 2s}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""

# A profile of one's own, of the same sensor: somebody who feeds it from a supply that never fails.
MY_GAS = """\
title: A gas sensor that is always warm
buses: [serial-lines]
evidence: code
source: this test
turnaround_ms: 300
frame: {ask: "FF 01 86 00 00 00 00 00 79", head: "FF 86", length: 9, sum_from: 1, negated: true}
channels:
  co2: {at: 2, bytes: 2, unit: ppm, range: [0, 10000]}
"""


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(
        tmp_path / "f", streams={"sonar": "sonar", "gas": "gas", "warm": "gas", "board": "lcus4"}
    ) as running:
        yield running


def moved(sim: SimulatedField, relay: int) -> list[bool]:
    return [row["on"] for row in sim.streams("board") if row.get("relay") == relay]


def test_it_waters_by_what_the_board_shows_and_after_a_kill_the_first_words_are_off(
    tmp_path: Path, sim: SimulatedField
) -> None:
    (tmp_path / "site.yaml").write_text(SITE.format(folder=sim.folder))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "my-gas.yaml").write_text(MY_GAS)
    daemon = DaemonProcess(tmp_path, tmp_path / "site.yaml")
    with daemon:
        daemon.wait_ready()
        task = daemon.wait("/tasks?limit=5", lambda rows: [t for t in rows if t["result"] is not None], 60)[0]
        assert (task["status"], task["result"]["physical_effect"]) == ("completed", "full")
        assert (task["result"]["commands_effect_confirmed"], task["result"]["commands_total"]) == (2, 2)
        assert moved(sim, 1) == moved(sim, 4) == [True, False]
        rows = daemon.wait("/channels", lambda rows: all(r["value"] for r in rows if r.get("sensor") == "warm_co2"))
        said = {r["sensor"]: r for r in rows if "sensor" in r}
        assert 400 <= said["warm_co2"]["value"] <= 600
        assert (said["co2"]["value"], said["co2"]["missing"]) == (None, "warming_up"), "three minutes after it spoke"
        assert daemon.ask("POST", "/outputs/valve/on", {"seconds": 60})[0] == 200
        daemon.wait("/channels", lambda rows: any(r.get("output") == "valve" and r["on"] for r in rows))
        daemon.kill()
        assert moved(sim, 1) == [True, False, True], "nobody ends it: that is the risk that the file accepts by name"
        daemon.start()
        deadline = time.monotonic() + 60
        while moved(sim, 1) != [True, False, True, False]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if "output" in r))
        assert daemon.terminate() == 0
    alone = daemon.cli("safe-state")
    assert (alone.returncode, alone.stdout) == (0, "pump: off, read back\nvalve: off, read back\n")
