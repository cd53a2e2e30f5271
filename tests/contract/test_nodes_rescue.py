"""Nodes switched off by a plan alone: proven where they show it, else by their word, and never by silence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgectl.drivers.rescue import rescue
from edgectl.drivers.rescued import Means
from edgectl.drivers.sim.clocks import wall_s
from edgectl.model.ports import NoCredential
from edgectl.testing.broker import Broker
from edgectl.testing.nodes import SimulatedNodes

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # paho lets its own sockets lie
]
NODES = [
    {"name": "nd-1", "kind": "irrig", "zone": "zone-1", "secret": "one"},
    {"name": "nd-ph", "kind": "ph", "zone": "zone-1", "secret": "two"},
    {"name": "nd-air", "kind": "climate", "zone": "zone-1", "secret": "two", "dimmed": ["fan_air"]},
    {"name": "socket", "kind": "tasmota", "relays": 2},
    {"name": "rail", "kind": "shelly", "relays": 2},
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[SimulatedNodes]:
    with SimulatedNodes(tmp_path_factory.mktemp("nodes"), broker.port, NODES) as running:
        yield running


def output(name: str, node: str, channel: str, secret: str, state: str = "") -> dict[str, Any]:
    return {"actuator": name, "node": node, "zone": "zone-1", "channel": channel, "secret": secret, "state": state}


VALVE = output("valve", "nd-1", "valve_irrigation", "one", "storage_state")
ACID = output("acid", "nd-ph", "pump_acid", "two")
FAN = output("fan", "nd-air", "fan_air", "two") | {"order": "set_pwm"}


def rescued(port: int, folder: Path, *outputs: dict[str, Any], **line: Any) -> dict[str, str]:
    """What became of each: empty when it is proven off, else the reason."""
    clock = Means(credential=lambda name: found(folder, name), wall_s=wall_s)
    place = {"host": "127.0.0.1", "port": port, "house": "gh-1", **line}
    rows = rescue({"name": "nodes", "kind": "mqtt", "outputs": outputs, "line": place}, clock)
    assert [row.actuator for row in rows] == [item["actuator"] for item in outputs]
    return {row.actuator: "" if row.proven else row.reason for row in rows}


def found(folder: Path, name: str) -> Path:
    if name not in ("one", "two"):
        raise NoCredential(f"there is no credential {name}")
    (folder / name).write_text(name)
    return folder / name


def test_both_kinds_are_off_and_proven(broker: Broker, nodes: SimulatedNodes, tmp_path: Path) -> None:
    told(broker, nodes)
    assert rescued(broker.port, tmp_path, VALVE, ACID, FAN) == {"valve": "", "acid": "", "fan": ""}
    relay = rescued(broker.port, tmp_path, {**FAN, "order": "set_relay"})
    assert relay == {"fan": "it answers ERROR to OFF"}, "a dimmed output takes no other word"


def test_nodes_that_nobody_told_the_time_are_told_and_off(broker: Broker, tmp_path: Path) -> None:
    cold = [{"name": "nd-7", "kind": "irrig", "zone": "zone-1", "secret": "one"}]
    valve = output("valve", "nd-7", "valve_irrigation", "one", "storage_state")
    with SimulatedNodes(tmp_path / "cold", broker.port, cold) as just_up:
        just_up.wait("nd-7", lambda node: node["connected"])
        assert not just_up.look("nd-7")["synced"]
        assert rescued(broker.port, tmp_path, valve) == {"valve": ""}


def test_a_pump_that_knows_no_off_is_not_proven_by_that(broker: Broker, nodes: SimulatedNodes, tmp_path: Path) -> None:
    told(broker, nodes)
    nodes.do("fault", "nd-ph", kind="no_off")
    reason = rescued(broker.port, tmp_path, ACID)["acid"]
    assert reason == "it knows no OFF: a run that has begun ends by itself"
    nodes.do("clear", "nd-ph")


def test_silence_and_a_welded_valve_are_no_proof(broker: Broker, nodes: SimulatedNodes, tmp_path: Path) -> None:
    told(broker, nodes)
    nodes.do("fault", "nd-ph", kind="deaf")
    nodes.do("force", "nd-1", output="valve_irrigation")
    nodes.do("fault", "nd-1", kind="welded")
    assert rescued(broker.port, tmp_path, VALVE, ACID) == {"valve": "it is still on", "acid": "no reply"}
    for name in ("nd-1", "nd-ph"):
        nodes.do("clear", name)
    assert rescued(broker.port, tmp_path, VALVE, ACID) == {"valve": "", "acid": ""}


def test_what_is_missing_is_named(broker: Broker, nodes: SimulatedNodes, tmp_path: Path) -> None:
    told(broker, nodes)
    nobody = output("lost", "nd-1", "pump_main", "three", "storage_state")
    assert rescued(broker.port, tmp_path, VALVE, nobody) == {"valve": "", "lost": "there is no credential three"}
    assert "bus nodes" in rescued(1, tmp_path, VALVE)["valve"]
    assert "three" in rescued(broker.port, tmp_path, VALVE, tls=True, ca="three")["valve"]
    wrong = rescued(broker.port, tmp_path, {**ACID, "secret": "one"})
    assert wrong == {"acid": "it answers ERROR to OFF"}


@pytest.mark.parametrize(("protocol", "node"), [("tasmota", "socket"), ("shelly", "rail")])
def test_plugs_are_off_when_they_show_it(
    broker: Broker, nodes: SimulatedNodes, tmp_path: Path, protocol: str, node: str
) -> None:
    both = [{**output(f"pump_{n}", node, f"relay_{n}", "", "status"), "zone": "", "number": n} for n in (1, 2)]
    line = {"protocol": protocol}
    nodes.do("press", node)
    assert nodes.look(node)["outputs"] == {"relay_1": True, "relay_2": False}
    assert rescued(broker.port, tmp_path, *both, **line) == {"pump_1": "", "pump_2": ""}
    assert nodes.look(node)["outputs"] == {"relay_1": False, "relay_2": False}
    nodes.do("press", node)
    nodes.do("fault", node, kind="stuck")
    assert rescued(broker.port, tmp_path, *both, **line) == {"pump_1": "it is still on", "pump_2": ""}
    nodes.do("clear", node)
    nodes.do("fault", node, kind="mute")
    assert rescued(broker.port, tmp_path, *both, **line) == dict.fromkeys(("pump_1", "pump_2"), "it does not answer")
    nodes.do("clear", node)
    assert rescued(broker.port, tmp_path, *both, **line) == {"pump_1": "", "pump_2": ""}


def told(broker: Broker, nodes: SimulatedNodes) -> None:
    """Nodes take no order before somebody has told them the time."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for name in ("nd-1", "nd-ph"):
        while not nodes.look(name)["synced"]:
            client.publish("hydro/time/response", b'{"unix_ts":1}', 1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()
