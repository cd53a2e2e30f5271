"""An airing by order moves the vents as far as the weather lets it; what a hand has switched on the climate leaves on,
and nobody heats a house that is too hot. And what is said of the weather is true."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.daemon.air_views import vents
from edgectl.engine.air import Seen, Wanted, aired, by_hand, wanted
from edgectl.engine.draft import Draft
from edgectl.engine.rules import climate as climate_rule
from edgectl.engine.rules import guards
from edgectl.model.inputs import ManualOn, Mode, SetMode
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.world import World
from tests.sim.test_air_house import promises, vent
from tests.sim.test_into_storms import TRAVEL, WIND, airs, break_it, house, site_of, slow, until
from tests.unit.test_air import CALM, HOUSE
from tests.unit.test_overrides import Heard, order

MINUTE: Nanos = 60 * SECOND
RAIN = "counter.frequency_2"

# what is seen, stormy, how far the vents are open while a task airs the house
WEATHER: dict[str, tuple[Seen, bool, float]] = {
    "calm": (CALM, False, 1.0),
    "wind": (replace(CALM, wind=9), False, 0.25),
    "rain": (replace(CALM, rain=1), False, 0.1),
    "nobody sees the wind": (replace(CALM, wind=None), False, 0.2),
    "storm": (replace(CALM, wind=13), False, 0.0),
    "after a storm": (CALM, True, 0.0),
}


@pytest.mark.parametrize("case", WEATHER)
def test_an_airing_opens_as_far_as_wind_and_rain_allow(case: str) -> None:
    seen, stormy, most = WEATHER[case]
    assert aired(HOUSE, seen, Wanted(), stormy=stormy).vent == most


@pytest.mark.parametrize("planted", [False, True])
def test_an_airing_leaves_no_vent_open_where_the_thermometer_is_dead(planted: bool) -> None:
    """What a task had wished for stood as what the air wanted, and in the dark that is kept: the roof was open all
    night."""
    blind = replace(CALM, temperature=None)
    found = wanted(HOUSE, blind, Wanted(vent=0.2), night=True, stormy=False)
    for wished in (aired(HOUSE, blind, found, stormy=False), by_hand(HOUSE, blind, found, 0.6, stormy=False)):
        assert wished.vent > 0.5
        before = replace(wished, own=None) if planted else wished
        after = wanted(HOUSE, blind, before, night=True, stormy=False)
        assert (after.vent == 0.2) is not planted
        cut = wanted(HOUSE, replace(blind, wind=13), before, night=True, stormy=False)
        assert (cut.vent, cut.urgent) == (0.0, True), "what stands open shuts before a storm without a rest"


def test_a_night_after_an_airing_without_a_thermometer_is_spent_with_the_roof_shut() -> None:
    world = slow()
    break_it(world, Fault.PROBE_DROPOUT, "inside.temperature")
    world.run(world.now + 5 * MINUTE)
    airs(world, 300)
    world.run(world.now + 280 * SECOND)
    assert vent(world) > 0.2
    world.run(world.now + 30 * MINUTE)
    assert vent(world) == 0


def outcome_of(world: World, seconds: float) -> Task:
    airs(world, seconds)
    world.run(world.now + round(seconds + 60) * SECOND)
    found = [v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "ventilation"]
    return found[-1]


@pytest.mark.parametrize(
    ("channel", "shows", "most", "run_mode"),
    [("", None, 0.55, "run_full"), (WIND, 9.0, 0.26, "run_reduced"), (RAIN, 3.0, 0.12, "run_reduced")],
    ids=["calm", "wind", "rain"],
)
def test_an_airing_by_order_moves_the_vents_and_gives_them_back(
    channel: str, shows: float | None, most: float, run_mode: str
) -> None:
    world = slow()
    if channel:
        break_it(world, Fault.PROBE_STUCK, channel, shows)
        world.run(world.now + MINUTE)
    airs(world, 500)
    world.run(world.now + 480 * SECOND)
    assert most - 0.15 < vent(world) <= most
    world.run(world.now + 20 * MINUTE)
    assert vent(world) == 0
    (task,) = (v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "ventilation")
    assert task.outcome is not None
    assert (task.outcome.success, task.outcome.run_mode) == (True, run_mode)
    assert promises(world) == []


def test_an_airing_without_an_anemometer_is_a_small_one_and_no_refusal() -> None:
    """The house grew hot under a broken cup: the fans alone would have helped."""
    world = slow()
    break_it(world, Fault.PROBE_DROPOUT, WIND)
    world.run(world.now + 2 * MINUTE)
    task = outcome_of(world, 120)
    assert task.outcome is not None
    assert (task.outcome.success, task.outcome.run_mode) == (True, "run_reduced")
    assert 0.1 < vent(world) <= 0.21
    (decided,) = (e.details for e in world.journal.timeline if e.event_type == "DECISION_MADE")
    assert decided["why"] == "the vents are open 20% at most (climate_external_nodes_unavailable)"


def test_no_airing_in_the_lull_of_a_storm() -> None:
    world = house()
    break_it(world, Fault.WIND_STORM)
    world.run(world.now + MINUTE)
    world.field.ground.plant.mend(Fault.WIND_STORM, "", world.now)
    world.run(world.now + MINUTE)
    task = outcome_of(world, 60)
    assert task.outcome is not None
    assert (task.outcome.decision, task.outcome.reason_code) == ("skip", "wind_blocked")


@pytest.mark.parametrize("planted", [False, True])
def test_what_a_person_has_set_stands_above_an_airing(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(climate_rule, "in_force", lambda draft, zone, setting: None)
    world = slow()
    world.people = heard = Heard(world)
    assert order(world, value=0.0).ok
    assert heard.answers
    airs(world, 300)
    world.run(world.now + 240 * SECOND)
    assert (vent(world) > 0.1) is planted


# -- by hand


@pytest.mark.parametrize("planted", [False, True])
def test_a_heater_by_hand_burns_for_as_long_as_it_was_asked_for(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    """The climate found it warm enough, and put out what a person wanted to see burn."""
    if planted:
        monkeypatch.setattr(climate_rule, "_runs_by_itself", lambda draft, output: output.closing is None)
    world = house()
    world.run(6 * 3600 * SECOND)  # the morning has warmed it
    assert not world.field.relays["heater_1"].on
    world.offer(ManualOn(token=1, actuator="heater_1", lease=60 * SECOND, who="Ana"))
    world.run(world.now + 50 * SECOND)
    assert world.field.relays["heater_1"].on is not planted
    world.run(world.now + 15 * SECOND)
    assert not world.field.relays["heater_1"].on


@pytest.mark.parametrize("planted", [False, True])
def test_nobody_heats_a_house_that_is_too_hot(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        for table in ("STARTING", "STAYING"):
            monkeypatch.setattr(guards, table, tuple(row for row in getattr(guards, table) if row[0] != "overheat"))
    world = house()
    world.people = heard = Heard(world)
    world.offer(ManualOn(token=1, actuator="heater_1", lease=600 * SECOND, who="Ana"))
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["heater_1"].on
    break_it(world, Fault.PROBE_STUCK, "inside.temperature", 39.0)
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["heater_1"].on is planted
    world.offer(ManualOn(token=2, actuator="heater_2", lease=60 * SECOND, who="Ana"))
    world.run(world.now + SECOND)
    answer = heard.answers[-1]
    assert answer.ok is planted
    assert planted or "nobody heats house above 38" in answer.body["why"]


# -- what is said


def shown(world: World) -> dict[str, object]:
    (row,) = vents(Draft(world.state, world._clock()), world.site.zones["house"])
    return row


@pytest.mark.parametrize("planted", [False, True])
def test_a_start_does_not_call_the_weather_unreadable_before_it_was_asked(
    monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    if planted:
        monkeypatch.setattr(climate_rule, "awaited", lambda draft, sensors: False)
    warm = site_of(vent=(2.0, 2.0), heat=None)
    world = World(warm, (), 1, ground=estate(warm, Random(1)))
    world.field.silent.update(("counter", "outside"))
    until(world, lambda: "house" in world.state.airing, MINUTE)
    said = "climate_external_nodes_unavailable"
    assert (shown(world)["why"] == said) is planted
    world.run(world.now + 2 * MINUTE)
    assert shown(world)["why"] == said, "now it is true"


def test_by_hand_alone_nothing_is_said_to_go_anywhere_until_the_weather_shuts_it() -> None:
    world = slow()
    world.offer(SetMode(token=1, zone="house", mode=Mode.MANUAL, who="Ana"))
    world.offer(ManualOn(token=2, actuator="roof_open", lease=round(0.5 * TRAVEL), who="Ana"))
    world.run(world.now + 3 * MINUTE)
    row = shown(world)
    assert (row["open_pct"], row["wanted_pct"], row["rests_until"], row["why"]) == (50, None, None, None)
    break_it(world, Fault.PROBE_STUCK, WIND, 9.0)
    world.run(world.now + 3 * MINUTE)
    row = shown(world)
    assert (row["open_pct"], row["wanted_pct"], row["why"]) == (25, 25, "wind_blocked")
