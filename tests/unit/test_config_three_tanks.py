"""Three tanks in a site file: what comes out, and what such a site lacks, in a sentence at its line."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.engine.workflows import tanks, times
from edgectl.model.time import SECOND
from edgectl.model.water import Tank, Way
from tests.unit.site_files import EXAMPLES, changed, line_of, rejected
from tests.unit.test_config_tanks import TWO

THREE = (EXAMPLES / "three-tank.yaml").read_text()
CIRCUIT = "      mix_pump: pump_mix          # hangs in the solution tank; its round, or the third tank\n"


def test_the_three_tank_example_becomes_these_very_values() -> None:
    loaded = load(EXAMPLES / "three-tank.yaml")
    zone = loaded.site.zones["zone-1"]
    circuit = zone.circuit
    assert circuit is not None
    assert [tank.name for tank in circuit.tanks] == ["clean", "solution", "irrigation"]
    assert circuit.source == Tank(name="irrigation", volume_l=120, low="irrigation_min", high="irrigation_max")
    assert zone.ways == (
        Way(pump="pump_water", pushes=("valve_irrigation",), flow="water_flow"),
        Way(pump="pump_mix", pushes=("valve_solution_return", "valve_irrigation_fill"), flow="mix_flow"),
        Way(pump="pump_fill", pushes=("valve_solution_fill",), flow="fill_flow"),
    )
    assert zone.mixing is not None
    assert zone.mixing.pump == "pump_mix"
    assert set(zone.actuators) == set(loaded.site.actuators)
    assert [notice for notice in loaded.notices if "bounces" not in notice] == []
    fill = next(stage for stage in tanks.startup(loaded.site, zone) if stage.name == "solution_fill")
    assert fill.opens == ("valve_solution_fill", "pump_fill")
    assert (fill.limit, fill.metered) == (390 * SECOND, "fill_volume")
    onward = tanks.irrigation_fill(loaded.site, zone)[0]
    assert onward.opens == ("valve_irrigation_fill", "pump_mix")
    assert times.ceiling(loaded.site, onward) <= (loaded.site.actuators["pump_mix"].max_on or 0)


def test_one_pump_may_fill_mix_and_pass_on_and_another_one_water(tmp_path: Path) -> None:
    """The house of the fewest parts: with valves before the pump that does everything but water."""
    text = THREE
    for line in (
        "fill_pump: pump_fill        # hangs in the clean tank",
        "fill_flow: fill_flow",
        "solution_rate: 20l/min",
    ):
        text = changed(f"      {line}\n", "", text)
    text = changed(
        "      solution_return: valve_solution_return\n", "      solution_supply: valve_solution_return\n", text
    )
    text = changed(
        "  pump_fill:             {to: board.relay_1, role: pump, max_on: 20m, min_off: 5s, run_down: 2s}\n",
        "  valve_clean_supply:    {to: board.relay_1, role: valve, max_on: 20m}\n",
        text,
    )
    text = changed(
        "      fill: valve_clean_fill\n", "      fill: valve_clean_fill\n      clean_supply: valve_clean_supply\n", text
    )
    text = changed(
        "  valve_solution_fill:   {to: board.relay_5, role: valve, max_on: 20m}",
        "  valve_solution_fill:   {to: board.relay_5, role: valve, max_on: 54m}",
        text,
    )
    (tmp_path / "site.yaml").write_text(text)
    zone = load(tmp_path / "site.yaml").site.zones["zone-1"]
    assert zone.ways[1] == Way(
        pump="pump_mix",
        draws=("valve_solution_return", "valve_clean_supply"),
        pushes=("valve_solution_fill", "valve_irrigation_fill"),
        flow="mix_flow",
    )
    assert len(zone.ways) == 2


# what is taken out or put in, the place that is blamed, words of sentence and hint
LACKS = [
    (CIRCUIT, "", "zones.zone-1.circuit.mix_pump", ["is missing", "waters from the third tank", "add mix_pump"]),
    (
        "      irrigation_fill: valve_irrigation_fill\n",
        "",
        "zones.zone-1.circuit.irrigation_fill",
        ["water cannot reach the third tank", "add irrigation_fill"],
    ),
    (
        "      solution_rate: 20l/min\n",
        "",
        "zones.zone-1.circuit.solution_rate",
        ["nobody knows how fast pump_fill fills", "as measured"],
    ),
    (
        "      solution_return: valve_solution_return\n",
        "",
        "zones.zone-1.circuit.solution_return",
        ["is the way of pump_fill", "add solution_return"],
    ),
    (
        "      rate: 20l/min               # of pump_mix, as measured\n",
        "",
        "zones.zone-1.chemistry.rate",
        ["pump_mix moves the solution", "that of pump_water"],
    ),
    (
        "mix_pump: pump_mix ",
        "mix_pump: pump_water ",
        "zones.zone-1.circuit.mix_pump",
        ["is the pump of the zone already"],
    ),
    (
        "fill_pump: pump_fill ",
        "fill_pump: pump_mix ",
        "zones.zone-1.circuit.fill_pump",
        ["mix_pump already", "fills too"],
    ),
    ("fill_pump: pump_fill ", "fill_pump: acid ", "zones.zone-1.circuit.fill_pump", ["has role dosing, not pump"]),
    (
        "irrigation: irrigation\n",
        "irrigation: solution\n",
        "zones.zone-1.circuit.irrigation",
        ["is the solution already"],
    ),
    (
        "irrigation: irrigation\n",
        "irrigation: clean\n",
        "zones.zone-1.circuit.irrigation",
        ["is the clean tank already"],
    ),
    (
        "irrigation: irrigation\n",
        "irrigation: other\n",
        "zones.zone-1.circuit.irrigation",
        ["there is no tank 'other'"],
    ),
    ("mix_flow: mix_flow\n", "mix_flow: mix_volume\n", "zones.zone-1.circuit.mix_flow", ["a flow sensor speaks L/min"]),
    (
        "irrigation_meter: mix_volume\n",
        "irrigation_meter: mix_flow\n",
        "zones.zone-1.circuit.irrigation_meter",
        ["a meter speaks L"],
    ),
    (
        "irrigation_fill: valve_irrigation_fill\n",
        "irrigation_fill: valve_irrigation\n",
        "zones.zone-1.circuit.irrigation_fill",
        ["is the valve of the zone already"],
    ),
    (
        "pump_mix:              {to: board.relay_2, role: pump, max_on: 54m",
        "pump_mix:              {to: board.relay_2, role: pump, max_on: 5m",
        "actuators.pump_mix.max_on",
        ["5m is shorter than", "of zone-1"],
    ),
]


@pytest.mark.parametrize(("old", "new", "path", "words"), LACKS, ids=[f"{n} {lack[2]}" for n, lack in enumerate(LACKS)])
def test_what_a_three_tank_site_lacks_is_a_sentence(
    tmp_path: Path, old: str, new: str, path: str, words: list[str]
) -> None:
    (problem,) = rejected(tmp_path, changed(old, new, THREE))
    assert problem.path == path
    assert problem.line > 1
    for word in words:
        assert word in f"{problem.what} {problem.hint}"


ALONE = [
    ("irrigation_time: 10m", "without a third tank"),
    ("mix_flow: flow", "without a mix_pump"),
    ("solution_rate: 20l/min", "without a pump of its own"),
]


@pytest.mark.parametrize(("line", "words"), ALONE, ids=[line for line, _ in ALONE])
def test_a_key_of_a_way_that_is_not_there_is_named(tmp_path: Path, line: str, words: str) -> None:
    text = changed("      fill_rate: 20l/min\n", f"      fill_rate: 20l/min\n      {line}\n", TWO)
    found = rejected(tmp_path, text)
    blamed = next(problem for problem in found if words in problem.what)
    assert blamed.line == line_of(text, line)


def test_the_work_of_three_tanks_is_planned_only_where_they_are(tmp_path: Path) -> None:
    text = changed("workflow: startup", "workflow: three_tank_startup", TWO)
    (problem,) = rejected(tmp_path, text)
    assert problem.path == "schedules.prepare.workflow"
    assert "needs a third tank, and zone-1 has none" in problem.what
    assert "add irrigation: TANK" in problem.hint


def test_a_pump_that_nobody_sees_move_water_is_mentioned(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed("      mix_flow: mix_flow\n", "", THREE))
    assert [n for n in load(tmp_path / "site.yaml").notices if "pump_mix has no flow sensor in zone-1" in n]
