"""A float that hangs floods nothing and keeps nobody dry: litres end a fill, and somebody is asked to lift it."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine.rules import floats
from edgectl.engine.workflows import filled, tanks
from edgectl.model.inputs import Acknowledge, ManualOn
from edgectl.model.site import Sensor, Site
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.world import DAY, World
from tests.sim.test_two_tanks import FILE, broken, ground_of
from tests.sim.test_workflow_rows import _set, ask, codes, ended
from tests.unit.site_files import EXAMPLES, changed, rejected
from tests.unit.test_overrides import Heard

MOST = 180.0
MAINS = "counter.counter_2"


def metered(*, prove_every: Nanos | None = None) -> Site:
    """The two-tank site with a counter on its mains, of which nobody has measured how fast they flow."""
    site, zone = FILE.site, FILE.site.zones["zone-1"]
    assert zone.circuit is not None
    assert zone.circuit.clean is not None
    clean = replace(zone.circuit.clean, prove_every=prove_every)
    circuit = replace(zone.circuit, clean=clean, fill_l_min=None, fill_meter="mains", fill_most_l=MOST)
    mains = Sensor(name="mains", channel=MAINS, unit="L")
    valve = replace(site.actuators["valve_clean_fill"], max_on=1500 * SECOND)
    return replace(
        site,
        sensors={**site.sensors, "mains": mains},
        actuators={**site.actuators, "valve_clean_fill": valve},
        zones={"zone-1": replace(zone, circuit=circuit)},
        restarts_allowed=None,
    )


def house(site: Site, seed: int = 1) -> World:
    world = World(site, (), seed, ground=estate(site, Random(seed)))
    world.people = Heard(world)
    world.run(30 * SECOND)
    return world


def hang(world: World, value: float = 0.0) -> None:
    """The upper float of the clean tank hangs."""
    ground_of(world).plant.break_part(Fault.PROBE_STUCK, "board.di_2", world.now, value=value)


def fill(world: World, name: str = "asked-for-it", workflow: str = "clean_fill") -> None:
    ask(world, "diagnostics", {"workflow": workflow}, name=name)
    world.run(world.now + 2700 * SECOND)


def look(world: World) -> None:
    """The simulator does not read for a controller that has nothing to do: somebody asks."""
    world.offer(Acknowledge(token=5, alarm_id="none", who="Ana"))
    world.run(world.now + 2 * SECOND)


def spilled(world: World) -> float:
    world.field.advance(world.now)
    return ground_of(world).plant.totals.overflow_l


@pytest.mark.parametrize("planted", [False, True])
def test_a_fill_ends_at_its_litres_under_a_float_that_hangs(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(tanks, "_flood", lambda circuit, tank, stage, missing=1.0: ())
    world = house(metered())
    hang(world)
    fill(world)
    if planted:
        assert spilled(world) > 100
        return
    assert spilled(world) == 0
    task = ended(world)
    assert (task.status, task.outcome and task.outcome.error_code) == (TaskStatus.FAILED, "fill_volume_reached")
    assert ground_of(world).plant.totals.mains_l == pytest.approx(MOST, abs=3)
    assert "let in all the water" in world.state.alarms["fill_overrun:valve_clean_fill"].message
    assert not broken(world)
    fill(world, "the-second-one")
    assert "lockout:valve_clean_fill" in world.state.held, "the second time in a row nothing is filled any more"


def test_a_fill_over_a_restart_has_the_litres_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice() -> float:
        world = house(metered())
        hang(world)
        ask(world, "diagnostics", {"workflow": "clean_fill"})
        world.run(world.now + 300 * SECOND)
        world._begin()
        world.run(world.now + 2400 * SECOND)
        world.field.advance(world.now)
        return ground_of(world).plant.totals.mains_l

    assert twice() == pytest.approx(MOST, abs=3)
    count_from = filled.count_from
    monkeypatch.setattr(filled, "count_from", lambda *given, again: count_from(*given, again=False))
    assert twice() > MOST + 50, "the planted bug: each life begins to count anew"


def test_a_counter_that_nobody_can_read_keeps_no_tank_empty() -> None:
    world = house(metered())
    ground_of(world).plant.break_part(Fault.PROBE_DROPOUT, MAINS, world.now)
    world.run(world.now + 30 * SECOND)
    fill(world)
    assert ended(world).status is TaskStatus.COMPLETED
    assert not broken(world)


def test_a_healthy_fill_ends_by_its_float_and_calls_nobody() -> None:
    world = house(metered(prove_every=30 * DAY))
    _set(world, "clean", 40)  # from here the float comes first
    world.run(world.now + 10 * SECOND)
    fill(world)
    assert ended(world).status is TaskStatus.COMPLETED
    assert not world.state.alarms


# -- a float has rested before anything starts by it


@pytest.mark.parametrize("planted", [False, True])
def test_nothing_starts_by_a_float_that_has_just_moved(monkeypatch: pytest.MonkeyPatch, planted: bool) -> None:
    if planted:
        monkeypatch.setattr(floats, "STABLE", 0)
    world = house(metered())
    for litres in (195, 185):
        look(world)
        _set(world, "clean", litres)

    def press() -> str:
        world.offer(ManualOn(token=1, actuator="valve_clean_fill", lease=5 * SECOND, who="Ana"))
        world.run(world.now + SECOND)
        assert isinstance(world.people, Heard)
        return str(world.people.answers[-1].body)

    assert ("clean_max has just moved" in press()) is not planted
    world.run(world.now + 6 * SECOND)
    assert "has just moved" not in press()


# -- a float has to prove that it can move


def test_a_float_that_ended_none_of_three_fills_is_to_be_lifted() -> None:
    world = house(replace(metered(), zones={"zone-1": _by_time()}))
    hang(world)
    for n in range(floats.UNPROVEN):
        assert "float_proof_due:clean_max" not in world.state.alarms
        _set(world, "clean", 50)
        fill(world, f"refill-number-{n}", "refill")
    alarm = world.state.alarms["float_proof_due:clean_max"]
    assert "3 fills of clean ended without it" in alarm.message
    ground_of(world).plant.mend(Fault.PROBE_STUCK, "board.di_2", world.now)
    _set(world, "clean", 198)
    look(world)
    assert not world.state.alarms["float_proof_due:clean_max"].active


def _by_time():  # type: ignore[no-untyped-def]
    zone = metered().zones["zone-1"]
    assert zone.circuit is not None
    return replace(zone, circuit=replace(zone.circuit, fill_meter=None, fill_most_l=None, fill_l_min=20.0))


def test_a_float_that_rests_for_too_long_is_to_be_lifted_also_across_restarts() -> None:
    world = house(metered(prove_every=3 * DAY))
    look(world)
    world.run(2 * DAY)
    world._begin()
    world.run(world.now + 30 * SECOND)
    assert "float_proof_due:clean_max" not in world.state.alarms
    world.run(3 * DAY + 120 * SECOND)
    assert "has not moved for 3 days" in world.state.alarms["float_proof_due:clean_max"].message
    for litres in (198, 50):
        _set(world, "clean", litres)
        look(world)
    assert not world.state.alarms["float_proof_due:clean_max"].active


def test_an_upper_float_that_is_wet_over_a_half_empty_tank_ends_the_fill() -> None:
    site = FILE.site
    zone = site.zones["zone-1"]
    assert zone.circuit is not None
    assert zone.circuit.clean is not None
    level = Sensor(name="clean_level", channel="counter.counter_3", unit="%", low=-5, high=105)
    clean = replace(zone.circuit.clean, level="clean_level", low=None)
    zone = replace(zone, circuit=replace(zone.circuit, clean=clean))
    world = house(replace(site, sensors={**site.sensors, "clean_level": level}, zones={"zone-1": zone}))
    _set(world, "clean", 60)
    hang(world, 1.0)
    world.run(world.now + 20 * SECOND)
    fill(world)
    assert ended(world).status is TaskStatus.FAILED
    assert "two_tank_level_unavailable" in codes(world)


# -- in the site file

TWO = (EXAMPLES / "two-tank.yaml").read_text()
CLEAN, RATE = "low: clean_min, high: clean_max}", "      fill_rate: 20l/min\n"


def test_a_site_file_with_a_counter_on_the_mains(tmp_path: Path) -> None:
    text = changed(CLEAN, "low: clean_min, high: clean_max, prove_every: 30d}", TWO)
    text = changed(RATE, f"{RATE}      fill_meter: volume\n      fill_most: 180l\n", text)
    path = tmp_path / "site.yaml"
    path.write_text(text)
    circuit = load(path).site.zones["zone-1"].circuit
    assert circuit is not None
    assert circuit.clean is not None
    assert (circuit.fill_meter, circuit.fill_most_l, circuit.clean.prove_every) == ("volume", 180, 30 * DAY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(RATE, f"{RATE}      fill_most: 180l\n", TWO), "means nothing without fill_meter"),
        (changed(RATE, f"{RATE}      fill_meter: flow\n", TWO), "flow is measured in L/min, and a meter speaks L"),
        (
            changed(RATE, f"{RATE}      fill_meter: volume\n      fill_most: 300l\n", TWO),
            "more than the 200 L of the tank",
        ),
        (
            changed(CLEAN, "low: clean_min, level: flow, prove_every: 30d}", TWO),
            "means nothing without an upper float",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    found = rejected(tmp_path, text)
    assert any(words in problem.what for problem in found), [problem.what for problem in found]
