"""Mosquitto killed, frozen and started again under a daemon at work: nothing runs late, nothing said is lost."""

import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.testing.broker import Broker
from edgectl.testing.daemon import DaemonProcess
from edgectl.testing.nodes import SimulatedNodes
from tests.integration.test_nodes_daemon import daemon, events, nodes, off_and_rested, on, wait_event, watered

pytestmark = pytest.mark.timeout(240)
__all__ = ["daemon", "nodes"]  # the fixtures of the house with nodes
RIDER_S = 12.0  # longer than a node believes an order


def runs(daemon: DaemonProcess, output: str) -> None:
    """The house still does what it is told: one second on, and confirmed."""

    def confirmed() -> int:
        return sum(e["event"] == "COMMAND_CONFIRMED" and e["actuator"] == output for e in events(daemon))

    before, deadline = confirmed(), time.monotonic() + 60
    code, body = on(daemon, output, 1)
    assert code == 200, body
    while confirmed() == before:
        assert time.monotonic() < deadline, events(daemon)[-8:]
        time.sleep(0.05)


def test_a_killed_broker_is_one_alarm_and_the_house_goes_on_when_it_is_back(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker
) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        assert on(daemon, "valve", 60)[0] == 200
        nodes.wait("nd-irrig-1", lambda node: node["outputs"]["valve_irrigation"])
        broker.kill()
        alarms = daemon.wait("/alarms", lambda rows: [row for row in rows if row["id"] == "bus_silent:nodes"])
        assert any("none of the 2 devices on bus nodes answers" in row["message"] for row in alarms)
        code, body = on(daemon, "pump", 2)
        assert (code, "does not answer" in body["message"]) == (409, True), "nothing is ordered into nowhere"
        broker.start()
        nodes.wait("nd-irrig-1", lambda node: not node["outputs"]["valve_irrigation"])
        daemon.wait("/channels", off_and_rested)
        daemon.wait("/alarms", lambda rows: not [row for row in rows if row["active"]], 60)
        daemon.wait_ready()
        runs(daemon, "pump")
    assert [row["on"] for row in nodes.moved("valve_irrigation")].count(True) == 2, "once by the task, once by hand"


def test_an_order_into_a_frozen_broker_moves_nothing_when_it_thaws(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker
) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        before = len(nodes.moved("pump_main"))
        broker.freeze()
        frozen = time.monotonic()
        assert on(daemon, "pump", 2)[0] == 200, "nobody knows yet that nobody listens"
        assert wait_event(daemon, event="COMMAND_TIMEOUT", actuator="pump")
        while time.monotonic() - frozen < RIDER_S:
            time.sleep(0.1)  # the broker's clock must pass what a node believes: there is nothing else to wait for
        broker.thaw()
        daemon.wait("/channels", off_and_rested, 60)
        daemon.wait("/alarms", lambda rows: not [row for row in rows if row["active"]], 60)
        assert len(nodes.moved("pump_main")) == before
        runs(daemon, "pump")


def test_what_nodes_said_to_a_dead_daemon_is_written_down_by_the_next_one(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker
) -> None:
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        daemon.kill()
        nodes.do("event", "nd-irrig-1", code="while_nobody_listened")
        nodes.do("flood", "nd-irrig-1", count=20)
        broker.stop()
        broker.start()
        daemon.start()
        assert wait_event(daemon, event="NODE_EVENT", event_code="while_nobody_listened")["channel"] == "storage_state"
        wait_event(daemon, event="NODE_EVENT", event_code="flood_19")
        daemon.wait_ready()
        told = [e["event_code"] for e in events(daemon) if e["event"] == "NODE_EVENT"]
        assert sorted(told) == sorted({*told}), "each once"


def test_recorded_messages_played_back_on_the_broker_move_nothing(
    daemon: DaemonProcess, nodes: SimulatedNodes, broker: Broker, tmp_path: Path
) -> None:
    recorded: list[tuple[str, bytes]] = []
    spy = paho.Client(CallbackAPIVersion.VERSION2, client_id="spy")
    spy.on_message = lambda _c, _d, message: recorded.append((message.topic, bytes(message.payload)))
    spy.connect("127.0.0.1", broker.port)
    spy.loop_start()
    spy.subscribe([("hydro/+/+/+/+/command", 1), ("hydro/+/+/+/+/command_response", 1)])
    with daemon:
        daemon.wait_ready()
        watered(daemon)
        daemon.wait("/channels", off_and_rested)
        moved = len(nodes.moved("pump_main")), len(nodes.moved("valve_irrigation"))
        confirmed = [e for e in events(daemon) if e["event"].startswith("COMMAND_")]
        seen = list(recorded)
        assert len(seen) > 12
        for topic, payload in seen * 8:
            spy.publish(topic, payload, 1)
        spy.publish(*seen[0], 1, retain=True)
        last = spy.publish("hydro/gh-1/zone-1/nd-irrig-1/heartbeat", b'{"uptime":1,"free_heap":1}', 1)
        last.wait_for_publish(20)
        wait_event(daemon, event="NODE_MISTRUSTED")
        daemon.wait("/channels", off_and_rested)
        runs(daemon, "valve")
        after = [e for e in events(daemon) if e["event"].startswith("COMMAND_")]
        assert [e.get("actuator") for e in after[len(confirmed) :]] == ["valve", "valve"]
    assert len(nodes.moved("pump_main")) == moved[0]
    assert len(nodes.moved("valve_irrigation")) == moved[1] + 2
    spy.disconnect()
    spy.loop_stop()
