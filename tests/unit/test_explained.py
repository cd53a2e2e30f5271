"""A board that dies under a running pump is one fault: the water is not blamed for it, and the pump is not locked."""

import pytest

from edgectl.engine.draft import Draft
from edgectl.engine.rules import explained, flow
from edgectl.engine.rules.explained import A_MOMENT, ONCE
from edgectl.engine.rules.flow import TRIPS_TO_LOCKOUT
from edgectl.model.time import SECOND, Nanos
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_site
from edgectl.simulate.world import NOTICED, World
from tests.unit.test_gaps import asked


def watering() -> World:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    start(world)
    return world


def start(world: World) -> None:
    asked(world)
    world.run(world.now + 6 * SECOND)
    assert world.field.relays["pump"].on


def lose_power(world: World, device: str = "board") -> None:
    """Its relays fall and it answers nothing; its bus notices later."""
    world.field.fall_silent(device, world.now)
    for name, relay in world.field.relays.items():
        if world.site.actuators[name].device == device and relay.on:
            world.field._move(name, False, world.now, None, None)
    world.hear_of(device, healthy=False)
    world.run(world.now + NOTICED + 2 * SECOND)


def has_power_again(world: World, device: str = "board") -> None:
    world.field.speak_again(device, world.now)
    world.hear_of(device, healthy=True)
    world.run(world.now + 60 * SECOND)


def active(world: World) -> set[str]:
    return {name for name, alarm in world.state.alarms.items() if alarm.active}


def trips(world: World) -> int:
    latch = world.state.latches.get("trips:pump")
    return 0 if latch is None else latch.count


def test_a_board_that_dies_under_a_pump_is_one_alarm() -> None:
    world = watering()
    lose_power(world)
    raised = [e.details["alarm"] for e in world.journal.timeline if e.event_type == "ALARM_RAISED"]
    assert raised[0] == "biz_no_flow:pump", "the water was blamed before the silence was noticed"
    assert active(world) - {"output_may_be_on:pump", "output_may_be_on:valve"} == {"device_silent:board"}
    assert trips(world) == 0
    (cleared,) = [e.details for e in world.journal.timeline if e.event_type == "ALARM_CLEARED"]
    assert (cleared["alarm"], cleared["because"]) == ("biz_no_flow:pump", "device_silent:board")


def test_it_locks_no_pump_however_often_it_dies() -> None:
    world = watering()
    for _ in range(TRIPS_TO_LOCKOUT):
        lose_power(world)
        has_power_again(world)
        start(world)
    assert not world.state.held


def test_a_dry_pump_stays_one_when_its_board_dies_afterwards() -> None:
    world = watering()
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    world.run(world.now + 5 * SECOND)
    assert not world.field.relays["pump"].on
    lose_power(world)
    assert {"biz_no_flow:pump", "device_silent:board"} <= active(world)
    assert trips(world) == 1


def test_a_dry_pump_stays_one_when_somebody_cuts_the_power_of_its_welded_relay() -> None:
    """He did what the alarm asked for. That very deed took the alarm off, and with power back the pump ran dry anew."""
    world = watering()
    world.field.welded.add("pump")
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    world.run(world.now + 10 * SECOND)
    assert world.field.relays["pump"].on
    world.field.welded.clear()
    lose_power(world)
    assert {"biz_no_flow:pump", "device_silent:board"} <= active(world)
    assert trips(world) == 1


def test_a_silence_long_after_explains_nothing() -> None:
    """The pump was ordered off in the same moment, and nothing was heard of its board since: it may just have died."""
    world = watering()
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    world.field.fall_silent("board", world.now)
    world.run(world.now + A_MOMENT + 10 * SECOND)
    world.hear_of("board", healthy=False)
    world.run(world.now + NOTICED + 2 * SECOND)
    assert {"biz_no_flow:pump", "device_silent:board"} <= active(world)
    assert trips(world) == 1


def test_a_dry_pump_is_locked_also_where_its_board_is_not_heard_while_it_runs() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.field.ground.plant.break_part(Fault.SUCTION_BLOCKED, "pump", world.now)
    for _ in range(TRIPS_TO_LOCKOUT + ONCE):
        assert "lockout:pump" not in world.state.held
        asked(world)
        while not world.field.relays["pump"].on:
            world.run(world.now + SECOND // 2)
            assert world.now < 600 * SECOND, "it was never started"
        world.run(world.now + SECOND)
        world.field.fall_silent("board", world.now)
        world.hear_of("board", healthy=False)
        world.run(world.now + NOTICED + 2 * SECOND)
        has_power_again(world)
    assert "lockout:pump" in world.state.held
    assert {"biz_no_flow:pump", "output_lockout:pump"} & active(world), "and somebody is told of the water"


def test_a_meter_that_falls_silent_is_told_by_its_own_name() -> None:
    world = watering()
    lose_power(world, "meter")
    assert not world.field.relays["pump"].on, "nobody sees what it does"
    world.run(world.now + 60 * SECOND)
    assert active(world) == {"device_silent:meter"}


def ordered_off(draft: Draft, name: str, device: str) -> Nanos | None:
    output = draft.output(name)
    welded_or_not = output is not None and output.owed_off and output.closing is not None
    return draft.now.wall_at(output.closing or 0) if output is not None and welded_or_not else None


@pytest.mark.parametrize(
    ("name", "planted", "test"),
    [
        ("by_silence", lambda draft, device: None, test_a_board_that_dies_under_a_pump_is_one_alarm),
        ("by_silence", lambda draft, device: None, test_it_locks_no_pump_however_often_it_dies),
        (
            "_never_shown_since",
            lambda draft, name, device: draft.latch(f"trips:{name}").since,
            test_a_dry_pump_stays_one_when_its_board_dies_afterwards,
        ),
        (
            "_never_shown_since",
            ordered_off,
            test_a_dry_pump_stays_one_when_somebody_cuts_the_power_of_its_welded_relay,
        ),
        ("A_MOMENT", 3600 * SECOND, test_a_silence_long_after_explains_nothing),
        (
            "_believed",
            lambda draft, pump: True,
            test_a_dry_pump_is_locked_also_where_its_board_is_not_heard_while_it_runs,
        ),
        ("_believed", lambda draft, pump: False, test_it_locks_no_pump_however_often_it_dies),
        ("unreadable", lambda draft, pump: False, test_a_meter_that_falls_silent_is_told_by_its_own_name),
    ],
)
def test_the_bug_is_seen(name: str, planted: object, test: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow if name == "unreadable" else explained, name, planted)
    with pytest.raises(AssertionError):
        test()  # type: ignore[operator]
