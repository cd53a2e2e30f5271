"""Tanks, circuits and chemistry in a site file: what comes out, and each mistake at its line with what to do."""

from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.engine.workflows import tanks, times
from edgectl.engine.workflows.doses import given
from edgectl.model.time import SECOND
from edgectl.model.water import Doser, Tank
from edgectl.scheduler.schedule import Cron
from tests.unit.site_files import EXAMPLES, changed, line_of, rejected

TWO = (EXAMPLES / "two-tank.yaml").read_text()
ACID_CAPS = "gain: 0.03/ml, max_dose: 20ml, max_per_hour: 80ml, max_per_day: 400ml}\n  base"
FILL_VALVE = "{to: board.relay_2, role: valve, max_on: 15m}"


def test_the_two_tank_example_becomes_these_very_values() -> None:
    loaded = load(EXAMPLES / "two-tank.yaml")
    zone = loaded.site.zones["zone-1"]
    assert zone.rate_l_min == 20
    assert zone.circuit is not None
    assert zone.circuit.clean == Tank(name="clean", volume_l=200, low="clean_min", high="clean_max")
    assert zone.circuit.solution == Tank(name="solution", volume_l=100, low="solution_min", high="solution_max")
    assert (zone.circuit.fill, zone.circuit.fill_l_min) == ("valve_clean_fill", 20)
    assert zone.chemistry is not None
    assert (zone.chemistry.volume_l, zone.chemistry.rate_l_min, zone.chemistry.mixing) == (100, 20, 300 * SECOND)
    assert (zone.chemistry.target_ph, zone.chemistry.target_ec, zone.chemistry.least_ec) == (5.8, 1.6, 0.01)
    assert zone.chemistry.dosers == ("part_a", "part_b", "part_c", "acid", "base")
    assert loaded.site.actuators["acid"].doser == Doser(
        ml_per_s=1.1, gain=0.03, max_dose_ml=20, max_per_hour_ml=80, max_per_day_ml=400
    )
    assert loaded.schedules[0].payload == {"workflow": "startup"}
    assert loaded.schedules[0].cadence == Cron(expression="0 4 * * *")
    assert loaded.ignored == ()
    (bouncing,) = loaded.notices
    lines = [TWO[: TWO.index(f"  {name}:")].count("\n") + 1 for name in ("clean_max", "clean_min")]
    assert bouncing.startswith(f"clean_max (line {lines[0]}), clean_min (line {lines[1]}), solution_max (line ")
    assert "): looked at every " in bouncing


def test_who_steadies_a_contact_is_not_told_that_it_bounces(tmp_path: Path) -> None:
    text = TWO
    for name in ("di_1", "di_2", "di_3"):
        text = changed(f"board.{name}, range: [0, 1]", f"board.{name}, range: [0, 1], debounce: device", text)
    path = tmp_path / "site.yaml"
    path.write_text(text)
    (left,) = load(path).notices
    assert left.startswith(
        f"solution_max (line {line_of(text, '  solution_max:')}): looked at every 2.5s at best, too seldom to tell a"
        " contact that bounces for 80ms"
    )
    path.write_text(changed("board.di_4, range: [0, 1]", "board.di_4, range: [0, 1], debounce: device", text))
    assert load(path).notices == ()
    wrong = changed("ph.ph, range: [0, 14]", "ph.ph, debounce: device, range: [0, 14]", TWO)
    assert "solution_ph is the float of no tank" in str(rejected(tmp_path, wrong)[0])


def test_pumps_of_one_solution_never_give_together_although_nobody_wrote_it() -> None:
    site = load(EXAMPLES / "two-tank.yaml").site
    assert site.never_together == (frozenset({"part_a", "part_b", "part_c", "acid", "base"}),)


def test_a_preparation_is_cut_into_goes_that_a_relay_timer_can_count() -> None:
    site = load(EXAMPLES / "two-tank.yaml").site
    zone = site.zones["zone-1"]
    assert zone.chemistry is not None
    (stage,) = tanks.prepare(site, zone)
    pump = site.actuators["pump_main"]
    assert pump.max_on is not None
    assert times.lease(site, stage, "pump_main") <= pump.max_on
    assert stage.late.to == "prepare"
    assert stage.late.cycles is not None
    assert (stage.late.cycles + 1) * stage.limit >= tanks.prepare_limit(zone.chemistry)


