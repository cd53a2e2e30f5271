"""What the site file says about the quality of its sensors, right and wrong."""

from pathlib import Path
from typing import Any

import pytest

from edgectl.cli.words import doubt
from edgectl.config.loaded import Loaded
from edgectl.config.loader import load
from edgectl.config.schema import json_schema
from edgectl.drivers import wiring
from edgectl.drivers.pollplan import plan
from edgectl.model.time import SECOND
from tests.unit.site_files import EXAMPLES, SMALL, changed, line_of, rejected

PRODUCT = (EXAMPLES / "product.yaml").read_text()
AIR = "{from: air.temperature, max_age: 60s}"
SECOND_AIR = changed(
    "  air:     {bus: climate, profile: xy-md02, unit: 1}",
    "  air:     {bus: climate, profile: xy-md02, unit: 1}\n  air2:    {bus: climate, profile: xy-md02, unit: 2}",
)
BOTH = "{median_of: [air.temperature, air2.temperature], agree_within: 1.5, max_age: 60s}"


def loaded(folder: Path, text: str) -> Loaded:
    (folder / "site.yaml").write_text(text)
    return load(folder / "site.yaml")


def test_every_word_about_quality_reaches_the_engine(tmp_path: Path) -> None:
    marks = "max_rate: 3/min, noise: 0.1, frozen_after: 30m, calibrate_every: 30d"
    site = loaded(tmp_path, changed(AIR, AIR.replace("}", f", {marks}}}")))
    air = site.site.sensors["air_temperature"]
    assert (air.max_rate, air.noise, air.frozen_after) == (3.0, 0.1, 1800 * SECOND)
    assert air.calibrate_every == 30 * 86_400 * SECOND
    assert air.remembers
    assert not site.site.sensors["air_humidity"].remembers
    assert site.ignored == ()
    values = {line.path: line.value for line in site.effective}
    assert values["sensors.air_temperature.max_rate"] == "3/min"
    assert values["sensors.air_temperature.frozen_after"] == "30m"
    assert values["sensors.air_temperature.noise"] == "0.1"


def test_all_channels_of_a_median_are_read(tmp_path: Path) -> None:
    site = loaded(tmp_path, changed(AIR, BOTH, SECOND_AIR))
    air = site.site.sensors["air_temperature"]
    assert air.channels == air.median_of == ("air.temperature", "air2.temperature")
    assert (air.channel, air.agree_within, air.unit) == ("air.temperature", 1.5, "degC")
    assert air.devices == {"air", "air2"}
    (climate,) = [bus for bus in site.buses if bus.name == "climate"]
    blocks = plan(climate, site.site)
    assert {channel for block in blocks for channel in block.channels} >= set(air.channels)
    assert all(block.every <= air.poll_every for block in blocks)


def test_a_median_that_a_bus_cannot_carry_is_found(tmp_path: Path) -> None:
    flow = "flow:            {from: counter.frequency_1,"
    text = changed(flow, "flow:            {median_of: [counter.frequency_1, counter.frequency_2],")
    text = changed("max_age: 3s", "max_age: 600ms", text)
    assert [p.path for p in rejected(tmp_path, text)] == ["sensors.flow.max_age"]


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ("board.di_1, irrig.level_clean_min", ["irrig.level_clean_min of float is never read"]),
        ("irrig.level_clean_max, irrig.level_clean_min", ["float is never read"]),
        ("board.di_1, board.di_2", []),
    ],
)
def test_a_channel_that_nobody_reads_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: str, said: list[str]
) -> None:
    monkeypatch.setattr(wiring, "SPOKEN", wiring.SPOKEN - {"hydro2"})
    text = changed("  solution_ph:", f"  float: {{median_of: [{channels}]}}\n  solution_ph:", PRODUCT)
    notices = [n for n in loaded(tmp_path, text).notices if "float" in n]
    assert notices == [f"{sentence}: this version does not drive bus nodes" for sentence in said]


