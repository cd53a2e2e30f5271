"""The real daemon, a real Mosquitto, and nodes that are a process of their own: what works, what lies, what breaks."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.broker import Broker
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.nodes import SimulatedNodes

pytestmark = pytest.mark.timeout(240)

SITE = """\
site: {{id: gh-1, name: Nodes, timezone: Europe/Berlin}}
buses:
  nodes: {{type: mqtt, url: "mqtt://127.0.0.1:{port}", protocol: hydro2}}
devices:
  irrig: {{bus: nodes, profile: hydro2-irrig, node: nd-irrig-1, zone: zone-1, secret: {{credential: node-irrig}}}}
  ph:    {{bus: nodes, profile: hydro2-ph, node: nd-ph-1, zone: zone-1, secret: {{credential: node-ph}}}}
sensors:
  low:  {{from: irrig.level_solution_min, max_age: 6s}}
  acid: {{from: ph.ph_sensor, max_age: 6s}}
actuators:
  pump:  {{to: irrig.pump_main, role: pump, max_on: 1m, run_down: 500ms, requires: [low > 0.5]}}
  valve: {{to: irrig.valve_irrigation, role: valve, max_on: 2m, travel: 300ms}}
  doser: {{to: ph.pump_acid, role: dosing, max_on: 20s}}
zones:
  zone-1: {{number: 1, pump: pump, valve: valve}}
schedules:
  watering: {{zone: zone-1, task: irrigation, every: 1h, duration: {duration}}}
declare: [air_gap, overflow, motor_overload, emergency_stop, anti_siphon]
"""
NODES = [
    {"name": "nd-irrig-1", "kind": "irrig", "zone": "zone-1", "secret": "s3cret-irrig"},
    {"name": "nd-ph-1", "kind": "ph", "zone": "zone-1", "secret": "s3cret-ph", "asleep": True},
]


@pytest.fixture
def nodes(tmp_path: Path, broker: Broker) -> Iterator[SimulatedNodes]:
    with SimulatedNodes(tmp_path / "nodes", broker.port, NODES) as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaemonProcess]:
    process = made(tmp_path, broker, monkeypatch)
    yield process
    process.end()


def made(folder: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch, *, duration: str = "2s") -> DaemonProcess:
    """A daemon with its site file and its secrets."""
    secrets = folder / "credentials"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for name, secret in (("node-irrig", "s3cret-irrig"), ("node-ph", "s3cret-ph")):
        (secrets / name).write_text(secret + "\n")
        os.chmod(secrets / name, 0o600)
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(secrets))
    site = folder / "site.yaml"
    site.write_text(SITE.format(port=broker.port, duration=duration))
    return DaemonProcess(folder, site)


def events(daemon: DaemonProcess) -> list[dict[str, Any]]:
    """The timeline as it stands on the disk."""
    with sqlite3.connect(f"file:{daemon.state / 'journal.db'}?mode=ro", uri=True) as journal:
        rows = journal.execute("SELECT event_type, body FROM timeline ORDER BY seq").fetchall()
    return [{"event": event, **json.loads(body)["details"]} for event, body in rows]


def wait_event(daemon: DaemonProcess, within_s: float = 60, **wanted: Any) -> dict[str, Any]:
    """Wait for a line of the timeline that holds all of this."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for event in events(daemon):
            if all(event.get(key) == value for key, value in wanted.items()):
                return event
        time.sleep(0.05)
    raise TimeoutError(f"no {wanted} in {events(daemon)[-12:]}")


def watered(daemon: DaemonProcess) -> dict[str, Any]:
    """Wait for the first irrigation to end; returns it."""
    tasks = daemon.wait("/tasks?limit=50", lambda rows: [t for t in rows if t["result"] is not None], 60)
    return next(t for t in tasks if t["task_type"] == "irrigation" and t["result"] is not None)


def on(daemon: DaemonProcess, output: str, seconds: float) -> tuple[int, dict[str, Any]]:
    return daemon.ask("POST", f"/outputs/{output}/on", {"seconds": seconds})


def off_and_rested(rows: list[dict[str, Any]]) -> bool:
    return all(row["on"] is False and not row["owed_off"] for row in rows if row.get("output") in ("pump", "valve"))


