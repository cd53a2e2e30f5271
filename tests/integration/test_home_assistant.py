"""A real daemon on a real Mosquitto: what somebody there finds, and what the broker says when the daemon is gone."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from edgectl.testing.broker import Broker
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


class Watcher:
    """Somebody on the broker; the newest word of each topic, and how many there were."""

    def __init__(self, port: int) -> None:
        self.last: dict[str, str] = {}
        self.count: dict[str, int] = {}
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_message = self._hear
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("#", 1)
        self.client.loop_start()

    def _hear(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.last[message.topic] = message.payload.decode()
        self.count[message.topic] = self.count.get(message.topic, 0) + 1

    def close(self) -> None:
        self.client.loop_stop()
        self.client.disconnect()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_home_assistant_finds_the_site_and_sees_it_live_and_die(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker") as broker, SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1h", duration="2s", travel="200ms")
        nodes = f'buses:\n  nodes: {{type: mqtt, url: "mqtt://127.0.0.1:{broker.port}", protocol: hydro2}}\n'
        text = site.read_text().split("schedules:")[0].replace("buses:\n", nodes)
        site.write_text(text + "home_assistant: {mqtt: nodes}\n")
        with DaemonProcess(tmp_path, site) as daemon:
            daemon.wait_ready()
            seen = Watcher(broker.port)
            base, config = "edgectl/1/demo", "homeassistant/device/edgectl_demo/config"
            until(lambda: config in seen.last and f"{base}/sensor/tank_level" in seen.last, "it is described and told")
            described = json.loads(seen.last[config])
            topics = {one["state_topic"] for one in described["components"].values()}
            until(lambda: topics <= set(seen.last), f"each entity has a state: {topics - set(seen.last)}")
            assert seen.last[described["availability_topic"]] == described["payload_available"]
            assert float(seen.last[f"{base}/sensor/tank_level"]) > 0
            assert seen.last[f"{base}/output/valve"] == "OFF"
            assert daemon.cli("channel", "on", "valve", "--for", "5s").returncode == 0
            until(lambda: seen.last[f"{base}/output/valve"] == "ON", "the valve is seen on")
            # An order from there is heard by nobody.
            seen.client.publish(f"{base}/output/pump", "ON").wait_for_publish(10)
            seen.client.publish(f"{base}/output/pump/set", "ON").wait_for_publish(10)
            field.fault("silent", unit=5)
            until(lambda: seen.last[f"{base}/needs_you"] == "ON", "an alarm needs somebody")
            silent = seen.count[f"{base}/sensor/tank_level"]
            flow = seen.count[f"{base}/sensor/flow"]
            until(lambda: seen.count[f"{base}/sensor/flow"] > flow + 2, "others are told on")
            assert seen.count[f"{base}/sensor/tank_level"] <= silent + 1, "what nobody reads is not told"
            assert not any(row["on"] and row["relay"] == "relay_1" for row in field.trace())
            daemon.kill()
            until(lambda: seen.last[described["availability_topic"]] == "false", "the broker says that it is gone")
            seen.close()
