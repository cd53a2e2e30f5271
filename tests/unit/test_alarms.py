"""Alarms that nobody has seen: told again, told to others, silenced for a while; and many that are one."""

import ast
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgectl import engine
from edgectl.drivers.nodes.presence import TAKEN_UP
from edgectl.engine.draft import Draft
from edgectl.engine.rules.operator import LATCHED
from edgectl.model.codes import Code
from edgectl.model.hands import Shelve
from edgectl.model.inputs import Acknowledge, DeviceHealth
from edgectl.model.time import SECOND, Nanos, Now, Trust
from edgectl.observe.telling import Telling
from edgectl.plant.faults import Fault
from edgectl.simulate.example import example_site
from edgectl.simulate.world import World
from tests.unit.test_schedule_orders import Asked

MINUTE: Nanos = 60 * SECOND
HOUR: Nanos = 60 * MINUTE
DEVICES = frozenset({"board", "level", "meter"})


def world() -> World:
    """A site at rest whose three devices hang on one bus."""
    house = World(replace(example_site(), buses={"field": DEVICES}), (), 1)
    house.run(20 * SECOND)
    return house


def test_a_silent_device_is_called_with_what_it_means_and_how_to_ask_it() -> None:
    house = world()
    why, ask = "unit 5 on field silent for 4 s, 3 requests unanswered (no reply)", "edgectl bus probe field 5"
    house.offer(DeviceHealth(device="board", healthy=False, at=house.now, reason=why, asked_by=ask))
    house.run(house.now + SECOND)
    alarm = house.state.alarms["device_silent:board"]
    assert alarm.message == f"board: {why}"
    assert alarm.advice.startswith(
        f"check power, cable and address of board, then {ask}; until it answers nothing switches"
    )


def silence(house: World, *devices: str, healthy: bool = False) -> None:
    for device in devices:
        house.offer(DeviceHealth(device=device, healthy=healthy, at=house.now, reason="no reply"))
    house.run(house.now + SECOND)


def told(house: World, event: str) -> list[tuple[str, float]]:
    """Which alarm, and how many minutes after the start."""
    found = [entry for entry in house.journal.timeline if entry.event_type == event]
    return [(str(entry.details["alarm"]), round(entry.mono / MINUTE, 1)) for entry in found]


def active(house: World) -> set[str]:
    return {name for name, alarm in house.state.alarms.items() if alarm.active}


def test_a_dead_bus_is_one_alarm() -> None:
    house = world()
    silence(house, "board", "level")
    assert active(house) == {"device_silent:board", "device_silent:level"}
    silence(house, "meter")
    assert set(house.state.alarms) == {"bus_silent:field"}, "the others have nothing to add and nobody to see them off"
    assert "none of the 3 devices on bus field answers: no reply" in house.state.alarms["bus_silent:field"].message
    silence(house, *DEVICES, healthy=True)
    assert active(house) == set()


def test_a_device_that_was_put_right_while_nobody_drove_the_house_is_back() -> None:
    """It was never silent in this life, so that nothing said it was back: its alarm stood for ever."""
    house = world()
    silence(house, "board", "level")
    house._die()
    house._begin()
    house.field.ground.plant.break_part(Fault.PROBE_DROPOUT, "level.level", house.now)
    house.run(house.now + 10 * SECOND)
    assert active(house) == {"device_silent:level"}, "this one has not been heard yet"
    assert [e.details["device"] for e in house.journal.timeline if e.event_type == "DEVICE_BACK"] == ["board"]


def test_a_node_without_its_secret_is_no_dead_bus() -> None:
    house = World(replace(example_site(), buses={"field": DEVICES}, nodes=DEVICES), (), 1)
    house.run(20 * SECOND)
    for device in sorted(DEVICES):
        why, do = "there is no credential x", f"write it to /etc/x; {TAKEN_UP}"
        house.offer(DeviceHealth(device=device, healthy=False, at=house.now, reason=why, advice=do))
    house.run(house.now + SECOND)
    assert active(house) == {f"biz_node_offline:{device}" for device in DEVICES}
    assert house.state.alarms["biz_node_offline:board"].advice.startswith(f"write it to /etc/x; {TAKEN_UP}")


def test_who_stays_silent_on_a_bus_that_speaks_again_is_told_by_name() -> None:
    house = world()
    silence(house, *sorted(DEVICES))
    silence(house, "board", "level", healthy=True)
    assert active(house) == {"bus_silent:field"}, "the rest has a moment to come back"
    house.run(house.now + MINUTE)
    assert active(house) == {"device_silent:meter"}


def test_a_critical_alarm_is_told_again_after_5_minutes_and_to_others_after_15() -> None:
    house = world()
    silence(house, *sorted(DEVICES))
    begun = house.now
    house.run(begun + 3 * HOUR)
    first = told(house, "ALARM_RAISED")[-1][1]
    assert [round(at - first) for _, at in told(house, "ALARM_REPEATED")] == [5, 75, 135]
    assert [round(at - first) for _, at in told(house, "ALARM_ESCALATED")] == [15]