def test_it_waters_through_nodes_and_a_plan_alone_can_stop_them(daemon: DaemonProcess, nodes: SimulatedNodes) -> None:
    with daemon:
        daemon.wait_ready()
        task = watered(daemon)
        assert (task["status"], task["result"]["physical_effect"]) == ("completed", "full")
        assert (task["result"]["commands_effect_confirmed"], task["result"]["commands_total"]) == (2, 2)
        readings = daemon.wait("/channels", lambda rows: all(r["value"] for r in rows if "sensor" in r))
        assert {r["sensor"]: r["value"] for r in readings if "sensor" in r} == {"low": 1.0, "acid": 6.1}
        assert daemon.terminate() == 0
    runs = nodes.moved("pump_main")
    assert [row["on"] for row in runs] == [True, False]
    assert (runs[1]["at"] - runs[0]["at"]) / 1e9 == pytest.approx(2.0, abs=0.3)
    assert runs[1]["why"] == "end", "the node itself ended it"
    assert runs[0]["at"] > nodes.moved("valve_irrigation")[0]["at"]
    alone = daemon.cli("safe-state")
    off = "off, read back"
    assert (alone.returncode, alone.stdout) == (0, f"pump: {off}\ndoser: {off}\nvalve: {off}\n")


def test_a_secret_that_is_written_late_and_wrongly_first_is_taken_up_without_a_restart(
    daemon: DaemonProcess, nodes: SimulatedNodes, tmp_path: Path
) -> None:
    secret = tmp_path / "credentials" / "node-irrig"
    secret.rename(tmp_path / "later")
    with daemon:
        daemon.wait("/alarms", lambda rows: any(row["id"] == "biz_node_offline:irrig" for row in rows))
        told = wait_event(daemon, event="ALARM_RAISED", alarm="biz_node_offline:irrig")
        assert "there is no credential node-irrig" in told["message"]
        assert f"write it to {secret} (mode 0600)" in told["advice"]
        daemon.wait("/channels", lambda rows: any(row.get("sensor") == "low" and row["value"] == 1.0 for row in rows))
        wrong = tmp_path / "wrong"
        wrong.touch(mode=0o600)
        wrong.write_text("the secret of another node")
        wrong.rename(secret)
        daemon.wait("/alarms", lambda rows: any("it refuses what the credential" in row["message"] for row in rows))
        (tmp_path / "later").rename(secret)
        daemon.wait("/alarms", lambda rows: not any(r["active"] for r in rows if r["id"] == "biz_node_offline:irrig"))
        assert watered(daemon)["status"] == "completed"
        assert daemon.terminate() == 0
    raised = [event for event in events(daemon) if event.get("alarm") == "biz_node_offline:irrig"]
    once = ["ALARM_RAISED", "ALARM_CLEARED"]
    assert [event["event"] for event in raised] == [*once, *once], "once for each reason, whatever the node said"


def test_a_kill_in_the_middle_leaves_the_pump_to_the_node_and_the_valve_to_the_next_start(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, broker, monkeypatch, duration="8s")
    with daemon:
        daemon.wait_ready()
        nodes.wait("nd-irrig-1", lambda node: node["outputs"]["pump_main"])
        daemon.kill()
        daemon.start()
        nodes.wait("nd-irrig-1", lambda node: not node["outputs"]["valve_irrigation"])
        assert not nodes.look("nd-irrig-1")["outputs"]["pump_main"]
        daemon.wait_ready()
        task = watered(daemon)
        assert (task["status"], task["result"]["error_code"]) == ("failed", "task_recovered_after_restart")
        assert daemon.terminate() == 0
    ran = [row["on"] for row in nodes.moved("pump_main")]
    assert ran == [True, False], "switched on once, in both lives together"


