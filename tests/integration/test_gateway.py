"""Modbus RTU behind a network box: the box carries the bytes of the serial line, nothing else."""

import os
import selectors
import socket
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.config.loader import load
from edgectl.drivers.wiring import RtuGateway
from edgectl.testing.daemon import DaemonProcess, write_site
from edgectl.testing.field import SimulatedField

pytestmark = pytest.mark.timeout(240)


class Box:
    """One serial port on one TCP port, one client at a time: the last who came."""

    def __init__(self, port: Path) -> None:
        self._serial = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._serial, termios.TCSANOW)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.clients = 0
        self.deaf = False
        self._wake, self._stop = os.pipe()
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def cut(self) -> None:
        """Hang up on whoever is there."""
        if self._client is not None:
            self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Switch it off."""
        os.write(self._stop, b"x")
        self._thread.join(10)
        for descriptor in (self._serial, self._wake, self._stop):
            os.close(descriptor)
        self._listener.close()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as select:
            for source in (self._serial, self._listener, self._wake):
                select.register(source, selectors.EVENT_READ)
            while True:
                for key, _ in select.select():
                    if key.fileobj == self._wake:
                        self._hang_up(select)
                        return
                    if key.fileobj is self._listener:
                        self._hang_up(select)
                        self._client, _ = self._listener.accept()
                        self.clients += 1
                        select.register(self._client, selectors.EVENT_READ)
                    elif key.fileobj == self._serial:
                        data = os.read(self._serial, 256)
                        if self._client is not None and not self.deaf:
                            self._client.sendall(data)
                    else:
                        self._from_client(select)

    def _from_client(self, select: selectors.BaseSelector) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(256)
        except OSError:
            data = b""
        if data and not self.deaf:
            os.write(self._serial, data)
        elif not data:
            self._hang_up(select)

    def _hang_up(self, select: selectors.BaseSelector) -> None:
        if self._client is not None:
            select.unregister(self._client)
            self._client.close()
            self._client = None


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SimulatedField]:
    with SimulatedField(tmp_path / "field") as running:
        yield running


@pytest.fixture
def box(field: SimulatedField) -> Iterator[Box]:
    box = Box(field.port)
    yield box
    box.close()


@pytest.fixture
def daemon(tmp_path: Path, field: SimulatedField, box: Box) -> DaemonProcess:
    site = write_site(tmp_path, field, every="1h", duration="20s", travel="200ms")
    text = site.read_text()
    wired = f"field:   {{type: modbus-rtu, port: {field.port}}}"
    assert wired in text
    behind = f"field:   {{type: modbus-rtu-over-tcp, host: 127.0.0.1, port: {box.port}}}"
    site.write_text(text.replace(wired, behind))
    return DaemonProcess(tmp_path, site)


def pump_runs(field: SimulatedField) -> bool:
    return bool(field.control("state")["relays"][0])


def test_it_waters_through_the_box_and_comes_back_after_a_cut(
    daemon: DaemonProcess, field: SimulatedField, box: Box
) -> None:
    with daemon:
        daemon.wait_ready()
        daemon.wait("/status", lambda _: pump_runs(field))
        before = box.clients
        box.cut()
        daemon.wait("/status", lambda _: box.clients > before)
        done = daemon.wait("/tasks", lambda tasks: [t for t in tasks if t["task_type"] == "irrigation" and t["result"]])
        assert done, "the run ended, whichever way, with a result"
        daemon.wait("/status", lambda _: not any(field.control("state")["relays"][:2]))
        assert daemon.cli("channel", "on", "valve", "--for", "2s").returncode == 0


def test_a_box_that_has_gone_deaf_is_called_again(daemon: DaemonProcess, field: SimulatedField, box: Box) -> None:
    with daemon:
        daemon.wait_ready()
        before, box.deaf = box.clients, True
        daemon.wait("/status", lambda _: box.clients > before, 60)
        box.deaf = False
        daemon.wait_ready(60)


def test_safe_state_reaches_through_the_box_when_nobody_is_in_charge(
    daemon: DaemonProcess, field: SimulatedField, box: Box
) -> None:
    with daemon:
        daemon.wait_ready()
        daemon.wait("/status", lambda _: pump_runs(field))
        daemon.kill()
    daemon.site.write_text("this is no site file")
    command = [sys.executable, "-m", "edgectl", "safe-state"]
    done = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(field.control("state")["relays"][:2])


def test_the_first_site_file_finds_out_how_a_box_is_asked(field: SimulatedField, box: Box, tmp_path: Path) -> None:
    place = f"127.0.0.1:{box.port}"
    found = CliRunner().invoke(main, ["bus", "scan", f"rtu://{place}", "--units", "5"])
    assert "is a qdy30a-level" in found.stdout, found.output
    nobody = CliRunner().invoke(main, ["bus", "scan", place, "--units", "5"])
    assert f"edgectl bus scan rtu://{place}" in nobody.stdout
    answers = {
        "greenhouse": "gh-1", "people call it": "House", "time zone": "Europe/Berlin",
        "a line": place, "its name": "", "no more": "", "addresses": "5", "as it is": "", "again": "5", "all": "",
        "unit 5": "tank", "measures": "", "full": "250", "empty": "0",
    }  # fmt: skip
    file = tmp_path / "first.yaml"
    said = CliRunner().invoke(main, ["init", str(file)], input="\n".join(answers.values()) + "\n")
    assert said.exit_code == 0, said.output
    (bus,) = load(file).buses
    assert (bus.kind, bus.line) == ("modbus-rtu-over-tcp", RtuGateway(host="127.0.0.1", port=box.port, baudrate=9600))
