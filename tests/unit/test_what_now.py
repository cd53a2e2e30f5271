"""What runs, what waits and for what, and what comes next: said of the future, and with its reason."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgectl.api.web import strip
from edgectl.cli import doctor
from edgectl.cli.status import lines
from edgectl.cli.words import speak_of
from edgectl.daemon import foreseen, schedules, views
from edgectl.daemon.looks import DaemonLooks
from edgectl.engine.rules.admission import NO_YES
from edgectl.engine.workflows import waiting as queue
from edgectl.model.codes import Code
from edgectl.model.inputs import Cancel
from edgectl.model.kept import BEHIND
from edgectl.model.task import TaskStatus
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.observe.checks import BAD, LOOK, WELL, Finding
from edgectl.observe.history import History
from edgectl.scheduler.preview import Course, foresee
from edgectl.scheduler.schedule import At, Every, Gauge, Schedule, Trigger
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World
from tests.sim.asking import wish
from tests.unit.test_status_words import house, running

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WATERING = example_schedules()[0]


def now(world: World) -> Now:
    return Now(mono=world.now, wall=world.wall, trust=Trust.SYNCED)


def in_its_run(schedule: Schedule) -> World:
    world = World(example_site(), (schedule,), 1)
    while not any(task.status is TaskStatus.RUNNING for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
        assert world.now < 26 * HOUR, "it waters within a day"
    world.run(world.now + 5 * SECOND)
    return world


@pytest.mark.parametrize(
    ("cadence", "rest_s"),
    [
        (Every(interval=HOUR), 3600.0),
        (Trigger(interval=HOUR, gauge=Gauge.VPD, limit=1.2, min_gap=600 * SECOND), 600.0),
    ],
    ids=["interval", "measured"],
)
def test_the_run_of_now_is_not_what_comes_next(cadence: Every, rest_s: float) -> None:
    world = in_its_run(replace(WATERING, cadence=cadence))
    (task,) = [task for task in world.state.tasks.values() if not task.terminal]
    (row,) = views.upcoming(world.state, now(world))
    assert row["after"] == task.task_id
    assert row["in_s"] == rest_s, "its rest begins with the end of the run"
    speak_of("UTC")
    assert any(line.startswith("next") and "not before" in line for line in lines(house(next=[row])))


def test_the_calendar_knows_the_next_run_in_the_middle_of_one() -> None:
    world = in_its_run(replace(WATERING, cadence=At(minutes=(360, 480, 600))))
    (row,) = views.upcoming(world.state, now(world))
    assert row["after"] is None
    assert 7000 < row["in_s"] < 7200


@pytest.mark.parametrize("interval", [HOUR, 5 * MINUTE], ids=["one by one", "told once"])
def test_the_day_and_the_moment_name_the_same_next_run(interval: Nanos) -> None:
    schedule = replace(WATERING, cadence=Every(interval=interval))
    world = World(example_site(), (schedule,), 1)
    world.run(3 * HOUR)
    before = now(world)
    numbers, course = {"zone-1": 1}, Course(begin=before.wall, span=foreseen.span((schedule,)))
    seen = foresee(foreseen.seldom(world.state.schedules), world.state.zone_info, numbers, course).rows
    # What was foreseen may be a minute old: the run of which it spoke has begun since.
    while not any(task.schedule == schedule.name for task in world.state.tasks.values() if not task.terminal):
        world.run(world.now + SECOND)
    for later in (SECOND, 5 * MINUTE, 2 * MINUTE):
        world.run(world.now + later)
        (row,) = views.upcoming(world.state, now(world))
        day = foreseen.ahead(world.state, now(world), seen, (0, world.wall + DAY), 500)
        listed = asyncio.run(schedules.listed(world.state, now(world), ()))
        assert day[0]["at"] == row["at"] == listed[0]["next"][0]["at"]
    told_once = interval < foreseen.OFTEN
    assert day[0]["every_s"] == (interval / SECOND if told_once else None)
    assert (day[-1]["at_wall"] > now(world).wall + 22 * HOUR) is not told_once


def test_a_full_day_costs_no_row_that_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that drives the house waits while a day is looked at: forty rests of 15 min make thousands of runs."""
    schedules_ = tuple(
        replace(WATERING, name=f"s{number}", cadence=Every(interval=15 * MINUTE)) for number in range(40)
    )
    world = World(example_site(), schedules_, 1)
    world.run(MINUTE)
    seen = foresee(schedules_, world.state.zone_info, {"zone-1": 1}, Course(begin=world.wall, span=DAY)).rows
    assert len(seen) > 3_000
    written: list[Nanos] = []
    monkeypatch.setattr(foreseen, "iso", lambda at: written.append(at) or iso(at))
    for end, most, shown in ((DAY, 500, 500), (HOUR, 500, 120), (DAY, 7, 7)):
        written.clear()
        rows = foreseen.ahead(world.state, now(world), seen, (0, world.wall + end), most)
        assert len(rows) == len(written) == shown
        assert [row["at_wall"] for row in rows] == sorted(written)
        assert world.wall <= rows[0]["at_wall"] <= rows[-1]["at_wall"] < world.wall + end