# replaced sensor, what is blamed, words
MISTAKES: list[tuple[str, str, list[str]]] = [
    ("{from: air.temperature, noise: 0}", "noise", ["out of bounds", "above 0"]),
    ("{from: air.temperature, noise: -0.1}", "noise", ["out of bounds", "above 0"]),
    ("{from: air.temperature, noise: .inf}", "noise", ["not a number"]),
    ("{from: air.temperature, max_rate: 0/min}", "max_rate", ["no rate at all", "above zero"]),
    ("{from: air.temperature, max_rate: 3}", "max_rate", ["needs a unit", "3/min"]),
    (
        "{from: air.temperature, max_age: 60s, frozen_after: 15s}",
        "frozen_after",
        ["15s is not longer than the 15s from one read", "at least 150s"],
    ),
    ("{from: air.temperature, frozen_after: 0s}", "frozen_after", ["no time at all"]),
    ("{from: air.temperature, calibrate_every: 30}", "calibrate_every", ["needs a unit"]),
    ("{from: air.temperature, agree_within: 1}", "agree_within", ["means nothing without median_of"]),
    ("{max_age: 60s}", "from", ["is missing", "or median_of"]),
    ("{from: air.temperature, median_of: [air.temperature, air2.temperature]}", "median_of", ["beside from", "keep"]),
    ("{median_of: [air.temperature]}", "median_of", ["a list of 1", "two to eight"]),
    ("{median_of: [air.temperature], agree_within: 1}", "median_of", ["a list of 1"]),
    ("{median_of: air.temperature}", "median_of", ["is not a list"]),
    ("{median_of: [air.temperature, air]}", "median_of[1]", ["not written as expected"]),
    ("{median_of: [air.temperature, air.temperature]}", "median_of[1]", ["stands twice", "no witness"]),
    ("{median_of: [air.temperature, air3.temperature]}", "median_of[1]", ["no device 'air3'", "air2"]),
    ("{median_of: [air.temperature, air2.temp]}", "median_of[1]", ["no channel", "temperature"]),
    ("{median_of: [air.temperature, air2.humidity]}", "median_of[1]", ["air2.humidity gives %RH", "one unit"]),
    ('{median_of: [air.temperature, air2.temperature], unit: "%"}', "unit", ["gives degC", "add a scale"]),
    (BOTH.replace("1.5", "0"), "agree_within", ["out of bounds", "above 0"]),
]


@pytest.mark.parametrize(("wrong", "key", "words"), MISTAKES)
def test_one_mistake_is_found_once(tmp_path: Path, wrong: str, key: str, words: list[str]) -> None:
    text = changed(AIR, wrong, SECOND_AIR)
    (problem,) = rejected(tmp_path, text)
    assert problem.path == f"sensors.air_temperature.{key}"
    assert problem.line == line_of(text, "air_temperature:")
    for word in words:
        assert word in f"{problem.what} {problem.hint}"


def test_the_exported_schema_wants_one_of_the_two_sources() -> None:
    entry: dict[str, Any] = json_schema()["$defs"]["SensorEntry"]
    assert entry["oneOf"] == [{"required": ["from"]}, {"required": ["median_of"]}]
    assert {"noise", "frozen_after", "median_of", "agree_within", "calibrate_every"} <= set(entry["properties"])
    assert entry["additionalProperties"] is False


def test_people_are_told_what_is_doubtful_and_not_what_is_only_older() -> None:
    assert doubt({"value": 1.0, "quality": 0.0, "weakest": "rate"}) == ", quality 0.00: rate"
    assert doubt({"value": 1.0, "quality": 0.9, "weakest": "freshness"}) == ""
    assert doubt({"value": 1.0, "quality": 1.0, "weakest": ""}) == ""


def test_the_small_example_asks_nothing_of_the_past(tmp_path: Path) -> None:
    assert not any(sensor.remembers for sensor in loaded(tmp_path, SMALL).site.sensors.values())
