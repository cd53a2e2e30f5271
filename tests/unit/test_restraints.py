"""What people put on the site: it binds every source, survives a restart, and taking it off starts nothing."""

from dataclasses import replace

import pytest

from edgectl.daemon.views import proposed
from edgectl.engine.draft import Draft
from edgectl.engine.state import State
from edgectl.model.inputs import (
    Acknowledge,
    Approve,
    Cancel,
    ManualOn,
    Mode,
    Restrain,
    Restraint,
    Resume,
    SetMode,
    StopAll,
    TaskRequest,
)
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND
from edgectl.model.timeline import Latch
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import DAY, World
from tests.sim.asking import wish
from tests.sim.test_task_contract import told

HOUR = 3600 * SECOND
SIX = 4 * HOUR  # six o'clock in Berlin, when the first watering is due


def lock(*, on: bool = True) -> Restrain:
    return Restrain(token=1, what=Restraint.LOCK, on=on, who="Ana", zone="zone-1", why="new filter")


def hold(lasts: int) -> Restrain:
    return Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=lasts)


def pumped(world: World) -> int:
    world.field.advance(world.now)
    return sum(move.on for move in world.field.trace if move.name == "pump")


def skips(world: World) -> list[str]:
    return [str(e.details.get("why", "")) for e in world.journal.timeline if e.event_type == "SCHEDULE_SKIPPED"]


def by_hand(world: World) -> TaskRequest:
    wall = world.wall
    return wish(wall, "by-a-person", token=2, payload={"duration_s": 20.0}, due=30 * SECOND, expires=60 * SECOND)


def watering(world: World) -> Task:
    while not world.field.relays["pump"].on:
        world.run(world.now + SECOND)
    return next(task for task in world.state.tasks.values() if task.status is TaskStatus.RUNNING)


def ended(world: World, task: Task) -> Task:
    value = world.journal.values[("Task", task.task_id)]
    assert isinstance(value, Task)
    return value


def test_a_locked_zone_takes_orders_from_nobody_and_stays_locked_over_restarts() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(lock())
    world.run(SIX + HOUR)
    world._begin()
    world.run(world.now + 20 * SECOND)
    world.offer(ManualOn(token=2, actuator="valve", lease=10 * SECOND, who="me"))
    world.run(DAY)
    assert pumped(world) == 0
    assert not any(move.on for move in world.field.trace if move.name in ("valve", "lamp"))
    vetoes = [e.details["vetoed"] for e in world.journal.timeline if e.event_type == "MANUAL_ON"]
    assert "Ana works in zone-1 (new filter)" in vetoes[0]
    assert skips(world).count("lock") == 8 + 2, "each run and each edge of the window that fell into it left a row"
    world.offer(lock(on=False))
    world.run(2 * DAY)
    assert pumped(world) == 8


def test_a_window_is_brought_about_when_its_zone_is_unlocked() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(lock())
    world.run(6 * HOUR)
    assert not world.field.relays["lamp"].on
    world.offer(lock(on=False))
    world.run(6 * HOUR + 60 * SECOND)
    assert world.field.relays["lamp"].on


def test_a_second_person_cannot_take_the_lock_of_the_first() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(lock())
    world.run(world.now + SECOND)
    world.offer(replace(lock(), who="Ben"))
    world.run(world.now + SECOND)
    assert world.state.latches["lock:zone-1"].who == "Ana"


OWNERS = {
    "who put it on": (replace(lock(on=False), known_as="Ana (1f)"), True),
    "the same name from another token": (replace(lock(on=False), known_as="Ana (2e)"), False),
    "who only gives that name": (replace(lock(on=False), known_as="Ben (3d)"), False),
    "an engineer": (replace(lock(on=False), who="root", known_as="root", engineer=True), True),
}


