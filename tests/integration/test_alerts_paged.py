"""An SRE with Prometheus alone, to the end: a real Prometheus scrapes what went wrong, and each alert arrives once
where somebody is called, with what it means and what to do. Only the patience of the rules (`for`, and
how often they are looked at) is shortened."""

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edgectl.testing.ports import free_port
from tests.integration.test_alerts import RULES, SCENES, rules

pytestmark = pytest.mark.timeout(240)
STEPS_PER_S = 5.0  # a minute of a scene passes in a fifth of a second


def value(notation: str, passed_s: float) -> float:
    """What promtool's notation for a series says after a while: `0x50 1x70`, `10000+100x180`."""
    told: list[float] = []
    for part in notation.split():
        match = re.fullmatch(r"(-?[\d.]+)([+-][\d.]+)?x(\d+)", part)
        assert match is not None, part
        first, step = float(match[1]), float(match[2] or 0)
        told += [first + step * n for n in range(int(match[3]) + 1)]
    return told[min(len(told) - 1, int(passed_s * STEPS_PER_S))]


class Desk(ThreadingHTTPServer):
    """Exposes each scene under the name of its alert, and is the place where alerts arrive."""

    def __init__(self) -> None:
        self.began = time.monotonic()  # of its scenes: they must not be over before anybody looks
        self.paged: dict[str, dict[str, Any]] = {}
        self.beginnings: dict[str, set[str]] = {}
        super().__init__(("127.0.0.1", 0), Handler)

    def page(self, alerts: list[dict[str, Any]]) -> None:
        for alert in alerts:
            name = alert["labels"]["alertname"]
            if alert["labels"]["instance"] == name:
                self.paged[name] = alert
                self.beginnings.setdefault(name, set()).add(alert["startsAt"])


class Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_GET(self) -> None:
        _, loud = SCENES[self.path.strip("/")]
        passed_s = time.monotonic() - self.server.began
        lines = [f"{name} {value(notation, passed_s)}" for name, notation in loud.items()]
        self._answer("\n".join([*lines, ""]).encode())

    def do_POST(self) -> None:
        self.server.page(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests say what they mean themselves."""


@contextmanager
def prometheus(folder: Path, desk: Desk) -> Iterator[None]:
    place = f"127.0.0.1:{desk.server_address[1]}"
    closed, port = free_port(), free_port()
    scenes = [
        {"targets": [place], "labels": {"instance": name, "__metrics_path__": f"/{name}"}}
        for name in SCENES
        if name != "EdgectlDown"
    ]
    down = {"targets": [f"127.0.0.1:{closed}"], "labels": {"instance": "EdgectlDown"}}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [place]}]}]},
        "scrape_configs": [
            {"job_name": "scenes", "static_configs": scenes},
            {"job_name": "edgectl", "static_configs": [down]},
        ],
    }
    (folder / "rules.yml").write_text(re.sub(r"(?m)^(\s+(?:for|interval):) .*$", r"\1 1s", RULES.read_text()))
    (folder / "prometheus.yml").write_text(json.dumps(config))
    path = shutil.which("prometheus")
    assert path is not None, "prometheus is missing: bash .ci/run installs it"
    command = [path, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def test_each_alert_pages_once_and_says_what_to_do(tmp_path: Path) -> None:
    desk = Desk()
    threading.Thread(target=desk.serve_forever, daemon=True).start()
    with prometheus(tmp_path, desk):
        deadline = time.monotonic() + 90
        while set(desk.paged) != set(SCENES):
            log = (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, f"never paged: {sorted(set(SCENES) - set(desk.paged))}\n{log}"
            time.sleep(0.1)
    desk.shutdown()
    desk.server_close()
    written = {rule["alert"]: rule for rule in rules()}
    for name, alert in desk.paged.items():
        assert len(desk.beginnings[name]) == 1, f"{name} began more than once"
        assert alert["labels"]["severity"] == written[name]["labels"]["severity"]
        for key in ("summary", "do"):
            text = alert["annotations"][key]
            assert text
            assert "<no value>" not in text, f"{name} speaks of something that it does not know: {text}"
