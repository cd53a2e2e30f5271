"""Hazards that need more than a pump and a valve: a fill, a heater, a dosing pump, and a node behind a broker."""

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.testing.daemon import DaemonProcess
from hil.nodes import NodeSide
from hil.plugin import Report, Row
from hil.rig import Rig

pytestmark = [
    pytest.mark.simulated,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]
SLACK_S = 3  # a loaded machine
FILL_S, POLL_S = 20, 4

TANK = """\
site: {{id: rig, name: Rig, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses:
  field: {{type: modbus-rtu, port: {port}}}
  line:  {{type: ezo-uart, port: {rig}/bus-acid}}
devices:
  board: {{bus: field, profile: waveshare-relay-8ch, unit: 1}}
  level: {{bus: field, profile: qdy30a-level, unit: 5}}
  pmp:   {{bus: line, profile: atlas-ezo-pmp}}
sensors:
  tank_level: {{from: level.level, unit: "%", scale: [0, 250, 0, 100], range: [0, 100], max_age: 4s}}
  acid_given: {{from: pmp.total_volume, max_age: 6s}}
actuators:
  fill:   {{to: board.relay_4, role: valve, max_on: 20s, stop_if: [tank_level > 90]}}
  heater: {{to: board.relay_5, role: heater, max_on: 1m}}
  acid:   {{to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml, max_per_hour: 60ml, max_per_day: 90ml}}
zones: {{}}
declare: [air_gap, overflow, anti_siphon, emergency_stop, frost_thermostat]
"""
NODE = """\
site: {{id: gh-1, name: Rig, timezone: Europe/Berlin, restarts_allowed: 1000}}
buses: {{nodes: {{type: mqtt, url: "mqtt://127.0.0.1:%d", protocol: hydro2}}}}
devices:
  irrig: {{bus: nodes, profile: hydro2-irrig, node: nd-irrig-1, zone: zone-1, secret: {{credential: node-irrig}}}}
actuators:
  pump:  {{to: irrig.pump_main, role: pump, max_on: 1m, run_down: 500ms}}
  valve: {{to: irrig.valve_irrigation, role: valve, max_on: 2m, travel: 300ms}}
zones: {{beds: {{number: 1, pump: pump, valve: valve}}}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""


def told(report: Report, hazard: str, done: str, bound_s: float | None = None) -> Row:
    row = Row(hazard=hazard, done=done, bound_s=bound_s)
    report.rows.append(row)
    return row


def failed(report: Report, hazards: tuple[str, ...]) -> list[str]:
    """The rows of these hazards that did not hold; each has to be there."""
    rows = [row for row in report.rows if row.hazard.split()[0] in hazards]
    missing = [hazard for hazard in hazards if hazard not in {row.hazard.split()[0] for row in rows}]
    return [*missing, *(f"{row.hazard}: {row.done}: {row.plant}" for row in rows if not row.ok)]


def until(condition: Callable[[], Any], what: str, within_s: float = 40) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to it: {what}"
        time.sleep(0.05)


def alarm(daemon: DaemonProcess, part: str) -> str:
    rows = daemon.wait("/alarms", lambda rows: [r for r in rows if part in r["id"] and r["active"]], 60)
    return next(str(row["message"]) for row in rows if part in row["id"])


@pytest.fixture
def tank(rig: Rig) -> Iterator[DaemonProcess]:
    with rig.daemon(TANK) as daemon:
        daemon.wait_ready()
        daemon.wait("/channels", lambda rows: all(r["value"] is not None for r in rows if "sensor" in r))
        yield daemon


def relay(rig: Rig, number: int) -> bool:
    return bool(rig.field.control("state")["relays"][number - 1])


def on(daemon: DaemonProcess, output: str, seconds: float) -> None:
    """Switched on, once it has been seen off since its last run."""
    daemon.wait(
        "/channels",
        lambda rows: any(r.get("output") == output and r["on"] is False and not r["owed_off"] for r in rows),
    )
    code, body = daemon.ask("POST", f"/outputs/{output}/on", {"seconds": seconds})
    assert code == 200, body


def test_a_fill_a_heater_and_a_dose_that_go_wrong(rig: Rig, tank: DaemonProcess, report: Report) -> None:
    row = told(report, "H2 tank overflow", "the tank runs full while its fill valve is open", POLL_S)
    on(tank, "fill", FILL_S)
    until(lambda: relay(rig, 4), "the fill valve opens")
    rig.do("tank", litres=195)
    begun = time.monotonic()
    until(lambda: not relay(rig, 4), "the fill valve closes", FILL_S - 2)
    row.safe_s, row.plant = round(time.monotonic() - begun, 2), "the fill valve closed by the level"
    row.ok = row.safe_s <= POLL_S + SLACK_S

    row = told(report, "H2 tank overflow", "the level is stuck low while the fill valve is open", 3)
    rig.do("tank", litres=100)
    rig.hurt("frozen_level")
    tank.wait("/channels", lambda rows: any(r.get("sensor") == "tank_level" and r["value"] == 50 for r in rows))
    on(tank, "fill", 3)
    until(lambda: relay(rig, 4), "the fill valve opens")
    rig.do("tank", litres=199)
    begun = time.monotonic()
    until(lambda: not relay(rig, 4), "the fill valve closes", 20)
    row.safe_s, row.plant = round(time.monotonic() - begun, 2), "the fill valve closed by its time, ended by the board"
    last = [move for move in rig.field.trace() if move["relay"] == "relay_4"][-1]
    row.ok = last["why"] == "pulse_end" and row.safe_s <= 3 + SLACK_S

    row = told(report, "H5 heater stuck on", "the relay of the heater welds while it is on")
    on(tank, "heater", 3)
    until(lambda: relay(rig, 5), "the heater is on")
    rig.hurt("welded_relay", relay=5)
    row.alarm = alarm(tank, "output_may_be_on:heater")
    row.plant = "the heater stays on; only its own thermostat or a hand can stop it"
    row.ok = relay(rig, 5)
    rig.heal()

    row = told(report, "H3 overdose", "the answer of the dosing pump to an order of 5 ml is lost")
    rig.field.hurt("acid", "silent", only="D", count=1)
    before = len(doses(rig))
    on(tank, "acid", 10)
    until(lambda: len(doses(rig)) > before, "the dose is ordered")
    until(lambda: not rig.field.control("state")["circuits"]["acid"]["running"], "the dose is over", 30)
    given = rig.field.control("state")["circuits"]["acid"]["total"]
    row.plant = f"{given:.2f} ml left the pump, ordered once"
    row.ok = len(doses(rig)) == before + 1 and 0 < given <= 5.01
    assert failed(report, ("H2", "H3", "H5")) == []


def doses(rig: Rig) -> list[str]:
    """Orders that let the dosing pump give something."""
    heard = [row["heard"] for row in rig.field.circuits("acid") if "heard" in row]
    return [line for line in heard if line.startswith("D,") and line != "D,?"]


@pytest.fixture
def side(rig: Rig) -> Iterator[NodeSide]:
    with rig.node_side() as side:
        yield side


def test_a_node_behind_a_broker_that_is_hurt(
    rig: Rig, side: NodeSide, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = rig.folder / "credentials"
    secrets.mkdir(mode=0o700)
    (secrets / "node-irrig").write_text("s3cret-of-the-rig\n")
    os.chmod(secrets / "node-irrig", 0o600)
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(secrets))
    node, recorded = side.nodes["nd-irrig-1"], list[tuple[str, bytes]]()
    spy = paho.Client(CallbackAPIVersion.VERSION2, client_id="spy")
    spy.on_message = lambda _c, _d, said: recorded.append((said.topic, bytes(said.payload)))
    spy.connect("127.0.0.1", side.broker.port)
    spy.loop_start()
    spy.subscribe("hydro/+/+/+/+/command", 1)
    with rig.daemon(NODE % side.broker.port) as daemon:
        daemon.wait_ready()
        daemon.wait("/status", lambda status: not any(d["down"] for b in status["buses"] for d in b["devices"]), 60)

        def ran() -> int:
            return sum(move["on"] for move in node.moved("valve_irrigation"))

        on(daemon, "valve", 2)
        until(lambda: ran() == 1 and not node.look("nd-irrig-1")["outputs"]["valve_irrigation"], "it ran and closed")
        orders = [one for one in recorded if one[0].endswith("valve_irrigation/command")]

        row = told(report, "H17 an old order acts again", "each recorded order is played back, and one is retained")

        def old() -> int:
            seen = node.look("nd-irrig-1")
            return int(seen["replays"]) + int(seen["expired"])

        before = old()
        for topic, payload in orders * 4:
            spy.publish(topic, payload, 1)
        opens = next(one for one in orders if json.loads(one[1])["params"]["state"] is True)
        spy.publish(*opens, 1, retain=True)
        until(lambda: old() >= before + 4 * len(orders), "the node hears them all")
        row.plant = f"the node heard {4 * len(orders)} old orders; the valve opened once in all, when it was ordered"
        row.ok = ran() == 1

        row = told(report, "H18 a forged order", "an order with a signature of another secret is published")
        body = json.loads(opens[1])
        forged = node.look("nd-irrig-1")["forged"]
        spy.publish(opens[0], json.dumps({**body, "cmd_id": "forged-1", "ts": int(time.time())}), 1)
        node.wait("nd-irrig-1", lambda seen: seen["forged"] > forged)
        row.plant, row.ok = "the node refused it, and the timeline names who else gives orders", ran() == 1
        spy.publish(opens[0], b"", 1, retain=True)

        row = told(report, "H11 a broker that is down", "SIGKILL of the broker while the valve is open", 10)
        on(daemon, "valve", 8)
        until(lambda: ran() == 2, "the valve opens")
        spy.loop_stop()
        side.broker.kill()
        begun = time.monotonic()
        row.alarm = alarm(daemon, "biz_node_offline:irrig")
        daemon.ask("POST", "/outputs/pump/on", {"seconds": 2})  # whatever it answers, it must not run later
        until(lambda: not node.moved("valve_irrigation")[-1]["on"], "the node closes the valve by itself", 20)
        last = node.moved("valve_irrigation")[-1]
        row.safe_s = round(last["at"] / 1e9 - begun, 2)
        row.plant = "the node closed the valve at the end that its order bore"
        side.broker.start()
        daemon.wait("/status", lambda status: not any(d["down"] for b in status["buses"] for d in b["devices"]), 60)
        row.ok = row.safe_s <= 10 + SLACK_S and not node.moved("pump_main")

        row = told(report, "H24 people at the machine", "the zone is locked, and its valve is ordered on")
        assert daemon.ask("POST", "/zones/beds/lock", {"why": "hands in the bed"})[0] == 200
        refused = daemon.ask("POST", "/outputs/valve/on", {"seconds": 2})
        row.plant, row.ok = "the order was refused, nothing moved", refused[0] == 409 and ran() == 2
        assert daemon.ask("DELETE", "/zones/beds/lock")[0] == 200

        row = told(report, "H6 work that silently does not happen", "SIGKILL of the node")
        node.kill()
        row.alarm = alarm(daemon, "biz_node_offline:irrig")
        refused = daemon.ask("POST", "/outputs/valve/on", {"seconds": 2})
        row.plant, row.ok = "nothing is ordered of it any more", refused[0] == 409
    assert failed(report, ("H6", "H11", "H17", "H18", "H24")) == []