# old, new, a fragment of the line that is blamed, path, words of sentence and hint
MISTAKES = [
    ("solution: {volume: 100l,", "solution: {volume: 100,", "volume: 100,", "tanks.solution.volume", ["needs a unit"]),
    (
        "low: clean_min, high: clean_max",
        "low: clean_min",
        "clean:    {",
        "tanks.clean",
        ["nothing shows when it is full", "add level"],
    ),
    ("high: clean_max", "high: clean_min", "high: clean_min", "tanks.clean.high", ["is the lower float already"]),
    (
        "high: clean_max",
        "level: clean_max",
        "level: clean_max",
        "tanks.clean.level",
        ["measured in no unit", "speaks percent"],
    ),
    ("high: clean_max", "high: flow", "high: flow", "tanks.clean.high", ["L/min", "only 0 and 1"]),
    ("low: clean_min", "low: clean_mim", "clean_mim", "tanks.clean.low", ["no sensor 'clean_mim'", "clean_min"]),
    (
        "      clean: clean",
        "      clean: clear",
        "clean: clear",
        "zones.zone-1.circuit.clean",
        ["no tank 'clear'", "did you mean clean"],
    ),
    (
        "      clean: clean",
        "      clean: solution",
        "clean: solution",
        "zones.zone-1.circuit.clean",
        ["is the solution already"],
    ),
    (
        "fill: valve_clean_fill",
        "fill: pump_main",
        "fill: pump_main",
        "zones.zone-1.circuit.fill",
        ["has role pump, not valve"],
    ),
    (
        "      solution_fill: valve_solution_fill",
        "      solution_fill: valve_irrigation",
        "solution_fill: valve_irrigation",
        "zones.zone-1.circuit.solution_fill",
        ["is the valve of the zone already"],
    ),
    (
        "      clean_supply: valve_clean_supply\n",
        "",
        "circuit:",
        "zones.zone-1.circuit.clean_supply",
        ["is missing", "second tank"],
    ),
    ("      clean: clean\n", "", "clean_supply: valve", "zones.zone-1.circuit.clean_supply", ["without a clean tank"]),
    (
        "target_ph: 5.8",
        "target_ph: 58",
        "target_ph",
        "zones.zone-1.chemistry.target_ph",
        ["out of bounds", "at most 9"],
    ),
    ("      target_ph: 5.8\n", "", "chemistry:", "zones.zone-1.chemistry.target_ph", ["is missing", "solution_ph"]),
    (
        "ec: solution_ec",
        "ec: solution_ph",
        "ec: solution_ph",
        "zones.zone-1.chemistry.ec",
        ["measured in pH", "speaks mS/cm"],
    ),
    (
        "acid: acid",
        "acid: pump_main",
        "acid: pump_main",
        "zones.zone-1.chemistry.acid",
        ["has role pump, not dosing"],
    ),
    (
        "[part_a, part_b, part_c]",
        "[part_a, part_b, part_a]",
        "part_a]",
        "zones.zone-1.chemistry.nutrients[2]",
        ["named twice"],
    ),
    (
        ACID_CAPS,
        ACID_CAPS.replace("gain: 0.03/ml, ", ""),
        "acid: {to",
        "actuators.acid.gain",
        ["is missing: zone-1 doses with acid", "0.03/ml"],
    ),
    (ACID_CAPS, ACID_CAPS.replace("0.03/ml", "0/ml"), "acid: {to", "actuators.acid.gain", ["changes nothing"]),
    (
        "    rate: 20l/min ",
        "    rate: 20l/min\n    numbers: 2 ",
        "numbers",
        "zones.zone-1.numbers",
        ["not a known key", "did you mean number"],
    ),
    ("    rate: 20l/min ", "    rate: 0l/min ", "rate: 0l/min", "zones.zone-1.rate", ["moves no water"]),
    (
        FILL_VALVE,
        FILL_VALVE.replace("15m", "5m"),
        "valve_clean_fill:      {",
        "actuators.valve_clean_fill.max_on",
        ["5m is shorter than the 785s that startup of zone-1", "fill_rate"],
    ),
    (
        "workflow: startup",
        "workflow: startups",
        "startups",
        "schedules.prepare.workflow",
        ["not known here", "did you mean startup"],
    ),
    (
        "task: irrigation, ",
        "task: irrigation, workflow: refill, ",
        "workflow: refill",
        "schedules.morning.workflow",
        ["means nothing for irrigation"],
    ),
    (
        "duration: 30s",
        "duration: 30s, volume: 5l",
        "volume: 5l",
        "schedules.morning.volume",
        ["stands beside duration"],
    ),
    (
        "workflow: startup, cron",
        "workflow: startup, duration: 5m, cron",
        "duration: 5m",
        "schedules.prepare.duration",
        ["means nothing for diagnostics", "tanks say when they are full"],
    ),
]


