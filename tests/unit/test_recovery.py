"""A start with a journal that knows more than the site file does."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import ClockStepped, DeviceHealth, MakeSafe, ReadBack, ReserveUsed, Send, Shutdown, Storage
from edgectl.model.task import Task, TaskStatus
from edgectl.model.time import SECOND, Now
from edgectl.model.timeline import Alarm, Cursor
from edgectl.scheduler.plan import due, wake_at
from edgectl.scheduler.schedule import Every, Schedule
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World


def _watering() -> World:
    """A world in the middle of its first run."""
    world = World(example_site(), example_schedules(), 1)
    while not any(task.phase == "hold" for task in world.state.tasks.values()):
        world.run(world.now + SECOND)
    return world


def test_a_part_that_left_the_site_file_is_told_and_does_not_stop_the_start() -> None:
    world = _watering()
    site = example_site()
    smaller = replace(site, actuators={"lamp": site.actuators["lamp"]}, zones={})
    state = State.begin(site=smaller, schedules=(), stored=world.journal.load(), boot_id="b", started=world.now)
    stepper = Stepper(state)
    stepper.turn(Now(mono=world.now + SECOND, wall=SECOND))
    assert state.phase is Phase.READY
    batch = stepper.next_batch()
    assert batch is not None
    alarms = [change for change in batch.changes if isinstance(change, Alarm)]
    assert {alarm.subject for alarm in alarms} == {"pump", "valve"}
    assert any(entry.event_type == "TASK_FINISHED" for entry in batch.entries)


def test_what_could_not_be_seen_off_stops_the_zones_that_it_is_in_and_no_other() -> None:
    site = example_site()
    (zone,) = site.zones.values()
    for zones, waits in (({}, ""), ({zone.name: zone}, f"; until it answers {zone.name} stays stopped")):
        state = State.begin(
            site=replace(site, zones=zones), schedules=(), stored=MemoryJournal().load(), boot_id="b", started=SECOND
        )
        state.silent["board"] = "no power"
        Stepper(state).turn(Now(mono=10 * SECOND, wall=SECOND))
        assert state.alarms["output_may_be_on:valve"].advice == f"check power and cable of board{waits}"


def test_the_controller_is_asked_to_end_and_nothing_starts_any_more() -> None:
    world = _watering()
    stepper = world._stepper
    stepper.offer(Shutdown(why="SIGTERM"))
    effects = stepper.turn(Now(mono=world.now, wall=world.now))
    assert {e.actuator for e in effects if isinstance(e, MakeSafe)} == {"pump", "valve"}
    for name in ("pump", "valve"):
        stepper.offer(ReadBack(actuator=name, on=False, at=world.now + 1))
    stepper.turn(Now(mono=world.now + 2, wall=world.now))
    assert not any(output.owed_off for output in stepper.state.outputs.values())
    later = stepper.turn(Now(mono=world.now + 86_400 * SECOND, wall=world.now + 86_400 * SECOND))
    assert not any(isinstance(effect, Send) for effect in later)
    assert stepper.state.tasks, "the next start ends it, with what the meter says then"


def test_a_disk_that_fails_is_an_alarm_until_it_takes_entries_again() -> None:
    world = World(example_site(), (), 1)
    world.run(10 * SECOND)
    stepper = world._stepper
    stepper.offer(Storage(ok=False, reason="disk is full"))
    stepper.turn(Now(mono=world.now, wall=world.now))
    alarm = stepper.state.alarms["storage_degraded:journal"]
    assert alarm.active
    assert "disk is full" in alarm.message
    batch = stepper.next_batch()
    assert batch is not None
    stepper.committed(Now(mono=world.now, wall=world.now))
    stepper.turn(Now(mono=world.now, wall=world.now))
    assert not stepper.state.alarms["storage_degraded:journal"].active


def test_a_silent_device_is_one_alarm_that_says_what_it_means_for_the_plants() -> None:
    world = World(example_site(), (), 1)
    world.run(10 * SECOND)
    stepper = world._stepper
    for _ in range(3):
        stepper.offer(DeviceHealth(device="level", healthy=False, at=world.now, reason="unit 5 on relays silent"))
    stepper.turn(Now(mono=world.now, wall=world.now))
    alarm = stepper.state.alarms["device_silent:level"]
    assert "unit 5 on relays silent" in alarm.message
    assert "pump stays off" in alarm.advice
    stepper.offer(DeviceHealth(device="level", healthy=True, at=world.now))
    stepper.turn(Now(mono=world.now, wall=world.now))
    assert not stepper.state.alarms["device_silent:level"].active


def test_a_lost_journal_is_said_so() -> None:
    stored = replace(MemoryJournal().load(), lost=True)
    state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="b", started=0)
    stepper = Stepper(state)
    stepper.turn(Now(mono=6 * SECOND, wall=6 * SECOND))
    assert state.phase is Phase.READY
    assert "journal_lost:journal" in state.alarms


def test_a_task_that_waited_through_a_reboot_keeps_what_is_left_of_its_time() -> None:
    world = World(example_site(), example_schedules(), 1)
    while not world.state.tasks:
        world.run(world.now + SECOND)
    (task,) = world.journal.load().tasks
    waiting = replace(task, status=TaskStatus.ACCEPTED, stage="", phase="", act_until=None, started=None)
    stored = replace(world.journal.load(), tasks=(waiting,), commands=(), outputs=())
    for late, expected in ((5 * SECOND, TaskStatus.ACCEPTED), (3600 * SECOND, TaskStatus.EXPIRED)):
        # A new boot: the monotonic clock begins again, the wall clock went on.
        state = State.begin(site=example_site(), schedules=(), stored=stored, boot_id="new", started=SECOND)
        stepper = Stepper(state)
        wall = task.scheduled_for + late
        stepper.turn(Now(mono=7 * SECOND, wall=wall))
        assert state.phase is Phase.READY
        stepper.turn(Now(mono=7 * SECOND + 1, wall=wall))
        kept = state.tasks.get(task.task_id)
        assert (kept is not None) is (expected is TaskStatus.ACCEPTED)
        if kept is not None:
            assert kept.due == 7 * SECOND + task.due_at - wall


def test_an_interval_and_a_rest_survive_a_new_boot_of_the_machine() -> None:
    schedule = Schedule(name="s", zone="z", task_type="irrigation", cadence=Every(interval=600 * SECOND))
    cursor = Cursor(schedule="s", position=1, last_finished=10**15)
    zone = ZoneInfo("UTC")
    for mono, runs in ((599 * SECOND, 0), (600 * SECOND, 1)):
        now = Now(mono=mono, wall=10**18)
        assert len(due(schedule, cursor, now, zone, busy=False, lost=False).occurrences) == runs
    assert wake_at(schedule, cursor, Now(mono=5, wall=10**18), zone) == 600 * SECOND


def test_a_lamp_that_could_not_be_switched_is_tried_again() -> None:
    world = World(example_site(), (example_schedules()[1],), 1)
    morning = 3 * 3600 * SECOND  # five o'clock in Berlin
    world.run(morning - 10 * SECOND)
    world.state.silent["board"] = "no power"
    world.run(morning + 30 * SECOND)
    assert world.state.cursors["lamps"].unmet
    world.state.silent.clear()
    world.run(morning + 200 * SECOND)
    assert not world.state.cursors["lamps"].unmet
    ended = [v for v in world.journal.values.values() if isinstance(v, Task)]
    assert [t.status for t in ended][-1] is TaskStatus.COMPLETED


def test_a_debt_of_another_boot_is_called_and_closed_on_this_clock() -> None:
    world = _watering()
    stored = world.journal.load()
    far = 10**15
    debts = tuple(replace(o, closing=far, off_by=far) if o.owed_off else o for o in stored.outputs)
    assert any(o.owed_off for o in debts)
    state = State.begin(
        site=example_site(), schedules=(), stored=replace(stored, outputs=debts), boot_id="new", started=SECOND
    )
    stepper = Stepper(state)
    first = stepper.turn(Now(mono=2 * SECOND, wall=world.now))
    assert {e.actuator for e in first if isinstance(e, MakeSafe)} == {"pump", "valve"}
    for name in ("pump", "valve"):
        stepper.offer(ReadBack(actuator=name, on=False, at=3 * SECOND))
    stepper.turn(Now(mono=3 * SECOND + 1, wall=world.now))
    assert not any(o.owed_off for o in state.outputs.values())


def test_a_used_reserve_and_a_set_clock_are_told() -> None:
    world = World(example_site(), (), 1)
    world.run(10 * SECOND)
    stepper = world._stepper
    stepper.offer(ReserveUsed())
    stepper.offer(ClockStepped(seconds=-3600.0))
    stepper.turn(Now(mono=world.now, wall=world.now))
    assert "make room" in stepper.state.alarms["storage_tight:disk"].advice
    batch = stepper.next_batch()
    assert batch is not None
    (entry,) = [e for e in batch.entries if e.event_type == "CLOCK_STEPPED"]
    assert entry.details["seconds"] == -3600.0
    stepper.offer(ReserveUsed(back=True))
    stepper.turn(Now(mono=world.now, wall=world.now))
    assert not stepper.state.alarms["storage_tight:disk"].active, "there is room again"
