"""What a request may want of the solution, and how long a watering may last: as the site allows, or not at all."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgectl.engine.rules.wishes import refusal
from edgectl.engine.workflows import aims, catalogue, correction, irrigation, recover
from edgectl.model.inputs import TaskRequest
from edgectl.model.site import Site, Zone
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.sim import test_two_tanks
from tests.sim.test_two_tanks import FILE, broken, solution
from tests.sim.test_workflow_rows import HOUR, ask, ended, prepared
from tests.unit.site_files import EXAMPLES, changed, rejected
from tests.unit.test_vetoes import NOW, Draft, settled

TWO = (EXAMPLES / "two-tank.yaml").read_text()


def wide(site: Site) -> Site:
    """The two-tank site, whose requests may move the targets."""
    zone = site.zones["zone-1"]
    assert zone.chemistry is not None
    chemistry = replace(zone.chemistry, ph_band=(5.5, 6.5), ec_band=(1.0, 2.2))
    return replace(site, zones={"zone-1": replace(zone, chemistry=chemistry)})


def wish(task: Task, **targets: Any) -> Task:
    return replace(task, payload={"targets": targets})


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({"ph": 6.0}, ""),
        ({"ph": {"target": 6.0, "min": 5.9, "max": 6.1}}, ""),
        ({"ec": {"min": 1.0, "max": 2.0}}, ""),
        ({"ph": None}, ""),
        ({"ph": 7.5}, "zone-1 allows 5.5 to 6.5 pH (ph_band)"),
        ({"ec": 2.3}, "zone-1 allows 1 to 2.2 mS/cm (ec_band)"),
        ({"ec": float("nan")}, "zone-1 allows 1 to 2.2 mS/cm (ec_band)"),
        ({"ph": "six"}, "has to be a number"),
        ({"ph": {"least": 5}}, "has to be a number"),
        ({"ec": True}, "has to be a number"),
    ],
)
def test_a_target_lies_in_the_band_of_the_site_or_is_refused(targets: Mapping[str, Any], said: str) -> None:
    why = aims.flaw(wide(FILE.site).zones["zone-1"], {"targets": targets})
    assert said in why if said else not why


def test_a_site_that_says_nothing_allows_its_own_target_only() -> None:
    zone = FILE.site.zones["zone-1"]
    assert not aims.flaw(zone, {"targets": {"ph": 5.8, "ec": 1.6}})
    assert "allows 5.8 to 5.8 pH" in aims.flaw(zone, {"targets": {"ph": 5.9}})
    bare = replace(zone, chemistry=None)
    assert not aims.flaw(bare, {"targets": {"ph": 5.9}}), "a wish for other zones keeps nobody from their water"


def test_a_band_that_has_become_narrower_is_kept() -> None:
    world = prepared()
    ask(world, "irrigation", {"duration_s": 5})
    world.run(world.now + SECOND)
    zone = wide(FILE.site).zones["zone-1"]
    asked = aims.zone_for(zone, wish(ended(world), ph=7.0, ec={"min": 1.0, "max": 1.4})).chemistry
    assert asked is not None
    assert (asked.target_ph, asked.target_ec) == (6.5, 1.2)


def recovered(world: World) -> bool:
    """Asked for a richer solution than the site's own: does the tank get it?"""
    ask(world, "diagnostics", {"workflow": "irrigation_recovery", "targets": {"ec": 2.0}})
    world.run(world.now + 2 * HOUR)
    assert ended(world).status is TaskStatus.COMPLETED
    least = 2.0 * (1 - recover.DEGRADED_EC)  # what counts as near enough to water with
    return solution(world).ec > least and not broken(world)


def _home(zone: Zone, task: Task) -> Zone:
    return zone


@pytest.mark.parametrize("planted", [False, True])
def test_a_solution_is_brought_where_the_request_wants_it(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    monkeypatch.setattr(test_two_tanks, "FILE", replace(FILE, site=wide(FILE.site)))
    if planted:
        for module in (catalogue, correction):
            monkeypatch.setattr(module, "zone_for", _home)
    assert recovered(prepared()) is not planted


def test_a_solution_that_nobody_may_want_is_refused_at_the_door() -> None:
    world = prepared()
    ask(world, "diagnostics", {"workflow": "irrigation_recovery", "targets": {"ec": 2.0}})
    world.run(world.now + SECOND)
    assert not any(isinstance(v, Task) and v.correlation_id == "asked-for-it" for v in world.journal.values.values())


# -- how long a watering may last


def request(seconds: float) -> TaskRequest:
    return TaskRequest(
        token=1,
        zone="zone-1",
        task_type="irrigation",
        payload={"duration_s": seconds},
        source="cli",
        correlation_id="how-long-may-it",
        scheduled_for=NOW.wall,
        due_at=NOW.wall + 60 * SECOND,
        expires_at=NOW.wall + 120 * SECOND,
    )


@pytest.mark.parametrize(
    ("longest", "asked", "allowed"), [(600, 600, True), (600, 601, False), (1800, 1500, True), (600, 99 * 3600, False)]
)
def test_a_watering_by_the_clock_lasts_as_long_as_its_zone_allows(longest: int, asked: float, allowed: bool) -> None:
    state = settled()
    zone, pump = state.site.zones["zone-1"], state.site.actuators["pump"]
    state.site = replace(
        state.site,
        zones={"zone-1": replace(zone, longest_run=longest * SECOND)},
        actuators={**state.site.actuators, "pump": replace(pump, max_on=3600 * SECOND)},
    )
    refused = refusal(Draft(state, NOW), request(asked))
    assert (refused is None) is allowed
    assert refused is None or "longer than the longest_run of zone-1, 600 s" in refused[1]


@pytest.mark.parametrize(("longest", "limit"), [(600, 585), (300, 300)])
def test_a_watering_by_the_litre_is_ended_by_the_same_clock(longest: int, limit: int) -> None:
    site = example_site()
    zone = replace(site.zones["zone-1"], meter="volume", rate_l_min=1.0, longest_run=longest * SECOND)
    parts = {name: replace(part, max_on=None) for name, part in site.actuators.items()}
    task = replace(ended(_asked()), payload={"volume_l": 7.5})
    (stage,) = irrigation.table(replace(site, zones={"zone-1": zone}, actuators=parts), task)
    assert stage.limit == limit * SECOND


def _asked() -> World:
    world = World(example_site(), (), 1)
    world.run(10 * SECOND)
    ask(world, "irrigation", {"duration_s": 5})
    world.run(world.now + SECOND)
    return world


def test_mistakes_of_a_site_file(tmp_path: Path) -> None:
    number, ph, ec = "    number: 1\n", "      target_ph: 5.8\n", "      target_ec: 1.6\n"
    told = {
        "is longer than the longest_run of": changed(number, f"{number}    longest_run: 1s\n"),
        "is longer than anything is watered": changed(number, f"{number}    longest_run: 5h\n"),
        "does not hold target_ph 5.8": changed(ph, f"{ph}      ph_band: [6, 7]\n", TWO),
        "does not hold target_ec 1.6": changed(ec, f"{ec}      ec_band: [2, 1]\n", TWO),
    }
    for words, text in told.items():
        assert any(words in problem.what for problem in rejected(tmp_path, text)), words