def test_any_other_alarm_is_told_again_after_12_hours_and_never_escalates() -> None:
    house = world()
    silence(house, "level")
    first = told(house, "ALARM_RAISED")[0][1]
    house.run(house.now + 25 * HOUR)
    assert [round((at - first) / 60) for _, at in told(house, "ALARM_REPEATED")] == [12, 24]
    assert told(house, "ALARM_ESCALATED") == []


def test_what_somebody_has_seen_is_not_told_again() -> None:
    house = world()
    silence(house, *sorted(DEVICES))
    house.offer(Acknowledge(token=1, alarm_id="bus_silent:field", who="Ana"))
    house.run(house.now + 3 * HOUR)
    assert told(house, "ALARM_REPEATED") == []
    assert told(house, "ALARM_ESCALATED") == []


def test_a_shelf_ends_by_itself_and_a_critical_alarm_has_none() -> None:
    house = world()
    silence(house, "level")
    house.run(house.now + 11 * HOUR)
    house.offer(Shelve(token=1, alarm_id="device_silent:level", lasts=8 * HOUR, who="Ana"))
    house.run(house.now + 7 * HOUR)
    assert told(house, "ALARM_REPEATED") == []
    house.run(house.now + 2 * HOUR)
    assert len(told(house, "ALARM_REPEATED")) == 1
    silence(house, "board", "meter")
    before = house.state.alarms["bus_silent:field"]
    house.offer(Shelve(token=2, alarm_id="bus_silent:field", lasts=HOUR, who="Ana"))
    house.run(house.now + SECOND)
    assert house.state.alarms["bus_silent:field"].shelved_until is before.shelved_until is None


def test_what_comes_and_goes_is_one_alarm_and_its_shelf_holds_for_all_of_it() -> None:
    house = world()
    silence(house, "level")
    first = house.state.alarms["device_silent:level"].raised_at
    house.offer(Acknowledge(token=1, alarm_id="device_silent:level", who="Ana"))
    house.offer(Shelve(token=2, alarm_id="device_silent:level", lasts=8 * HOUR, who="Ana"))
    for _ in range(3):
        silence(house, "level", healthy=True)
        assert not house.state.alarms["device_silent:level"].active, "it is over and seen, and its shelf is left"
        house.run(house.now + HOUR)
        silence(house, "level")
    alarm = house.state.alarms["device_silent:level"]
    assert (alarm.first_at, alarm.times, alarm.shelved_by) == (first, 4, "Ana")
    assert alarm.raised_at > first
    raised = [e.details for e in house.journal.timeline if e.event_type == "ALARM_RAISED"]
    assert [line.get("shelved", False) for line in raised] == [False, True, True, True]
    silence(house, "level", healthy=True)
    house.offer(Acknowledge(token=3, alarm_id="device_silent:level", who="Ana"))
    house.run(house.now + 6 * HOUR)
    assert house.state.alarms == {}, "the shelf is over, and nothing is left of it"
    silence(house, "level")
    assert house.state.alarms["device_silent:level"].times == 1


def test_what_begins_on_a_shelf_is_told_when_the_shelf_is_over() -> None:
    house = world()
    silence(house, "level")
    house.offer(Shelve(token=1, alarm_id="device_silent:level", lasts=HOUR, who="Ana"))
    house.run(house.now + 10 * MINUTE)
    silence(house, "level", healthy=True)
    house.run(house.now + 40 * MINUTE)
    silence(house, "level")
    house.step_wall(-HOUR)
    house.run(house.now + 2 * HOUR - MINUTE)
    (again,) = told(house, "ALARM_REPEATED")
    house.run(house.now + 11 * HOUR)
    assert told(house, "ALARM_REPEATED") == [again]
    assert house.state.alarms["device_silent:level"].shelved_until is None


def test_a_person_ends_a_silence_before_its_time() -> None:
    house = Asked(site=replace(example_site(), buses={"field": DEVICES}))
    silence(house, "level")
    for lasts, code in ((None, "not_held"), (8 * HOUR, "ok"), (None, "ok"), (None, "not_held")):
        answer = house.say(Shelve(token=1, alarm_id="device_silent:level", lasts=lasts, who="Ana"))
        assert answer.code == code
    assert "is not silenced" in answer.body["why"]
    assert house.state.alarms["device_silent:level"].shelved_until is None
    assert [at for at, _ in told(house, "ALARM_UNSHELVED")] == ["device_silent:level"]
    assert [at for at, _ in told(house, "ALARM_REPEATED")] == ["device_silent:level"], "it is called at once"
    house.run(house.now + 12 * HOUR + MINUTE)
    assert len(told(house, "ALARM_REPEATED")) == 2, "and again as if it had never been silent"


