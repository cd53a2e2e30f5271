"""Profiles beside the site file: as good as shipped ones, or a sentence with file and line; never in their place."""

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.config.loader import load
from edgectl.config.own_profiles import judge
from edgectl.config.problems import SiteRejected
from edgectl.drivers import registry, sweep
from edgectl.drivers.profile import Writable
from tests.unit.site_files import EXAMPLES, SMALL, changed

MINE = """\
title: My level probe
buses: [modbus-rtu, modbus-tcp]
evidence: inferred
source: its label
channels:
  level: {function: 3, address: 0x04, type: s16, scale: 0.1, unit: cm, range: [0, 300]}
settings:
  address: {register: 0x0000, range: [1, 247]}
  baud: {register: 1, values: {4800: 1, 9600: 2}}
checks:
  - {what: unit code, function: 3, address: 2, between: [1, 1]}
"""


@pytest.fixture(autouse=True)
def nobody_elses() -> Iterator[None]:
    yield
    registry.adopt({})


def site(folder: Path, profile: str, text: str, name: str = "my-level") -> Path:
    (folder / "profiles").mkdir()
    (folder / "profiles" / f"{name}.yaml").write_text(text)
    file = folder / "site.yaml"
    file.write_text(changed("qdy30a-level", profile))
    return file


@pytest.mark.parametrize("name", registry.shipped())
def test_the_judge_takes_what_comes_with_edgectl_and_understands_it_alike(name: str) -> None:
    text = (resources.files("edgectl.drivers") / "profiles" / f"{name}.yaml").read_text()
    profile, problems = judge(f"{name}.yaml", name, text)
    assert not problems
    assert profile == registry.find(name)


def test_a_profile_of_ones_own_is_used_like_any_other(tmp_path: Path) -> None:
    file = site(tmp_path, "my-level", MINE)
    loaded = load(file)
    (device,) = [d for bus in loaded.buses for d in bus.devices if d.name == "level"]
    register = device.profile.channels["level"].register
    assert register is not None
    assert (register.address, register.scale, device.profile.evidence) == (4, 0.1, "inferred")
    assert device.profile.settings["baud"].raw("9600") == 2
    listed = CliRunner().invoke(main, ["profiles", "--site", str(file)]).stdout
    assert "My level probe (yours)" in listed


MORE = {
    "echo": """\
title: My echo
buses: [serial-lines]
evidence: code
source: its driver
frame: {head: "FF", length: 4}
channels:
  distance: {at: 1, bytes: 2, unit: mm, range: [30, 4500]}
""",
    "board": """\
title: My relays
buses: [serial-lines]
evidence: code
source: its driver
shows: {ask: "FF", label: "CH{n}:", "on": "ON", "off": "OFF"}
outputs:
  relay_1: {number: 1, on_bytes: "A0 01 01 A2", off_bytes: "A0 01 00 A1", fail_safe: none}
""",
    "circuit": """\
title: My circuit
buses: [ezo-uart]
evidence: vendor
source: its datasheet
circuit: [ORP]
fields: [ORP]
channels:
  orp: {ask: R, field: ORP, wait_ms: 900, unit: mV, range: [-1020, 1020]}
""",
    "node": """\
title: My plug
buses: [mqtt]
protocol: tasmota
evidence: vendor
source: its page
state: status
outputs:
  relay_1: {number: 1, fail_safe: pulse, pulse_max_s: 64900}
""",
    "fan": """\
title: My fan
buses: [mqtt]
node_type: climate
evidence: vendor
source: its page
outputs:
  fan: {order: set_pwm, fail_safe: none}
""",
}


