"""A level that cannot be seen is reckoned from what was drawn since, for a while, low, and never for a dose."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from edgectl.config.loader import load
from edgectl.engine import fixed
from edgectl.engine.draft import Draft
from edgectl.engine.fixed import Fixed
from edgectl.engine.rules import balance
from edgectl.engine.rules.guards import veto_start
from edgectl.model.inputs import ManualOn
from edgectl.model.site import FailSafe, Role, Sensor, Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.model.water import Balance, Circuit, Tank
from edgectl.plant.faults import Fault
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World
from tests.sim.test_convoy import piped, two
from tests.sim.test_workflow_rows import MINUTE, ask, ended
from tests.unit.site_files import changed, rejected
from tests.unit.test_overrides import Heard

Patch = pytest.MonkeyPatch
LASTS: Nanos = 30 * MINUTE
ALARM = "level_by_balance:level"


def site(*, volume_l: float = 200, meter: bool = True, named: bool = True) -> Site:
    """The small site, whose level may be reckoned. `named`: does the pump name its level, or do the built-in limits
    hold?"""
    small, zone = example_site(), example_site().zones["zone-1"]
    level = replace(small.sensors["level"], balance=Balance(volume_l=volume_l, lasts=LASTS))
    zone = replace(zone, rate_l_min=10.0, meter=zone.meter if meter else None)
    pump = small.actuators["pump"]
    pump = pump if named else replace(pump, requires=(), stop_if=())
    return replace(
        small,
        sensors={**small.sensors, "level": level},
        zones={"zone-1": zone},
        actuators={**small.actuators, "pump": pump},
        restarts_allowed=None,
    )


def blind(site: Site) -> World:
    """A house at 70 % whose level has just gone silent."""
    world = World(site, (), 1, ground=Ground.small(Random(1)))
    world.people = Heard(world)
    world.run(20 * SECOND)
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "level.level", world.now)
    world.run(world.now + 15 * SECOND)
    return world


def water(world: World, name: str = "asked-for-it", duration: float = 90.0) -> Task:
    ask(world, "irrigation", {"duration_s": duration}, name=name)
    world.run(world.now + round((duration + 60) * SECOND))
    return ended(world, name)


def moved(world: World) -> float:
    world.field.advance(world.now)
    return world.field.ground.plant.totals.moved_l["pump"]


def told(world: World) -> int:
    return sum(e.event_type == "ALARM_RAISED" and e.details["alarm"] == ALARM for e in world.journal.timeline)


def draft_of(world: World) -> Draft:
    return Draft(world.state, Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED))


@pytest.mark.parametrize("named", [True, False])
def test_plants_get_their_water_and_a_person_a_call_for_each_run(named: bool) -> None:
    world = blind(site(named=named))
    for n in range(3):
        assert water(world, f"run-number-{n}").status is TaskStatus.COMPLETED
        assert told(world) == n + 1
    reckoned = [e.details for e in world.journal.timeline if e.event_type == "LEVEL_RECKONED"]
    assert [round(r["reckoned_pct"]) for r in reckoned] == [70, 62, 53], "15 L of 200, and a tenth more"
    world.field.ground.plant.mend(Fault.PROBE_DROPOUT, "level.level", world.now)
    assert water(world, "it-is-seen-again").status is TaskStatus.COMPLETED
    assert not world.state.alarms[ALARM].active
    assert told(world) == 3


@pytest.mark.parametrize("meter", [True, False])
@pytest.mark.parametrize("planted", [False, True])
def test_it_reckons_low_and_stops_the_pump_before_the_tank_can_be_empty(
    monkeypatch: Patch, planted: bool, meter: bool
) -> None:
    """The file says 20 L: at 70 % there are 14, and at 10 % the pump has to stand."""
    if planted:
        monkeypatch.setattr(balance, "_counted", lambda draft, seen, names: 0.0)
        monkeypatch.setattr(balance, "_drawing", lambda draft, sensor: iter(()))
    world = blind(site(volume_l=20, meter=meter))
    task = water(world)
    assert (task.status is TaskStatus.COMPLETED) is planted
    if not planted:
        assert 8 < moved(world) <= 12.1, "60 % of 20 L, and never more"


def _any_age(patch: Patch) -> None:
    """Believe a balance for as long as nobody looks."""
    reckon = balance.reckon

    def ageless(draft, name):  # type: ignore[no-untyped-def]
        seen = draft.balances.get(name)
        if seen is None:
            return None
        draft.balances = {**draft.balances, name: replace(seen, at=draft.now.mono)}
        return reckon(draft, name)

    patch.setattr(balance, "reckon", ageless)


@pytest.mark.parametrize("planted", [False, True])
def test_it_speaks_for_no_longer_than_the_file_says(monkeypatch: Patch, planted: bool) -> None:
    if planted:
        _any_age(monkeypatch)
    world = blind(site())
    world.run(20 * SECOND + LASTS - 3 * MINUTE)
    assert water(world, "in-its-time").status is TaskStatus.COMPLETED
    world.run(20 * SECOND + LASTS + MINUTE)
    before = moved(world)
    water(world, "past-its-time")
    assert (moved(world) > before) is planted


def test_its_end_stops_a_pump_that_runs_on_it() -> None:
    world = blind(site())
    world.run(20 * SECOND + LASTS - MINUTE)
    before = moved(world)
    task = water(world, duration=180.0)
    assert task.status is TaskStatus.FAILED
    assert moved(world) - before < 11.5, "a minute of ten litres"


@pytest.mark.parametrize("planted", [False, True])
def test_nobody_reckons_from_before_a_start(planted: bool) -> None:
    world = blind(site())
    kept = world.state.balances
    world._begin()
    if planted:
        world.state.balances = kept
    world.run(world.now + 5 * SECOND)
    water(world)
    assert (moved(world) > 0) is planted


def test_a_dose_never_goes_by_it() -> None:
    world = blind(site())
    pump = replace(world.site.actuators["pump"], stop_if=())
    doser = replace(pump, name="acid", channel="board.relay_5", role=Role.DOSING, fail_safe=FailSafe.PULSE)
    draft = draft_of(world)
    assert balance.speaks_for(draft, pump.requires[0], wanted=True)
    world.state.site = replace(world.site, actuators={**world.site.actuators, "acid": doser})
    veto = veto_start(draft_of(world), replace(doser, role=Role.HEATER), 10 * SECOND)
    assert veto is None, "what is no dose may go by it"
    vetoes = [rule for rule, guard in _guards() if guard(draft_of(world), doser, 10 * SECOND)]
    assert "requires" in vetoes


def drained() -> Site:
    """The tank whose level is reckoned has a drain."""
    plain = site()
    valve = plain.actuators["valve"]
    more = {
        name: replace(valve, name=name, channel=f"board.relay_{number}", max_on=1900 * SECOND)
        for number, name in enumerate(("tap", "drain"), 5)
    }
    circuit = Circuit(solution=Tank(name="butt", volume_l=200, level="level"), fill="tap", drain="drain")
    zone = replace(plain.zones["zone-1"], circuit=circuit)
    return replace(plain, actuators={**plain.actuators, **more}, zones={"zone-1": zone})


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize("blind_first", [True, False])
def test_what_takes_water_out_uncounted_ends_it(monkeypatch: Patch, planted: bool, blind_first: bool) -> None:
    """A drain that was opened by hand had taken nothing, and the pump ran on what was not there."""
    if planted:
        monkeypatch.setattr(balance, "_emptied", lambda draft, sensor: -1)
    world = World(drained(), (), 1, ground=Ground(replace(one_tank(), idle=("tap", "drain")), Random(1)))
    world.run(20 * SECOND)
    silent = partial(world.field.ground.plant.break_part, Fault.PROBE_DROPOUT, "level.level")
    if blind_first:
        silent(world.now)
    world.offer(ManualOn(token=1, actuator="drain", lease=5 * SECOND, who="Ana"))
    world.run(world.now + 2 * SECOND)
    silent(world.now)
    world.run(world.now + 30 * SECOND)
    assert balance.enough(draft_of(world), "level", 10) is planted
    world.field.ground.plant.mend(Fault.PROBE_DROPOUT, "level.level", world.now)
    water(world, duration=5.0)
    silent(world.now)
    world.run(world.now + 15 * SECOND)
    assert balance.enough(draft_of(world), "level", 10), "it has been seen since"


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize(("tank", "rate"), [(None, None), (None, 10.0), ("level", 10.0)])
def test_a_bed_that_does_not_say_whose_its_water_is_is_counted_by_its_rate_or_ends_it(
    monkeypatch: Patch, planted: bool, tank: str | None, rate: float | None
) -> None:
    """A second bed behind the same pump emptied the tank, and what was reckoned stood still. And it must not go dry
    either for a word that its section lacks, as long as anybody knows what it takes."""
    if planted:
        monkeypatch.setattr(fixed, "_unnamed", lambda site, level: ())
    plain, beds = site(), two()
    second = replace(beds.zones["zone-2"], tank=tank, rate_l_min=rate)
    more = {**plain.actuators, "valve_2": beds.actuators["valve_2"]}
    house = replace(plain, actuators=more, zones={**plain.zones, "zone-2": second})
    world = World(house, (), 1, ground=Ground(piped(), Random(1)))
    world.people = Heard(world)
    world.run(20 * SECOND)
    world.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "level.level", world.now)
    world.run(world.now + 15 * SECOND)
    water(world, duration=10.0)
    before = balance.reckon(draft_of(world), "level")
    assert before is not None, "its own bed is counted"
    ask(world, "irrigation", {"duration_s": 10}, name="the other bed", zone="zone-2")
    world.run(world.now + MINUTE)
    after = balance.reckon(draft_of(world), "level")
    assert (after is not None) is (planted or rate is not None)
    assert (ended(world, "the other bed").status is TaskStatus.COMPLETED) is (after is not None)
    if after is not None and not planted:
        assert before.pct - after.pct > 0.8 * 10 / 60 * 10 / 200 * 100


@pytest.mark.parametrize("name", ["examples/two-tank.yaml", "examples/three-tank.yaml"])
def test_every_way_out_of_a_tank_is_known(name: str) -> None:
    plain = load(Path(name)).site
    (zone,) = [zone for zone in plain.zones.values() if zone.circuit is not None]
    circuit = zone.circuit
    assert circuit is not None
    assert circuit.clean is not None
    level = Sensor(name="level", channel="x.level", unit="%", balance=Balance(volume_l=9, lasts=1))

    def out_of(part: str) -> set[str]:
        tank = replace(getattr(circuit, part), level="level")
        full = replace(zone, tank="level", circuit=replace(circuit, **{part: tank}))
        outs = Fixed(replace(plain, sensors={"level": level}, zones={zone.name: full})).outflows["level"]
        return {name for out in outs for name in out.by}

    third = circuit.irrigation is not None
    assert out_of("clean") == {circuit.fill_pump if third else circuit.clean_supply}
    assert out_of("solution") == {one for one in (circuit.drain, circuit.irrigation_fill) if one is not None}
    if third:
        assert out_of("irrigation") == set()


def _guards():  # type: ignore[no-untyped-def]
    from edgectl.engine.rules.guards import STARTING

    return [(rule, guard) for rule, guard in STARTING if rule == "requires"]


def test_a_level_that_is_seen_is_not_reckoned_against() -> None:
    world = blind(site())
    world.field.ground.plant.mend(Fault.PROBE_DROPOUT, "level.level", world.now)
    world.field.advance(world.now)
    world.field.ground.plant.plumbing.tanks["tank"].volume_l = 10
    world.run(world.now + 30 * SECOND)
    water(world)
    assert moved(world) == 0


# -- in the site file

LEVEL = "max_age: 10s, range: [0, 100]}"
RATE = "    flow: flow\n"
RECKONED = LEVEL.replace("}", ", balance: {volume: 200l, lasts: 2h}}")


def test_in_a_site_file(tmp_path: Path) -> None:
    text = changed(LEVEL, RECKONED.replace("2h}", "2h, into: volume}"), changed(RATE, f"{RATE}    rate: 10l/min\n"))
    (tmp_path / "site.yaml").write_text(text)
    found = load(tmp_path / "site.yaml").site.sensors["solution_level"].balance
    assert found == Balance(volume_l=200, lasts=120 * MINUTE, into="volume")


@pytest.mark.parametrize(
    ("level", "rate", "words"),
    [
        (RECKONED, "", "nobody knows what zone-1 takes"),
        (RECKONED.replace("2h", "2d"), "    rate: 10l/min\n", "too long: a leak is not reckoned"),
        (RECKONED.replace("2h}", "2h, into: flow}"), "    rate: 10l/min\n", "a meter speaks L"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, level: str, rate: str, words: str) -> None:
    found = rejected(tmp_path, changed(LEVEL, level, changed(RATE, RATE + rate)))
    assert any(words in f"{problem.what}" for problem in found), [problem.what for problem in found]
