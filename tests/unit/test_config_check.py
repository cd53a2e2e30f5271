"""`edgectl check`: what people and machines see, and the exit codes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.config.schema import SiteFile, json_schema
from edgectl.config.source import parse, plain
from tests.unit.site_files import EXAMPLES, changed


def check(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_a_right_file() -> None:
    code, text = check(EXAMPLES / "small.yaml")
    lines = text.splitlines()
    assert code == 0
    assert lines[0] == "site ok: 2 buses, 4 devices, 5 sensors, 3 actuators, 1 zone, 2 schedules"
    assert lines[1].split("  ")[0] == "bus"
    assert re.fullmatch(r"cabinet\s+22 %\s+0\.47 s\s+0\.77 s\s+flow 3 s\s+ok", lines[2])
    assert re.fullmatch(r"climate\s+0 %\s+0\.06 s\s+-\s+air_humidity 60 s\s+ok", lines[3])
    assert lines[4] == "outputs without a hardware end: none"
    assert lines[5].startswith("please declare: an emergency stop")
    assert len(lines) == 6


def test_the_whole_language_says_what_this_version_leaves_out() -> None:
    code, text = check(EXAMPLES / "product.yaml")
    assert code == 0
    assert "nodes   1 node behind a broker" in text
    assert "not acted on yet" not in text
    assert "please declare: anti-siphon on the dosing line" in text


def test_an_impossible_bus_is_refused_with_its_table(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(changed("baudrate: 9600", "baudrate: 1200", changed("max_age: 3s", "max_age: 1s")))
    code, text = check(path)
    assert code == 1
    assert re.search(r"\ncabinet\s+\d+ %\s+[\d.]+ s\s+[\d.]+ s\s+flow 1 s\s+impossible\n", text), text
    assert re.search(r"\nclimate\s.*\sok\n", text)
    told = json.loads(check(path, "--json")[1])
    assert [(bus["bus"], bus["verdict"]) for bus in told["buses"]] == [("cabinet", "impossible"), ("climate", "ok")]
    path.write_text(changed("duration: 90s", "duration: 15m"))  # the buses are not what is wrong here
    assert "verdict" not in check(path)[1]


@pytest.mark.parametrize(
    ("far", "told"),
    [
        (
            "host: 127.0.0.1, port: 4196",
            "near and far are one line: localhost and 127.0.0.1 are both 127.0.0.1, port 4196",
        ),
        (
            "host: box.invalid, port: 4196",
            "nobody here knows the name box.invalid: see yourself that near and far are not",
        ),
        ("host: 127.0.0.1, port: 4197", ""),
        ("host: 127.0.0.2, port: 4196", ""),
    ],
)
def test_one_box_under_two_names_is_told(far: str, told: str, tmp_path: Path) -> None:
    """No line of the file shows that two names lead to one place; whoever looks them up sees it."""
    site = tmp_path / "site.yaml"
    near = "near: {type: modbus-tcp, host: localhost, port: 4196}"
    lines = f"buses:\n  {near}\n  far: {{type: modbus-rtu-over-tcp, {far}}}"
    devices = "devices:\n  one: {bus: near, profile: xy-md02, unit: 2}\n  two: {bus: far, profile: xy-md02, unit: 2}"
    site.write_text(changed("buses:", lines, changed("devices:", devices)))
    code, said = check(site)
    assert code == 0, said
    assert told in said
    assert ("one line" in said or "one box" in said) == bool(told)


def test_a_wrong_file(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(changed("qdy30a-level", "qdy30-level", changed("duration: 90s", "duration: 15m")))
    code, text = check(path)
    assert code == 1
    place = f"{path}:15:36  "
    assert text.splitlines() == [
        f"{place}devices.level.profile: 'qdy30-level' is not a known profile",
        f"{' ' * len(place)}did you mean qdy30a-level?  (edgectl profiles level)",
        f"{path}:57:15  schedules.morning.duration: 15m is longer than main_pump's max_on 10m (line 33)",
        f"{' ' * len(place)}shorten it, or split it into two runs",
        "2 problems. Nothing was started.",
    ]


def test_json(tmp_path: Path) -> None:
    code, text = check(EXAMPLES / "product.yaml", "--json", "--explain")
    body = json.loads(text)
    assert (code, body["ok"], body["not_driven"]) == (0, True, {})
    assert body["buses"][0]["verdict"] == "ok"
    assert {"path", "value", "origin"} == set(body["effective"][0])
    (tmp_path / "site.yaml").write_text(changed("max_on: 10m", "max_on: 600"))
    code, text = check(tmp_path / "site.yaml", "--json")
    (problem,) = json.loads(text)["problems"]
    assert code == 1
    assert (problem["path"], problem["hint"]) == ("actuators.main_pump.max_on", "write 600s or 600m")
    assert (problem["line"], problem["column"]) == (33, 13)


def test_a_missing_file_is_a_sentence_and_a_wrong_option_is_usage(tmp_path: Path) -> None:
    code, text = check(tmp_path / "none.yaml")
    assert code == 1
    assert "there is no such file" in text
    assert "1 problem. Nothing was started." in text
    assert check("--no-such-option")[0] == 2


def test_explain() -> None:
    code, text = check(EXAMPLES / "small.yaml", "--explain")
    assert code == 0
    assert re.search(r"actuators\.irrigation_valve\.travel +3s +role valve", text)
    assert re.search(r"actuators\.main_pump\.max_on +10m +\S+small\.yaml:33", text)


def test_the_command_line_comes_up_without_the_schema_library() -> None:
    code = "import sys, edgectl.__main__; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------- the exported schema


def _refs(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*(_refs(value) for value in node.values()))
    return set().union(*map(_refs, node)) if isinstance(node, list) else set()


def _objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if "properties" in node and node.get("type") == "object" else []
        return own + [found for value in node.values() for found in _objects(value)]
    return [found for value in node for found in _objects(value)] if isinstance(node, list) else []


def test_the_schema_is_whole_and_strict() -> None:
    code, text = check("--schema")
    exported = json.loads(text)
    assert code == 0
    assert exported == json_schema()
    assert exported["$schema"].endswith("2020-12/schema")
    assert {ref.removeprefix("#/$defs/") for ref in _refs(exported)} == set(exported["$defs"])
    assert all(found["additionalProperties"] is False for found in _objects(exported))
    assert '"null"' not in text
    assert set(exported["properties"]) == {
        "alarms",
        "tanks",
        "valve_groups",
        "site",
        "buses",
        "devices",
        "sensors",
        "actuators",
        "home_assistant",
        "interlocks",
        "zones",
        "schedules",
        "clock",
        "central",
        "api",
        "lease",
        "declare",
    }
    assert "from" in exported["$defs"]["SensorEntry"]["properties"]


def test_every_key_says_what_to_write() -> None:
    for found in _objects(json_schema()):
        for key, described in found["properties"].items():
            assert key == "type" or described.get("description"), key


@pytest.mark.parametrize(
    "pattern", [d for d in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(json_schema()))]
)
def test_each_pattern_of_the_schema_is_a_pattern(pattern: str) -> None:
    re.compile(json.loads(pattern))


@pytest.mark.parametrize("name", ["small.yaml", "product.yaml"])
def test_the_models_take_the_examples_as_a_whole(name: str) -> None:
    node, problems = parse(name, (EXAMPLES / name).read_text())
    assert node is not None
    assert not problems
    whole = SiteFile.model_validate(plain(node))
    assert set(whole.devices) == set(plain(node)["devices"])
