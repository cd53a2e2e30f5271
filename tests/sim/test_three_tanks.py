"""Three tanks, a pump for each way: from empty tanks to plants that drink what was prepared, whatever breaks."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.daemon.automation_state import automation_state
from edgectl.engine.fixed import Fixed
from edgectl.engine.rules import guards
from edgectl.engine.workflows import filled, irrigation, tanks
from edgectl.engine.workflows.catalogue import name_of
from edgectl.model.inputs import ManualOn
from edgectl.model.site import Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Now, Trust
from edgectl.plant.faults import OF_CHANNEL, Breakage, Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.field import Faults
from edgectl.simulate.houses import house_of, settle_in
from edgectl.simulate.single_faults import live_with
from edgectl.simulate.world import DAY, World
from tests.sim.test_floats import look
from tests.sim.test_two_tanks import broken
from tests.sim.test_workflow_rows import HOUR, MINUTE, _set, ask, codes, ended, prepared
from tests.unit.site_files import EXAMPLES
from tests.unit.test_overrides import Heard

FILE = load(EXAMPLES / "three-tank.yaml")
HOUSE = house_of(FILE.site, FILE.schedules)
TOPOLOGY = {"workflow": "startup", "config": {"execution": {"topology": "three_tank_drip"}}}


def house(seed: int = 1, *, faults: Faults | None = None, crash: float = 0.0) -> World:
    site = replace(FILE.site, restarts_allowed=None)
    return World(site, FILE.schedules, seed, ground=estate(site, Random(seed)), faults=faults, crash=crash)


def rested(site: Site = FILE.site) -> World:
    """A house in which nothing happens that nobody asks for."""
    world = World(site, (), 1, ground=estate(site, Random(1)))
    world.people = Heard(world)
    world.run(30 * SECOND)
    return world


def with_litres(**litres: float) -> World:
    """The house before its first morning, with so many litres in its tanks."""
    return filled_up(rested(), **litres)


def filled_up(world: World, **litres: float) -> World:
    """A house that has seen its floats with so many litres in its tanks."""
    for tank, volume in litres.items():
        _set(world, tank, volume)
    for _ in range(4):  # a controller that has nothing to do reads nothing, and a float has to rest
        look(world)
        world.run(world.now + 4 * SECOND)
    return world


def volume(world: World, tank: str) -> float:
    world.field.advance(world.now)
    return world.field.ground.plant.plumbing.tanks[tank].volume_l


def moved(world: World) -> dict[str, float]:
    world.field.advance(world.now)
    return world.field.ground.plant.totals.moved_l


def test_empty_tanks_become_a_house_that_is_watered_with_what_was_prepared_and_nobody_is_called() -> None:
    world = house()
    world.run(2 * DAY)
    assert broken(world) == []
    found = [value for value in world.journal.values.values() if isinstance(value, Task)]
    assert all(task.status is TaskStatus.COMPLETED for task in found)
    assert sum(task.task_type == "irrigation" for task in found) == 14
    assert {"irrigation_fill_started", "irrigation_fill_in_progress", "irrigation_fill_completed"} <= codes(world)
    drunk = world.field.ground.plant.plumbing.tanks["irrigation"]
    assert abs(drunk.ph - 5.8) < 0.15 * 5.8
    assert abs(drunk.ec - 1.6) < 0.25 * 1.6
    assert not world.state.alarms, "a healthy run raises none"


def test_each_pump_moves_the_water_of_its_own_way() -> None:
    world = house()
    world.run(8 * HOUR)
    litres, runs = moved(world), sum(move.name == "pump_water" and move.on for move in world.field.trace)
    assert runs > 0
    assert litres["pump_water"] == pytest.approx(runs * 7.5, abs=1), "half a minute each, from the third tank"
    assert litres["pump_fill"] == pytest.approx(2 * 93, abs=15), "the solution tank twice: the third one is larger"
    assert litres["pump_mix"] > 300, "the round, and the third tank"


@pytest.mark.parametrize("seed", range(2))
def test_a_rough_week_breaks_no_promise(seed: int) -> None:
    world = house(seed, faults=Faults(lost_request=0.02, lost_reply=0.04, stuck_relay=0.02, blocked=0.1), crash=0.004)
    world.run(4 * DAY)
    assert broken(world) == []
    assert world.report.crashes > 2
    assert world.field.injected > 10


# -- chosen by any of its names, and only where there are three tanks


@pytest.mark.parametrize(
    "payload",
    [
        {"workflow": "three_tank_startup"},
        {"diagnostics_workflow": "three_tank_startup"},
        {"config": {"execution": {"workflow": "three_tank_startup"}}},
        {"workflow": "startup"},
        TOPOLOGY,
    ],
)
def test_every_name_of_the_startup_fills_the_third_tank(payload: dict[str, object]) -> None:
    world = with_litres(clean=195, solution=97)
    ask(world, "diagnostics", payload)
    world.run(world.now + SECOND)
    table = tanks.startup(world.site, world.site.zones["zone-1"])
    assert [stage.name for stage in table] == ["clean_fill", "solution_fill", "prepare", "irrigation_fill"]
    asked = ended(world)
    assert asked.status is TaskStatus.RUNNING
    assert name_of(asked) in ("startup", "three_tank_startup")


@pytest.mark.parametrize("payload", [{"workflow": "three_tank_startup"}, {"workflow": "irrigation_fill"}, TOPOLOGY])
def test_a_house_with_two_tanks_says_which_one_it_lacks(payload: dict[str, object]) -> None:
    world = prepared()
    world.people = Heard(world)
    ask(world, "diagnostics", payload)
    world.run(world.now + SECOND)
    assert isinstance(world.people, Heard)
    assert "zone-1 has not a circuit with an irrigation tank, the third one" in str(world.people.answers[-1].body)


# -- the third fill: float, litres, time; a source that runs dry; a person who passes on what there is


def test_a_person_passes_on_what_could_not_be_prepared() -> None:
    world = with_litres(solution=97, irrigation=40)
    ask(world, "diagnostics", {"workflow": "irrigation_fill"})
    world.run(world.now + 10 * MINUTE)
    assert ended(world).status is TaskStatus.COMPLETED
    assert volume(world, "irrigation") == pytest.approx(114, abs=2)
    assert moved(world)["pump_mix"] == pytest.approx(74, abs=2)


def test_a_solution_that_runs_out_ends_a_fill_that_nobody_prepares_for() -> None:
    world = with_litres(solution=60, irrigation=3)
    ask(world, "diagnostics", {"workflow": "irrigation_fill"})
    world.run(world.now + 10 * MINUTE)
    outcome = ended(world).outcome
    assert outcome is not None
    assert (outcome.reason_code, outcome.error_code) == ("low_water", "irrigation_tank_not_filled_timeout")
    assert volume(world, "solution") > 2, "the float ended it, before the pump was dry"
    assert not broken(world)


def _hang(world: World) -> None:
    world.field.ground.plant.break_part(Fault.PROBE_STUCK, "board.di_6", world.now, value=0.0)


def _site(**circuit: object) -> Site:
    zone = FILE.site.zones["zone-1"]
    assert zone.circuit is not None
    return replace(FILE.site, zones={"zone-1": replace(zone, circuit=replace(zone.circuit, **circuit))})  # type: ignore[arg-type]


def _overfilled(site: Site) -> World:
    """A third tank whose upper float hangs, filled for as long as the startup may."""
    world = rested(site)
    _hang(world)
    ask(world, "diagnostics", {"workflow": "three_tank_startup"})
    world.run(world.now + 3 * HOUR)
    return world


def _passed_on(world: World) -> float:
    world.field.advance(world.now)
    tank = world.field.ground.plant.plumbing.tanks["irrigation"]
    return tank.volume_l + tank.overflow_l


def _no_litres(patch: pytest.MonkeyPatch) -> None:
    """Fill until the time is over."""
    patch.setattr(tanks, "_volume", lambda meter, litres, stage, valve: ())


def _the_round_counts(patch: pytest.MonkeyPatch) -> None:
    """Count what only went round for water of the third tank."""
    patch.setattr(filled, "let_in", lambda draft, task, stage: task)


def test_the_third_fill_ends_at_its_litres_over_two_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _passed_on(world := _overfilled(FILE.site)) == pytest.approx(3 + 1.1 * 120, abs=4)
    assert ended(world).outcome is not None
    assert "fill_volume_reached" in codes(world)
    assert "fill_overrun:valve_irrigation_fill" in world.state.alarms
    with monkeypatch.context() as patch:
        _no_litres(patch)
        assert _passed_on(_overfilled(FILE.site)) > 3 + 1.25 * 120, "the planted bug: time alone ends it"
    with monkeypatch.context() as patch:
        _the_round_counts(patch)
        assert _passed_on(_overfilled(FILE.site)) < 100, "the planted bug: the round is taken for a fill"


def test_without_a_counter_its_time_ends_it_over_two_solutions() -> None:
    world = _overfilled(_site(irrigation_meter=None))
    assert _passed_on(world) == pytest.approx(3 + 1.3 * 120, abs=6)
    outcome = ended(world).outcome
    assert outcome is not None
    assert (outcome.reason_code, outcome.error_code) == (
        "irrigation_fill_timeout",
        "irrigation_tank_not_filled_timeout",
    )


# -- what the pumps may do


def _press(world: World, *names: str, lease: int = 60) -> str:
    for name in names:
        world.offer(ManualOn(token=1, actuator=name, lease=lease * SECOND, who="Ana"))
        world.run(world.now + 3 * SECOND)
        lease -= 5
    assert isinstance(world.people, Heard)
    return str(world.people.answers[-1].body)


def test_a_pump_by_hand_needs_a_way_of_its_own() -> None:
    world = with_litres(clean=150, solution=90, irrigation=90)
    assert "closed valve: switch valve_solution_fill on first" in _press(world, "valve_irrigation", "pump_fill")
    assert "valve_irrigation_fill or valve_solution_return" in _press(world, "pump_mix")
    assert "closed valve" not in _press(world, "valve_solution_return", "pump_mix", lease=30)


def test_a_dose_goes_round_by_the_mixing_pump_alone() -> None:
    """The pump that waters moves no solution, although it is the pump of the zone."""
    world = with_litres(clean=150, solution=90, irrigation=90)
    assert "pump_mix does not move the solution" in _press(world, "valve_irrigation", "pump_water", "acid", lease=20)
    assert not world.field.ground.standing_doses


def test_the_plants_are_watered_while_the_next_solution_is_prepared() -> None:
    world = with_litres(clean=195, solution=97, irrigation=60)
    ask(world, "diagnostics", {"workflow": "three_tank_startup"}, name="prepare-it")
    world.run(world.now + 5 * MINUTE)
    assert ended(world, "prepare-it").stage == "prepare"
    ask(world, "irrigation", {"duration_s": 30.0}, name="water-them")
    world.run(world.now + 2 * MINUTE)
    assert ended(world, "water-them").status is TaskStatus.COMPLETED
    assert ended(world, "prepare-it").status is TaskStatus.RUNNING
    assert volume(world, "irrigation") == pytest.approx(60 - 7.5, abs=1)


def test_a_dry_third_tank_waters_nobody_although_the_solution_is_there() -> None:
    world = with_litres(solution=97, irrigation=4)
    ask(world, "irrigation", {"duration_s": 30.0})
    world.run(world.now + MINUTE)
    assert moved(world)["pump_water"] == 0
    assert "low_water" in codes(world)


def test_the_page_knows_the_third_tank() -> None:
    world = with_litres(solution=97, irrigation=60)
    view = automation_state(world.state, "zone-1", Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))
    assert view["system_config"]["tanks_count"] == 3
    assert (view["current_levels"]["irrigation_min"], view["current_levels"]["irrigation_max"]) == (True, False)
    assert view["state"] == "READY"


# -- planted bugs, and the house in which each must show


def _draws_the_solution(patch: pytest.MonkeyPatch) -> None:
    """Ask the solution tank whether the plants can be watered."""
    patch.setattr(irrigation, "_empties", lambda zone: ())
    patch.setattr(irrigation, "_source", lambda site, zone: ())


def _the_way_of_another_pump(patch: pytest.MonkeyPatch) -> None:
    """Send the solution round through the valve behind the pump that fills, and let no guard look at its way."""
    patch.setattr(tanks, "recirculation", lambda zone: (zone.circuit.solution_fill, zone.circuit.mix_pump))
    patch.setattr(guards, "shuts_first", lambda draft, pump, lease: None)
    patch.setattr(guards, "dead_head", lambda draft, pump: None)


def _no_flow_is_seen(patch: pytest.MonkeyPatch) -> None:
    """Look for flow behind the pump of the zone alone."""
    patch.setattr(Fixed, "flows_of", {"pump_water": ("water_flow",)})


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], Breakage | None]] = [
    (_the_way_of_another_pump, None),
    (_no_flow_is_seen, Breakage(fault=Fault.SUCTION_BLOCKED, of="pump_mix")),
    (_no_flow_is_seen, Breakage(fault=Fault.SUCTION_BLOCKED, of="pump_fill")),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one[0].__name__} {one[1].of if one[1] else ''}")
def test_the_house_catches_the_planted_bug(
    planted: tuple[Callable[[pytest.MonkeyPatch], None], Breakage | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug, breakage = planted

    def lived() -> list[str]:
        world = settle_in(HOUSE, 1)
        if breakage is not None:
            world.field.ground.plant.break_part(breakage.fault, breakage.of, 0)
        world.run(6 * HOUR)
        return broken(world)

    assert not lived()
    bug(monkeypatch)
    assert lived()


def test_asking_the_wrong_tank_runs_the_pump_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    _draws_the_solution(monkeypatch)
    world = with_litres(solution=97, irrigation=2.5)
    ask(world, "irrigation", {"duration_s": 30.0})
    world.run(world.now + MINUTE)
    assert world.field.ground.dry > 2 * SECOND, "the planted bug: a wet solution tank starts a pump without water"


# -- every single thing that can break in it; what it has in common with two tanks is lived through there

POSSIBLE = settle_in(HOUSE, 1).field.ground.plant.possible_faults()
OF_THREE = frozenset(
    {"irrigation", "pump_fill", "pump_mix", "pump_water", "valve_irrigation_fill", "valve_solution_return"}
)
FLOATS = ("board.di_5", "board.di_6")
CASES = [b for b in POSSIBLE if b.of in OF_THREE or (b.of in FLOATS and b.fault in OF_CHANNEL)]


@pytest.mark.parametrize("breakage", CASES, ids=lambda b: f"{b.fault.value} {b.of}")
def test_every_single_fault_ends_safe_alarmed_or_explained(breakage: Breakage) -> None:
    ended_, world = live_with(HOUSE, 1, breakage, None)
    assert ended_.safe, (ended_.broken, ended_.still_on)
    assert ended_.told
    assert not any(relay.on for relay in world.field.relays.values())
