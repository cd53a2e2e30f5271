"""A clock that cannot be believed: intervals run, the calendar waits, and not for ever."""

from dataclasses import replace
from typing import Any

from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import ReadBack
from edgectl.model.time import SECOND, Nanos, Now, Trust, iso
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import CatchUp, Cron, Every, Schedule
from edgectl.simulate.example import example_schedules, example_site

CLOCK_PATIENCE = example_site().clock_patience
BEGIN = 1_780_272_000 * SECOND  # two o'clock in Berlin


WATCHFUL = replace(example_schedules()[1], name="watchful", needs_synced_clock=True)


class House:
    """The example without its field: a stepper that is ready, and a clock that is told what to say."""

    def __init__(self, *schedules: Schedule, wall: Nanos = BEGIN, cursors: tuple[Cursor, ...] = ()) -> None:
        stored = replace(MemoryJournal().load(), cursors=cursors)
        self.state = State.begin(site=example_site(), schedules=schedules, stored=stored, boot_id="b", started=0)
        self.stepper, self.wall = Stepper(self.state), wall
        self.rows: list[dict[str, Any]] = []
        for name in ("pump", "valve"):
            self.stepper.offer(ReadBack(actuator=name, on=False, at=SECOND))
        self.turn(SECOND, Trust.SYNCED)

    def turn(self, mono: Nanos, trust: Trust) -> None:
        """One turn, and what it wrote about the calendar."""
        self.stepper.turn(Now(mono=mono, wall=self.wall + mono, trust=trust))
        batch = self.stepper.next_batch()
        for entry in () if batch is None else batch.entries:
            row = {"event": entry.event_type, **entry.details}
            self.rows += [row] if row.get("schedule") and entry.event_type != "TASK_FINISHED" else []
        if batch is not None:
            self.stepper.committed(Now(mono=mono, wall=self.wall + mono, trust=trust))


def test_a_schedule_may_insist_on_a_clock_that_is_synchronised() -> None:
    house = House(WATCHFUL, cursors=(Cursor(schedule="watchful", position=BEGIN),))
    for mono in (2 * SECOND, CLOCK_PATIENCE + SECOND, 20 * CLOCK_PATIENCE):
        house.turn(mono, Trust.RESTORED)
    assert house.rows == []
    assert house.state.alarms["clock_untrusted:watchful"].active
    house.turn(24 * 3600 * SECOND, Trust.SYNCED)
    assert [row["event"] for row in house.rows] == ["SCHEDULE_SKIPPED", "TASK_RECEIVED"]
    assert not house.state.alarms["clock_untrusted:watchful"].active


def test_what_came_due_while_nobody_knew_the_time_says_so() -> None:
    """Two hours without a clock, which turn out to be three: each left-out run has its own reason."""
    hourly = replace(example_schedules()[0], cadence=Cron(expression="0 * * * *"), catch_up=CatchUp())
    hourly = replace(hourly, needs_synced_clock=True)
    house = House(hourly, wall=BEGIN + 600 * SECOND)
    for mono, trust in ((2, Trust.SYNCED), (3, Trust.UNTRUSTED), (7200, Trust.UNTRUSTED)):
        house.turn(mono * SECOND, trust)
    house.wall += 3600 * SECOND  # the true time is an hour ahead of the guess
    house.turn(7201 * SECOND, Trust.SYNCED)
    assert [row["reason_code"] for row in house.rows] == ["catchup_skipped", "clock_untrusted", "clock_untrusted"]