def test_nodes_that_lie_end_as_what_can_be_seen(daemon: DaemonProcess, nodes: SimulatedNodes) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)

        def tried(kind: str, event: str, **more: Any) -> dict[str, Any]:
            daemon.wait("/channels", off_and_rested)
            before = len(events(daemon))
            if kind:
                nodes.do("fault", "nd-irrig-1", kind=kind, **more)
            assert on(daemon, "pump", 2)[0] == 200
            deadline = time.monotonic() + 60
            while not (new := [e for e in events(daemon)[before:] if e["event"] == event]):
                assert time.monotonic() < deadline, events(daemon)[before:]
                time.sleep(0.05)
            nodes.do("clear", "nd-irrig-1")
            daemon.wait("/channels", off_and_rested)
            return new[0]

        tried("double", "COMMAND_CONFIRMED")
        assert wait_event(daemon, event="NODE_CONTRADICTED", first="DONE", then="BUSY")
        tried("duplicated", "COMMAND_CONFIRMED")
        tried("early_done", "COMMAND_CONFIRMED")
        assert wait_event(daemon, event="NODE_CONTRADICTED", first="DONE", of_s=2.0)
        tried("noop_done", "COMMAND_EFFECT_NOT_CONFIRMED")
        tried("stuck", "COMMAND_EFFECT_NOT_CONFIRMED")
        tried("refuse", "COMMAND_FAILED", code="pump_queue_full", status="BUSY")
        assert wait_event(daemon, event="NODE_REFUSED", error_code="pump_queue_full", terminal_status="BUSY")
        tried("mute", "COMMAND_TIMEOUT")
        tried("late", "COMMAND_TIMEOUT", ms=4000)
        assert wait_event(daemon, event="LATE_REPLY", status="ECHO")
        tried("garbage", "COMMAND_TIMEOUT")
        assert any("no JSON" in str(e.get("why")) for e in events(daemon) if e["event"] == "NODE_MISTRUSTED")
        tried("clock", "COMMAND_FAILED", seconds=60)
        assert wait_event(daemon, event="NODE_REFUSED", error_code="timestamp_expired")
        node = nodes.look("nd-irrig-1")
        assert (node["forged"], node["replays"]) == (0, 0), "no id is sent twice, however often it had to be asked"
        assert node["expired"] > 0, "what the wrong clock refused"
        daemon.wait_ready()


def test_a_node_goes_and_comes_and_its_zone_is_told(daemon: DaemonProcess, nodes: SimulatedNodes) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        nodes.do("fault", "nd-irrig-1", kind="deaf")
        alarms = daemon.wait("/alarms", lambda rows: [r for r in rows if r["id"] == "biz_node_offline:irrig"])
        assert any("node nd-irrig-1 on nodes: silent, 3 orders unanswered" in row["message"] for row in alarms)
        code, body = on(daemon, "pump", 2)
        assert code == 409, body
        nodes.do("clear", "nd-irrig-1")
        daemon.wait(
            "/alarms", lambda rows: not [r for r in rows if r["id"] == "biz_node_offline:irrig" and r["active"]]
        )


def test_an_event_of_the_node_closes_nothing_by_itself_and_is_remembered(
    daemon: DaemonProcess, nodes: SimulatedNodes
) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        nodes.do("sense", "nd-irrig-1", channel="level_solution_min", value=0)
        nodes.do("event", "nd-irrig-1", code="irrigation_solution_low")
        told = wait_event(daemon, event="NODE_EVENT", event_code="irrigation_solution_low")
        assert told["snapshot"]["solution_level_min"] is False
        daemon.wait("/channels", lambda rows: any(r.get("sensor") == "low" and r["value"] == 0 for r in rows))
        code, body = on(daemon, "pump", 2)
        assert (code, "requires low > 0.5" in body["message"]) == (409, True)


def test_a_node_of_nobody_is_given_its_place(
    daemon: DaemonProcess, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer = [{**NODES[0], "zone": ""}, NODES[1]]
    with SimulatedNodes(tmp_path / "nodes", broker.port, newcomer) as nodes, daemon:
        assert nodes.wait("nd-irrig-1", lambda node: node["synced"])["hellos"] == 1
        told = wait_event(daemon, event="NODE_HELLO", hardware_id="nd-irrig-1")
        assert told["bound"] is True
        daemon.wait_ready()
        task = watered(daemon)
        assert task["status"] in ("completed", "rejected")
        assert on(daemon, "valve", 1)[0] == 200
        wait_event(daemon, event="COMMAND_CONFIRMED", actuator="valve")
