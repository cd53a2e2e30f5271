"""Nodes in the site file: what is missing is named, what is unsafe is told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.cli.check import check
from edgectl.config.loader import load
from edgectl.drivers.wiring import Broker
from edgectl.model.site import FailSafe
from tests.unit.site_files import changed, rejected

SITE = """\
site: {id: gh-1, name: Nodes, timezone: Europe/Berlin}
buses:
  nodes: {type: mqtt, url: "mqtts://broker.example:8883", protocol: hydro2, ca: {credential: ca}}
devices:
  irrig: {bus: nodes, profile: hydro2-irrig, node: nd-1, zone: zone-1, secret: {credential: node-irrig}}
sensors:
  low: {from: irrig.level_solution_min}
actuators:
  pump:  {to: irrig.pump_main, role: pump, max_on: 10m, requires: [low > 0.5]}
  valve: {to: irrig.valve_irrigation, role: valve, max_on: 20m}
zones:
  zone-1: {number: 1, pump: pump, valve: valve}
"""


def test_nodes_are_driven_and_their_ends_are_known(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    loaded = load(tmp_path / "site.yaml")
    (bus,) = loaded.buses
    assert bus.line == Broker(host="broker.example", port=8883, protocol="hydro2", house="gh-1", tls=True, ca="ca")
    assert loaded.site.actuators["pump"].fail_safe is FailSafe.PULSE
    assert loaded.site.actuators["valve"].fail_safe is FailSafe.WATCHDOG
    assert loaded.endless == ()
    assert loaded.loads == (), "no wire is shared"
    assert not any("in the clear" in notice for notice in loaded.notices)


def test_a_secret_that_is_not_there_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECTL_CREDENTIALS", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "site.yaml").write_text(SITE)
    told = f"no credential node-irrig: write it to {tmp_path / 'node-irrig'} (mode 0600)"
    assert told in CliRunner().invoke(check, [str(tmp_path / "site.yaml")]).output
    (tmp_path / "node-irrig").write_text("s3cret")
    (tmp_path / "node-irrig").chmod(0o600)
    assert "node-irrig" not in CliRunner().invoke(check, [str(tmp_path / "site.yaml")]).output


def test_a_broker_elsewhere_without_tls_is_pointed_out(tmp_path: Path) -> None:
    text = changed(", ca: {credential: ca}", "", changed("mqtts://broker.example:8883", "mqtt://broker.example", SITE))
    (tmp_path / "site.yaml").write_text(text)
    assert any("in the clear; use mqtts://" in notice for notice in load(tmp_path / "site.yaml").notices)


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (", zone: zone-1", "", "devices.irrig.zone", ["is missing", "add zone"]),
        (", secret: {credential: node-irrig}", "", "devices.irrig.secret", ["nobody could switch", "add secret"]),
        ("node: nd-1", 'node: "n/1"', "devices.irrig.node", []),
        ("mqtts://broker.example:8883", "mqtts://:8883", "buses.nodes.url", ["names no broker"]),
        ("mqtts://broker.example:8883", "mqtts://me:x@broker", "buses.nodes.url", ["keys of their own"]),
        ("mqtts://broker.example:8883", "mqtts://broker:99999", "buses.nodes.url", ["names no broker"]),
        ("mqtts://broker.example:8883", "mqtt://broker", "buses.nodes.ca", ["without TLS"]),
        ("ca: {credential: ca}", "certificate: {credential: c}", "buses.nodes.certificate", ["without key"]),
        ("ca: {credential: ca}", "password: {credential: c}", "buses.nodes.password", ["without username"]),
        ("max_on: 10m", "max_on: 2h", "actuators.pump.max_on", ["longer than the timer"]),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, path: str, words: list[str]) -> None:
    problem = rejected(tmp_path, changed(old, new, SITE))[0]
    assert problem.path == path
    assert all(word in f"{problem.what} {problem.hint}" for word in words)


@pytest.mark.parametrize("wanted", ["nodes", "field", "broker"])
def test_alarms_are_told_on_a_broker_of_this_file_and_nowhere_else(tmp_path: Path, wanted: str) -> None:
    text = changed("buses:\n", "buses:\n  field: {type: modbus-tcp, host: 192.0.2.1}\n", SITE)
    text += f"alarms: {{mqtt: {wanted}}}\n"
    if wanted == "nodes":
        (tmp_path / "site.yaml").write_text(text)
        tell = load(tmp_path / "site.yaml").tell
        assert tell is not None
        assert tell.broker == "nodes"
    else:
        problem = rejected(tmp_path, text)[0]
        assert (problem.path, problem.what) == ("alarms.mqtt", f"'{wanted}' is no bus of type mqtt")
        assert problem.hint == "there are: nodes"