def test_a_boot_without_a_clock_in_1970_owes_nothing_for_56_years() -> None:
    """A fresh site that has waited in vain for the time begins in 1970, and learns later that it is 2026."""
    house = House(*example_schedules(), wall=0)
    house.state.cursors.clear()
    house.turn(2 * SECOND, Trust.UNTRUSTED)
    assert house.state.cursors == {}
    house.turn(CLOCK_PATIENCE + SECOND, Trust.UNTRUSTED)
    assert set(house.state.cursors) == {"morning", "lamps"}
    flagged = [row for row in house.rows if row["event"] == "TASK_RECEIVED"]
    assert [row["clock"] for row in flagged[-1:]] == ["untrusted"]
    house.wall, before = BEGIN + 9 * 3600 * SECOND, len(house.rows)
    house.turn(CLOCK_PATIENCE + 2 * SECOND, Trust.SYNCED)
    told = house.rows[before:]
    assert len(told) <= 201, "56 years fit into a hundred rows of each schedule"
    started = [row for row in told if row["event"] == "TASK_RECEIVED"]
    assert all(row["scheduled_for"].startswith("2026-06-01") for row in started)


def test_a_clock_of_last_week_lets_nothing_run_again() -> None:
    """After a boot with the time of last week the best guess is the journal's last instant, so nothing is fired twice;
    when the true time comes, the week is answered for row by row."""
    done = Cursor(schedule="morning", position=BEGIN + 10 * 3600 * SECOND)
    house = House(example_schedules()[0], wall=BEGIN + 10 * 3600 * SECOND, cursors=(done,))
    house.turn(CLOCK_PATIENCE + SECOND, Trust.UNTRUSTED)
    assert house.rows == []
    house.wall += 7 * 24 * 3600 * SECOND
    house.turn(CLOCK_PATIENCE + 2 * SECOND, Trust.SYNCED)
    house.turn(CLOCK_PATIENCE + 13 * SECOND, Trust.SYNCED)  # the newest run is made up for, within its jitter
    times = [row["scheduled_for"] for row in house.rows]
    assert len(times) == len(set(times)) == 7 * 8
    assert min(times) > iso(done.position)


def test_the_calendar_waits_for_a_clock_and_then_goes_by_the_best_guess() -> None:
    often = Schedule(
        name="often",
        zone="zone-1",
        task_type="irrigation",
        cadence=Every(interval=3600 * SECOND),
        payload={"duration_s": 1.0},
    )
    schedules = (*example_schedules(), often)
    stored = MemoryJournal().load()
    state = State.begin(site=example_site(), schedules=schedules, stored=stored, boot_id="b", started=0)
    stepper = Stepper(state)
    for name in ("pump", "valve"):
        stepper.offer(ReadBack(actuator=name, on=False, at=SECOND))

    def turn(mono: int, trust: Trust = Trust.UNTRUSTED) -> set[str]:
        stepper.turn(Now(mono=mono, wall=BEGIN + mono, trust=trust))
        return {str(task.schedule) for task in state.tasks.values()}

    turn(SECOND)
    assert turn(2 * SECOND) == {"often"}, "an interval needs no calendar"
    assert "lamps" not in turn(CLOCK_PATIENCE - SECOND)
    assert stepper.wake_at is not None
    assert stepper.wake_at <= CLOCK_PATIENCE
    turn(CLOCK_PATIENCE + SECOND)
    assert "clock_untrusted:clock" in state.alarms
    assert "lamps" in state.cursors
    turn(CLOCK_PATIENCE + 2 * SECOND, Trust.SYNCED)
    assert not state.alarms["clock_untrusted:clock"].active


def test_a_start_with_a_calendar_of_another_year_is_put_right_by_a_clock_that_can_be_believed_only() -> None:
    ahead = Cursor(schedule="later", position=BEGIN + 4 * 366 * 24 * 3600 * SECOND)
    later = replace(example_schedules()[0], name="later", cadence=Cron(expression="0 * * * *"), catch_up=CatchUp())
    house = House(later, cursors=(ahead,))
    house.turn(2 * SECOND, Trust.UNTRUSTED)
    house.turn(20 * SECOND, Trust.UNTRUSTED)
    assert house.rows == []
    assert house.state.cursors["later"].position == ahead.position
    house.turn(21 * SECOND, Trust.SYNCED)
    assert [row["event"] for row in house.rows] == ["CALENDAR_SET_BACK"]
    house.turn(3600 * SECOND, Trust.SYNCED)
    assert [row["event"] for row in house.rows[1:]] == ["TASK_RECEIVED"]
