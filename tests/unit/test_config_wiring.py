"""The wires behind an output in a site file: what comes out, and each mistake at its line with what to do."""

from pathlib import Path

import pytest

from edgectl.config.loaded import Loaded
from edgectl.config.loader import load
from edgectl.model.site import Compare, Condition, FailSafe, Role, ValveGroup
from edgectl.model.time import SECOND
from tests.unit.site_files import changed, line_of, rejected

PUMP = "stop_if: [solution_level < 10]"
VALVE = "{to: board.relay_2, role: valve, max_on: 11m}"
LAMP = "{to: board.relay_3, role: light}"
MORE = "interlocks:\n"

# old, new, a fragment of the line that is blamed, path, words of sentence and hint
MISTAKES = [
    (
        VALVE,
        VALVE.replace("}", ", valve: no}"),
        "valve: no}",
        "actuators.irrigation_valve.valve",
        ["it opens when the power fails", "accept: [on_without_power]"],
    ),
    (
        VALVE,
        VALVE.replace("}", ", valve: motor}"),
        "valve: motor}",
        "actuators.irrigation_valve.valve",
        ["stays where it is when the power fails"],
    ),
    (
        VALVE,
        VALVE.replace("}", ", contact: nc}"),
        "contact: nc}",
        "actuators.irrigation_valve.contact",
        ["it runs when its relay board has no power"],
    ),
    (LAMP, LAMP.replace("}", ", valve: no}"), "valve: no}", "actuators.lamp.valve", ["belongs to role valve"]),
    (
        VALVE,
        VALVE.replace("}", ", safe: keep}"),
        "safe: keep",
        "actuators.irrigation_valve.safe",
        ["'keep' is refused: a valve left on would do harm"],
    ),
    (
        VALVE,
        VALVE.replace("}", ", on_restart: reconcile}"),
        "reconcile",
        "actuators.irrigation_valve.on_restart",
        ["'reconcile' is refused"],
    ),
    (
        LAMP,
        "{to: board.relay_3, role: co2, max_on: 5m}",
        "role: co2",
        "actuators.lamp.role",
        ["people suffocate", "declare: [co2_detector]"],
    ),
    (
        LAMP,
        "{to: board.relay_3, role: siren}",
        "role: siren",
        "actuators.lamp.contact",
        ["would be silent when edgectl is dead", "contact: nc"],
    ),
    (LAMP, "{to: board.relay_3, role: vent}", "role: vent", "actuators.lamp.max_on", ["is missing: lamp (vent)"]),
    (VALVE, VALVE.replace("}", ", priority: 3}"), "priority", "actuators.irrigation_valve.priority", ["means nothing"]),
    (VALVE, VALVE.replace("}", ", hid: true}"), "hid", "actuators.irrigation_valve.hid", ["belongs to role light"]),
    (
        VALVE,
        VALVE.replace("}", ", backup: lump}"),
        "backup",
        "actuators.irrigation_valve.backup",
        ["no actuator 'lump'", "mean lamp?"],
    ),
    (
        VALVE,
        VALVE.replace("}", ", backup: lamp}"),
        "backup",
        "actuators.irrigation_valve.backup",
        ["has role light, not contactor"],
    ),
]
GROUP_MISTAKES = [
    ("{valves: [irrigation_valve, lump], max_open: 1}", "valve_groups.m.valves[1]", ["no actuator 'lump'"]),
    ("{valves: [irrigation_valve, lamp], max_open: 1}", "valve_groups.m.valves[1]", ["has role light, not valve"]),
    ("{valves: [second, irrigation_valve, second], max_open: 1}", "valve_groups.m.valves[2]", ["named twice"]),
    ("{valves: [irrigation_valve, second], max_open: 2}", "valve_groups.m.max_open", ["keeps nothing shut"]),
]


