"""One safety rule, one scene, one planted bug: with the rule the scene ends well, without it it does not.

Beside `test_mutants`, `test_tank_mutants` and the reference model, so that no rule of the outputs, the guards and the
restraints is without a mutant of its own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import admission, dosing, estop, guards, restraints, thirst
from edgectl.model.inputs import ManualOn, Restrain, Restraint
from edgectl.model.site import Sensor, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import one_tank
from edgectl.plant.water import RO
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.houses import house_of, settle_in
from edgectl.simulate.invariants import broken
from edgectl.simulate.kept import broken_bonds
from edgectl.simulate.world import World
from tests.sim.asking import wish
from tests.sim.test_three_tanks import filled_up
from tests.sim.test_two_tanks import FILE

Patch = pytest.MonkeyPatch
HOUR: Nanos = 3600 * SECOND


def _without(patch: Patch, rule: str) -> None:
    """Take one guard out of both tables."""
    for table in ("STARTING", "STAYING"):
        patch.setattr(guards, table, tuple(row for row in getattr(guards, table) if row[0] != rule))


def _small(site: Site | None = None, *, ground: Ground | None = None, scheduled: bool = False) -> World:
    world = World(site or example_site(), example_schedules() if scheduled else (), 1, ground=ground)
    world.run(10 * SECOND)
    return world


def _on(world: World, name: str, seconds: float) -> bool:
    """Somebody presses ON; did it go on?"""
    before = len(world.field.trace)
    world.offer(ManualOn(token=1, actuator=name, lease=round(seconds * SECOND), who="Ana"))
    world.run(world.now + 2 * SECOND)
    return any(move.on and move.name == name for move in world.field.trace[before:])


# -- the scenes: True when the rule has held


def _interlock() -> bool:
    """Two outputs that must never be on together."""
    site = replace(example_site(), never_together=(frozenset({"valve", "lamp"}),))
    world = _small(site)
    assert _on(world, "valve", 60)
    _on(world, "lamp", 30)
    return not broken(site, world.journal, world.field.trace, world.report.ready_at)


def _dry_source() -> bool:
    """A pump that requires a level does not start below it."""
    low = replace(one_tank().tanks[0], start_l=0.05 * one_tank().tanks[0].capacity_l, trickle_l_min=0.0)
    world = _small(ground=Ground(replace(one_tank(), tanks=(low,)), Random(1)))
    _on(world, "valve", 60)
    return not _on(world, "pump", 20)


def _too_long() -> bool:
    """No ON is ordered for longer than its output may be on."""
    return not _on(_small(), "valve", 3600)


def _rest() -> bool:
    """A pump rests between two starts."""
    world = _small()
    _on(world, "valve", 120)
    assert _on(world, "pump", 3)
    world.run(world.now + 3 * SECOND)
    return not _on(world, "pump", 3)


def _starts() -> bool:
    """A pump starts so many times an hour and no more."""
    site = example_site()
    pump = replace(site.actuators["pump"], starts_per_hour=2)
    world = _small(replace(site, actuators={**site.actuators, "pump": pump}))
    _on(world, "valve", 300)
    started = []
    for _ in range(3):
        world.run(world.now + 15 * SECOND)
        started.append(_on(world, "pump", 2))
    return started == [True, True, False]


def _lock() -> bool:
    """Nothing moves where somebody works."""
    world = _small()
    world.offer(Restrain(token=2, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"))
    world.run(world.now + 5 * SECOND)
    _on(world, "valve", 30)
    return not broken_bonds(world, Counter())


def _owner() -> bool:
    """Nobody takes off the lock of another under their hands."""
    world = _small()
    world.offer(Restrain(token=2, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="filter"))
    world.run(world.now + SECOND)
    world.offer(Restrain(token=3, what=Restraint.LOCK, on=False, who="Ben", zone="zone-1"))
    world.run(world.now + SECOND)
    return not _on(world, "valve", 30)


def _estop() -> bool:
    """The wired emergency stop ends what runs, and nothing starts under it."""
    site = example_site()
    loop = Sensor(name="estop", channel="board.di_8", unit="", max_age=3 * SECOND)
    world = _small(replace(site, estop="estop", sensors={**site.sensors, "estop": loop}))
    assert _on(world, "valve", 300)
    world.field.estop_open = True
    world.run(world.now + 15 * SECOND)
    return not world.field.relays["valve"].on and not _on(world, "valve", 30)


def _deadline() -> bool:
    """A task whose time has passed while its pump was busy is not begun late."""
    world = _small()
    _on(world, "valve", 240)
    wall = world.wall
    world.offer(wish(wall, "too-late-by-then", token=3, due=20 * SECOND, expires=40 * SECOND))
    world.run(world.now + 400 * SECOND)
    return not any(move.on and move.name == "pump" for move in world.field.trace)


def _hold() -> bool:
    """A hold ends by itself."""
    world = _small(scheduled=True)
    hold = Restrain(token=4, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", why="rain", lasts=60 * SECOND)
    world.offer(hold)
    world.run(2 * HOUR)
    return not broken_bonds(world, Counter())


def _thirst() -> bool:
    """Plants that go without water call a person."""
    site = example_site()
    zone = replace(site.zones["zone-1"], max_gap=6 * HOUR)
    world = _small(replace(site, zones={"zone-1": zone}), scheduled=True)
    world.run(4 * HOUR + 200 * SECOND)  # one run of the morning
    world.offer(Restrain(token=5, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=40 * HOUR))
    world.run(14 * HOUR)
    return not broken_bonds(world, Counter())


def _circulating() -> World:
    """The two-tank house while its solution is pumped round, before anything was dosed."""
    world = settle_in(house_of(FILE.site, FILE.schedules), 1, tap=RO)
    while not any(
        entry.event_type == "STAGE_ENTERED" and entry.details["stage"] == "prepare" for entry in world.journal.timeline
    ):
        world.run(world.now + 10 * SECOND)
    world.run(world.now + 15 * SECOND)
    return world


def _acid_and_base() -> bool:
    """Acid and base never within one mixing time, by whomever."""
    world = _circulating()
    assert _on(world, "acid", 1)
    _on(world, "base", 1)
    return not broken_doses(world.site, world.field)


def _standing() -> bool:
    """No dose falls into standing water."""
    world = settle_in(house_of(FILE.site, FILE.schedules), 1, tap=RO)
    world.run(60 * SECOND)
    _on(world, "acid", 1)
    return not broken_doses(world.site, world.field)


def _brim() -> bool:
    """Nobody fills a full tank by hand."""
    world = filled_up(settle_in(house_of(FILE.site, ()), 1, tap=RO), clean=196)
    _on(world, "valve_clean_fill", 60)
    world.run(world.now + 60 * SECOND)
    return not broken_doses(world.site, world.field)


def _no_deadlines(patch: Patch) -> None:
    accept = admission.accept

    def patient(draft: Draft, **given: Any) -> Any:
        later = {key: given[key] + 24 * HOUR for key in ("due_at", "expires_at")}
        return accept(draft, **{**given, **later})

    patch.setattr(admission, "accept", patient)


def _no_level(patch: Patch) -> None:
    _without(patch, "requires")
    _without(patch, "stop_if")


def _no_estop(patch: Patch) -> None:
    _without(patch, "estop")
    patch.setattr(estop, "is_open", lambda draft: None)


RULES: list[tuple[Callable[[], bool], Callable[[Patch], None]]] = [
    (_interlock, lambda patch: _without(patch, "never_together")),
    (_dry_source, _no_level),
    (_too_long, lambda patch: _without(patch, "max_on")),
    (_rest, lambda patch: _without(patch, "min_off")),
    (_starts, lambda patch: _without(patch, "starts_per_hour")),
    (_lock, lambda patch: _without(patch, "restraint")),
    (_owner, lambda patch: patch.setattr(restraints, "_is_theirs", lambda lock, order: True)),
    (_estop, _no_estop),
    (_deadline, _no_deadlines),
    (_hold, lambda patch: patch.setattr(restraints, "expire", lambda draft: None)),
    (_thirst, lambda patch: patch.setattr(thirst, "watch", lambda draft: None)),
    (_acid_and_base, lambda patch: patch.setattr(dosing, "_mixing", lambda draft, zone, actuator: None)),
    (_brim, lambda patch: _without(patch, "full")),
    (_standing, lambda patch: patch.setattr(dosing, "still", lambda draft, zone: None)),
]


@pytest.mark.parametrize(("scene", "plant"), RULES, ids=[scene.__name__.strip("_") for scene, _ in RULES])
def test_without_its_rule_the_scene_ends_badly(
    scene: Callable[[], bool], plant: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    assert scene(), "with the rule it ends well"
    plant(monkeypatch)
    assert not scene(), scene.__doc__
