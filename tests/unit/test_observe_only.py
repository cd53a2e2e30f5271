"""A controller that dies again and again only watches: counted in the journal, released by a look or by a calm life."""

from dataclasses import replace
from random import Random

import pytest

from edgectl.engine.fixed import Fixed
from edgectl.engine.rules import crashes
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.model.inputs import Acknowledge, Answer, ManualOn, Shutdown
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.plant.faults import Fault
from edgectl.simulate.estate import estate
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim import test_air_house as air
from tests.sim import test_air_parts as parts
from tests.sim.asking import wish

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
ALLOWED = 5


def site() -> Site:
    return replace(example_site(), restarts_allowed=ALLOWED)


def die(world: World, times: int, every: Nanos = 10 * SECOND) -> None:
    """Live for a while and be killed."""
    for _ in range(times):
        world.run(world.now + every)
        world._begin()


def observes(world: World) -> bool:
    return "lockout:controller" in world.state.held


def looped(times: int = ALLOWED + 1, *, every: Nanos = 10 * SECOND) -> World:
    world = World(site(), example_schedules(), 1)
    die(world, times, every)
    world.run(world.now + 20 * SECOND)
    return world


def switched_on(world: World, since: Nanos) -> list[str]:
    world.field.advance(world.now)
    return [move.name for move in world.field.trace if move.on and move.at > since]


@pytest.mark.parametrize(("times", "every", "expected"), [(5, 10, False), (6, 10, True), (9, 240, False)])
def test_one_restart_too_many_within_ten_minutes_and_it_only_observes(times: int, every: int, expected: bool) -> None:
    world = looped(times, every=every * SECOND)
    assert observes(world) is expected
    assert ("observe_only:controller" in world.state.alarms) is expected
    told = [e for e in world.journal.timeline if e.event_type == "OBSERVE_ONLY"]
    assert len(told) == int(expected)


def test_nothing_is_switched_on_by_anybody_and_each_run_left_out_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    world = looped()
    since = world.now
    monkeypatch.setattr(crashes, "CALM_AFTER", 100 * HOUR)
    answers: list[Answer] = []
    release = World._release

    def heard(self: World, effects: tuple[object, ...], at: Nanos) -> None:
        answers.extend(effect for effect in effects if isinstance(effect, Answer))
        release(self, effects, at)  # type: ignore[arg-type]

    monkeypatch.setattr(World, "_release", heard)
    world.offer(ManualOn(token=1, actuator="valve", lease=10 * SECOND, who="me"))
    wall = world.wall
    world.offer(wish(wall, token=2))
    world.run(10 * HOUR)
    assert switched_on(world, since) == []
    assert [(answer.ok, str(answer.code)) for answer in answers] == [(False, "vetoed"), (False, "not_ready")]
    skipped = [e.details for e in world.journal.timeline if e.event_type == "SCHEDULE_SKIPPED"]
    assert {skip["reason_code"] for skip in skipped} == {"not_ready"}
    assert len([skip for skip in skipped if skip["schedule"] == "morning"]) == 4


def test_it_leads_again_when_it_has_lived_for_half_an_hour() -> None:
    world = looped()
    world.run(world.now + 20 * MINUTE)
    assert observes(world)
    world.run(world.now + 10 * MINUTE)
    assert not observes(world)
    assert "LEADS_AGAIN" in {e.event_type for e in world.journal.timeline}
    assert not world.state.alarms["observe_only:controller"].active, "it stays on the list until it is seen"
    since = world.now
    world.run(5 * HOUR)
    assert "pump" in switched_on(world, since)


def test_it_leads_again_when_a_person_has_looked() -> None:
    world = looped()
    world.offer(Acknowledge(token=1, alarm_id="observe_only:controller", who="Ana"))
    world.run(world.now + SECOND)
    assert not observes(world)
    assert "observe_only:controller" not in world.state.alarms


def test_a_fall_after_the_release_is_counted_with_those_before_it() -> None:
    world = looped()
    world.offer(Acknowledge(token=1, alarm_id="observe_only:controller", who="Ana"))
    world.run(world.now + SECOND)
    die(world, 1)
    world.run(world.now + 20 * SECOND)
    assert observes(world)


def test_who_ends_as_he_is_asked_to_has_not_fallen() -> None:
    world = World(site(), (), 1)
    for _ in range(3 * ALLOWED):
        world.run(world.now + 10 * SECOND)
        world._stepper.offer(Shutdown(why="SIGTERM"))
        world._stepper.wake_at = world.now
        world.run(world.now + SECOND)
        world._begin()
    world.run(world.now + 20 * SECOND)
    assert not observes(world)


