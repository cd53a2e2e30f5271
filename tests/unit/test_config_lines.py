"""Lines of frames in the site file: one device each, the time it takes, and relays that nothing ends."""

import json
from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.daemon import safeplan
from edgectl.drivers.rescue import rescue
from edgectl.drivers.wiring import SerialLine
from edgectl.model.site import FailSafe
from edgectl.model.time import MS
from tests.unit.site_files import changed, rejected

SITE = """\
site: {id: gh-1, name: Frames, timezone: Europe/Berlin}
buses:
  echo:  {type: serial-lines, port: /dev/serial/by-path/one}
  air:   {type: serial-lines, port: /dev/serial/by-path/two}
  board: {type: serial-lines, port: /dev/serial/by-path/three}
devices:
  sonar:  {bus: echo, profile: a02yyuw}
  gas:    {bus: air, profile: mh-z19}
  relays: {bus: board, profile: lcus-relay-4ch}
sensors:
  level: {from: sonar.distance, scale: [30, 1030, 100, 0], unit: "%", max_age: 10s}
  co2:   {from: gas.co2}
actuators:
  lamp: {to: relays.relay_1, role: light}
  pump: {to: relays.relay_4, role: pump, max_on: 5m, accept: [no_hardware_end]}
"""


def test_each_device_has_a_line_of_its_own_and_is_driven(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    loaded = load(tmp_path / "site.yaml")
    assert next((bus.kind, bus.line) for bus in loaded.buses) == (
        "serial-lines",
        SerialLine(port="/dev/serial/by-path/one", baudrate=9600),
    )
    assert {bus.name: [device.unit for device in bus.devices] for bus in loaded.buses} == {
        "echo": [None], "air": [None], "board": [None]
    }  # fmt: skip
    assert loaded.undriven == ()
    assert loaded.endless == ("pump",), "it is on the list of what only this program ends"
    assert loaded.site.actuators["lamp"].fail_safe is FailSafe.NONE


def test_what_a_reading_costs_is_counted(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    loads = {load_.bus: load_ for load_ in load(tmp_path / "site.yaml").loads}
    # 9600 8N1: a character takes 1.04 ms. A sonar is heard twice in 3 x 300 ms, a gas sensor answers within 300 ms.
    assert loads["echo"].cycle == pytest.approx((8 * 1.0417 + 900 + 50) * MS, rel=1e-3)
    assert loads["air"].cycle == pytest.approx((27 * 1.0417 + 300 + 50) * MS, rel=1e-3)
    look = 41 * 1.0417 + 300 + 50
    assert loads["board"].cycle == pytest.approx((look + 50 + look) * MS, rel=1e-3), "an order is followed by a look"
    assert all(load_.ok and load_.with_dead is None for load_ in loads.values())


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (", accept: [no_hardware_end]", "", "actuators.pump.to", ["nothing ends an ON", "accept: [no_hardware_end]"]),
        ("{bus: air, profile: mh-z19}", "{bus: echo, profile: mh-z19}", "devices.gas.bus", ["sonar sits on echo"]),
        ("profile: mh-z19", "profile: mh-z19, unit: 1", "devices.gas.unit", ["means nothing on a bus of type serial-"]),
        ("by-path/two", "by-path/one", "buses.air.port", ["belongs to bus echo"]),
        ("profile: mh-z19", "profile: xy-md02", "devices.gas.profile", ["does not speak serial-lines"]),
        ("max_age: 10s", "max_age: 1s", "sensors.level.max_age", ["write at least"]),
        ("relays.relay_4", "relays.relay_5", "actuators.pump.to", ["has no output 'relay_5'"]),
        ("type: serial-lines, port: /dev/serial/by-path/two", "type: serial-lines", "buses.air.port", ["is missing"]),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, path: str, words: list[str]) -> None:
    problems = {problem.path: problem for problem in rejected(tmp_path, changed(old, new, SITE))}
    assert path in problems
    assert all(word in f"{problems[path].what} {problems[path].hint}" for word in words)


def test_the_plan_of_the_rescue_holds_the_bytes_that_switch_off(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    loaded = load(tmp_path / "site.yaml")
    plan = safeplan.plan_of(loaded.site, loaded.buses)
    safeplan.write(tmp_path, plan)
    board = plan["buses"][2]
    (row,) = board["outputs"]
    assert (row["actuator"], row["says"], row["rests"], row["panel"]["ask"]) == ("pump", "a00400a4", "OFF", "ff")
    judged = safeplan.judged(tmp_path)
    assert judged is not None
    assert [*judged.buses] == json.loads(json.dumps(plan))["buses"]
    (tmp_path / "other.yaml").write_text(changed("relays.relay_4", "relays.relay_2", SITE))
    moved = load(tmp_path / "other.yaml")
    assert [bus["name"] for bus in safeplan.without(plan["buses"], safeplan.plan_of(moved.site, moved.buses))] == [
        "board"
    ]
    (unreached,) = rescue(board)
    assert (unreached.proven, "bus board" in unreached.reason) == (False, True)


def test_a_load_on_the_closed_contact_rests_on_a_drawn_relay(tmp_path: Path) -> None:
    risks = "contact: nc, accept: [no_hardware_end, on_without_power]"
    text = changed("max_on: 5m, accept: [no_hardware_end]", f"max_on: 5m, {risks}", SITE)
    (tmp_path / "site.yaml").write_text(text)
    loaded = load(tmp_path / "site.yaml")
    (row,) = safeplan.plan_of(loaded.site, loaded.buses)["buses"][2]["outputs"]
    assert (row["says"], row["rests"]) == ("a00401a5", "ON")
