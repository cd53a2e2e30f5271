"""Tasmota and Shelly devices in the site file: a name, and nothing that they do not have."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.daemon import safeplan
from edgectl.model.site import FailSafe
from tests.unit.site_files import changed, rejected

SITE = """\
site: {id: gh-1, name: Plugs, timezone: Europe/Berlin}
buses:
  sockets: {type: mqtt, url: "mqtt://127.0.0.1", protocol: tasmota}
  rails:   {type: mqtt, url: "mqtt://127.0.0.1", protocol: shelly}
devices:
  socket: {bus: sockets, profile: tasmota-relay-4ch, node: socket_1}
  rail:   {bus: rails, profile: shelly-pro-4pm, node: shellypro4pm-1}
sensors:
  draws: {from: rail.current_2}
actuators:
  pump:  {to: socket.relay_2, role: pump, max_on: 1h}
  valve: {to: rail.relay_4, role: valve, max_on: 2h}
"""


def test_they_are_driven_and_end_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    loaded = load(tmp_path / "site.yaml")
    assert [bus.line.protocol for bus in loaded.buses] == ["tasmota", "shelly"]  # type: ignore[union-attr]
    assert {a.name: a.fail_safe for a in loaded.site.actuators.values()} == dict.fromkeys(
        ("pump", "valve"), FailSafe.PULSE
    )
    assert (loaded.endless, loaded.undriven) == ((), ())
    plan = safeplan.plan_of(loaded.site, loaded.buses)
    assert plan["buses"][0]["outputs"] == [
        {"actuator": "pump", "node": "socket_1", "zone": "", "channel": "relay_2", "number": 2, "secret": "",
         "state": "status"}
    ]  # fmt: skip
    assert plan["buses"][1]["line"]["protocol"] == "shelly"


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (
            "profile: tasmota-relay-4ch",
            "profile: shelly-plus-1",
            "devices.socket.profile",
            ["speaks shelly", "tasmota"],
        ),
        ("node: socket_1", "node: socket_1, zone: z", "devices.socket.zone", ["means nothing for protocol tasmota"]),
        ("node: socket_1", "node: socket_1, secret: {credential: s}", "devices.socket.secret", ["means nothing"]),
        (", node: shellypro4pm-1", "", "devices.rail.node", ["is missing"]),
        ("max_on: 1h", "max_on: 20h", "actuators.pump.max_on", ["longer than the timer"]),
        (
            "role: valve",
            "role: valve, valve: 'no', accept: [on_without_power]",
            "actuators.valve.valve",
            ["rests shut"],
        ),
        ("relay_2", "relay_5", "actuators.pump.to", ["no output 'relay_5'"]),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, path: str, words: list[str]) -> None:
    problems = {problem.path: problem for problem in rejected(tmp_path, changed(old, new, SITE))}
    assert path in problems, problems
    assert all(word in f"{problems[path].what} {problems[path].hint}" for word in words)
