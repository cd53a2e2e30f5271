"""The fill of the second tank ends by its float, its time or its litres, whichever comes first, however it was broken
off in between: by a clean tank that ran dry, by a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.config.loader import load
from edgectl.engine.state import State
from edgectl.engine.workflows import filled, tanks, walk
from edgectl.model.inputs import Samples
from edgectl.model.site import Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.field import SimField
from edgectl.simulate.world import World
from tests.sim.test_floats import fill, house
from tests.sim.test_two_tanks import FILE, broken, ground_of
from tests.sim.test_workflow_rows import ask, ended
from tests.unit.site_files import changed, rejected
from tests.unit.test_config_tanks import TWO

Patch = pytest.MonkeyPatch
SOLUTION_L = 100.0
MOST_L = tanks.TOLERANCE * SOLUTION_L


def site(*, clean_l: float = 200.0, meter: bool = True, rate: bool = True) -> Site:
    """The two-tank site with a clean tank of this size. Without a rate nobody knows how long the litres take."""
    zone = FILE.site.zones["zone-1"]
    assert zone.circuit is not None
    assert zone.circuit.clean is not None
    circuit = replace(zone.circuit, clean=replace(zone.circuit.clean, volume_l=clean_l))
    chemistry = zone.chemistry if rate else None
    zone = replace(zone, circuit=circuit, chemistry=chemistry, rate_l_min=20.0 if rate else None)
    supply = replace(FILE.site.actuators["valve_clean_supply"], max_on=54 * 60 * SECOND)
    return replace(
        FILE.site,
        zones={"zone-1": zone if meter else replace(zone, meter=None)},
        actuators={**FILE.site.actuators, "valve_clean_supply": supply},
        restarts_allowed=None,
    )


def hung(site: Site) -> World:
    """The upper float of the solution tank never rises."""
    world = house(site)
    ground_of(world).plant.break_part(Fault.PROBE_STUCK, "board.di_4", world.now, value=0.0)
    return world


def pumped_l(world: World) -> float:
    world.field.advance(world.now)
    return ground_of(world).plant.totals.moved_l["pump_main"]


@pytest.mark.parametrize("planted", [False, True])
def test_it_ends_at_its_litres_under_a_float_that_hangs(monkeypatch: Patch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(tanks, "_volume", lambda meter, litres, stage, valve: ())
    world = hung(site(rate=False))
    fill(world, workflow="startup")
    if planted:
        assert pumped_l(world) > MOST_L + 20
        return
    assert pumped_l(world) == pytest.approx(MOST_L, abs=1.5)
    task = ended(world)
    assert (task.status, task.outcome and task.outcome.error_code) == (TaskStatus.FAILED, "fill_volume_reached")
    assert "valve_solution_fill let in all the water" in world.state.alarms["fill_overrun:valve_solution_fill"].message
    fill(world, "the-second-one", "startup")
    assert "lockout:valve_solution_fill" in world.state.held


def _fresh_litres(patch: Patch) -> None:
    """Count the litres anew each time the stage is entered."""
    count_from = filled.count_from
    patch.setattr(filled, "count_from", lambda *given, again: count_from(*given, again=False))


def _fresh_time(patch: Patch) -> None:
    """Give the stage its whole time each time it is entered."""
    solution_fill = tanks._solution_fill

    def forgetful(*given):  # type: ignore[no-untyped-def]
        return tuple(replace(stage, keeps_time=False) for stage in solution_fill(*given))

    patch.setattr(tanks, "_solution_fill", forgetful)


@pytest.mark.parametrize("planted", [None, _fresh_litres, _fresh_time])
def test_a_clean_tank_that_runs_dry_in_between_gives_no_more_litres_and_no_more_time(
    monkeypatch: Patch, planted: object
) -> None:
    by_litres = planted is not _fresh_time
    if callable(planted):
        planted(monkeypatch)
    world = hung(site(clean_l=60, meter=by_litres))
    fill(world, workflow="startup")
    most = MOST_L if by_litres else 1.3 * SOLUTION_L
    if planted is not None:
        assert pumped_l(world) > most + 15
        return
    assert pumped_l(world) == pytest.approx(most, abs=2)


def test_time_alone_is_shared_too_where_nobody_counts() -> None:
    world = hung(site(clean_l=60, meter=False))
    fill(world, workflow="startup")
    assert pumped_l(world) <= 1.3 * SOLUTION_L + 2
    assert ended(world).outcome is not None


def test_a_restart_gives_no_more_litres() -> None:
    world = hung(site(clean_l=60))
    ask(world, "diagnostics", {"workflow": "startup"})
    while pumped_l(world) < 70:  # in the second visit, after the clean tank was filled in between
        world.run(world.now + 10 * SECOND)
    world._begin()
    world.run(world.now + 2400 * SECOND)
    assert pumped_l(world) == pytest.approx(MOST_L, abs=3)


def test_a_small_clean_tank_fills_the_solution_in_several_goes_and_calls_nobody() -> None:
    world = house(site(clean_l=60))
    fill(world, workflow="startup")
    world.run(world.now + 3600 * SECOND)
    assert ended(world).status is TaskStatus.COMPLETED
    assert not world.state.alarms
    assert not broken(world)


@pytest.mark.parametrize("planted", [False, True])
def test_a_fill_that_goes_on_after_a_restart_waits_for_the_first_look(monkeypatch: Patch, planted: bool) -> None:
    """The outputs were proven off before a float had been read, and the fill failed for a level that was only not read
    yet."""
    if planted:
        monkeypatch.setattr(walk, "awaits_first_look", lambda draft, task, stage: False)
    world = house(site())
    ask(world, "diagnostics", {"workflow": "clean_fill"})
    world.run(world.now + 120 * SECOND)
    _read_late(monkeypatch, world, 3 * SECOND)
    world._begin()
    world.run(world.now + 1800 * SECOND)
    assert (ended(world).status is TaskStatus.COMPLETED) is not planted


def _read_late(patch: Patch, world: World, after: Nanos) -> None:
    """Nothing is read for a while from now on: each device has its turn."""
    poll, begins = SimField.poll, world.now + after

    def late(self: SimField, now: Nanos) -> Samples:
        read = poll(self, now)
        return read if now >= begins else replace(read, block=())

    patch.setattr(SimField, "poll", late)


@pytest.mark.parametrize("planted", [False, True])
def test_a_restart_without_a_clock_to_believe_locks_no_valve(monkeypatch: Patch, planted: bool) -> None:
    """Nobody knew how long the mains had been open; that was told as a float that does not rise, and the second time
    the valve was locked. Within one boot the clock of the machine knows."""
    if planted:
        begin = State.begin.__func__  # type: ignore[attr-defined]
        monkeypatch.setattr(State, "begin", lambda **known: _nothing_cut(begin(State, **known)))
    world = house(site())
    world._astray, world._trusted_at = SECOND, 1 << 62
    for number in range(3):
        ask(world, "diagnostics", {"workflow": "clean_fill"}, name=f"fill-number-{number}")
        world.run(world.now + 60 * SECOND)
        world._begin()
        world.run(world.now + 1800 * SECOND)
    assert ("fill_overrun:valve_clean_fill" in world.state.alarms) is False
    assert (ended(world, "fill-number-0").status is TaskStatus.COMPLETED) is not planted


def _nothing_cut(state: State) -> State:
    state.cut_off = frozenset()
    return state


METER = "      solution_fill: valve_solution_fill\n"


def test_a_counter_of_its_own_stands_in_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(changed(METER, f"{METER}      solution_meter: volume\n", TWO))
    circuit = load(tmp_path / "site.yaml").site.zones["zone-1"].circuit
    assert circuit is not None
    assert circuit.solution_meter == "volume"


def test_a_counter_that_counts_no_litres_is_named(tmp_path: Path) -> None:
    found = rejected(tmp_path, changed(METER, f"{METER}      solution_meter: flow\n", TWO))
    assert any("flow is measured in L/min, and a meter speaks L" in problem.what for problem in found)
