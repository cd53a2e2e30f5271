"""EZO circuits in the site file: no address, their own time for each reading, and doses in ml."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.drivers.wiring import SerialLine
from edgectl.model.site import FailSafe
from edgectl.model.time import MS, SECOND
from tests.unit.site_files import EXAMPLES, changed, line_of, rejected

PRODUCT = (EXAMPLES / "product.yaml").read_text()
ACID = "{to: board.relay_7, role: dosing, ml_per_s: 1.10, max_dose: 20ml, max_per_hour: 60ml, max_per_day: 200ml}"


def dosed(actuator: str) -> str:
    """The product example with its acid on an EZO-PMP."""
    text = changed("devices:\n", "  acid:   {type: ezo-uart, port: /dev/edgectl/acid}\ndevices:\n", PRODUCT)
    text = changed("sensors:\n", "  pmp:    {bus: acid, profile: atlas-ezo-pmp}\nsensors:\n", text)
    return changed(ACID, actuator, text)


def test_a_circuit_needs_no_unit_and_its_bus_is_driven() -> None:
    loaded = load(EXAMPLES / "product.yaml")
    probe = next(bus for bus in loaded.buses if bus.name == "probe")
    assert (probe.kind, probe.line) == ("ezo-uart", SerialLine(port="/dev/edgectl/ph", baudrate=9600))
    assert [(device.name, device.unit) for device in probe.devices] == [("ph", None)]


def test_a_unit_on_a_circuit_means_nothing(tmp_path: Path) -> None:
    (problem,) = rejected(tmp_path, changed("profile: atlas-ezo-ph}", "profile: atlas-ezo-ph, unit: 1}", PRODUCT))
    assert problem.path == "devices.ph.unit"
    assert "means nothing on a bus of type ezo-uart" in problem.what


def test_a_reading_costs_the_name_and_the_thinking() -> None:
    # 9600 8N1: 40 characters take 41.7 ms, each exchange is followed by 50 ms; the name 300 ms, a pH 900 ms.
    load_ = next(load_ for load_ in load(EXAMPLES / "product.yaml").loads if load_.bus == "probe")
    assert load_.cycle == pytest.approx((300 + 900 + 2 * (41.67 + 50)) * MS, rel=1e-3)
    assert load_.load == pytest.approx(1.3833 / 2.5, rel=1e-3)
    assert load_.with_dead is None


def test_a_limit_that_a_circuit_cannot_keep_is_a_mistake_and_no_baudrate_helps(tmp_path: Path) -> None:
    text = changed(
        "solution_ph:    {from: ph.ph, max_age: 10s,", "solution_ph:    {from: ph.ph, max_age: 1500ms,", PRODUCT
    )
    problems = {problem.path: problem for problem in rejected(tmp_path, text)}
    assert set(problems) == {"buses.probe", "sensors.solution_ph.max_age"}
    assert "the device itself needs this time" in problems["buses.probe"].hint
    hint = problems["sensors.solution_ph.max_age"].hint
    assert "baudrate" not in hint
    (tmp_path / "site.yaml").write_text(
        changed("max_age: 1500ms", f"max_age: {hint.removeprefix('write at least ')}", text)
    )
    assert all(load_.ok for load_ in load(tmp_path / "site.yaml").loads)


def test_a_dosing_pump_knows_its_rate_and_ends_its_dose_itself(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(dosed("{to: pmp.pump, role: dosing, ml_per_s: 0.5, max_dose: 20ml}"))
    loaded = load(path)
    acid = loaded.site.actuators["acid_pump"]
    assert (acid.fail_safe, acid.max_on) == (FailSafe.PULSE, 40 * SECOND)
    (device,) = next(bus for bus in loaded.buses if bus.name == "acid").devices
    assert device.ml_per_s == {"pump": 0.5}
    assert loaded.endless == ()


@pytest.mark.parametrize(
    ("actuator", "key", "what", "hint"),
    [
        ("{to: pmp.pump, role: pump, max_on: 10m}", "role", "'pump' is refused", "write role: dosing"),
        ("{to: pmp.pump, role: dosing, max_on: 20s}", "ml_per_s", "is missing", "0.0083 to 1.75"),
        ("{to: pmp.pump, role: dosing, ml_per_s: 2, max_dose: 20ml}", "ml_per_s", "2 ml/s is beyond", "to 1.75"),
        ("{to: pmp.pump, role: dosing, ml_per_s: 0.001, max_dose: 1ml}", "ml_per_s", "beyond this pump", "0.0083"),
        ("{to: pmp.pump, role: dosing, ml_per_s: 1, max_dose: 1ml}", "max_dose", "a dose of 1s is over", "2s or more"),
        ("{to: pmp.pump, role: dosing, ml_per_s: 1, max_on: 1s}", "max_on", "a dose of 1s is over", "2s or more"),
    ],
)
def test_what_a_dosing_pump_cannot_do(tmp_path: Path, actuator: str, key: str, what: str, hint: str) -> None:
    text = dosed(actuator)
    (problem,) = rejected(tmp_path, text)
    assert (problem.path, problem.line) == (f"actuators.acid_pump.{key}", line_of(text, "to: pmp.pump"))
    assert what in problem.what
    assert hint in problem.hint


COUNTING = (
    "{to: pmp.pump, role: dosing, ml_per_s: 1, max_dose: 20ml, max_per_hour: 60ml, max_per_day: 200ml, total: TOTAL}"
)


def counting(total: str) -> str:
    """The acid on an EZO-PMP that tells what it has counted."""
    text = dosed(COUNTING.replace("TOTAL", total))
    return changed(
        "  solution_ph:    {", "  acid_total:     {from: pmp.total_volume, max_age: 60s}\n  solution_ph:    {", text
    )


def test_what_a_pump_has_counted_belongs_to_its_doses(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(counting("acid_total"))
    doser = load(path).site.actuators["acid_pump"].doser
    assert doser is not None
    assert doser.total == "acid_total"


@pytest.mark.parametrize(
    ("total", "words"), [("acid_totl", "no sensor 'acid_totl'"), ("solution_ph", "a dosing pump counts ml")]
)
def test_a_counter_that_counts_something_else_is_a_mistake(tmp_path: Path, total: str, words: str) -> None:
    (problem,) = rejected(tmp_path, counting(total))
    assert problem.path == "actuators.acid_pump.total"
    assert words in problem.what
