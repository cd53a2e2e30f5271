"""A network line that a daemon drives is asked by nobody else, however its address is written and whoever asks."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from edgectl.cli import client, lines
from edgectl.drivers.wiring import TcpHost


@pytest.fixture
def device() -> Iterator[int]:
    """The port of something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


def drives(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """A daemon runs here, and this is its bus field."""
    answer = {"buses": [{"bus": "usb", "line": "/dev/ttyUSB0"}, {"bus": "field", "line": line}]}
    monkeypatch.setattr(lines, "ask", lambda *_, **__: answer)


def opened(host: str, port: int) -> None:
    with lines.alone(TcpHost(host=host, port=port)):
        pass


@pytest.mark.parametrize(
    ("driven", "asked"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("127.0.0.1", "localhost"), ("127.0.0.1", "127.1")],
)
def test_a_line_that_is_driven_is_refused_under_each_of_its_names(
    driven: str, asked: str, device: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drives(monkeypatch, f"{driven}:{device}")
    with pytest.raises(SystemExit):
        opened(asked, device)
    assert "is bus field of the daemon that runs here; nothing was asked" in capsys.readouterr().err


def test_another_port_and_a_host_that_nobody_knows_are_other_lines(
    device: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for driven in (f"127.0.0.1:{device + 1}", f"{'no-name' * 10}:{device}"):
        drives(monkeypatch, driven)
        opened("127.0.0.1", device)


def test_who_may_not_ask_the_daemon_does_not_ask_beside_it(
    device: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may use every socket
    monkeypatch.setattr(client._Local, "connect", refuse)
    with pytest.raises(SystemExit):
        opened("127.0.0.1", device)
    assert "join the group edgectl, or use sudo" in capsys.readouterr().err


def test_where_no_daemon_runs_everybody_may_ask(device: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "left.sock"  # by a daemon that was killed
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(left))
    for path in (left, tmp_path / "none.sock", tmp_path / "no" / "folder.sock"):
        monkeypatch.setenv("EDGECTL_SOCKET", str(path))
        opened("127.0.0.1", device)
