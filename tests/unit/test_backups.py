"""What cannot be switched off: its feeder falls, stays down until somebody has looked, and is drawn otherwise."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.rules import interlock
from edgectl.model.inputs import Acknowledge, ManualOn
from edgectl.model.site import Actuator, FailSafe, Role, Site
from edgectl.model.time import SECOND
from edgectl.plant.layout import one_tank
from edgectl.simulate.example import example_site
from edgectl.simulate.field import SimField
from edgectl.simulate.ground import Ground
from edgectl.simulate.world import World


def fed_site() -> Site:
    site = example_site()
    mains = Actuator(name="mains", channel="board.relay_6", role=Role.CONTACTOR, fail_safe=FailSafe.NONE)
    valve = replace(site.actuators["valve"], backup="mains")
    return replace(site, actuators={**site.actuators, "valve": valve, "mains": mains})


def fed_world() -> World:
    layout = one_tank()
    ground = Ground(replace(layout, idle=(*layout.idle, "mains")), Random(1))
    return World(fed_site(), (), 1, ground=ground)


def weld(patch: pytest.MonkeyPatch, name: str) -> None:
    """The relay of this output cannot go off any more."""
    move = SimField._move

    def stuck(self, relay, on, at, until, cmd_id):  # type: ignore[no-untyped-def]
        if relay != name or on:
            move(self, relay, on, at, None if relay == name else until, cmd_id)

    patch.setattr(SimField, "_move", stuck)


def run(world: World, seconds: float) -> None:
    world.run(world.now + round(seconds * SECOND))


def welded(patch: pytest.MonkeyPatch) -> World:
    world = fed_world()
    run(world, 20)
    weld(patch, "valve")
    world.offer(ManualOn(token=1, actuator="valve", lease=5 * SECOND, who="me"))
    run(world, 60)
    return world


def test_a_contactor_is_drawn_as_long_as_nothing_speaks_against_it() -> None:
    world = fed_world()
    run(world, 20)
    assert world.field.relays["mains"].on
    assert not world.state.alarms


def test_what_feeds_a_welded_valve_falls_and_a_person_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    world = welded(monkeypatch)
    assert "output_may_be_on:valve" in world.state.alarms
    assert not world.field.relays["mains"].on
    assert [e.details["because"] for e in world.journal.timeline if e.event_type == "BACKUP_FELL"] == ["valve"]
    run(world, 3600)
    assert not world.field.relays["mains"].on, "it waits for a person"
    world.offer(ManualOn(token=1, actuator="mains", lease=5 * SECOND, who="me"))
    run(world, 5)
    vetoes = [e.details["why"] for e in world.journal.timeline if e.event_type == "VETO"]
    assert "mains has fallen (valve cannot be switched off)" in vetoes[-1]


def test_it_comes_back_only_when_what_hangs_behind_it_is_off_and_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        world = welded(patch)
        world.offer(Acknowledge(token=1, alarm_id="output_may_be_on:valve", who="Ana"))
        run(world, 60)
        assert not world.field.relays["mains"].on, "somebody has seen it, and the valve is still welded"
    run(world, 60)
    assert not world.field.relays["valve"].on
    assert world.field.relays["mains"].on


def test_without_the_rule_the_water_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interlock.backups, "fall", lambda draft, name, alarm_id, why: None)
    assert welded(monkeypatch).field.relays["mains"].on


def test_a_contactor_that_may_not_be_drawn_leaves_no_flood_of_vetoes() -> None:
    layout = one_tank()
    ground = Ground(replace(layout, idle=(*layout.idle, "mains")), Random(1))
    world = World(replace(fed_site(), estop="flow"), (), 1, ground=ground)  # it reads 0: pressed
    run(world, 600)
    assert not world.field.relays["mains"].on
    assert not [entry for entry in world.journal.timeline if entry.event_type == "VETO"]
