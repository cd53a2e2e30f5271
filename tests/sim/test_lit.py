"""A lamp's `max_on` at run time: it goes off, somebody is called, and the next window lights it again."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgectl.engine.rules import lit
from edgectl.model.inputs import Acknowledge
from edgectl.model.time import SECOND, Nanos
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.field import Faults
from edgectl.simulate.world import World
from tests.sim.test_workflow_rows import ask
from tests.unit.site_files import changed, rejected

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
ALARM = "lit_too_long:lamp"


def lived(most: Nanos = 2 * HOUR, *, windows: bool = False, faults: Faults | None = None) -> World:
    """The small house, whose lamp may be on for so long."""
    site = example_site()
    lamp = replace(site.actuators["lamp"], max_on=most)
    schedules = tuple(s for s in example_schedules() if s.name == "lamps") if windows else ()
    world = World(replace(site, actuators={**site.actuators, "lamp": lamp}), schedules, 1, faults=faults)
    world.run(30 * SECOND)
    return world


def light(world: World, name: str = "lit-by-a-caller") -> None:
    ask(world, "lighting", {"on": True}, name=name)
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["lamp"].on


def test_who_switched_it_on_for_ever_finds_it_off_after_its_time() -> None:
    world = lived()
    light(world)
    world.run(world.now + 2 * HOUR - MINUTE)
    assert world.field.relays["lamp"].on
    assert ALARM not in world.state.alarms
    world.run(world.now + 2 * MINUTE)
    assert not world.field.relays["lamp"].on
    assert world.state.alarms[ALARM].active
    ask(world, "lighting", {"on": True}, name="lit-once-more")
    world.run(world.now + MINUTE)
    assert not world.field.relays["lamp"].on, "it is locked until somebody has looked"
    world.offer(Acknowledge(token=1, alarm_id=ALARM, who="Ana"))
    world.run(world.now + SECOND)
    light(world, "lit-after-a-look")


@pytest.mark.parametrize("wall", [0, 3600])
def test_restarts_do_not_lengthen_it(wall: int) -> None:
    world = lived()
    light(world)
    for _ in range(8):
        world.run(world.now + 15 * MINUTE)
        world._begin()
    world.step_wall(wall * SECOND)
    world.run(world.now + 3 * MINUTE)
    assert not world.field.relays["lamp"].on


@pytest.mark.parametrize("wall", [-10, 0, 10])
def test_a_clock_that_is_set_between_two_lives_changes_nothing(wall: int) -> None:
    """It went by the wall clock: set ten hours on it put a lamp out that had burnt for ten minutes, and locked it."""
    world = lived()
    light(world)
    for by in (0, wall, -wall):
        world.run(world.now + 10 * MINUTE)
        world.step_wall(by * HOUR)
        world._begin()
    world.run(world.now + 2 * HOUR - 32 * MINUTE)
    assert world.field.relays["lamp"].on
    world.run(world.now + 4 * MINUTE)
    assert not world.field.relays["lamp"].on


def test_after_a_restart_of_the_machine_the_wall_clock_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    world = lived()
    light(world)
    world.run(world.now + 90 * MINUTE)
    monkeypatch.setattr(world.random, "random", lambda: 1.0)  # its clock does not lose its way
    world._reboot()
    world._begin()
    world.run(world.now + 28 * MINUTE)
    assert world.field.relays["lamp"].on
    world.run(world.now + 4 * MINUTE)
    assert not world.field.relays["lamp"].on


WITHOUT_AND_WITH_A_CLOCK = [(1 << 62, 120), (0, 110)]


@pytest.mark.parametrize(("astray", "burns"), WITHOUT_AND_WITH_A_CLOCK)
def test_each_boot_counts_by_its_own_clock_from_its_beginning_on(astray: Nanos, burns: int) -> None:
    """What it had counted stood under the boot in which it was lit: without a clock to believe each restart of the
    program began anew, and with one a clock that was set on put out what had burnt for minutes."""
    world = lived()
    light(world)
    world.run(world.now + 10 * MINUTE)
    world.boots += 1
    world._astray, world._trusted_at = (SECOND if astray else 0), astray
    world._begin()
    begun = world.now
    for step in (1, -1, 1, -1):
        world.run(world.now + 20 * MINUTE)
        if not astray:
            world.step_wall(step * 10 * HOUR)
        world._begin()
    world.run(begun + (burns - 1) * MINUTE)
    assert world.field.relays["lamp"].on
    world.run(begun + (burns + 2) * MINUTE)
    assert not world.field.relays["lamp"].on


@pytest.mark.parametrize(("astray", "burns"), WITHOUT_AND_WITH_A_CLOCK)
def test_what_stays_under_another_boot_is_seen(monkeypatch: pytest.MonkeyPatch, astray: Nanos, burns: int) -> None:
    monkeypatch.setattr(lit, "_carried_over", lambda draft, latch, before: latch)
    with pytest.raises(AssertionError):
        test_each_boot_counts_by_its_own_clock_from_its_beginning_on(astray, burns)


def test_the_rest_of_a_window_is_dark_and_the_next_one_is_lit() -> None:
    """As after a limit that the file did not have when the window was planned."""
    world = lived(10 * HOUR, windows=True)
    world.run(3 * HOUR + 30 * MINUTE)
    assert world.field.relays["lamp"].on, "five o'clock"
    before = len(world.journal.timeline)
    world.run(14 * HOUR)
    assert not world.field.relays["lamp"].on, "ten hours later"
    tried = [task for task in world.journal.timeline[before:] if task.event_type == "TASK_RECEIVED"]
    assert not tried, "nobody tries again and again what is locked"
    world.run(26 * HOUR)
    assert not world.state.alarms[ALARM].active
    world.run(27 * HOUR + 30 * MINUTE)
    assert world.field.relays["lamp"].on, "the next morning"


def test_an_off_that_was_lost_is_sent_again() -> None:
    world = lived()
    light(world)
    world.run(world.now + 2 * HOUR - MINUTE)
    world.field.faults = Faults(lost_request=1.0)
    world.run(world.now + 2 * MINUTE)
    assert world.field.relays["lamp"].on
    world.field.faults = Faults()
    world.run(world.now + 2 * MINUTE)
    assert not world.field.relays["lamp"].on


def test_without_the_rule_it_burns_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lit, "watch", lambda draft: None)
    world = lived()
    light(world)
    world.run(world.now + 5 * HOUR)
    assert world.field.relays["lamp"].on


def test_a_window_that_its_lamp_cannot_bear_is_refused(tmp_path: Path) -> None:
    text = changed("{to: board.relay_3, role: light}", "{to: board.relay_3, role: light, max_on: 12h}")
    (problem,) = rejected(tmp_path, text)
    assert "schedules.lamps.window: 16h is longer than lamp's max_on 12h (line" in str(problem)