@pytest.mark.parametrize(("old", "new", "fragment", "path", "words"), MISTAKES)
def test_one_mistake(tmp_path: Path, old: str, new: str, fragment: str, path: str, words: list[str]) -> None:
    text = changed(old, new)
    problem = next(p for p in rejected(tmp_path, text) if p.path == path)
    assert problem.line in (line_of(text, fragment), line_of(text, new.partition(",")[0]))
    for word in words:
        assert word in f"{problem.what} {problem.hint}"


@pytest.mark.parametrize(("entry", "path", "words"), GROUP_MISTAKES)
def test_a_valve_group_names_valves_and_keeps_something_shut(
    tmp_path: Path, entry: str, path: str, words: list[str]
) -> None:
    second = changed(VALVE, f"{VALVE}\n  second: {{to: board.relay_8, role: valve, max_on: 11m}}")
    (problem,) = rejected(tmp_path, f"{second}\nvalve_groups:\n  m: {entry}\n")
    assert problem.path == path
    for word in words:
        assert word in f"{problem.what} {problem.hint}"


def test_an_inrush_that_the_supply_cannot_bear_is_refused(tmp_path: Path) -> None:
    text = changed("site: {id", "site: {max_inrush: 20, id")
    (problem,) = rejected(tmp_path, changed(LAMP, LAMP.replace("}", ", inrush: 30}"), text))
    assert problem.path == "actuators.lamp.inrush"
    assert "could never start" in problem.what


def built(folder: Path, text: str) -> Loaded:
    (folder / "site.yaml").write_text(text)
    return load(folder / "site.yaml")


def test_wiring_that_is_accepted_by_name_is_built_and_listed(tmp_path: Path) -> None:
    loaded = built(tmp_path, changed(VALVE, VALVE.replace("}", ", valve: no, accept: [on_without_power]}")))
    valve = loaded.site.actuators["irrigation_valve"]
    assert valve.inverted
    assert valve.fail_safe is FailSafe.PULSE, "the board can let its relay fall for a while"
    assert loaded.accepted == ("irrigation_valve: on_without_power",)
    both = VALVE.replace("}", ", valve: no, contact: nc, accept: [on_without_power]}")
    assert not built(tmp_path, changed(VALVE, both)).site.actuators["irrigation_valve"].inverted


def test_roles_and_power_keys_become_values(tmp_path: Path) -> None:
    text = changed(
        LAMP,
        "{to: board.relay_3, role: light, hid: true, inrush: 8, priority: 70, safe: off, on_restart: safe}\n"
        "  gas: {to: board.relay_4, role: co2, max_on: 5m}\n"
        "  roof_open: {to: board.relay_5, role: vent, max_on: 2m}\n"
        "  mains: {to: board.relay_6, role: contactor}\n"
        "  second: {to: board.relay_8, role: valve, max_on: 11m, backup: mains}",
    )
    text = changed("declare: [air_gap", "declare: [co2_detector, air_gap", text)
    text += "\nvalve_groups:\n  manifold: {valves: [irrigation_valve, second], max_open: 1}\n"
    text = changed(PUMP, "stop_if: [solution_level < 10 for 5s]", text)
    loaded = built(tmp_path, text)
    site = loaded.site
    lamp = site.actuators["lamp"]
    assert (lamp.min_off, lamp.inrush, lamp.priority, lamp.falls, lamp.dangerous) == (900 * SECOND, 8, 70, True, True)
    assert {name for name in ("gas", "roof_open") if site.actuators[name].dangerous} == {"gas", "roof_open"}
    assert site.actuators["mains"].role is Role.CONTACTOR
    assert site.actuators["second"].backup == "mains"
    assert site.groups == (ValveGroup(name="manifold", valves=frozenset({"irrigation_valve", "second"}), max_open=1),)
    assert site.actuators["main_pump"].stop_if == (
        Condition(sensor="solution_level", compare=Compare.BELOW, limit=10, lasts=5 * SECOND),
    )
    assert not loaded.ignored
