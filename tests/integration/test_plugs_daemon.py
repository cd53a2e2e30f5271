"""The real daemon, a real Mosquitto, a Tasmota pump and a Shelly valve: watering, a kill in the middle, and lies."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.testing.broker import Broker
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.nodes import SimulatedNodes

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]

SITE = """\
site: {{id: gh-1, name: Plugs, timezone: Europe/Berlin}}
buses:
  sockets: {{type: mqtt, url: "mqtt://127.0.0.1:{port}", protocol: tasmota}}
  rails:   {{type: mqtt, url: "mqtt://127.0.0.1:{port}", protocol: shelly}}
devices:
  socket: {{bus: sockets, profile: tasmota-plug, node: pump-plug}}
  rail:   {{bus: rails, profile: shelly-pro-4pm, node: shellypro4pm-1}}
sensors:
  watts: {{from: socket.power, max_age: 15s}}
actuators:
  pump:  {{to: socket.relay_1, role: pump, max_on: 1m, run_down: 500ms, requires: [watts < 100]}}
  valve: {{to: rail.relay_3, role: valve, max_on: 2m, travel: 300ms}}
zones:
  zone-1: {{number: 1, pump: pump, valve: valve}}
schedules:
  watering: {{zone: zone-1, task: irrigation, every: 1h, duration: {duration}}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""
NODES = [
    {"name": "pump-plug", "kind": "tasmota", "watts": 46.0},
    {"name": "shellypro4pm-1", "kind": "shelly", "relays": 4},
]


@pytest.fixture
def nodes(tmp_path: Path, broker: Broker) -> Iterator[SimulatedNodes]:
    with SimulatedNodes(tmp_path / "nodes", broker.port, NODES) as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[DaemonProcess]:
    process = made(tmp_path, broker)
    yield process
    process.end()


def made(folder: Path, broker: Broker, *, duration: str = "2s") -> DaemonProcess:
    site = folder / "site.yaml"
    site.write_text(SITE.format(port=broker.port, duration=duration))
    return DaemonProcess(folder, site)


def events(daemon: DaemonProcess) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{daemon.state / 'journal.db'}?mode=ro", uri=True) as journal:
        rows = journal.execute("SELECT event_type, body FROM timeline ORDER BY seq").fetchall()
    return [{"event": event, **json.loads(body)["details"]} for event, body in rows]


def watered(daemon: DaemonProcess) -> dict[str, Any]:
    tasks = daemon.wait("/tasks?limit=50", lambda rows: [t for t in rows if t["result"] is not None], 60)
    return next(t for t in tasks if t["task_type"] == "irrigation" and t["result"] is not None)


def test_it_waters_through_two_makers_and_a_plan_alone_can_stop_them(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker
) -> None:
    with daemon:
        daemon.wait_ready()
        task = watered(daemon)
        assert (task["status"], task["result"]["physical_effect"]) == ("completed", "full")
        assert (task["result"]["commands_effect_confirmed"], task["result"]["commands_total"]) == (2, 2)
        readings = daemon.wait("/channels", lambda rows: all(r["value"] for r in rows if "sensor" in r))
        assert {r["sensor"]: r["value"] for r in readings if "sensor" in r} == {"watts": 46.0}
        pump = [row for row in nodes.moved("relay_1") if row["node"] == "pump-plug"]
        valve = nodes.moved("relay_3")
        assert [row["on"] for row in pump] == [row["on"] for row in valve] == [True, False]
        assert valve[0]["at"] < pump[0]["at"] < pump[1]["at"] < valve[1]["at"]
        assert (pump[1]["at"] - pump[0]["at"]) / 1e9 == pytest.approx(2.0, abs=0.5)

        def on(fault: str, event: str) -> dict[str, Any]:
            daemon.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if r.get("output") == "pump"))
            before = len(events(daemon))
            if fault:
                nodes.do("fault", "pump-plug", kind=fault)
            assert daemon.ask("POST", "/outputs/pump/on", {"seconds": 1.5})[0] == 200
            deadline = time.monotonic() + 60
            while not (new := [e for e in events(daemon)[before:] if e["event"] == event]):
                assert time.monotonic() < deadline, events(daemon)[before:]
                time.sleep(0.05)
            nodes.do("clear", "pump-plug")
            return new[0]

        on("double", "COMMAND_CONFIRMED")
        on("duplicated", "COMMAND_CONFIRMED")
        on("stuck", "COMMAND_EFFECT_NOT_CONFIRMED")
        on("mute", "COMMAND_TIMEOUT")
        daemon.wait("/channels", lambda rows: all(not r["owed_off"] for r in rows if r.get("output") == "pump"), 30)
        other = paho.Client(CallbackAPIVersion.VERSION2)
        other.connect("127.0.0.1", broker.port)
        other.publish("cmnd/pump-plug/Power1", "ON", 0, retain=True)
        other.loop()
        deadline = time.monotonic() + 60
        while not any("somebody else gives orders" in str(e.get("why")) for e in events(daemon)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        other.disconnect()
        assert daemon.terminate() == 0
    alone = daemon.cli("safe-state")
    off = "off, read back"
    assert (alone.returncode, alone.stdout) == (0, f"pump: {off}\nvalve: {off}\n")
    assert not nodes.look("pump-plug")["outputs"]["relay_1"], "what somebody else had switched on is off as well"


def test_a_kill_in_the_middle_leaves_the_end_to_the_device(
    tmp_path: Path, broker: Broker, nodes: SimulatedNodes, daemon: DaemonProcess
) -> None:
    made(tmp_path, broker, duration="4s")
    with daemon:
        daemon.wait_ready()
        nodes.wait("pump-plug", lambda node: node["outputs"]["relay_1"], 40)
        daemon.kill()
        nodes.wait("pump-plug", lambda node: not node["outputs"]["relay_1"], 20)
        nodes.wait("shellypro4pm-1", lambda node: not node["outputs"]["relay_3"], 60)
        assert [row["why"] for row in nodes.moved("relay_1")] == ["order", "pulse"]
        assert [row["why"] for row in nodes.moved("relay_3")] == ["order", "timer"]