@pytest.mark.parametrize("name", MORE)
def test_what_speaks_no_modbus_may_be_ones_own_too(name: str) -> None:
    profile, problems = judge(f"my-{name}.yaml", f"my-{name}", MORE[name])
    assert not problems
    assert profile is not None
    assert profile == registry.read_profile(f"my-{name}", MORE[name])


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "sentence"),
    [
        ("echo", "bytes: 2", "bytes: 3", "channels.distance", "reaches beyond the frame, whose sum is byte 3"),
        ("echo", "length: 4", "length: 4, crc16: true", "channels.distance", "whose sum is byte 2"),
        ("echo", 'head: "FF"', "head: 10", "frame.head", "'10' is not text"),
        ("echo", 'head: "FF"', 'head: "F"', "frame.head", "'F'"),
        ("echo", 'frame: {head: "FF", length: 4}', "sparse: true", "sparse", "is not a known key"),
        ("echo", "channels:", "settings: {}\nchannels:", "settings", "means nothing to a device that speaks frames"),
        ("echo", 'frame: {head: "FF", length: 4}\n', "", "", "has frame: or shows:"),
        ("board", "number: 1", "number: 2", "outputs", "are not numbered from 1"),
        ("board", "fail_safe: none", "fail_safe: pulse", "outputs.relay_1.fail_safe", "pulse"),
        ("circuit", "field: ORP", "field: mV", "channels.orp", "its field mV is not in fields"),
        ("circuit", "range: [-1020, 1020]", "range: [5, -5]", "channels.orp", "5 is not below -5"),
        ("node", "number: 1", "order: run_pump", "outputs.relay_1", "has no number"),
        ("node", "number: 1, ", "", "outputs.relay_1", "says not how it is ordered"),
        ("fan", "fail_safe: none", "fail_safe: pulse", "outputs.fan", "order: set_pwm tells it no end"),
        ("fan", "fail_safe: none", "fail_safe: none, pulse_max_s: 60", "outputs.fan", "order: set_pwm tells it no end"),
        ("fan", "set_pwm, fail_safe: none", "light, fail_safe: pulse", "outputs.fan", "order: light tells it no end"),
    ],
)
def test_a_mistake_in_another_language_is_told_where_it_is(
    name: str, old: str, new: str, where: str, sentence: str
) -> None:
    assert MORE[name].count(old) == 1
    profile, problems = judge("my.yaml", "my", MORE[name].replace(old, new))
    assert profile is None
    assert any(sentence in str(problem) and problem.path.startswith(where) for problem in problems), problems


def test_it_is_known_beside_its_own_site_only(tmp_path: Path) -> None:
    load(site(tmp_path, "my-level", MINE))
    assert "my-level" in registry.names()
    load(EXAMPLES / "small.yaml")
    assert "my-level" not in registry.names()


