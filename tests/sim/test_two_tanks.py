"""The two-tank house: from empty tanks to a steady solution, and through every single fault of the plant."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from edgectl.model.site import Actuator
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.plant.hydroponics import Hydroponics
from edgectl.plant.probe import Lie
from edgectl.plant.water import HARD, RO, SOFT, Water
from edgectl.scheduler.schedule import Cron
from edgectl.simulate import invariants
from edgectl.simulate.doses import broken_doses
from edgectl.simulate.field import Faults
from edgectl.simulate.two_tank import two_tank_ground, two_tank_schedules, two_tank_site
from edgectl.simulate.world import DAY, World

OFTEN = Cron(expression="*/20 * * * *")


def house(
    seed: int = 1, *, water: Water = RO, faults: Faults | None = None, crash: float = 0.0, often: bool = False
) -> World:
    """`often` prepares the solution again every twenty minutes with narrow caps, so that they are reached."""
    ground = two_tank_ground(Random(seed), water)
    site, schedules = two_tank_site(), two_tank_schedules()
    if often:
        schedules = (replace(schedules[0], cadence=OFTEN), *schedules[1:])
        site = replace(site, actuators={name: _narrow(actuator) for name, actuator in site.actuators.items()})
    return World(site, schedules, seed, ground=ground, faults=faults, crash=crash)


def _narrow(actuator: Actuator) -> Actuator:
    if actuator.doser is None:
        return actuator
    return replace(actuator, doser=replace(actuator.doser, max_dose_ml=20, max_per_hour_ml=30, max_per_day_ml=100))


def ground_of(world: World) -> Hydroponics:
    assert isinstance(world.field.ground, Hydroponics)
    return world.field.ground


def broken(world: World) -> list[str]:
    world.field.advance(world.now)
    return [
        *invariants.broken(world.site, world.journal, world.field.trace, world.report.ready_at),
        *broken_doses(world.site, ground_of(world)),
    ]


def tasks(world: World, workflow: str) -> list[Task]:
    found = [v for v in world.journal.values.values() if isinstance(v, Task)]
    return [task for task in found if task.payload.get("workflow", "water") == workflow]


@pytest.mark.parametrize("water", [RO, SOFT], ids=["RO", "soft"])
def test_empty_tanks_become_a_steady_solution_and_no_alarm_is_raised(water: Water) -> None:
    world = house(water=water)
    world.run(3 * DAY)
    assert broken(world) == []
    assert all(task.status is TaskStatus.COMPLETED for task in tasks(world, "startup"))
    assert sum(task.status is TaskStatus.COMPLETED for task in tasks(world, "water")) == 21
    tanks = ground_of(world).tanks
    assert abs(tanks.read("ph") - 5.8) < 0.15 * 5.8
    assert abs(tanks.read("ec") - 1.6) < 0.25 * 1.6
    assert not world.state.alarms, "a healthy run raises none"


def test_the_caps_hold_when_the_solution_is_prepared_again_and_again_across_crashes() -> None:
    world = house(3, water=HARD, crash=0.005, often=True)
    world.run(3 * DAY)
    assert broken(world) == []
    assert world.report.crashes > 10
    assert ground_of(world).tanks.dosed_ml["nutrient_a"] > 200, "the caps were reached"


@pytest.mark.parametrize("seed", range(6))
def test_a_rough_week_breaks_no_promise(seed: int) -> None:
    rough = Faults(lost_request=0.01, lost_reply=0.02, stuck_relay=0.01, bad_level=0.005, blocked=0.1)
    world = house(seed, faults=rough, crash=0.002)
    world.run(7 * DAY)
    assert broken(world) == []
    assert world.report.crashes > 3
    assert world.field.injected > 20


Break = Callable[[Hydroponics], None]


def _mains(ground: Hydroponics) -> None:
    ground.tanks.mischief.mains_off = True


def _suction(ground: Hydroponics) -> None:
    ground.tanks.mischief.suction_blocked = True


def _drain(ground: Hydroponics) -> None:
    ground.tanks.mischief.solution_leaks = True


def _bottle(name: str) -> Break:
    def empty(ground: Hydroponics) -> None:
        ground.tanks.mischief.bottle_empty = name

    return empty


def _float(name: str, value: float) -> Break:
    def stuck(ground: Hydroponics) -> None:
        ground.stuck[f"floats.{name}"] = value

    return stuck


def _probe(which: str, lie: Lie) -> Break:
    def lying(ground: Hydroponics) -> None:
        getattr(ground, which).lie = lie

    return lying


# What was broken from the first minute on, and what must be said about it by the second evening.
FAULTS: dict[str, tuple[Break, str]] = {
    "mains off": (_mains, "clean_tank_not_filled_timeout"),
    "suction blocked": (_suction, "biz_no_flow"),
    "solution drains": (_drain, ""),
    "nutrient a empty": (_bottle("nutrient_a"), ""),
    "acid empty": (_bottle("acid_pump"), ""),
    "clean high float dry": (_float("clean_high", 0.0), "clean_tank_not_filled_timeout"),
    "clean high float wet": (_float("clean_high", 1.0), "two_tank_level_unavailable"),
    "clean low float dry": (_float("clean_low", 0.0), "two_tank_level_unavailable"),
    "solution high float dry": (_float("solution_high", 0.0), ""),
    "solution high float wet": (_float("solution_high", 1.0), "two_tank_level_unavailable"),
    "solution low float dry": (_float("solution_low", 0.0), "two_tank_level_unavailable"),
    "float not a number": (_float("solution_high", float("nan")), "two_tank_level"),
    "ph frozen": (_probe("ph", Lie.FROZEN), ""),
    "ph biased": (_probe("ph", Lie.BIAS), ""),
    "ph silent": (_probe("ph", Lie.DEAD), "two_tank_level_stale"),
    "ec in the air": (_probe("ec", Lie.AIR), "probe_out_of_water"),
    "ec not a number": (_probe("ec", Lie.NAN), "two_tank_level_stale"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_single_fault_ends_safe_and_explained(name: str) -> None:
    plant, words = FAULTS[name]
    world = house()
    plant(ground_of(world))
    world.run(DAY + 20 * 3600 * SECOND)
    world.field.advance(world.now)
    assert broken(world) == []
    tanks = ground_of(world).tanks
    assert 3.9 < tanks.read("ph") < 9.1
    assert tanks.read("ec") < 2.5
    assert not any(relay.on for relay in world.field.relays.values())
    told = [str(entry.details) for entry in world.journal.timeline] + list(world.state.alarms)
    assert any(words in line for line in told)
