"""What goes round without end, in a site file: how long one ON lasts, who sees the water, and what is refused."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.model.site import Round
from edgectl.model.time import SECOND, Nanos
from tests.unit.site_files import changed, rejected

MINUTE: Nanos = 60 * SECOND
ZONE = "    valve: irrigation_valve\n"
FILM = "    circulation: {main_pump: {max_off: 10m}}\n"


def film(entry: str = "main_pump: {max_off: 10m}", more: str = "") -> str:
    """The example with a film of water in the place of its valve; its watering then is a task like any other."""
    return changed(ZONE, f"    circulation: {{{entry}}}\n{more}")


def test_a_film_has_pulses_as_long_as_its_pump_may_be_on(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(film())
    (zone,) = load(path).site.zones.values()
    assert zone.rounds == (Round(output="main_pump", max_off=10 * MINUTE, pulse=10 * MINUTE),)


def test_without_a_limit_they_last_half_an_hour_and_turns_as_long_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(changed("    max_on: 10m\n", "", film("main_pump: {on: 15m, off: 15m, max_off: 20m}")))
    loaded = load(path)
    (zone,) = loaded.site.zones.values()
    assert zone.rounds[0].pulse == 15 * MINUTE
    assert loaded.site.actuators["main_pump"].max_on is None, "its witness ends what moves no water"
    path.write_text(changed("    max_on: 10m\n", "", film()))
    (zone,) = load(path).site.zones.values()
    assert zone.rounds[0].pulse == 30 * MINUTE


WRONG = {
    "nobody": (film("main_pomp: {max_off: 10m}"), "is no actuator", "main_pump"),
    "a lamp": (film("lamp: {max_off: 10m}"), "has role light", "a pump or an air_pump"),
    "one end": (film("main_pump: {on: 5m, max_off: 10m}"), "only one end", "write both"),
    "no time": (film("main_pump: {max_off: 30s}"), "is over before the next turn", "at least 65s"),
    "a long pulse": (film("main_pump: {max_off: 10m, pulse: 20m}"), "longer than one ON of main_pump", "at most 10m"),
    "no witness": (changed("    flow: flow\n", "", film()), "without a witness", "add flow: SENSOR"),
    "a valve": (changed(ZONE, ZONE + FILM), "pushes through irrigation_valve", "a pump of its own"),
    "a gap": (film(more="    max_gap: 24h\n"), "means nothing where water goes round", "max_off"),
    "a bubbler with a limit": (
        changed(
            "# What belongs together.",
            "  bubbler: {to: board.relay_4, role: air_pump, max_on: 30m}\n\n# What belongs together.",
            changed(ZONE, f"{ZONE}    circulation: {{bubbler: {{max_off: 30m}}}}\n"),
        ),
        "a bubbler keeps its state",
        "remove it",
    ),
    "starts": (
        changed("    min_off: 5s\n", "    min_off: 5s\n    starts_per_hour: 3\n", film()),
        "3 starts an hour are fewer than the 6",
        "longer pulses",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_work_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    text, what, hint = WRONG[case]
    found = [str(problem) for problem in rejected(tmp_path, text)]
    assert any(what in problem and hint in problem for problem in found), found


@pytest.mark.parametrize("way", ["solution_return", "irrigation_fill", "solution_supply"])
def test_a_valve_of_its_circuit_stands_in_the_way_too(way: str, tmp_path: Path) -> None:
    spare = "  spare_valve:     {to: board.relay_4, role: valve, max_on: 11m}\n"
    spare += "  tap:             {to: board.relay_5, role: valve, max_on: 31m}\n\n"
    tank = "tanks:\n  butt: {volume: 200l, level: solution_level}\n\n"
    circuit = f"    circuit: {{solution: butt, fill: tap, {way}: spare_valve}}\n"
    text = changed("# What belongs together.", f"{spare}{tank}# What belongs together.", film(more=circuit))
    found = [str(problem) for problem in rejected(tmp_path, text)]
    assert any("main_pump pushes through spare_valve" in problem for problem in found), found


def test_its_bypass_stands_in_the_way_too(tmp_path: Path) -> None:
    """Nobody opens it for a round, and without it the pump may not run."""
    spare = "  spare_valve:     {to: board.relay_4, role: valve, max_on: 11m}\n\n"
    least = "    min_off: 5s\n    min_flow: 15l/min\n    bypass: spare_valve\n    bypass_rate: 8l/min\n"
    rated = changed("    min_off: 5s\n", least, film(more="    rate: 10l/min\n"))
    text = changed("# What belongs together.", f"{spare}# What belongs together.", rated)
    found = [str(problem) for problem in rejected(tmp_path, text)]
    assert any("main_pump pushes through spare_valve" in problem for problem in found), found


def test_a_pump_is_handed_on_between_zones_that_have_a_valve_each(tmp_path: Path) -> None:
    lone = changed("    min_off: 5s\n", "    min_off: 5s\n    hands_on: true\n")
    assert "main_pump is not the pump of several zones" in str(rejected(tmp_path, lone)[0])
    second = "  zone-2:\n    number: 2\n    pump: main_pump\n    flow: flow\n"
    both = changed("# When. Cron is", f"{second}# When. Cron is", lone)
    assert "needs a valve in each zone of main_pump" in str(rejected(tmp_path, both)[0])
    spare = "  second_valve:     {to: board.relay_4, role: valve, max_on: 11m}\n"
    whole = changed("# What belongs together.", f"{spare}\n# What belongs together.", both)
    path = tmp_path / "site.yaml"
    path.write_text(changed("    number: 2\n", "    number: 2\n    valve: second_valve\n", whole))
    assert load(path).site.actuators["main_pump"].hands_on
