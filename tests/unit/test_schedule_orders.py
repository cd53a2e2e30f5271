"""A schedule by hand: held, released, run out of its turn. Each leaves its rows, and nothing is repeated."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgectl.cli.schedule import sentences
from edgectl.cli.words import speak_of
from edgectl.daemon.schedules import AT_A_TIME, ScheduleDesk
from edgectl.engine.rules import schedule_orders
from edgectl.journal.reads import JournalReads, LeftOut
from edgectl.journal.sqlite import SqliteJournal
from edgectl.model.inputs import (
    Answer,
    HoldSchedule,
    Input,
    Mode,
    Restrain,
    Restraint,
    Resume,
    RunNow,
    SetMode,
    StopAll,
)
from edgectl.model.site import Site
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, iso
from edgectl.model.timeline import Batch, Entry
from edgectl.scheduler.days import Days, Season
from edgectl.scheduler.describe import words
from edgectl.scheduler.schedule import At, Every, Schedule, Sun, SunEvent
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World

HOUR: Nanos = 3600 * SECOND
WATERING = replace(example_schedules()[0], cadence=At(minutes=(360, 480, 600)))


class Asked(World):
    """A house that keeps what it answers."""

    def __init__(self, *schedules: Schedule, site: Site | None = None) -> None:
        self.answers: list[Answer] = []
        super().__init__(site or example_site(), schedules, 1)
        self.run(60 * SECOND)

    def say(self, item: Input) -> Answer:
        """Ask, and wait for the answer."""
        self.offer(item)
        self.run(self.now + SECOND)
        return self.answers[-1]

    def _release(self, effects: tuple[object, ...], at: Nanos) -> None:  # type: ignore[override]
        self.answers += [effect for effect in effects if isinstance(effect, Answer)]
        super()._release(effects, at)  # type: ignore[arg-type]


def hold(lasts: Nanos | None, *, on: bool = True, schedule: str = "morning") -> HoldSchedule:
    return HoldSchedule(token=1, schedule=schedule, on=on, who="Ana", why="sowing", lasts=lasts)


def told(world: World, event: str) -> list[dict[str, object]]:
    return [dict(entry.details) for entry in world.journal.timeline if entry.event_type == event]


def tasks(world: World) -> list[Task]:
    return [value for value in world.journal.values.values() if isinstance(value, Task)]


def test_a_held_schedule_leaves_a_row_for_each_run_and_goes_on_by_itself() -> None:
    world = Asked(WATERING)
    assert world.say(hold(5 * HOUR)).ok
    world.run(9 * HOUR)
    skipped = told(world, "SCHEDULE_SKIPPED")
    assert [(row["reason_code"], row["why"], row["who"]) for row in skipped] == [("hold", "hold", "Ana")]
    assert [row["why"] for row in told(world, "HOLD_ENDED")] == ["its time is over"]
    assert [(task.scheduled_for - tasks(world)[0].scheduled_for) // HOUR for task in tasks(world)] == [0, 2]


def test_a_hold_holds_one_schedule_and_not_its_zone() -> None:
    other = replace(WATERING, name="noon", cadence=At(minutes=(360,)))
    world = Asked(WATERING, other)
    assert world.say(hold(5 * HOUR)).ok
    world.run(5 * HOUR)
    assert [task.schedule for task in tasks(world)] == ["noon"]


def test_a_hold_survives_a_restart_and_a_release_repeats_nothing() -> None:
    world = Asked(WATERING)
    world.say(hold(20 * HOUR))
    world._begin()
    world.run(5 * HOUR)
    assert world.say(hold(None, on=False)).ok
    world.run(5 * HOUR + 600 * SECOND)
    assert tasks(world) == []
    assert not world.say(hold(None, on=False)).ok
    assert world.answers[-1].code == "not_held"


def test_a_released_interval_rests_first() -> None:
    world = Asked(replace(WATERING, cadence=Every(interval=HOUR)))
    world.run(10 * 60 * SECOND)
    before = len(tasks(world))
    world.say(hold(20 * HOUR))
    world.run(4 * HOUR)
    assert len(tasks(world)) == before
    world.say(hold(None, on=False))
    world.run(4 * HOUR + 1800 * SECOND)
    assert len(tasks(world)) == before
    world.run(5 * HOUR + 60 * SECOND)
    assert len(tasks(world)) == before + 1


ONLY_FOR_SCHEDULES = Restrain(token=1, what=Restraint.HOLD, on=True, who="Ana", zone="zone-1", lasts=20 * HOUR)


def test_what_takes_the_place_of_something_says_of_what() -> None:
    world = Asked(WATERING)
    put = {"token": 1, "on": True, "who": "Ana", "why": "sowing"}
    for order, name in (
        (Restrain(**put, what=Restraint.HOLD, zone="zone-1", lasts=48 * HOUR), "lasts"),
        (Restrain(**put, what=Restraint.LOCK, zone="zone-1"), "why"),
        (HoldSchedule(**put, schedule="morning", lasts=48 * HOUR), "lasts"),
    ):
        assert world.say(order).body["before"] is None
        again = replace(order, **({"why": "roof"} if name == "why" else {"lasts": HOUR}))
        before = world.say(again).body["before"]
        assert (before["who"], before["why"]) == ("Ana", "sowing")
        assert (before["until"] is None) is (name == "why")


def test_a_release_says_what_it_released() -> None:
    world = Asked(WATERING)
    assert world.say(Resume(token=1, who="Ana")).body["released"] == []
    world.say(StopAll(token=1, who="Ana"))
    world.say(Restrain(token=1, what=Restraint.STOP_WATER, on=True, who="Ana", zone=""))
    assert world.say(Resume(token=1, who="Ana")).body["released"] == ["stop_all", "stop_water"]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (hold(20 * HOUR), "hold"),
        (ONLY_FOR_SCHEDULES, "hold"),
        (replace(ONLY_FOR_SCHEDULES, what=Restraint.LOCK, why="filter", lasts=None), "lock"),
        (replace(ONLY_FOR_SCHEDULES, what=Restraint.STOP_WATER, zone="", lasts=None), "stop_water"),
        (StopAll(token=1, who="Ana"), "stop_all"),
        (SetMode(token=1, zone="zone-1", mode=Mode.MANUAL, who="Ana"), "manual"),
    ],
    ids=["hold", "zone", "lock", "stop_water", "stop_all", "manual"],
)
def test_each_run_of_an_interval_that_falls_into_a_restraint_leaves_a_row(order: Input, why: str) -> None:
    world = Asked(replace(WATERING, cadence=Every(interval=HOUR)))
    world.run(30 * 60 * SECOND)
    assert world.say(order).ok
    world.run(world.now + 4 * HOUR)
    skipped = told(world, "SCHEDULE_SKIPPED")
    assert [(row["reason_code"], row["why"]) for row in skipped] == [("hold", why)] * 4
    assert len({row["scheduled_for"] for row in skipped}) == 4


def test_a_hold_has_an_end_and_a_schedule_that_exists() -> None:
    world = Asked(WATERING)
    assert world.say(hold(None)).code == "hold_needs_an_end"
    assert world.say(hold(15 * 24 * HOUR)).code == "hold_needs_an_end"
    unknown = world.say(hold(HOUR, schedule="mornig"))
    assert unknown.code == "unknown_schedule"
    assert unknown.body["why"] == "there is no schedule 'mornig'; there are: morning"


def test_run_now_is_carried_out_once_and_leaves_the_times_of_the_schedule_alone() -> None:
    world = Asked(WATERING)
    cursor = world.state.cursors["morning"].position
    first = world.say(RunNow(token=2, schedule="morning", who="Ana"))
    assert first.ok
    assert world.say(RunNow(token=3, schedule="morning", who="Ana")).code == "schedule_busy"
    world.run(world.now + 300 * SECOND)
    (task,) = tasks(world)
    assert (task.status, task.source) == (TaskStatus.COMPLETED, "cli")
    assert world.state.cursors["morning"].position == cursor
    world.run(4 * HOUR + 600 * SECOND)
    assert [task.status for task in tasks(world)] == [TaskStatus.COMPLETED] * 2


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (
            Restrain(token=1, what=Restraint.LOCK, on=True, who="Ana", zone="zone-1", why="a hand in the pump"),
            "Ana works",
        ),
        (Restrain(token=1, what=Restraint.STOP_WATER, on=True, who="Ana"), "water"),
        (StopAll(token=1, who="Ana"), "stop"),
    ],
    ids=["lock", "stop-water", "stop-all"],
)
def test_run_now_waits_under_no_lock_and_no_stop(order: Input, word: str) -> None:
    world = Asked(WATERING)
    assert world.say(order).ok
    refused = world.say(RunNow(token=2, schedule="morning", who="Ben"))
    assert (refused.ok, refused.code) == (False, "vetoed")
    assert word in str(refused.body["why"])
    if isinstance(order, Restrain) and order.what is Restraint.LOCK:
        assert world.say(replace(order, on=False)).ok
    else:
        assert world.say(Resume(token=3, who="Ana")).ok
    world.run(world.now + 300 * SECOND)
    assert not any(move.on for move in world.field.trace if move.name == "pump"), "nobody expects it to run now"


ZONE_HELD = replace(ONLY_FOR_SCHEDULES, who="Ben", why="roof")


@pytest.mark.parametrize(
    ("orders", "says"),
    [
        ([hold(5 * HOUR)], "morning is held until Mon 01 Jun 07:01 by Ana (sowing)"),
        ([ZONE_HELD], "its zone zone-1 is held until Mon 01 Jun 22:01 by Ben (roof)"),
        ([hold(5 * HOUR), ZONE_HELD], "by Ana (sowing); its zone zone-1 is held until"),
    ],
    ids=["schedule", "zone", "both"],
)
def test_a_held_schedule_runs_out_of_its_turn_only_for_whoever_knows_of_it(orders: list[Input], says: str) -> None:
    world = Asked(WATERING)
    for order in orders:
        assert world.say(order).ok
    refused = world.say(RunNow(token=2, schedule="morning", who="Cem"))
    assert (refused.ok, refused.code) == (False, "hold")
    assert says in str(refused.body["why"])
    assert tasks(world) == []
    assert world.say(RunNow(token=3, schedule="morning", who="Cem", anyway=True, source="page")).ok
    (accepted,) = told(world, "TASK_RECEIVED")
    assert accepted["in_spite_of"] == ["Ana"] * (orders[0] is not ZONE_HELD) + ["Ben"] * (ZONE_HELD in orders)
    world.run(world.now + 300 * SECOND)
    (task,) = tasks(world)
    assert (task.status, task.source) == (TaskStatus.COMPLETED, "page")


def test_a_planted_bug_that_forgets_the_hold_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_orders, "holds_on", lambda *_: [])
    world = Asked(WATERING)
    assert world.say(hold(5 * HOUR)).ok
    assert world.say(RunNow(token=2, schedule="morning", who="Cem")).ok, "the bug lets it run unasked"


def test_light_waits_for_no_hold_of_its_zone() -> None:
    world = Asked(example_schedules()[1])
    world.run(2 * HOUR)
    assert world.say(ZONE_HELD).ok
    assert world.say(RunNow(token=2, schedule="lamps", who="Cem")).ok


def test_run_now_brings_about_what_a_window_wants() -> None:
    world = Asked(example_schedules()[1])
    world.run(2 * HOUR)  # four o'clock in Berlin: the lamp is off until five
    assert world.say(RunNow(token=2, schedule="lamps", who="Ana")).ok
    world.run(world.now + 10 * SECOND)
    assert not world.field.relays["lamp"].on


def test_a_schedule_is_told_in_the_words_of_its_site_file() -> None:
    days = Days(week=frozenset({0, 2}), season=Season(first=(4, 1), last=(10, 15)))
    sun = Sun(event=SunEvent.SUNRISE, latitude=52.5, longitude=13.4, offset=-1800 * SECOND)
    assert words(replace(WATERING, days=days)) == "at 06:00 08:00 10:00, mon wed, 04-01 to 10-15"
    assert words(replace(WATERING, cadence=sun)) == "sunrise-30m"
    assert words(replace(WATERING, cadence=Every(interval=90 * SECOND))) == "every 90s"
    assert words(example_schedules()[1]) == "window 05:00 for 16h"
    assert words(example_schedules()[0]) == "cron 0 6-20/2 * * *"


async def test_what_was_left_out_last_is_found_in_the_journal(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    names = ["morning", "noon", "morning"]
    entries = tuple(
        Entry(
            seq=seq,
            event_type="SCHEDULE_SKIPPED" if seq % 2 else "READY",
            wall=seq,
            mono=seq,
            boot_id="b",
            details={"schedule": names[seq // 2], "scheduled_for": "2026-06-01T04:00:00.000Z", "reason_code": "hold"},
        )
        for seq in range(1, 6)
    )
    journal.commit(Batch(changes=(), entries=entries))
    journal.close()
    found = await JournalReads(tmp_path / "journal.db").left_out()
    assert [(run.at, run.schedule) for run in found] == [(5, "morning"), (3, "noon"), (1, "morning")]


async def test_a_run_that_was_accepted_and_could_not_begin_counts_as_left_out(tmp_path: Path) -> None:
    """Two schedules want one pump at six; the second one's patience ends before the first one's water does."""
    second = replace(example_site().zones["zone-1"], name="zone-2", number=2)
    site = replace(example_site(), zones={**example_site().zones, "zone-2": second})
    both = [replace(WATERING, name=name, zone=zone) for name, zone in (("beds", "zone-1"), ("pots", "zone-2"))]
    world = Asked(*both, site=site)
    world.run(5 * HOUR)
    ended = {task.schedule: task for task in world.journal.values.values() if isinstance(task, Task)}
    (lost,) = [name for name, task in ended.items() if task.status.value == "rejected"]
    journal = SqliteJournal(tmp_path / "journal.db")
    entries = tuple(world.journal.timeline)
    journal.commit(Batch(changes=tuple(ended.values()), entries=entries))
    journal.close()
    (run,) = await JournalReads(tmp_path / "journal.db").left_out()
    assert (run.schedule, run.reason) == (lost, "task_due_deadline_exceeded")
    assert "was in use by irrigation of zone-" in run.why
    assert run.scheduled_for == iso(ended[lost].scheduled_for)


def test_the_list_says_why_something_did_not_run() -> None:
    speak_of("UTC")
    skipped = {"scheduled_for": "2026-06-01T04:00:00.000Z", "reason": "budget", "why": "45 L of 40 L", "at": ""}
    row = {"held_until": None, "kept": "schedule_busy", "skipped": skipped}
    assert sentences(row) == [
        "the next run waits for the one before it",
        "left out last: Mon 01 Jun 04:00:00, budget, 45 L of 40 L",
    ]


class Reading:
    """The daemon as far as the list of schedules asks it: its state, its clock, and no row of the past."""

    def __init__(self, world: World) -> None:
        self.stepper, self._world = world._stepper, world

    async def read(self, found: Awaitable[list[LeftOut]]) -> list[LeftOut]:
        return await found

    async def left_out(self) -> list[LeftOut]:
        return []

    def now(self) -> Now:
        return Now(mono=self._world.now, wall=self._world.wall)


async def test_reading_very_many_schedules_lets_the_loop_go_on() -> None:
    """A list that takes the loop for two seconds is taken for a controller that hangs, and ends it."""
    world = Asked(*(replace(WATERING, name=f"s{n}", cadence=At(minutes=(n,))) for n in range(1000)))
    daemon: Any = Reading(world)
    reading = asyncio.create_task(ScheduleDesk(daemon, daemon, daemon, daemon).schedules())
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(await reading) == 1000
    assert turns >= 1000 // AT_A_TIME