@pytest.mark.parametrize("who", OWNERS)
def test_a_service_lock_is_taken_off_by_who_put_it_on_or_by_an_engineer(
    who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(replace(lock(), known_as="Ana (1f)"))
    world.run(world.now + SECOND)
    world._begin()  # whose it is is not forgotten over a restart
    world.run(world.now + 20 * SECOND)
    answers, (order, off) = told(world, monkeypatch), OWNERS[who]
    world.offer(order)
    world.run(world.now + SECOND)
    assert answers[-1].ok is off
    assert ("lock:zone-1" in world.state.held) is not off
    if not off:
        assert answers[-1].code == "lock_of_another"
        assert answers[-1].body["why"].startswith("Ana locked zone-1 (new filter) and alone takes that off")


def test_litres_end_by_the_meter_and_never_outlast_the_pump() -> None:
    site = example_site()
    short = replace(site.actuators["pump"], max_on=100 * SECOND)
    for litres, moved in ((5.0, 5.0), (50.0, 13.0)):  # 10 L/min: the second would need 300 s
        world = World(replace(site, actuators={**site.actuators, "pump": short}), (), 1)
        world.run(20 * SECOND)
        wall = world.wall
        world.offer(
            wish(wall, f"by-litres-{litres}", payload={"volume_l": litres}, due=30 * SECOND, expires=60 * SECOND)
        )
        world.run(world.now + 180 * SECOND)
        (task,) = (value for value in world.journal.values.values() if isinstance(value, Task))
        assert task.outcome is not None
        assert task.status is TaskStatus.COMPLETED
        assert abs(task.outcome.effect_amounts["volume_l"] - moved) < 1.2
        told = any(entry.event_type == "VOLUME_NOT_REACHED" for entry in world.journal.timeline)
        assert told is (litres > 20)


def test_a_lock_stops_what_runs_and_the_valve_comes_after_the_pump() -> None:
    world = World(example_site(), example_schedules(), 1)
    task = watering(world)
    world.offer(lock())
    world.run(world.now + 30 * SECOND)
    assert not world.field.relays["pump"].on
    outcome = ended(world, task).outcome
    assert outcome is not None
    assert outcome.reason_code == "stopped_by_operator"
    assert outcome.physical_effect.value == "partial"


def test_a_hold_skips_the_water_and_not_the_light_and_ends_by_itself() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(hold(SIX + HOUR))
    world.run(SIX + HOUR // 2)
    assert pumped(world) == 0
    assert world.field.relays["lamp"].on
    world.run(SIX + 3 * HOUR)
    assert pumped(world) == 1
    assert skips(world) == ["hold"]


def test_a_hold_without_an_end_or_for_ever_is_refused() -> None:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    for lasts in (0, 15 * DAY):
        world.offer(hold(lasts))
        world.run(world.now + SECOND)
    assert not any(latch.held for latch in world.state.latches.values())


def held_for_a_day() -> tuple[World, Latch]:
    world = World(example_site(), (), 1)
    world.run(20 * SECOND)
    world.offer(hold(DAY))
    world.run(world.now + SECOND)
    (latch,) = world.state.latches.values()
    return world, latch


def test_a_hold_set_by_a_clock_that_cannot_be_believed_is_over_after_a_restart_of_the_machine() -> None:
    world, latch = held_for_a_day()
    now = world._clock()
    assert not latch.over(now, "sim")
    assert not latch.over(now, "another boot"), "both clocks could be believed: it binds until its hour"
    stored = world.journal.load()
    again = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=0)
    assert again.latches == {latch.name: latch}
    assert replace(latch, synced=False).over(now, "another boot")


def test_a_hold_that_a_clock_of_another_year_has_put_on_does_not_bind_until_that_year() -> None:
    """The time server was wrong, the machine has booted anew, and the clock is right again."""
    world, latch = held_for_a_day()
    now = world._clock()
    ahead = replace(latch, since=latch.since + 400 * DAY, until=(latch.until or 0) + 400 * DAY)
    assert ahead.over(now, "another boot")
    assert not ahead.over(now, latch.boot_id), "in its own boot it is measured without a clock"
    a_moment = replace(latch, since=latch.since + 1800 * SECOND, until=(latch.until or 0) + 1800 * SECOND)
    assert not a_moment.over(now, "another boot"), "a time server that is a little off ends nobody's hold"


def test_stop_water_lets_the_light_go_on_and_is_called_to_mind() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(Restrain(token=1, what=Restraint.STOP_WATER, on=True, who="Ana"))
    world.run(SIX + HOUR)
    assert pumped(world) == 0
    assert world.field.relays["lamp"].on
    assert "stop_latched:site" in world.state.alarms
    world.offer(Resume(token=2, who="Ana"))
    world.run(SIX + 3 * HOUR)
    assert pumped(world) == 1
    assert not world.state.alarms["stop_latched:site"].active


@pytest.mark.parametrize(
    ("what", "every", "words"),
    [
        (Restraint.STOP_WATER, 1800, "what stands in the pipes may freeze"),
        (Restraint.LOCK, 12 * 3600, "nothing there is heated against frost"),
    ],
)
def test_what_is_latched_is_told_again_also_to_those_who_have_seen_it(what: Restraint, every: int, words: str) -> None:
    world = World(example_site(), (), 1)
    world.run(60 * SECOND)
    zone = "zone-1" if what is Restraint.LOCK else ""
    world.offer(Restrain(token=1, what=what, on=True, who="Ana", zone=zone, why="filter"))
    since = world.now
    world.run(since + round(1.1 * every) * SECOND)
    (alarm,) = world.state.alarms.values()
    assert words in alarm.advice
    world.offer(Acknowledge(token=2, alarm_id=alarm.alarm_id, who="Ben"))
    world.run(since + round(3.1 * every) * SECOND)
    told = [e for e in world.journal.timeline if e.event_type in ("ALARM_RAISED", "ALARM_REPEATED")]
    assert [round((entry.mono - since) / every / SECOND, 1) for entry in told] == [1.0, 2.0, 3.0]
    assert world.state.alarms[alarm.alarm_id].acknowledged_by is None, "it asks again"
    assert f"for {3 * every // 60} min" in world.state.alarms[alarm.alarm_id].message


def test_leaving_auto_stops_the_flow_first_and_manual_leaves_the_rest_to_people() -> None:
    world = World(example_site(), example_schedules(), 1)
    task = watering(world)
    world.offer(SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"))
    world.run(world.now + 30 * SECOND)
    assert not world.field.relays["pump"].on
    assert ended(world, task).status is TaskStatus.FAILED
    before = pumped(world)
    world.run(DAY)
    assert pumped(world) == before
    world.offer(by_hand(world))
    world.run(world.now + 60 * SECOND)
    assert pumped(world) == before + 1


@pytest.mark.parametrize(("source", "goes_on"), [("schedule", False), ("cli", True), ("page", True)])
def test_leaving_auto_stops_what_runs_by_itself_and_not_what_a_person_started(source: str, goes_on: bool) -> None:
    world = World(example_site(), example_schedules(), 1)
    if source == "schedule":
        task = watering(world)
    else:
        world.run(60 * SECOND)
        world.offer(replace(by_hand(world), source=source))
        task = watering(world)
    world.offer(SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"))
    world.run(world.now + 180 * SECOND)
    assert (ended(world, task).status is TaskStatus.COMPLETED) is goes_on


def test_what_waits_for_a_yes_is_shown_until_it_was_given() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"))
    world.run(SIX + 60 * SECOND)

    def shown() -> list[str]:
        return [
            row["task_id"] for row in proposed(Draft(world.state, world._clock())) if row["task_type"] == "irrigation"
        ]

    (task,) = (task for task in world.state.tasks.values() if task.task_type == "irrigation")
    assert shown() == [task.task_id]
    world.offer(Approve(token=2, task_id=task.task_id, who="Ana"))
    world.run(world.now + SECOND)
    assert shown() == []


def test_in_semi_mode_a_task_waits_for_a_yes() -> None:
    world = World(example_site(), example_schedules(), 1)
    world.run(60 * SECOND)
    world.offer(SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"))
    world.run(SIX + 120 * SECOND)
    assert pumped(world) == 0
    (proposed,) = (task for task in world.state.tasks.values() if task.task_type == "irrigation")
    world.offer(Approve(token=2, task_id=proposed.task_id, who="Ana"))
    world.run(world.now + 180 * SECOND)
    assert ended(world, proposed).status is TaskStatus.COMPLETED
    world.run(SIX + 2 * HOUR + 2100 * SECOND)
    assert pumped(world) == 1, "nobody said yes to the second one"


@pytest.mark.parametrize("running", [False, True])
def test_a_cancelled_task_ends_with_its_outputs_off(running: bool) -> None:
    world = World(example_site(), example_schedules(), 1)
    if running:
        task = watering(world)
    else:
        world.run(60 * SECOND)
        world.offer(SetMode(token=1, zone="zone-1", mode=Mode.SEMI, who="Ana"))
        world.run(SIX + 60 * SECOND)
        task = next(task for task in world.state.tasks.values() if task.task_type == "irrigation")
    world.offer(Cancel(token=3, task_id=task.task_id, who="Ana"))
    world.run(world.now + 30 * SECOND)
    over = ended(world, task)
    assert over.outcome is not None
    assert (over.status, over.outcome.error_code) == (TaskStatus.FAILED, "task_cancelled")
    assert not any(relay.on for name, relay in world.field.relays.items() if name != "lamp")


def for_later(world: World, after: int) -> TaskRequest:
    wall = world.wall + after
    times = {"scheduled_for": wall, "due_at": wall + 30 * SECOND, "expires_at": wall + 60 * SECOND}
    return replace(by_hand(world), later=True, **times)


ORDERS = [
    Restrain(token=1, what=Restraint.STOP_WATER, on=True, who="Ana", zone=""),
    StopAll(token=1, who="Ana"),
    lock(),
]


@pytest.mark.parametrize("stop", ORDERS, ids=["stop-water", "stop-all", "lock"])
@pytest.mark.parametrize(("after", "kept"), [(10 * SECOND, False), (HOUR, True)])
def test_a_stop_keeps_what_was_asked_for_later(stop: Restrain | StopAll, after: int, *, kept: bool) -> None:
    world = World(example_site(), (), 1)
    world.run(60 * SECOND)
    world.offer(for_later(world, after))
    world.run(world.now + SECOND)
    (task,) = world.state.tasks.values()
    world.offer(stop)
    world.run(world.now + SECOND)
    world.offer(lock(on=False) if isinstance(stop, Restrain) and stop.zone else Resume(token=3, who="Ana"))
    world.run(world.now + 2 * HOUR)
    assert pumped(world) == kept
    assert ended(world, task).status is (TaskStatus.COMPLETED if kept else TaskStatus.FAILED)


@pytest.mark.parametrize("stop", ORDERS, ids=["stop-water", "stop-all", "lock"])
def test_what_comes_due_under_a_stop_ends_there_and_no_release_starts_it(stop: Restrain | StopAll) -> None:
    world = World(example_site(), (), 1)
    world.run(60 * SECOND)
    world.offer(for_later(world, HOUR))
    world.run(world.now + SECOND)
    (task,) = world.state.tasks.values()
    world.offer(stop)
    world.run(world.now + HOUR + 5 * SECOND)
    over = ended(world, task)
    assert over.status is TaskStatus.FAILED
    assert over.outcome is not None
    assert over.outcome.error_code == "stopped_by_operator"
    world.offer(lock(on=False) if isinstance(stop, Restrain) and stop.zone else Resume(token=3, who="Ana"))
    world.run(world.now + HOUR)
    assert pumped(world) == 0