def test_a_run_that_was_cut_off_by_the_last_fall_is_told_as_that() -> None:
    world = looped(ALLOWED)
    world.run(4 * HOUR + 30 * SECOND)
    die(world, ALLOWED + 1, SECOND)
    world.run(world.now + 20 * SECOND)
    assert observes(world)
    cut = [v for v in world.journal.values.values() if isinstance(v, Task) and v.task_type == "irrigation"]
    assert [task.outcome.reason_code for task in cut if task.outcome] == ["task_recovered_after_restart"]


def test_the_house_is_kept_from_freezing_and_its_fans_as_they_are() -> None:
    house = replace(air.FILE.site, restarts_allowed=ALLOWED)
    world = World(house, air.FILE.schedules, 1, ground=estate(house, Random(1)))
    die(world, ALLOWED + 1)
    world.run(world.now + 20 * SECOND)
    assert observes(world)
    since = world.now
    world.run(world.now + 25 * MINUTE)
    assert switched_on(world, since) == [], "it is far from freezing"
    climate = world.field.ground.plant.climate
    assert climate is not None
    world.field.advance(world.now)
    climate.air = replace(climate.air, temperature=1.0)
    world.run(world.now + 4 * MINUTE)
    assert set(switched_on(world, since)) == {"heater_1", "heater_2"}


def test_the_count_survives_a_power_cut_without_a_clock_to_believe() -> None:
    """Each life is another boot of the machine, and no time server was ever reached."""
    world = World(site(), (), 1)
    world.run(10 * SECOND)
    stored = world.journal.load()
    for life in range(ALLOWED + 2):
        state = State.begin(site=site(), schedules=(), stored=stored, boot_id=f"boot-{life}", started=SECOND)
        state.unproven.clear()
        stepper = Stepper(state)
        stepper.turn(Now(mono=2 * SECOND, wall=2 * SECOND, trust=Trust.UNTRUSTED))
        batch = stepper.next_batch()
        assert batch is not None
        world.journal.commit(batch)
        stored = world.journal.load()
    assert "lockout:controller" in {latch.name for latch in stored.latches if latch.held}


def stormy(*, plant: Fault | None = Fault.WIND_STORM) -> World:
    """A controller that has fallen too often, in front of an open vent; then comes the weather."""
    house = replace(air.FILE.site, restarts_allowed=ALLOWED)
    world = World(house, air.FILE.schedules, 1, ground=estate(house, Random(1)))
    die(world, ALLOWED + 1, 2 * SECOND)
    draughts = world.field.ground.draughts
    assert draughts is not None
    draughts.positions["roof"] = 0.8
    world.run(world.now + 4 * MINUTE)
    assert observes(world)
    assert air.vent(world) == 0.8, "in calm air it stays where it is"
    if plant is not None:
        world.field.ground.plant.break_part(plant, "", world.now)
    return world


def test_a_storm_shuts_the_vents_also_while_it_only_observes() -> None:
    world = stormy()
    since = world.now
    world.run(world.now + 200 * SECOND)
    assert air.vent(world) == 0
    assert set(switched_on(world, since)) == {"roof_close"}
    assert air.promises(world) == []
    world.field.ground.plant.mend(Fault.WIND_STORM, "", world.now)
    world.run(world.now + 15 * MINUTE)
    assert observes(world)
    assert air.vent(world) == 0, "nothing opens before it leads again"


def test_without_that_way_a_storm_finds_the_vents_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fixed, "shutting", frozenset())
    world = stormy()
    world.run(world.now + 10 * MINUTE)
    assert air.vent(world) == 0.8


def test_wind_that_nobody_can_see_moves_no_vent_while_it_only_observes() -> None:
    """Nobody knows where the vent is after the start: shutting it blindly would cook what stands below."""
    world = stormy(plant=None)
    world.field.fall_silent("counter", world.now)
    world.run(world.now + 10 * MINUTE)
    assert air.vent(world) == 0.8


def test_gas_is_shut_off_while_it_only_observes() -> None:
    world = parts.house(replace(parts.fitted(), restarts_allowed=ALLOWED), until=7 * HOUR)
    assert any(move.name == "gas" and move.on for move in world.field.trace)
    die(world, ALLOWED + 1, SECOND)
    world.run(world.now + 5 * SECOND)
    assert observes(world)
    since = world.now
    world.run(world.now + 25 * MINUTE)
    assert not world.field.relays["gas"].on
    assert "gas" not in switched_on(world, since)
