"""A network line that a daemon drives is asked by nobody else, however its address is written and whoever asks."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.cli import client, lines
from edgectl.drivers.wiring import SerialLine, TcpHost


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


@pytest.mark.parametrize(("units", "refused"), [([], False), ([None, None], True), ([None, 7], False), ([3], False)])
def test_a_driven_bus_whose_devices_have_no_addresses_is_not_asked_by_address(
    units: list[int | None], refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [{"device": f"n{place}", "unit": unit} for place, unit in enumerate(units)]
    answer = {"buses": [{"bus": "nodes", "line": "127.0.0.1:1883", "devices": devices}]}
    monkeypatch.setattr(lines, "ask", lambda *_, **__: answer)
    if not refused:
        assert lines.names_driven("nodes")
        return
    said = CliRunner().invoke(main, ["bus", "scan", "nodes"])
    assert said.exit_code == 1
    assert "on bus nodes (n0, n1) nobody has an address to be asked by" in said.output
    assert "--units" not in said.output, "nobody can go on"


def test_a_name_is_no_address() -> None:
    said = CliRunner().invoke(main, ["device", "identify", "nodes", "nd-irrig-1"])
    assert said.exit_code == 2
    assert "a node behind a broker has none" in " ".join(said.output.split())


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


def test_whoever_names_no_line_means_the_one_adapter_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named, by_id = tmp_path / "edgectl", tmp_path / "by-id"
    monkeypatch.setattr(lines, "PORTS", (str(named), str(by_id)))

    def refused() -> str:
        with pytest.raises(SystemExit) as ended:
            lines.only_port()
        assert ended.value.code == 1
        return capsys.readouterr().err

    assert "no serial adapter is here" in refused()
    for folder, name, port in ((by_id, "usb-FTDI-port0", "ttyUSB0"), (named, "field", "ttyUSB0")):
        folder.mkdir()
        (folder / name).symlink_to(tmp_path / port)
        assert lines.only_port() == str(folder / name), "by the best name that it has"
    (by_id / "usb-CH340-port0").symlink_to(tmp_path / "ttyUSB1")
    assert f"one of {named / 'field'}, {by_id / 'usb-CH340-port0'}" in refused()


def test_a_serial_port_that_the_daemon_drives_is_told_by_the_name_of_its_bus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main, other = os.openpty()
    port = tmp_path / "adapter"
    port.symlink_to(os.ttyname(other))
    drives(monkeypatch, os.ttyname(other))
    line = SerialLine(port=str(port), baudrate=9600)
    with lines.alone(line), pytest.raises(SystemExit), lines.alone(line):
        pass
    told = capsys.readouterr().err
    assert f"{port}  9600 8N1 is bus field of the daemon that runs here; nothing was asked" in told
    assert "edgectl bus scan field" in told
    os.close(main)
    os.close(other)
