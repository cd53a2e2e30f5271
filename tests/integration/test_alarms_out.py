"""An alarm reaches a phone: the real daemon, the real library, and a service that listens on this machine."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from edgectl.daemon import telling
from edgectl.testing.broker import Broker as MqttBroker
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)
SECRET = "canary-in-the-address"


class Service:
    """Takes what is sent, or refuses it."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.beats = 0
        self.refuses = False
        self.hangs = False
        self.garbled = False
        self.let_go = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if service.hangs:
                    service.let_go.wait(120)
                if not service.refuses:
                    service.heard.append((self.path, json.loads(body)))
                self.send_response(500 if service.refuses else 200)
                self.end_headers()

            def do_GET(self) -> None:
                service.beats += 1
                if service.garbled:
                    self.wfile.write(b"all is well, thank you\r\n\r\n")
                    return
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tests say what they mean themselves."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.let_go.set()
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def house(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[DaemonProcess, SimulatedField]]:
    """A house that calls the service, and others when nobody has looked."""
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(folder))
    services = (
        f"json://user:{SECRET}@127.0.0.1:{service.port}/daily\nescalation=json://127.0.0.1:{service.port}/others\n"
    )
    for name, text in (("phones", services), ("watcher", f"http://127.0.0.1:{service.port}/beat")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    with SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1h", duration="2s", travel="200ms")
        told = "alarms: {tell: {credential: phones}, heartbeat: {credential: watcher}, every: 1s}\n"
        site.write_text(site.read_text() + told)
        with DaemonProcess(tmp_path, site) as daemon:
            daemon.wait_ready()
            yield daemon, field
        log = daemon.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
        assert SECRET not in log


def until(daemon: DaemonProcess, condition: Any, within_s: float = 60) -> None:
    daemon.wait("/status", lambda _: condition(), within_s)


def test_an_alarm_is_told_once_and_the_watcher_hears_a_heart(
    house: tuple[DaemonProcess, SimulatedField], service: Service
) -> None:
    daemon, field = house
    field.fault("silent", unit=5)
    until(daemon, lambda: service.heard)
    path, message = service.heard[0]
    assert path == "/daily", "the others are called only when nobody has looked"
    assert message["title"].startswith("Demo house: ")
    assert "unit 5 on field silent" in message["message"]
    until(daemon, lambda: service.beats >= 3)


def test_a_service_that_refuses_becomes_an_alarm_and_the_message_arrives_later(
    house: tuple[DaemonProcess, SimulatedField], service: Service
) -> None:
    daemon, field = house
    service.refuses = True
    field.fault("silent", unit=5)
    alarms = daemon.wait("/alarms", lambda rows: [r for r in rows if r["id"] == "alarm_untold:phone"], within_s=60)
    (untold,) = [row for row in alarms if row["id"] == "alarm_untold:phone"]
    assert untold["message"] == "a service did not take the message"
    assert daemon.data("/status")["ready"], "plants do not wait for phones"
    service.refuses = False
    until(daemon, lambda: service.heard)
    daemon.wait("/alarms", lambda rows: not any(r["id"] == "alarm_untold:phone" and r["active"] for r in rows))


def test_a_service_that_hangs_and_a_watcher_that_talks_nonsense_cost_the_plants_nothing(
    house: tuple[DaemonProcess, SimulatedField], service: Service
) -> None:
    daemon, field = house
    service.hangs = service.garbled = True
    field.fault("silent", unit=5)
    sender = daemon.wait("/status", lambda _: senders(daemon), 60) and senders(daemon)
    before = service.beats
    until(daemon, lambda: service.beats >= before + 3)
    assert senders(daemon) == sender, "the heart beats on while the service hangs"
    assert daemon.data("/status")["ready"]
    os.kill(sender[0], signal.SIGKILL)
    alarms = daemon.wait("/alarms", lambda rows: [r for r in rows if r["id"] == "alarm_untold:phone"], within_s=60)
    (untold,) = [row for row in alarms if row["id"] == "alarm_untold:phone"]
    assert untold["message"] == "the sender broke off"
    assert daemon.data("/status")["ready"]
    assert "crashed" not in daemon.log.read_text()
    service.hangs = False
    service.let_go.set()
    until(daemon, lambda: service.heard)


async def test_a_sender_that_hangs_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "python"
    hanging.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(hanging))
    monkeypatch.setattr(telling, "SENT_WITHIN_S", 2.0)
    with pytest.raises(TimeoutError):
        await telling._sent(b"{}")
    assert not alive(tmp_path / "pid"), "and it is seen off"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(OSError, match="No such file"):
        await telling._sent(b"{}")


def alive(noted: Path) -> bool:
    return Path("/proc", noted.read_text().strip()).exists()


def senders(daemon: DaemonProcess) -> list[int]:
    """The processes that send just now."""
    assert daemon.process is not None
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
    found = []
    for child in children:
        with contextlib.suppress(OSError):
            if b"edgectl.observe.send" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


class Listener:
    """Somebody on the broker, with a client of their own."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, json.loads(message.payload))
        )
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("edgectl/#", 1)
        self.client.loop_start()

    def last(self, topic: str) -> Any:
        return next((body for name, body in reversed(self.heard) if name == topic), None)

    def close(self) -> None:
        self.client.loop_stop()
        self.client.disconnect()


def test_alarms_stand_on_the_broker_and_it_says_when_we_are_gone(tmp_path: Path) -> None:
    with MqttBroker(tmp_path / "broker") as broker, SimulatedField(tmp_path / "field") as field:
        site = write_site(tmp_path, field, every="1h", duration="2s", travel="200ms")
        nodes = f'buses:\n  nodes: {{type: mqtt, url: "mqtt://127.0.0.1:{broker.port}", protocol: hydro2}}\n'
        site.write_text(site.read_text().replace("buses:\n", nodes) + "alarms: {mqtt: nodes}\n")
        with DaemonProcess(tmp_path, site) as daemon:
            daemon.wait_ready()
            field.fault("silent", unit=5)
            until(daemon, lambda: daemon.data("/alarms"))
            late = Listener(broker.port)  # who comes later sees what stands all the same
            until(daemon, lambda: late.last("edgectl/demo/alarms"))
            (alarm,) = (row for row in late.last("edgectl/demo/alarms") if row["id"] == "device_silent:level")
            assert alarm["active"]
            assert alarm["advice"]
            assert late.last("edgectl/demo/alive") is True
            daemon.ask("POST", "/alarms/device_silent:level/ack", {})
            until(daemon, lambda: late.last("edgectl/demo/alarms/event"))
            event = late.last("edgectl/demo/alarms/event")
            assert (event["event"], event["alarm"]) == ("ALARM_ACKNOWLEDGED", "device_silent:level")
            broker.kill()
            broker.start()  # a new conversation begins with the whole picture
            again = Listener(broker.port)
            field.control("clear")
            until(daemon, lambda: again.last("edgectl/demo/alarms") == [])
            assert daemon.data("/status")["ready"]
            daemon.kill()
            deadline = time.monotonic() + 60
            while again.last("edgectl/demo/alive") is not False:
                assert time.monotonic() < deadline, again.heard[-3:]
                time.sleep(0.05)
            for listener in (late, again):
                listener.close()
