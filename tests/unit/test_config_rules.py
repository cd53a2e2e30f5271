"""Rules that need more than one changed line: hardware ends, undriven buses, zones and buses that collide."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.config.loaded import Loaded
from edgectl.config.loader import load
from edgectl.config.rules import wires
from edgectl.drivers import registry, wiring
from edgectl.drivers.profile import Profile
from edgectl.model.site import FailSafe
from tests.unit.site_files import EXAMPLES, SMALL, changed, line_of, rejected

PRODUCT = (EXAMPLES / "product.yaml").read_text()
VALVE = "{to: board.relay_2, role: valve, max_on: 11m}"


@pytest.fixture
def plain_relays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay board whose outputs stay as they are when the controller is gone."""

    def find(name: str) -> Profile:
        profile = original(name)
        outlets = {key: replace(outlet, fail_safe=FailSafe.NONE) for key, outlet in profile.outlets.items()}
        return replace(profile, outlets=outlets)

    original: Callable[[str], Profile] = registry.find
    monkeypatch.setattr(registry, "find", find)
    monkeypatch.setattr(wires, "find", find)


def loaded(folder: Path, text: str) -> Loaded:
    (folder / "site.yaml").write_text(text)
    return load(folder / "site.yaml")


@pytest.mark.usefixtures("plain_relays")
def test_a_dangerous_output_without_a_hardware_end_is_refused_unless_accepted_by_name(tmp_path: Path) -> None:
    problems = rejected(tmp_path, SMALL)
    assert [p.path for p in problems] == ["actuators.main_pump.to", "actuators.irrigation_valve.to"]  # not the lamp
    assert "accept: [no_hardware_end]" in problems[0].hint
    accepted = changed(VALVE, VALVE.replace("}", ", accept: [no_hardware_end]}"))
    assert [p.path for p in rejected(tmp_path, accepted)] == ["actuators.main_pump.to"]
    site = loaded(tmp_path, changed("role: pump\n", "role: pump\n    fail_safe: wired\n", accepted))
    assert site.endless == ("irrigation_valve",)
    assert site.accepted == ("irrigation_valve: no_hardware_end",)
    assert site.site.actuators["main_pump"].fail_safe is FailSafe.WIRED


def test_a_declared_wire_does_not_hide_what_the_device_does(tmp_path: Path) -> None:
    site = loaded(tmp_path, changed(VALVE, VALVE.replace("}", ", fail_safe: wired}")))
    assert site.site.actuators["irrigation_valve"].fail_safe is FailSafe.PULSE


