"""The real daemon as a process, for tests and the demo: start it, ask it, kill it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from signal import Signals
from types import MappingProxyType
from typing import Any, Self

from edgectl.testing.field import SimulatedField
from edgectl.testing.hours import MORNING
from edgectl.testing.ports import free_port

PATIENCE_S = 60.0  # of whoever waits for a fact: a crowded machine is slow, and a fact that comes costs nothing more
ANSWERS_WITHIN_S = 30.0
SITE = """\
site: {{id: demo, name: Demo house, timezone: {timezone}, restarts_allowed: {restarts}}}
buses:
  field:   {{type: modbus-rtu, port: {port}}}
  climate: {{type: modbus-tcp, host: {host}, port: {tcp}}}
devices:
  board: {{bus: field, profile: waveshare-relay-8ch, unit: 1}}
  level: {{bus: field, profile: qdy30a-level, unit: 5}}
  meter: {{bus: field, profile: wb-mcm8, unit: 7}}
  air:   {{bus: climate, profile: xy-md02, unit: 2}}
sensors:
  tank_level: {{from: level.level, unit: "%", scale: [0, 250, 0, 100], range: [0, 100], max_age: 4s}}
  flow:       {{from: meter.frequency_1, unit: L/min, scale: [0, 7.5, 0, 1], max_age: 2s, range: [0, 60]}}
  volume:     {{from: meter.counter_1, unit: L, scale: [0, 450, 0, 1], max_age: 4s}}
  air_temperature: {{from: air.temperature, max_age: 20s}}
actuators:
  pump:
    {{to: board.relay_1, role: pump, max_on: 1m, run_down: {run_down},
     requires: [tank_level > 15], stop_if: [tank_level < 10]}}
  valve: {{to: board.relay_2, role: valve, max_on: 2m, travel: {travel}}}
  lamp:  {{to: board.relay_3, role: light}}
zones:
  beds: {{number: 1, pump: pump, valve: valve, tank: tank_level, flow: flow, meter: volume, light: lamp}}
schedules:
  watering: {{zone: beds, task: irrigation, every: {every}, duration: {duration}}}
  lamps:    {{zone: beds, task: lighting, window: {{start: "05:00", photoperiod: 16h}}}}
declare: [air_gap, overflow, motor_overload, emergency_stop]
"""


def write_site(
    folder: Path,
    field: SimulatedField,
    *,
    every: str = "8s",
    duration: str = "6s",
    travel: str = "1s",
    run_down: str = "1s",
    restarts: int = 1000,
    timezone: str = MORNING,
) -> Path:
    """A site file for a simulated field. Its daemon is killed on purpose, so `restarts` are allowed."""
    host, tcp = field.tcp
    path = folder / "site.yaml"
    text = SITE.format(
        port=field.port,
        host=host,
        tcp=tcp,
        every=every,
        duration=duration,
        travel=travel,
        run_down=run_down,
        restarts=restarts,
        timezone=timezone,
    )
    path.write_text(text)
    return path


class DaemonProcess:
    """`edgectl run` in a folder of its own."""

    def __init__(
        self, folder: Path, site: Path, *, prefix: tuple[str, ...] = (), options: tuple[str, ...] = ()
    ) -> None:
        self.folder, self.site = folder, site
        self.state = folder / "state"
        self.socket = folder / "edgectl.sock"
        self.http = free_port()
        self.log = folder / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._prefix, self._options = prefix, options

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this daemon."""
        return {**os.environ, "EDGECTL_SOCKET": str(self.socket), "EDGECTL_STATE": str(self.state)}

    def start(self) -> Self:
        """Start it; returns at once."""
        command = [*self._prefix, sys.executable, "-m", "edgectl", "run", "--verbose", "--site", str(self.site)]
        command += ["--http", f"127.0.0.1:{self.http}", *self._options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        return self

    def signal(self, number: signal.Signals) -> None:
        """Any signal, at once."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def terminate(self, within_s: float = PATIENCE_S, by: Signals = Signals.SIGTERM) -> int:
        """Ask it to end. Returns the exit code."""
        assert self.process is not None
        self.process.send_signal(by)
        return self.process.wait(within_s)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, dict[str, Any]]:
        """One request over the local socket: status and body."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(ANSWERS_WITHIN_S)
        try:
            connection.sock.connect(str(self.socket))
            connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def data(self, path: str) -> Any:
        """The data of a read."""
        return self.ask("GET", path)[1]["data"]

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of edgectl against this daemon."""
        command = [sys.executable, "-m", "edgectl", *words]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False
        )

    def wait_log(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait until its log says these words."""
        deadline = time.monotonic() + within_s
        while words not in (text := self.log.read_text() if self.log.exists() else ""):
            if time.monotonic() > deadline or (self.process is not None and self.process.poll() is not None):
                raise TimeoutError(f"the log does not say {words!r}:\n{text[-3000:]}")
            time.sleep(0.02)

    def wait_ready(self, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until it says that it is ready. Returns the status."""
        status: dict[str, Any] = self.wait("/status", lambda data: data["ready"], within_s)
        return status

    def wait(self, path: str, until: Any, within_s: float = PATIENCE_S) -> Any:
        """Ask again until the data satisfies, or fail with the last of it and the log."""
        deadline, last = time.monotonic() + within_s, None
        while time.monotonic() < deadline:
            try:
                last = self.data(path)
            except (OSError, http.client.HTTPException, ValueError):
                if self.process is not None and self.process.poll() is not None:
                    break
            else:
                if until(last):
                    return last
            time.sleep(0.05)
        tail = self.log.read_text()[-3000:] if self.log.exists() else ""
        raise TimeoutError(f"{path} did not come to it: {json.dumps(last)[:1500]}\n{tail}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self._kill_what_runs()

    def end(self) -> None:
        """Kill what still runs, and see that it never wrote a traceback: nothing may be logged and forgotten."""
        self._kill_what_runs()
        log = self.log.read_text() if self.log.exists() else ""
        assert "Traceback" not in log, log[log.index("Traceback") :][:3000]

    def _kill_what_runs(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
