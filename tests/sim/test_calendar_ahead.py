"""A clock that was years ahead and came back: the calendar goes on, a person is told, and nothing loses its name."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from edgectl.engine.rules import ahead
from edgectl.engine.rules import schedules as rule
from edgectl.model.inputs import Acknowledge
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, to_datetime
from edgectl.scheduler.schedule import At, Every, Schedule, Window
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
DAY: Nanos = 24 * HOUR
WATERING = replace(example_schedules()[0], name="noon", cadence=At(minutes=(720,)))
RESTING = replace(WATERING, name="resting", cadence=Every(interval=7 * HOUR))
ALARM = "calendar_ahead:calendar"


def house(*schedules: Schedule) -> World:
    made = World(example_site(), schedules, 1)
    made.run(60 * SECOND)
    return made


def tasks(world: World, schedule: str) -> list[Task]:
    found = [one for one in world.journal.values.values() if isinstance(one, Task) and one.schedule == schedule]
    return sorted(found, key=lambda task: task.task_id)


def came_back(world: World, by: Nanos, stays: Nanos) -> int:
    """The clock runs ahead for a while. Returns how many runs of noon there were until it was right again."""
    world.step_wall(by)
    world.run(world.now + stays)
    world.step_wall(-by)
    before = len(tasks(world, "noon"))
    world.run(world.now + 4 * DAY + HOUR)
    return before


@pytest.mark.parametrize(("by", "stays"), [(4 * 365 * DAY, 8 * HOUR), (3 * DAY, 5 * DAY)])
def test_the_calendar_goes_on_and_each_schedule_leaves_a_line(by: Nanos, stays: Nanos) -> None:
    world = house(WATERING, RESTING)
    before = came_back(world, by, stays)
    assert len(tasks(world, "noon")) - before == 4, "one for each day"
    lines = [entry.details for entry in world.journal.timeline if entry.event_type == "CALENDAR_SET_BACK"]
    assert {line["schedule"] for line in lines} == {"noon", "resting"}
    assert all(line["stood_at"] > line["goes_on"] for line in lines)
    assert world.state.alarms[ALARM].active
    world.offer(Acknowledge(token=1, alarm_id=ALARM, who="Ana"))
    world.run(world.now + SECOND)
    assert ALARM not in world.state.alarms


@pytest.mark.parametrize("by", [4 * 365 * DAY, 20 * HOUR])
def test_an_interval_is_due_when_it_is_due_although_its_names_lie_ahead(by: Nanos) -> None:
    world = house(RESTING)
    world.step_wall(by)
    world.run(world.now + 10 * HOUR)
    world.step_wall(-by)
    world.run(world.now + 10 * HOUR)
    runs = tasks(world, "resting")
    assert len(runs) == 3
    assert all(task.due_at - task.created_at <= RESTING.queue_patience for task in runs)


def lamp_house(start: int, hours: int) -> World:
    window = Window(start_minute=start, length=hours * HOUR)
    lamp = replace(example_schedules()[0], name="lamp", task_type="lighting", cadence=window)
    site = example_site()
    zone = replace(next(iter(site.zones.values())), light="lamp")
    world = World(replace(site, zones={zone.name: zone}), (lamp,), 1)
    world.run(60 * SECOND)
    return world


@pytest.mark.parametrize("by", [2 * HOUR, 5 * HOUR, 20 * HOUR])
def test_a_lamp_follows_a_clock_that_is_set_back_behind_its_edge(by: Nanos) -> None:
    """It went off at nine; set back, the hours that come again are lit again, and dark again at their nine."""
    world = lamp_house(5 * 60, 16)
    world.run(20 * HOUR)  # ten in the evening
    assert not world.field.relays["lamp"].on
    world.step_wall(-by)
    world.run(world.now + 2 * 60 * SECOND)
    for _ in range(30):
        hour = to_datetime(world.wall).astimezone(ZoneInfo("Europe/Berlin")).hour
        assert world.field.relays["lamp"].on is (5 <= hour < 21), hour
        world.run(world.now + HOUR)
    assert ALARM not in world.state.alarms
    assert [entry.event_type for entry in world.journal.timeline].count("CALENDAR_SET_BACK") == 1


def test_a_clock_that_is_a_moment_off_makes_no_lamp_flicker() -> None:
    world = lamp_house(5 * 60, 16)
    world.run(19 * HOUR + SECOND)  # nine in the evening and a second
    before = len(tasks(world, "lamp"))
    world.step_wall(-30 * SECOND)
    world.run(world.now + 10 * 60 * SECOND)
    assert len(tasks(world, "lamp")) == before
    assert not world.field.relays["lamp"].on


def test_a_lamp_is_brought_into_the_state_of_the_hour_that_is() -> None:
    world = lamp_house(720, 12)
    came_back(world, 4 * 365 * DAY + 12 * HOUR, HOUR)
    begun = [task for task in tasks(world, "lamp") if task.created_at < world.wall]
    assert len(begun) >= 8, "each edge of four days"


def test_a_correction_within_a_day_repeats_nothing_and_calls_nobody() -> None:
    world = house(WATERING)
    world.run(14 * HOUR)
    ran = len(tasks(world, "noon"))
    world.step_wall(-23 * HOUR)
    world.run(world.now + 22 * HOUR)
    assert len(tasks(world, "noon")) == ran
    assert ALARM not in world.state.alarms


@pytest.mark.parametrize("name", ["brought_back", "name_of"])
def test_the_first_of_these_fails_without_its_half(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "brought_back":
        monkeypatch.setattr(ahead, "brought_back", lambda *_: None)
    else:
        monkeypatch.setattr(rule, "name_of", lambda schedule, _: schedule.name)
    with pytest.raises(AssertionError):
        test_the_calendar_goes_on_and_each_schedule_leaves_a_line(3 * DAY, 5 * DAY)
