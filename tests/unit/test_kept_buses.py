"""Which bus is kept free of guests, and for whom: by the engine, in every moment of lived days."""

from dataclasses import replace
from functools import cache

import pytest

from edgectl.engine import fixed
from edgectl.engine.draft import Draft
from edgectl.engine.rules import guests
from edgectl.engine.rules.interlock import LOUD_AFTER
from edgectl.engine.state import Phase
from edgectl.model.inputs import ManualOn
from edgectl.model.output import Output
from edgectl.model.site import Site
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import World

BUSES = {
    "relays": frozenset({"board"}),
    "probes": frozenset({"meter", "level"}),
    "far": frozenset({"weather"}),
}
NEEDED = ("relays", "probes")
HOUR: Nanos = 3600 * SECOND


@cache
def site() -> Site:
    return replace(example_site(), buses=dict(BUSES))


def draft(world: World) -> Draft:
    return Draft(world.state, world._clock())


def kept(world: World) -> dict[str, bool]:
    return {bus: guests.kept(draft(world), bus) is not None for bus in BUSES}


def house() -> World:
    world = World(site(), (), 1)
    world.run(20 * SECOND)
    assert world.state.phase is Phase.READY
    return world


def nobody_asks_beside_what_is_on(seed: int) -> tuple[int, int]:
    """How often something was on, and how often a person might ask, in eight hours that are looked at now and then."""
    world = World(
        site(), example_schedules(), seed, faults=Faults(lost_request=0.03, stuck_relay=0.02), crash=0.0005, people=True
    )
    ran = free = 0
    world.run(5 * HOUR)
    while world.now < 13 * HOUR:
        # Closely while something is on or was ordered, which is seldom.
        busy = any(world.field.relays[name].on for name in world.dangerous)
        world.run(
            world.now + (SECOND if busy or any(o.owed_off for o in world.state.outputs.values()) else 20 * SECOND)
        )
        on = [name for name in world.dangerous if world.field.relays[name].on]
        loud = [name for name in on if world.state.outputs[name].tries >= LOUD_AFTER]
        now = kept(world)
        if on and not loud:
            ran += 1
            assert all(now[bus] for bus in NEEDED), (on, world.state.outputs)
        free += not any(now.values())
    return ran, free


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_asks_beside_what_is_on_in_lived_days(seed: int) -> None:
    ran, free = nobody_asks_beside_what_is_on(seed)
    assert ran > 100
    assert free > 500, "and mostly a person may"


def test_it_is_kept_from_the_decision_on_and_named_with_its_end() -> None:
    world = house()
    assert not any(kept(world).values())
    world.offer(ManualOn(token=1, actuator="valve", lease=30 * SECOND, who="Ana"))
    world._stepper.turn(world._clock())  # decided; the commit has not even begun
    assert kept(world) == {"relays": True, "probes": True, "far": False}
    found = guests.kept(draft(world), "probes")
    assert found is not None
    assert found.why == "bus probes is kept for valve while it is on"
    assert found.until == world.state.outputs["valve"].off_by


def owed(**more: object) -> World:
    world = house()
    base = Output(name="pump", owed_off=True, cmd_id=None, task_id=None, zone=None, off_by=world.now + 60 * SECOND)
    world.state.put(replace(base, **more))  # type: ignore[arg-type]
    return world


def test_a_lamp_keeps_nobody_away() -> None:
    world = owed(name="lamp")
    assert not any(kept(world).values())


def test_what_is_ordered_off_keeps_it_until_a_person_is_called_to_it() -> None:
    assert kept(owed(closing=1, tries=LOUD_AFTER - 1))["relays"]
    assert not kept(owed(closing=1, tries=LOUD_AFTER))["relays"], "a dead board has to be asked what it is"


def test_a_start_and_an_end_keep_every_bus() -> None:
    world = house()
    for phase in (Phase.SETTLING, Phase.STOPPING):
        world.state.phase = phase
        assert all(kept(world).values())


def test_a_planted_look_at_what_is_seen_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = guests._needs

    def seen(draft: Draft, output: Output, bus: str) -> bool:
        command = draft.command(output.cmd_id)
        return needs(draft, output, bus) and command is not None and command.seen_at is not None

    monkeypatch.setattr(guests, "_needs", seen)
    with pytest.raises(AssertionError):
        test_it_is_kept_from_the_decision_on_and_named_with_its_end()


def test_a_planted_look_at_its_own_bus_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixed, "devices_under", lambda *_: frozenset())
    monkeypatch.setattr(fixed, "devices_behind", lambda site, name: {site.actuators[name].device})
    with pytest.raises(AssertionError):
        nobody_asks_beside_what_is_on(1)
