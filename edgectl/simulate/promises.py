"""The promises that need more than relays and rows: who was told what, which life it was, how often a pump ran dry."""

from collections import Counter

from edgectl.engine.rules.circulation import PROVEN
from edgectl.engine.rules.recovery import SETTLE_PATIENCE
from edgectl.journal.memory import MemoryJournal
from edgectl.model.codes import Code
from edgectl.model.command import Command
from edgectl.model.task import Task
from edgectl.model.time import SECOND, Nanos, iso
from edgectl.simulate.calendars import calendar
from edgectl.simulate.desk import widened
from edgectl.simulate.doses import t_dry
from edgectl.simulate.field import Transition
from edgectl.simulate.invariants import Met
from edgectl.simulate.kept import broken_bonds
from edgectl.simulate.people import Told
from edgectl.simulate.sharing import broken_sharing
from edgectl.simulate.world import World

LONGEST_OPEN: Nanos = 3600 * SECOND
LONGEST_PREPARATION: Nanos = 6 * LONGEST_OPEN  # two fills, the doses, and each of them once more


def broken_promises(world: World, met: Met | None = None) -> list[str]:
    """Every one that does not hold, as a sentence."""
    journal, met = world.journal, Counter() if met is None else met
    told = [] if world.people is None else world.people.told
    return [
        *_lease(journal, world.field.trace, met),
        *_asked(journal, told, met),
        *_fresh(world, met),
        *_dry(world, met),
        *_stop_order(world, met),
        *([] if world.counts_from is None else calendar(journal, world.site, world.schedules, met, world.counts_from)),
        *_ready(world, met),
        *_hanging(world, met),
        *broken_bonds(world, met),
        *broken_sharing(world, met),
        *widened(world, met),
    ]


def _lease(journal: MemoryJournal, trace: list[Transition], met: Met) -> list[str]:
    """2: every ON ends by the end that it carried, whoever lives."""
    found: list[str] = []
    open_: dict[str, Transition] = {}
    for move in trace:
        began = open_.pop(move.name, None)
        if began is not None and began.cmd_id is not None:
            command = journal.values.get(("Command", began.cmd_id))
            lease = command.lease if isinstance(command, Command) else None
            met["2"] += lease is not None
            if lease is not None and move.at - began.at > lease + SECOND // 5:
                lasted = (move.at - began.at) / SECOND
                found.append(
                    f"2: {move.name} was on for {lasted:.1f} s by {began.cmd_id}, its end was {lease / SECOND:g} s"
                )
        if move.on:
            open_[move.name] = move
    return found


def _asked(journal: MemoryJournal, told: list[Told], met: Met) -> list[str]:
    """8 and 17: another task under a known name is refused, and what was acknowledged is there for good."""
    found: list[str] = []
    tasks = {value.task_id: value for value in journal.values.values() if isinstance(value, Task)}
    first: dict[str, Told] = {}
    for answer in told:
        met["17"] += answer.ok
        if answer.ok and answer.task_id not in tasks:
            found.append(f"17: {answer.correlation_id} was acknowledged as {answer.task_id}, and it is gone")
        before = first.get(answer.correlation_id)
        met["8"] += before is not None
        if before is None:
            if answer.ok:
                first[answer.correlation_id] = answer
        elif answer.changed is before.changed:
            if not answer.ok or answer.task_id != before.task_id:
                found.append(f"8: {answer.correlation_id} asked again was answered {answer.code} {answer.task_id}")
        elif answer.ok or answer.code != Code.MISMATCH.value:
            found.append(f"8: {answer.correlation_id} with another wish was answered {answer.code}")
    return found


def _fresh(world: World, met: Met) -> list[str]:
    """9: each decision to run cites samples of this life, and none is too old. What only advises may be missing."""
    found: list[str] = []
    lives = iter(world.report.lives)
    first, following = next(lives)[1], next(lives, None)
    for entry in world.journal.timeline:
        while following is not None and following[0] <= entry.mono:
            first, following = following[1], next(lives, None)
        if entry.event_type != "DECISION_MADE" or entry.details["decision"] != "run":
            continue
        if entry.details["task_type"] == "lighting":
            continue  # a lamp is brought into its state, whatever anybody reads
        met["9"] += 1
        samples = entry.details["samples"]
        if not samples and _leans_on_readings(world, entry.zone, entry.details["reason_code"]):
            found.append(f"9: entry {entry.seq} decided to run on nothing")
        for sample in samples:
            if "missing" in sample:
                continue
            limit = world.site.sensors[sample["sensor"]].max_age
            if sample["age_ms"] > limit / 1e6 or sample["sample"] < first:
                found.append(f"9: entry {entry.seq} decided on {sample['sensor']} aged {sample['age_ms']} ms")
    return found


