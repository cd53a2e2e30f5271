"""A float speaks for a level that cannot be seen, where the site file says so, and a person is called."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine.draft import Draft
from edgectl.engine.rules import stand_in
from edgectl.engine.rules.guards import veto_start, veto_stay
from edgectl.engine.state import State
from edgectl.model.channel import Sample
from edgectl.model.site import Sensor, Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND
from edgectl.plant.faults import Fault
from edgectl.plant.layout import Gauge, one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask, ended
from tests.unit.site_files import changed, rejected
from tests.unit.test_vetoes import LEASE, NOW, _open, running, settled, with_pump


def spoken_for(site: Site) -> Site:
    """The small site with a float in its tank, which speaks for the level."""
    level = replace(site.sensors["level"], stand_in="low")
    return replace(
        site, sensors={**site.sensors, "level": level, "low": Sensor(name="low", channel="level.low", unit="")}
    )


def unseen(*, wet: float | None) -> State:
    state = settled()
    state.site = spoken_for(state.site)
    _open(state)
    del state.image["level.level"]
    if wet is not None:
        state.image["level.low"] = Sample(sample_id=10, channel="level.low", value=wet, at=NOW.mono - SECOND)
    return state


@pytest.mark.parametrize("named", [True, False])  # does the pump name its level, or do the built-in limits hold?
@pytest.mark.parametrize(("wet", "runs"), [(1.0, True), (0.0, False), (None, False)])
def test_a_wet_float_is_enough_and_a_dry_or_unseen_one_is_not(named: bool, wet: float | None, runs: bool) -> None:
    state = unseen(wet=wet)
    if not named:
        with_pump(state, requires=(), stop_if=())
    assert (veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE) is None) is runs
    running(state, "pump", since=10 * SECOND)
    assert (veto_stay(Draft(state, NOW), state.site.actuators["pump"]) is None) is runs


def test_a_float_says_nothing_against_a_level_that_is_seen() -> None:
    state = unseen(wet=1.0)
    state.image["level.level"] = Sample(sample_id=9, channel="level.level", value=5.0, at=NOW.mono - SECOND)
    assert veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE) is not None


def test_nobody_speaks_for_a_level_where_the_file_does_not_say_so() -> None:
    state = unseen(wet=1.0)
    level = replace(state.site.sensors["level"], stand_in=None)
    state.site = replace(state.site, sensors={**state.site.sensors, "level": level})
    assert veto_start(Draft(state, NOW), state.site.actuators["pump"], LEASE) is not None


@pytest.mark.parametrize("planted", [False, True])
def test_plants_get_their_water_and_a_person_a_call(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(stand_in, "enough", lambda draft, sensor: None)
    house = one_tank()
    house = replace(house, gauges=(*house.gauges, Gauge(channel="level.low", of="tank.min")))
    world = World(spoken_for(example_site()), (), 1, ground=Ground(house, Random(1)))
    world.run(20 * SECOND)
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "level.level", world.now)
    world.run(world.now + 30 * SECOND)
    ask(world, "irrigation", {"duration_s": 90})
    world.run(world.now + 180 * SECOND)
    assert (ended(world).status is TaskStatus.COMPLETED) is not planted
    if not planted:
        assert world.state.alarms["level_by_float:level"].active
        world.field.ground.plant.mend(Fault.PROBE_DROPOUT, "level.level", world.now)
        ask(world, "irrigation", {"duration_s": 10}, name="the-second-one")
        world.run(world.now + 60 * SECOND)
        assert not world.state.alarms["level_by_float:level"].active


LEVEL = "max_age: 10s, range: [0, 100]}"


def test_in_a_site_file(tmp_path: Path) -> None:
    float_ = "  low: {from: board.di_1, range: [0, 1]}\n"
    text = changed(LEVEL, "max_age: 10s, range: [0, 100], stand_in: low}")
    path = tmp_path / "site.yaml"
    path.write_text(changed("sensors:\n", f"sensors:\n{float_}", text))
    assert load(path).site.sensors["solution_level"].stand_in == "low"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(LEVEL, "max_age: 10s, range: [0, 100], stand_in: low}"), "low"),
        (changed(LEVEL, "max_age: 10s, range: [0, 100], stand_in: flow}"), "a float knows only 0 and 1"),
        (
            changed("air.temperature, max_age: 60s}", "air.temperature, max_age: 60s, stand_in: flow}"),
            "a float speaks for a level in percent",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    found = rejected(tmp_path, text)
    assert any(words in problem.what for problem in found), [problem.what for problem in found]