@pytest.fixture
def silent_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that knows what a node is and does not speak with it."""
    monkeypatch.setattr(wiring, "SPOKEN", wiring.SPOKEN - {"hydro2"})


@pytest.mark.usefixtures("silent_nodes")
def test_an_output_on_an_undriven_bus_is_refused(tmp_path: Path) -> None:
    text = changed("to: board.relay_1,", "to: irrig.pump_main,", PRODUCT)
    (problem,) = rejected(tmp_path, text)
    assert problem.path == "actuators.main_pump.to"
    assert "this version does not drive" in problem.what


@pytest.mark.usefixtures("silent_nodes")
def test_a_pump_that_asks_a_sensor_nobody_reads_is_pointed_out(tmp_path: Path) -> None:
    unread = "  wet: {from: irrig.level_clean_min}\nactuators:\n"
    text = changed("actuators:\n", unread, changed("solution_level > 15", "wet > 0", PRODUCT))
    assert any("main_pump can never start" in notice for notice in loaded(tmp_path, text).notices)


def test_zones_do_not_share_a_number(tmp_path: Path) -> None:
    text = changed("schedules:\n", "  zone-2: {number: 1, light: lamp}\n\nschedules:\n")
    (problem,) = rejected(tmp_path, text)
    assert (problem.path, problem.line) == ("zones.zone-2.number", line_of(text, "zone-2"))
    assert f"zone-1 has number 1 already (line {line_of(text, '    number: 1')})" in problem.what
    assert "for example 2" in problem.hint


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ("  other: {type: modbus-tcp, host: 192.168.1.20}\n", "buses.other.host"),
        (
            "  other: {type: ezo-uart, port: /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0}\n",
            "buses.other.port",
        ),
    ],
)
def test_two_buses_do_not_share_a_port(tmp_path: Path, extra: str, path: str) -> None:
    text = changed("# What hangs on the wires.", extra + "\n# What hangs on the wires.")
    (problem,) = rejected(tmp_path, text)
    assert problem.path == path
    assert "already" in problem.what


def test_an_ezo_line_carries_one_circuit(tmp_path: Path) -> None:
    text = changed("sensors:\n", "  ph2:  {bus: probe, profile: atlas-ezo-ph}\nsensors:\n", PRODUCT)
    (problem,) = rejected(tmp_path, text)
    assert problem.path == "devices.ph2.bus"


def test_a_schedule_for_an_unknown_zone(tmp_path: Path) -> None:
    (problem,) = rejected(tmp_path, changed("zone: zone-1\n    task: lighting", "zone: zone-2\n    task: lighting"))
    assert problem.path == "schedules.lamps.zone"
    assert "did you mean zone-1?" in problem.hint


@pytest.mark.parametrize(
    ("every", "min_off", "words"),
    [("1ms", "1ms", "1ms is no rest"), ("1m", "2m", "1m is shorter than main_pump's min_off 2m")],
)
def test_an_interval_is_a_rest(tmp_path: Path, every: str, min_off: str, words: str) -> None:
    text = changed(
        "schedules:\n", f"schedules:\n  r: {{zone: zone-1, task: irrigation, every: {every}, duration: 60s}}\n"
    )
    (problem,) = rejected(tmp_path, changed("min_off: 5s", f"min_off: {min_off}", text))
    assert problem.path == "schedules.r.every"
    assert words in problem.what


def test_a_fallback_run_fits_the_pump(tmp_path: Path) -> None:
    (problem,) = rejected(tmp_path, changed("duration: 60s", "duration: 20m", PRODUCT))
    assert problem.path == "zones.zone-1.fallback.duration"


def test_a_reference_to_a_broken_entry_is_not_a_second_mistake(tmp_path: Path) -> None:
    problems = rejected(tmp_path, changed("{from: level.level,", "{from: level,"))
    assert [p.path for p in problems] == ["sensors.solution_level.from"]


def test_a_pump_that_may_run_dry_and_a_port_that_may_move_are_pointed_out(tmp_path: Path) -> None:
    text = changed("    requires: [solution_level > 15]   # does not start below\n", "")
    text = changed("/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "/dev/ttyUSB0", text)
    notices = loaded(tmp_path, text).notices
    assert any("/dev/ttyUSB0" in notice for notice in notices)
    assert any("main_pump may run dry" in notice for notice in notices)


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (
            "[solution_level > 15]   # does not start below",
            "[solution_level < 15]",
            "actuators.main_pump.requires[0]",
            ["run only while solution_level is low", "solution_level > 15"],
        ),
        ("[solution_level < 10] ", "[solution_level > 60] ", "actuators.main_pump.stop_if[0]", ["solution_level < 60"]),
        ("host: 192.168.1.20", "host: 192.168.1.300", "buses.climate.host", ["is not an address"]),
        ("host: 192.168.1.20", 'host: "192.168.1.20:502"', "buses.climate.host", ["holds a port", "port: 502"]),
        ("tank: solution_level", "tank: air_temperature", "zones.zone-1.tank", ["a level is percent"]),
        ('"0 6-20/2 * * *"', '"* 6-20/2 * * *"', "schedules.morning.cron", ["1m apart", "would never stop"]),
    ],
)
def test_what_is_written_right_and_means_harm_is_refused(
    tmp_path: Path, old: str, new: str, path: str, words: list[str]
) -> None:
    (problem,) = rejected(tmp_path, changed(old, new))
    assert problem.path == path
    for word in words:
        assert word in str(problem)


def test_what_is_allowed_and_doubtful_is_said(tmp_path: Path) -> None:
    text = changed("    flow: flow\n", "", changed("    valve: irrigation_valve\n", ""))
    twin = text[text.index("  morning:") : text.index("  lamps:")].replace("  morning:", "  again:")
    text = text.replace("  lamps:", f"{twin}  lamps:")
    notices = " ".join(loaded(tmp_path, text).notices)
    assert "zone-1 has no flow sensor" in notices
    assert "zone-1 has no valve" in notices
    assert "schedules morning and again are the same" in notices


def test_a_device_of_which_nothing_is_used_is_a_note(tmp_path: Path) -> None:
    soil = "  soil: {bus: cabinet, profile: jxct-soil-7in1, unit: 4}\n"
    text = changed("\n# What is measured.", f"{soil}\n# What is measured.")
    assert [note for note in load(EXAMPLES / "small.yaml").notices if "is used" in note] == []
    (note,) = [note for note in loaded(tmp_path, text).notices if "is used" in note]
    assert note == "nothing of soil is used: add a sensor {from: soil.ph}, or take it out"