@pytest.mark.parametrize("seen", [False, True])
def test_a_shelf_that_is_taken_back_at_once_has_swallowed_no_call(seen: bool) -> None:
    """At night what is not urgent waits for the morning: a shelf of a minute must not take it out of the list."""
    house, telling = (
        Asked(site=replace(example_site(), buses={"field": DEVICES})),
        Telling("gh-1", ZoneInfo("UTC"), None),
    )
    silence(house, "level")
    if seen:
        house.say(Acknowledge(token=1, alarm_id="device_silent:level", who="Ana"))
    house.say(Shelve(token=1, alarm_id="device_silent:level", lasts=HOUR, who="Ana"))
    house.say(Shelve(token=1, alarm_id="device_silent:level", lasts=None, who="Ana"))
    telling.note(house.journal.timeline, house.now)
    message = telling.due(house.now + MINUTE, house.wall)
    assert (message is None) is seen
    assert message is None or "device_silent" in message.title


def test_a_shelf_whose_time_is_over_silences_nothing_more() -> None:
    now = Now(mono=HOUR, wall=HOUR, trust=Trust.SYNCED)
    for until, silent in ((HOUR, False), (HOUR + 1, True)):
        draft = Draft(world().state, now)
        draft.alert("device_silent", "level", "it is so", "look")
        (alarm,) = (one for one in draft.alarms() if one.subject == "level")
        draft.put(replace(alarm, active=False, raised_at=1, shelved_until=until, shelved_by="Ana"))
        draft.alert("device_silent", "level", "it is so again", "look")
        assert draft.entries[-1].details.get("shelved", False) is silent


@pytest.mark.parametrize("back", [2 * HOUR, 9000 * 24 * HOUR])
def test_a_clock_that_comes_back_silences_nobody(back: Nanos) -> None:
    house = world()
    silence(house, *sorted(DEVICES))
    begun = house.now
    house.step_wall(-back)
    house.run(begun + HOUR)
    first = told(house, "ALARM_RAISED")[-1][1]
    assert [round(at - first) for _, at in told(house, "ALARM_REPEATED")] == [5]
    assert [round(at - first) for _, at in told(house, "ALARM_ESCALATED")] == [15]


def test_a_clock_that_comes_back_makes_no_shelf_longer() -> None:
    house = world()
    silence(house, "level")
    house.offer(Shelve(token=1, alarm_id="device_silent:level", lasts=8 * HOUR, who="Ana"))
    house.run(house.now + SECOND)
    house.step_wall(-9000 * 24 * HOUR)
    house.run(house.now + 25 * HOUR)
    assert house.state.alarms["device_silent:level"].shelved_until is None
    house.run(house.now + 12 * HOUR)
    assert told(house, "ALARM_REPEATED")


def named(call: str) -> set[str]:
    """The alarms that the engine raises, or calms, by their written names."""
    found = set()
    for path in (Path(engine.__file__).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == call:
                found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
                found |= {
                    Code[arg.attr].value
                    for arg in node.args[:1]
                    if isinstance(arg, ast.Attribute) and arg.attr.isupper()
                }
    return {str(name) for name in found}


def test_whatever_begins_has_an_end_or_is_one_that_a_person_ends() -> None:
    raised = named("alert")
    assert len(raised) > 35
    assert raised - named("calm") - LATCHED == set()


@pytest.mark.parametrize(("count", "flood"), [(10, False), (11, True)])
def test_more_than_ten_within_ten_minutes_are_a_flood(count: int, flood: bool) -> None:
    house = world()
    for number in range(count):
        house.offer(DeviceHealth(device=f"node-{number}", healthy=False, at=house.now, reason="no reply"))
    house.run(house.now + SECOND)
    assert ("alarm_flood:site" in active(house)) is flood
    house.run(house.now + 30 * MINUTE)
    assert "alarm_flood:site" not in active(house)


@pytest.mark.parametrize(("every", "floods"), [(8 * MINUTE, [10]), (MINUTE // 2, [60, 120])])
def test_a_flood_ends_when_few_are_left_of_it_and_after_an_hour_at_most(every: Nanos, floods: list[int]) -> None:
    """One that came and went kept it up for days, and nobody heard of anything else that was not critical."""
    house = world()
    silence(house, *(f"node-{number}" for number in range(11)))
    begun = house.now
    while house.now < begun + 130 * MINUTE:
        silence(house, "node-0", healthy=True)
        house.run(house.now + SECOND)
        silence(house, "node-0")
        house.run(house.now + every)
    ended = [at - begun / MINUTE for name, at in told(house, "ALARM_CLEARED") if name == "alarm_flood:site"]
    assert ended == pytest.approx(floods, abs=1.5)
