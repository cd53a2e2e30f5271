"""The daemon ends while it asks a bus for somebody: what it has told until then is kept, and where to go on is said."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from edgectl.__main__ import main
from edgectl.drivers.discover import Found, body

ENDS_AT = ("/buses/field/units/6", "/buses/field/units/9/registers/input-registers")


class _Daemon(ThreadingUnixStreamServer):
    """Tells what it is asked for until the question comes at which it ends. `gone`: the one before was its last."""

    daemon_threads = True
    gone = False

    def answer(self, place: str) -> Any:
        path, query = urlsplit(place).path, parse_qs(urlsplit(place).query)
        if path == "/status":
            return {"buses": [{"bus": "field", "line": "/dev/ttyUSB0"}]}
        if path.endswith("/asking"):
            return {}
        if path.endswith("/units/5"):
            return body(Found(unit=5, functions=(3,), whole=True))
        return {"values": [{"value": 7} for _ in range(int(query["count"][0]))]}


class _Handler(BaseHTTPRequestHandler):
    server: _Daemon

    def do_GET(self) -> None:
        place = urlsplit(self.path).path
        if place in ENDS_AT:
            return  # it dies with the question in hand
        data = json.dumps({"status": "ok", "data": self.server.answer(self.path)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.server.gone and place.endswith("/units/5"):
            Path(str(self.server.server_address)).unlink()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing: what it is asked is in the test."""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Daemon]:
    place = str(tmp_path / "d.sock")
    monkeypatch.setenv("EDGECTL_SOCKET", place)
    monkeypatch.chdir(tmp_path)
    with _Daemon(place, _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def said(*words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--site", "site.yaml"])


@pytest.mark.parametrize(("gone", "why"), [(False, "broke off"), (True, "no daemon answers at")])
def test_a_scan_keeps_what_it_had_found(daemon: _Daemon, gone: bool, why: str) -> None:
    """All of it was lost with a sentence about the daemon."""
    daemon.gone = gone
    told = said("bus", "scan", "field", "--units", "5..9", "--json")
    assert told.exit_code == 3
    answer = json.loads(told.stdout)
    assert (answer["ok"], [row["unit"] for row in answer["so_far"]]) == (False, [5])
    assert why in answer["message"]
    assert answer["message"].endswith("a part of 5..9, whole up to 5; unit 6 was being asked")
    assert answer["hint"].endswith("go on with --units 6..9")


def test_a_draft_of_a_profile_holds_what_had_answered(daemon: _Daemon, tmp_path: Path) -> None:
    told = said("device", "new", "field", "9", "my-part", "--last", "20")
    assert told.exit_code == 1
    assert "broke off" in told.stderr
    assert "holding_4:" in (tmp_path / "my-part.yaml").read_text()
