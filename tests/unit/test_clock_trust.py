"""A clock that cannot be believed: intervals run, the calendar waits, and not for ever."""

from edgectl.engine.rules.schedules import CLOCK_PATIENCE
from edgectl.engine.state import State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import ReadBack
from edgectl.model.time import SECOND, Now, Trust
from edgectl.scheduler.schedule import Every, Schedule
from edgectl.simulate.example import example_schedules, example_site

BEGIN = 1_780_272_000 * SECOND  # two o'clock in Berlin


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
