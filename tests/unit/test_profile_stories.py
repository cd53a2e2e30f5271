"""`edgectl profiles`: what a person has to know of a device before it is bought or wired, and how well it is known."""

import json

import pytest
from click.testing import CliRunner

from edgectl.__main__ import main
from edgectl.drivers import registry


def said(*words: str) -> str:
    return CliRunner().invoke(main, ["profiles", *words]).stdout


def test_the_list_shows_of_every_device_how_it_is_known() -> None:
    listed = said().splitlines()
    for name in registry.names():
        (line,) = [line for line in listed if line.split()[0] == name]
        assert line.split()[1] == registry.find(name).evidence
    assert "code, public code that talks to it" in listed[-2]


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("waveshare-relay-8ch", ["relay_1 to relay_8 (pulse, up to 3276.7 s)", "software version", "within 100 ms"]),
        ("wb-mr6c", ["relay_1 to relay_6 (watchdog)", "seconds without a word until the relays fall: 10"]),
        ("lcus-relay-2ch", ["relay_1, relay_2 (none)", "shows 2 outputs when it is asked"]),
        ("atlas-ezo-ph", ["calls itself pH"]),
        ("xy-md02", ["looks like  md02", "code: github.com/wirenboard"]),
        ("qdy30a-level", ["unit code (1 = cm), 1"]),
    ],
)
def test_one_device_is_told_whole(name: str, sentences: list[str]) -> None:
    told = said(name)
    assert [sentence for sentence in sentences if sentence not in told] == [], told


def test_as_json_nothing_of_it_is_missing() -> None:
    rows = {row["name"]: row for row in json.loads(said("--json"))}
    assert set(rows) == set(registry.names())
    assert rows["wb-mr6c"]["is_set_to"]["seconds without a word until the relays fall"] == 10
    assert rows["xy-md02"]["looks_like"] == ["md02"]
    assert all({"identity", "answers_within_ms", "evidence", "source", "quirks"} <= set(row) for row in rows.values())
