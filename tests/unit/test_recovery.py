"""A start with a journal that knows more than the site file does."""

from dataclasses import replace

from edgectl.engine.state import Phase, State
from edgectl.engine.turn import Stepper
from edgectl.journal.memory import MemoryJournal
from edgectl.model.inputs import DeviceHealth, MakeSafe, ReadBack, Send, Shutdown, Storage
from edgectl.model.time import SECOND, Now
from edgectl.model.timeline import Alarm
from edgectl.simulate.example import example_schedules, example_site
from edgectl.simulate.world import World


def _watering() -> World:
    """A world in the middle of its first run."""
    world = World(example_site(), example_schedules(), 1)
    while not any(task.stage == "water" for task in world.state.tasks.values()):
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
