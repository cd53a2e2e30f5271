"""The climate of a zone in a site file: what comes out, and each mistake at its line with what to do."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.model.air import Climate, Vent
from edgectl.model.time import SECOND
from tests.unit.site_files import EXAMPLES, changed, line_of, rejected

AIR = (EXAMPLES / "climate.yaml").read_text()


def test_the_climate_example_becomes_these_very_values() -> None:
    loaded = load(EXAMPLES / "climate.yaml")
    assert loaded.site.zones["house"].climate == Climate(
        temperature="air_temperature",
        humidity="air_humidity",
        outside="outside_temperature",
        wind="wind",
        rain="rain",
        heaters=("heater_1", "heater_2"),
        fans=("fan_1", "fan_2"),
        vents=(Vent(name="roof", opens="roof_open", closes="roof_close", travel=120 * SECOND),),
        fog="fog_valve",
        heat=(18, 15),
        vent=(24, 21),
        day=(360, 1200),
        driest=55,
        wettest=88,
        overheat=38,
    )
    assert loaded.site.never_together == (frozenset({"roof_open", "roof_close"}),)
    assert loaded.ignored == loaded.notices == ()


def test_how_far_vents_are_open_in_weather_that_nobody_sees_is_said_in_percent(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(changed("wettest: 88", "wettest: 88\n      unseen: 5", AIR))
    climate = load(path).site.zones["house"].climate
    assert climate is not None
    assert climate.unseen == 0.05


# old, new, a fragment of the line that is blamed, path, words of sentence and hint
MISTAKES = [
    ("wind: wind", "wind: rain", "wind: rain", "zones.house.climate.wind", ["measured in mm/h", "speaks m/s"]),
    (
        "wind: wind",
        "wind: winds",
        "wind: winds",
        "zones.house.climate.wind",
        ["no sensor 'winds'", "did you mean wind"],
    ),
    (
        "vent: {day: 24, night: 21}",
        "vent: {day: 19, night: 21}",
        "vent: {day",
        "zones.house.climate.vent.day",
        ["19 °C is less than 2 degrees above", "at least 20"],
    ),
    (
        "fan_1:      {to: board.relay_3, role: fan}",
        "fan_1:      {to: board.relay_3, role: fan, max_on: 30m}",
        "fan_1:      {to",
        "actuators.fan_1.max_on",
        ["a fan of a climate keeps its state", "remove it"],
    ),
    ("wettest: 88", "wettest: 50", "wettest", "zones.house.climate.wettest", ["is not above driest 55"]),
    ("      fog: fog_valve\n", "", "driest", "zones.house.climate.driest", ["nothing to act with", "fog: NAME"]),
    (
        "fans: [fan_1, fan_2]",
        "fans: [fan_1, heater_2]",
        "fans: [fan_1",
        "zones.house.climate.fans[1]",
        ["has role heater, not fan"],
    ),
    ("fans: [fan_1, fan_2]", "fans: [fan_1, fan_1]", "fans: [", "zones.house.climate.fans[1]", ["named twice"]),
    (
        "closes: roof_close,",
        "closes: roof_open,",
        "closes: roof_open",
        "zones.house.climate.vents.roof.closes",
        ["named twice"],
    ),
    ("travel: 120s", "travel: 120", "travel: 120", "zones.house.climate.vents.roof.travel", ["needs a unit"]),
    ("      humidity: air_humidity\n", "", "driest", "zones.house.climate.driest", ["without humidity"]),
    (
        "{to: board.relay_5, role: motor, max_on: 3m}",
        "{to: board.relay_5, role: motor}",
        "roof_open:  {",
        "actuators.roof_open.max_on",
        ["is missing", "motor"],
    ),
    (
        "roof_close: {to: board.relay_6, role: motor, max_on: 3m}",
        "roof_close: {to: board.relay_6, role: motor, max_on: 100s}",
        "roof_close: {to",
        "actuators.roof_close.max_on",
        ["is shorter than roof may run to its end, 2m", "write at least 2m"],
    ),
    *(
        (
            "roof_close: {to: board.relay_6, role: motor, max_on: 3m}",
            f"roof_close: {{to: board.relay_6, role: motor, max_on: 3m, {rest}}}",
            "roof_close: {to",
            f"actuators.roof_close.{rest.split(':')[0]}",
            ["keeps roof open in a storm", "roof_open may have it"],
        )
        for rest in ("min_off: 5m", "starts_per_hour: 6")
    ),
]


@pytest.mark.parametrize(("old", "new", "blamed", "path", "words"), MISTAKES, ids=[m[3] for m in MISTAKES])
def test_a_mistake_is_a_sentence_at_its_line(
    tmp_path: Path, old: str, new: str, blamed: str, path: str, words: list[str]
) -> None:
    text = changed(old, new, AIR)
    problems = [problem for problem in rejected(tmp_path, text) if problem.path == path]
    assert len(problems) == 1
    assert problems[0].line == line_of(text, blamed)
    for word in words:
        assert word in f"{problems[0].what} {problems[0].hint}"