@pytest.mark.parametrize(("old", "new", "blamed", "path", "words"), MISTAKES, ids=[m[3] for m in MISTAKES])
def test_a_mistake_is_one_sentence_at_its_line(
    tmp_path: Path, old: str, new: str, blamed: str, path: str, words: list[str]
) -> None:
    text = changed(old, new, TWO)
    problems = rejected(tmp_path, text)
    assert [problem.path for problem in problems] == [path]
    (problem,) = problems
    assert problem.line == line_of(text, blamed)
    for word in words:
        assert word in f"{problem.what} {problem.hint}"


def test_a_chemistry_without_water_to_correct_names_everything_that_it_needs(tmp_path: Path) -> None:
    start, end = TWO.index("    circuit:"), TWO.index("    chemistry:")
    text = changed("    rate: 20l/min                 # as measured; fills and mixing times follow from it\n", "", TWO)
    text = text.replace(TWO[start:end], "")
    problems = {problem.path: problem.hint for problem in rejected(tmp_path, text)}
    assert "add circuit" in problems["zones.zone-1.chemistry"]
    assert "add rate: 20l/min" in problems["zones.zone-1.chemistry.rate"]
    assert "circuit" in problems["schedules.prepare.task"]
    assert len(problems) == 3


def test_litres_need_a_meter(tmp_path: Path) -> None:
    text = changed("duration: 30s", "volume: 5l", changed("    meter: volume\n", "", TWO))
    (problem,) = rejected(tmp_path, text)
    assert problem.path == "schedules.morning.volume"
    assert "needs a meter" in problem.what


def test_a_pump_that_measures_its_doses_gives_none_that_is_over_before_it_is_seen() -> None:
    relay = Doser(ml_per_s=1, max_dose_ml=20, max_per_hour_ml=60, max_per_day_ml=200)
    metered = Doser(ml_per_s=1, max_dose_ml=20, max_per_hour_ml=60, max_per_day_ml=200, least=2 * SECOND)
    assert given(relay, 0.05) is None
    assert given(metered, 1.9) is None
    dose = given(metered, 2.37)
    assert dose is not None
    assert dose.pulse == 23 * SECOND // 10


def test_a_stage_that_does_not_fit_is_told_together_with_mistakes_elsewhere(tmp_path: Path) -> None:
    short = TWO.replace(FILL_VALVE, FILL_VALVE.replace("15m", "5m"))
    assert {problem.path for problem in rejected(tmp_path, short)} == {"actuators.valve_clean_fill.max_on"}
    both = {problem.path for problem in rejected(tmp_path, short.replace("workflow: startup", "workflow: startups"))}
    assert both == {"actuators.valve_clean_fill.max_on", "schedules.prepare.workflow"}
    # With a mistake in the zone itself nobody knows how long its stages are.
    spoilt = {problem.path for problem in rejected(tmp_path, short.replace("rate: 20l/min ", "rate: 0l/min "))}
    assert spoilt == {"zones.zone-1.rate"}