def test_what_a_sweep_has_drafted_is_a_profile(tmp_path: Path) -> None:
    draft = sweep.draft("my-level", 5, [sweep.Word(function=3, address=4, value=1543)])
    file = site(tmp_path, "my-level", draft)
    with pytest.raises(SiteRejected) as told:
        load(file)
    assert {problem.path for problem in told.value.problems} == {"sensors.solution_level.from"}, (
        "only its name is missing"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("address: 0x04", "adress: 0x04", 6, "adress"),
        ("type: s16", "type: s17", 6, "'s17' is not known here"),
        ("function: 3, address: 0x04", "function: 5, address: 0x04", 6, "'5' is not known here"),
        ("function: 3, address: 0x04", "function: 1, address: 0x04", 6, "does not hold a s16"),
        ("evidence: inferred", "evidence: sure", 3, "'sure' is not known here"),
        ("evidence: inferred\n", "", 1, "evidence: is missing"),
        ("source: its label\n", "", 1, "source: is missing"),
        ("buses: [modbus-rtu, modbus-tcp]", "buses: [rs-232]", 2, "'rs-232' is not known here"),
        ("checks:", "outputs:\n  relay_1: {coil: 0, fail_safe: pulse}\nchecks:", 11, "by a timer, and none is named"),
        ("between: [1, 1]", "between: [1]", 11, "between"),
        ("title: My level probe", "title: {a: b", 2, "this is not YAML"),
        ("channels:\n", "chanels:\n", 5, "is not a known key"),
        ("scale: 0.1", "scale: 0", 6, "0 is no scale"),
        ("scale: 0.1", "scale: 1e-320", 6, "is no scale"),
        ("scale: 0.1", "scale: -1e+10", 6, "is no scale"),
        ("scale: 0.1", "scale: .inf", 6, "scale"),
        ("range: [0, 300]", "range: [300, 0]", 6, "300 is not below 0"),
        ("0x04, type: s16", "65535, type: u32", 6, "reaches to register 65536"),
        ("address: 2, between: [1, 1]", "address: 65530, count: 7, between: [1, 1]", 11, "reaches to register 65536"),
        ("address: 2, between: [1, 1]", "address: 2, between: [2, 1]", 11, "2 is not below 1"),
        ("checks:", "arms:\n  - {what: x, address: 0xFFFF, value: 1, count: 2}\nchecks:", 11, "register 65536"),
        ("range: [1, 247]", "range: [1, 70000]", 8, "does not fit into one register"),
        ("range: [1, 247]", "range: [-1, 40000]", 8, "does not fit into one register"),
        ("range: [1, 247]", "range: [0, 6554], scale: 0.1", 8, "it holds 0 to 6553.5"),
        ("checks:", "outputs:\n  a: {coil: 0, fail_safe: pulse, pulse: 512, pulse_max_s: 0.05}\nchecks:", 11, "bounds"),
        *(
            ("checks:", f"outputs:\n  a: {{{entry}, fail_safe: none}}\nchecks:", 11, sentence)
            for entry, sentence in (
                ("pulse: 1", "has a coil or a register"),
                ("coil: 0, register: 1, on_word: 1, off_word: 2", "has a coil or a register"),
                ("coil: 0, on_word: 1", "no register that takes them"),
                ("register: 1, on_word: 0x0100", "is told in words"),
                ("register: 1, on_word: 0x0300, off_word: 0x0300", "by the same word"),
                ("register: 1, on_word: 1, off_word: 2, pulse_word: 0x0601", "in the low byte"),
                ("register: 1, on_word: 1, off_word: 2, pulse_word: 0x0600, pulse_max_s: 300", "in the low byte"),
            )
        ),
        (
            "checks:",
            "outputs:\n  a: {register: 1, on_word: 1, off_word: 2, fail_safe: pulse}\nchecks:",
            11,
            "add pulse_word",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, sentence: str) -> None:
    assert MINE.count(old) == 1
    file = site(tmp_path, "my-level", MINE.replace(old, new))
    with pytest.raises(SiteRejected) as told:
        load(file)
    mine = [problem for problem in told.value.problems if problem.file.endswith("my-level.yaml")]
    assert any(sentence in str(problem) and problem.line == line for problem in mine), told.value
    assert "is not a known profile" not in str(told.value), "one mistake, not two"


def test_no_file_takes_the_place_of_a_profile_that_comes_with_edgectl(tmp_path: Path) -> None:
    file = site(tmp_path, "qdy30a-level", MINE, name="qdy30a-level")
    with pytest.raises(SiteRejected) as told:
        load(file)
    assert "qdy30a-level comes with edgectl" in str(told.value)
    assert "name of its own" in str(told.value)


def test_a_file_that_nobody_reads_is_told(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yml").write_text(MINE)
    (tmp_path / "site.yaml").write_text(SMALL)
    with pytest.raises(SiteRejected) as told:
        load(tmp_path / "site.yaml")
    assert "rename it to mine.yaml" in str(told.value)


def test_a_pipe_among_the_profiles_holds_nobody_up(tmp_path: Path) -> None:
    file = site(tmp_path, "my-level", MINE)
    os.mkfifo(tmp_path / "profiles" / "pipe.yaml")
    with pytest.raises(SiteRejected) as told:
        load(file)
    assert "pipe.yaml" in str(told.value)
    assert "is not an ordinary file" in str(told.value)


@pytest.mark.parametrize(
    ("low", "high", "scale", "text", "raw"),
    [
        (0, 70_000, 1.0, "65535", 65535),
        (0, 70_000, 1.0, "65536", None),
        (-10, 40_000, 1.0, "-1", 65535),
        (-10, 40_000, 1.0, "32768", None),
        (0, 9000, 0.1, "6553.5", 65535),
        (0, 9000, 0.1, "6553.6", None),
    ],
)
def test_what_a_register_cannot_hold_is_not_written(
    low: float, high: float, scale: float, text: str, raw: int | None
) -> None:
    knob = Writable(name="span", address=1, low=low, high=high, scale=scale, signed=low < 0)
    if raw is not None:
        assert knob.raw(text) == raw
        assert knob.told(raw) == text
        return
    with pytest.raises(ValueError, match="kept in one register"):
        knob.raw(text)
