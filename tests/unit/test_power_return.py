"""After a start: who comes back when, under how much inrush, and lamps that have to cool first."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from edgectl.engine.rules import guards
from edgectl.engine.rules.power_return import APART, turn_of
from edgectl.model.inputs import ManualOn
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
WITHIN_THE_WINDOW: Nanos = 8 * HOUR + 600 * SECOND  # ten past ten in Berlin: the lamp should be on


def load(name: str, priority: int, inrush: float = 0.0, role: Role = Role.LIGHT) -> Actuator:
    return Actuator(
        name=name, channel=f"b.{name}", role=role, fail_safe=FailSafe.NONE, priority=priority, inrush=inrush
    )


def site_of(*loads: Actuator, max_inrush: float | None = None) -> Site:
    return replace(example_site(), actuators={a.name: a for a in loads}, zones={}, max_inrush=max_inrush)


LAMPS = (load("b", 60, 6), load("air", 10, 3, Role.AIR_PUMP), load("a", 60, 6), load("fan", 20, 9, Role.FAN))
VALVE = load("valve", 1, role=Role.VALVE)


@pytest.mark.parametrize(
    ("most", "turns"),
    [
        (None, {"air": 0, "fan": 1, "a": 2, "b": 3}),
        (12.0, {"air": 0, "fan": 0, "a": 1, "b": 1}),
        (10.0, {"air": 0, "fan": 1, "a": 2, "b": 3}),
    ],
)
def test_loads_come_by_priority_and_together_only_under_the_inrush(most: float | None, turns: dict[str, int]) -> None:
    site = site_of(*LAMPS, VALVE, max_inrush=most)
    assert {name: turn_of(site, name) for name in turns} == turns
    assert turn_of(site, "valve") == 0, "a valve is no load"


def three_lamps(most: float | None = None) -> World:
    """The example with two more lamps, each in a zone of its own, and windows that want all of them on."""
    site = example_site()
    lamps = {f"lamp_{n}": load(f"lamp_{n}", 60 + n, 5.0) for n in (1, 2)}
    zones = {f"z{n}": replace(site.zones["zone-1"], name=f"z{n}", number=n + 1, light=f"lamp_{n}") for n in (1, 2)}
    site = replace(site, actuators={**site.actuators, **lamps}, zones={**site.zones, **zones}, max_inrush=most)
    (window,) = (s for s in example_schedules() if s.task_type == "lighting")
    windows = tuple(replace(window, name=f"lamps-{n}", zone=f"z{n}") for n in (1, 2))
    layout = one_tank()
    layout = replace(layout, idle=(*layout.idle, *lamps))
    return World(site, (window, *windows), 1, ground=Ground(layout, Random(1)))


def cut(world: World, off_for: Nanos) -> None:
    """The house has no power: the relays fall, and the controller begins anew."""
    for relay in world.field.relays.values():
        relay.on, relay.until = False, None
    world.now += off_for
    world._begin()


def returned(world: World, since: int) -> dict[str, Nanos]:
    return {move.name: move.at for move in world.field.trace[since:] if move.on}


def test_after_a_power_cut_the_lamps_strike_five_seconds_apart() -> None:
    world = three_lamps()
    world.run(WITHIN_THE_WINDOW)
    cut(world, 60 * SECOND)
    began, before = world.now, len(world.field.trace)
    world.run(world.now + 120 * SECOND)
    on = returned(world, before)
    assert set(on) == {"lamp", "lamp_1", "lamp_2"}
    apart = sorted(on.values())
    assert all(later - earlier >= APART - SECOND // 2 for earlier, later in pairwise(apart))
    assert sorted(on, key=lambda name: on[name]) == ["lamp", "lamp_1", "lamp_2"]
    assert max(apart) - began < 30 * SECOND
    assert not world.state.alarms


def test_the_loads_strike_at_once_when_the_rule_is_planted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards.power_return, "returns_at", lambda draft, actuator: 0)
    world = three_lamps()
    world.run(WITHIN_THE_WINDOW)
    cut(world, 60 * SECOND)
    before = len(world.field.trace)
    world.run(world.now + 120 * SECOND)
    apart = sorted(returned(world, before).values())
    assert max(apart) - min(apart) < APART


def test_a_start_by_hand_waits_for_room_under_the_inrush() -> None:
    world = three_lamps(most=8.0)
    world.run(HOUR)
    for lamp in ("lamp_1", "lamp_2"):
        world.offer(ManualOn(token=1, actuator=lamp, lease=60 * SECOND, who="me"))
        world.run(world.now + SECOND)
    vetoed = [entry.details for entry in world.journal.timeline if entry.event_type == "VETO"]
    assert [detail["rule"] for detail in vetoed] == ["power_return"]
    assert "lamp_2 must not start for another" in vetoed[0]["why"]
    world.run(world.now + APART)
    world.offer(ManualOn(token=1, actuator="lamp_2", lease=60 * SECOND, who="me"))
    world.run(world.now + SECOND)
    assert world.field.relays["lamp_2"].on


def test_a_discharge_lamp_cools_for_a_quarter_of_an_hour_and_nobody_is_called_for_that() -> None:
    site = example_site()
    hid = replace(site.actuators["lamp"], min_off=900 * SECOND)
    world = World(replace(site, actuators={**site.actuators, "lamp": hid}), example_schedules(), 1)
    world.run(WITHIN_THE_WINDOW)
    assert world.field.relays["lamp"].on
    cut(world, 20 * SECOND)
    began, before = world.now, len(world.field.trace)
    world.run(world.now + 1200 * SECOND)
    on = returned(world, before)
    assert 900 * SECOND <= on["lamp"] - began < 930 * SECOND
    assert not [a for a in world.state.alarms.values() if a.subject in ("lamp", "zone-1", "lamps")]
    lights = [e for e in world.journal.timeline if e.event_type == "TASK_FINISHED" and e.mono > began]
    assert len(lights) == 1, "it waits once, and is not refused again and again"