@pytest.mark.parametrize(("days", "planned"), [(0, True), (1, True), (3, False), (1700, False)])
async def test_a_day_to_come_lists_its_own_runs_and_not_those_of_today(days: int, planned: bool) -> None:
    world = World(example_site(), (replace(WATERING, cadence=Every(interval=HOUR)),), 1)
    world.run(MINUTE)

    async def nothing(*_: Any) -> list[Any]:
        return []

    async def plainly(reading: Awaitable[Any]) -> Any:
        return await reading

    reads: Any = SimpleNamespace(tasks_between=nothing, entries_between=nothing)
    control: Any = SimpleNamespace(stepper=SimpleNamespace(state=world.state))
    clock: Any = SimpleNamespace(now=lambda: now(world))
    date = iso(world.wall + days * DAY)[:10]
    day = await DaemonLooks(control, reads, clock, History(()), plainly).day(date)
    assert bool(day["planned"]) is planned
    assert all(day["from"] <= row["at"] < day["to"] for row in day["planned"])
    assert strip.beyond(day) is (days > 0), "and the page says how far the calendar is told"


def test_every_rule_that_a_task_may_wait_for_has_words() -> None:
    rules = set(re.findall(r'rule="(\w+)"', Path(queue.__file__).read_text())) | {NO_YES}
    assert rules == set(BEHIND)


def test_what_waits_for_its_turn_is_named_with_who_asked_and_how_to_end_it() -> None:
    world = in_its_run(replace(WATERING, cadence=At(minutes=(360, 480, 600))))
    asked = wish(world.wall, "once-more", payload={"duration_s": 30.0}, due=2 * MINUTE, expires=3 * MINUTE)
    world.offer(replace(asked, who="Ana"))
    world.run(world.now + SECOND)
    status = views.status(world.state, now(world))
    (row,) = status["waiting"]
    assert (row["who"], row["duration_s"], row["behind"]) == ("Ana", 30.0, "in_use")
    assert status["proposed"] == []
    speak_of("UTC")
    (line,) = (line for line in lines(house(**status)) if "waits" in line)
    assert "irrigation 30 s, asked by Ana, until what is at work before it has ended" in line
    assert line.endswith(f"edgectl task cancel {row['task_id']}")
    (told,) = (entry for entry in world.journal.timeline if entry.details.get("correlation_id") == "once-more")
    assert told.details["who"] == "Ana"
    world.offer(Cancel(token=2, task_id=row["task_id"], who="Ana"))
    world.run(world.now + SECOND)
    assert views.status(world.state, now(world))["waiting"] == []


def test_a_run_that_waits_says_for_what() -> None:
    said = lines(house(zones=[running(stage="", phase="", attempt=1, waits_for=Code.LOW_WATER.value)]))
    assert "waits, attempt 1 of 10: The source holds too little water" in said[1]
    assert "waits, attempt 1 of 10 " in lines(house(zones=[running(stage="", phase="", attempt=1)]))[1]


FINE = Finding(what="site file", state=WELL, says="fine")
CALM = Finding(what="sqlite", state=LOOK, says="a fault that needs two writers")
ILL = Finding(what="state folder", state=BAD, says="is not there")


@pytest.mark.parametrize(
    ("found", "code"),
    [([FINE, CALM], 0), ([FINE, ILL], 1), ([FINE, doctor.NOBODY], 3), ([ILL, doctor.NOBODY], 1)],
    ids=["well", "wrong", "nobody", "both"],
)
def test_the_doctor_ends_as_every_command_does(found: list[Finding], code: int) -> None:
    assert doctor.exit_code(found) == code


@pytest.mark.parametrize(
    ("more", "state"),
    [({}, BAD), ({"shelved_until": "2026-06-01T12:00:00.000Z"}, LOOK), ({"priority": "low"}, LOOK)],
    ids=["stands", "silenced", "low"],
)
def test_an_alarm_that_stands_is_wrong_for_the_doctor(
    more: dict[str, str], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = {"id": "device_silent:board", "active": True, "message": "silent", "advice": "look", "priority": "high"}
    status = {"ready": True, "clock": "synced", "alarms": [{**alarm, "shelved_until": None, **more}]}
    monkeypatch.setattr(doctor, "ask", lambda *_, **__: status)
    assert [one.state for one in doctor._daemon()] == [WELL, state]