def _leans_on_readings(world: World, zone: str | None, reason: str) -> bool:
    """Water needs a source that somebody has seen; a mist or a circulation is only asked for."""
    pump = None if zone is None else world.site.zones[zone].pump
    return reason == "irrigation_required" and pump is not None and bool(world.site.actuators[pump].requires)


def _dry(world: World, met: Met) -> list[str]:
    """12: no pump runs without moving water for long, and the third trip in a row locks it out."""
    found: list[str] = []
    if world.field.ground.dry > t_dry(world.field):
        found.append(f"12: a pump ran {world.field.ground.dry / SECOND:.1f} s without moving water")
    for pump in {way.pump for zone in world.site.zones.values() for way in zone.ways}:
        found += _trips(world, pump, met)
    return found


def _trips(world: World, pump: str, met: Met) -> list[str]:
    found: list[str] = []
    # Where a zone has several pumps, a task that found no flow does not say which of them was dry.
    zones = {zone.name for zone in world.site.zones.values() if [way.pump for way in zone.ways] == [pump]}
    trips, locked, went = 0, False, None  # since when it goes round
    for entry in world.journal.timeline:
        details = entry.details
        match entry.event_type:
            case "TASK_FINISHED" if entry.zone in zones and details["reason_code"] == Code.FLOW_INACTIVE.value:
                trips += 1
                met["12"] += 1
            case "TASK_FINISHED" if entry.zone in zones and details["status"] == "completed":
                waters = details["decision"] == "run" and "lighting" not in details["reason_code"]
                trips = 0 if waters else trips
            case "LOCKED_OUT" if details["actuator"] == pump:
                locked = True
            case "ALARM_ACKNOWLEDGED" if details["alarm"].partition(":")[2] == pump:
                trips, locked = 0, False
            case "OUTPUT_OFF_ORDERED" if details["actuator"] == pump:
                # Water that went round for long enough has moved, and ends a row of trips as a watering does.
                trips = 0 if went is not None and entry.mono - went >= PROVEN else trips
                went = None
            case "COMMAND_DISPATCHED" if details["actuator"] == pump:
                met["12"] += 1
                went = entry.mono if entry.task_id is None and str(details["cmd_id"]).startswith("rd-") else None
                if locked:
                    found.append(f"12: the locked {pump} was ordered on in entry {entry.seq}")
        if trips >= 3 and not locked:
            found.append(f"12: {trips} trips of {pump} in a row and no lock-out by entry {entry.seq}")
            break
    return found


def _stop_order(world: World, met: Met) -> list[str]:
    """29: a valve closes when its pump is off. On a line that loses an OFF it may come the other way round."""
    if world.field.deaf or world.field.met["lost_reply"]:
        return []
    found: list[str] = []
    ways: dict[str, set[str]] = {}
    for way in (way for zone in world.site.zones.values() for way in zone.ways):
        bypass = world.site.bypass_of(way.pump)
        ways.setdefault(way.pump, set()).update({*way.pushes, bypass or ""} - {""})
    on: set[str] = set()
    for move in world.field.trace:
        (on.add if move.on else on.discard)(move.name)
        for pump, out in ways.items():
            if move.name in out and not move.on:
                met["29"] += 1
                if pump in on and not on & out:
                    found.append(f"29: {move.name} closed at {move.at / SECOND:.2f} s while its pump ran")
    return found


def _ready(world: World, met: Met) -> list[str]:
    """24: control is back soon after every start."""
    met["24"] += len(world.report.ready_at)
    return [
        f"24: a start at {born / SECOND:.0f} s was ready after {(ready - born) / SECOND:.1f} s"
        for born, ready in world.report.ready_at
        if ready - born > SETTLE_PATIENCE + SECOND
    ]


def _hanging(world: World, met: Met) -> list[str]:
    """5: no task stays open."""
    found: list[str] = []
    for task in world.state.tasks.values():
        met["5"] += 1
        longest = LONGEST_OPEN if world.site.zones[task.zone].circuit is None else LONGEST_PREPARATION
        if world.now - (task.due - (task.due_at - task.created_at)) > longest:
            found.append(f"5: {task.task_id} has been {task.status.value} since {iso(task.created_at)}")
    return found
