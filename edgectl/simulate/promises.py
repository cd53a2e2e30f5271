"""The promises that need more than relays and rows: who was told what, which life it was, what the calendar says.

The calendar is walked again here, minute by minute and by other means than the scheduler's.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edgectl.engine.rules.recovery import SETTLE_PATIENCE
from edgectl.journal.memory import MemoryJournal
from edgectl.model.codes import Code
from edgectl.model.command import Command
from edgectl.model.site import Site
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, iso, to_datetime
from edgectl.model.timeline import Cursor
from edgectl.scheduler.schedule import Cron, Schedule
from edgectl.simulate.field import Transition
from edgectl.simulate.people import Told
from edgectl.simulate.world import EPOCH, World

T_DRY: Nanos = 7 * SECOND  # proof of flow, age of the reading, the stop itself on a line that loses frames
LONGEST_OPEN: Nanos = 3600 * SECOND


def broken_promises(world: World) -> list[str]:
    """Every one that does not hold, as a sentence."""
    journal = world.journal
    told = [] if world.people is None else world.people.told
    return [
        *_lease(journal, world.field.trace),
        *_asked(journal, told),
        *_fresh(world),
        *_dry(world),
        *_stop_order(world),
        *_calendar(journal, world.site, world.schedules),
        *_ready(world),
        *_hanging(world),
    ]


def _lease(journal: MemoryJournal, trace: list[Transition]) -> list[str]:
    """2: every ON ends by the end that it carried, whoever lives."""
    found: list[str] = []
    open_: dict[str, Transition] = {}
    for move in trace:
        began = open_.pop(move.name, None)
        if began is not None and began.cmd_id is not None:
            command = journal.values.get(("Command", began.cmd_id))
            lease = command.lease if isinstance(command, Command) else None
            if lease is not None and move.at - began.at > lease + SECOND // 5:
                lasted = (move.at - began.at) / SECOND
                found.append(
                    f"2: {move.name} was on for {lasted:.1f} s by {began.cmd_id}, its end was {lease / SECOND:g} s"
                )
        if move.on:
            open_[move.name] = move
    return found


def _asked(journal: MemoryJournal, told: list[Told]) -> list[str]:
    """8 and 17: another task under a known name is refused, and what was acknowledged is there for good."""
    found: list[str] = []
    tasks = {value.task_id: value for value in journal.values.values() if isinstance(value, Task)}
    first: dict[str, Told] = {}
    for answer in told:
        if answer.ok and answer.task_id not in tasks:
            found.append(f"17: {answer.correlation_id} was acknowledged as {answer.task_id}, and it is gone")
        before = first.get(answer.correlation_id)
        if before is None:
            if answer.ok:
                first[answer.correlation_id] = answer
        elif answer.changed is before.changed:
            if not answer.ok or answer.task_id != before.task_id:
                found.append(f"8: {answer.correlation_id} asked again was answered {answer.code} {answer.task_id}")
        elif answer.ok or answer.code != Code.MISMATCH.value:
            found.append(f"8: {answer.correlation_id} with another wish was answered {answer.code}")
    return found


def _fresh(world: World) -> list[str]:
    """9: each decision to run cites samples of this life, and none is too old."""
    found: list[str] = []
    lives = world.report.lives
    for entry in world.journal.timeline:
        if entry.event_type != "DECISION_MADE" or entry.details["decision"] != "run":
            continue
        if entry.details["task_type"] == "lighting":
            continue  # a lamp is brought into its state, whatever anybody reads
        samples = entry.details["samples"]
        if not samples:
            found.append(f"9: entry {entry.seq} decided to run on nothing")
        first = max(number for born, number in lives if born <= entry.mono)
        for sample in samples:
            limit = world.site.sensors[sample["sensor"]].max_age
            if sample["age_ms"] > limit / 1e6 or sample["sample"] < first:
                found.append(f"9: entry {entry.seq} decided on {sample['sensor']} aged {sample['age_ms']} ms")
    return found


def _dry(world: World) -> list[str]:
    """12: no pump runs without moving water for long, and the third trip in a row locks it out."""
    found: list[str] = []
    if world.field.ground.dry > T_DRY:
        found.append(f"12: the pump ran {world.field.ground.dry / SECOND:.1f} s without moving water")
    trips, locked = 0, False
    for entry in world.journal.timeline:
        details = entry.details
        if entry.event_type == "TASK_FINISHED" and details["reason_code"] == Code.FLOW_INACTIVE.value:
            trips += 1
        elif entry.event_type == "LOCKED_OUT":
            locked = True
        elif entry.event_type == "ALARM_ACKNOWLEDGED" and details["alarm"] == "biz_no_flow:pump":
            trips, locked = 0, False
        elif entry.event_type == "TASK_FINISHED" and details["status"] == "completed" and details["decision"] == "run":
            trips = trips if entry.task_id is not None and "lighting" in details["reason_code"] else 0
        elif entry.event_type == "COMMAND_DISPATCHED" and details["actuator"] == "pump" and locked:
            found.append(f"12: the locked pump was ordered on in entry {entry.seq}")
        if trips >= 3 and not locked:
            found.append(f"12: {trips} trips in a row and no lock-out by entry {entry.seq}")
            break
    return found


def _stop_order(world: World) -> list[str]:
    """29: a valve closes when its pump is off. On a line that loses an OFF it may come the other way round."""
    if world.field.faults.lost_request or world.field.faults.lost_reply:
        return []
    found: list[str] = []
    on: set[str] = set()
    for move in world.field.trace:
        (on.add if move.on else on.discard)(move.name)
        if move.name == "valve" and not move.on and "pump" in on:
            found.append(f"29: the valve closed at {move.at / SECOND:.2f} s while its pump ran")
    return found


def _calendar(journal: MemoryJournal, site: Site, schedules: tuple[Schedule, ...]) -> list[str]:
    """15: no cursor stands beyond an occurrence that has no row."""
    found: list[str] = []
    for schedule in schedules:
        cursor = journal.values.get(("Cursor", schedule.name))
        if not isinstance(schedule.cadence, Cron) or not isinstance(cursor, Cursor):
            continue
        answered = {
            iso(value.scheduled_for)
            for value in journal.values.values()
            if isinstance(value, Task) and value.schedule == schedule.name
        }
        answered |= {
            str(entry.details["scheduled_for"])
            for entry in journal.timeline
            if entry.event_type == "SCHEDULE_SKIPPED" and entry.details["schedule"] == schedule.name
        }
        for at in _even_hours(ZoneInfo(site.timezone), cursor.position):
            if at not in answered:
                found.append(f"15: the cursor of {schedule.name} has passed {at}, and no row stands for it")
    return found


def _even_hours(zone: ZoneInfo, upto: Nanos) -> list[str]:
    """The strikes of the example's watering: every even hour from 6 to 20, local time."""
    at, end = to_datetime(EPOCH).astimezone(zone), to_datetime(upto)
    found: list[str] = []
    moment: datetime = at.replace(minute=0, second=0, microsecond=0)
    while moment <= end:
        if moment > at and moment.hour % 2 == 0 and 6 <= moment.hour <= 20:
            found.append(iso(round(moment.timestamp()) * SECOND))
        moment += timedelta(hours=1)
    return found


def _ready(world: World) -> list[str]:
    """24: control is back soon after every start."""
    return [
        f"24: a start at {born / SECOND:.0f} s was ready after {(ready - born) / SECOND:.1f} s"
        for born, ready in world.report.ready_at
        if ready - born > SETTLE_PATIENCE + SECOND
    ]


def _hanging(world: World) -> list[str]:
    """5: no task stays open."""
    return [
        f"5: {task.task_id} has been {task.status.value} since {iso(task.created_at)}"
        for task in world.state.tasks.values()
        if world.now - (task.due - (task.due_at - task.created_at)) > LONGEST_OPEN
    ]
